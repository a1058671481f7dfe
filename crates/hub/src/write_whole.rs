//! Small files of the cache, whole or not at all.

use std::io::{Result, Write};
use std::path::Path;

use crate::scratch::WRITING;

/// Writes `bytes` to a scratch file beside `path`, which then takes its name; missing folders are made. Nothing is flushed
/// to the disk: what is written so can be asked for again, and its readers take a damaged file for none.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(WRITING.0).suffix(WRITING.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A file that is replaced keeps its rights; a new one gets what the umask leaves of rw-rw-rw- (`tempfile` alone
        // gives 0600, and a cache may be shared).
        let mode = std::fs::metadata(path).map_or(0o666, |old| old.permissions().mode() & 0o777);
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    let mut scratch = builder.tempfile_in(folder)?;
    scratch.write_all(bytes)?;
    scratch.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_and_the_old_file_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refs/pr/1");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path().join("refs/pr")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_in_the_files_place_is_no_success() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write_whole(&folder.path().join("taken"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn rights_are_those_of_any_new_file_or_of_the_old_one() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, whole) = (folder.path().join("plain"), folder.path().join("whole"));
        std::fs::write(&plain, b"x").unwrap();
        write_whole(&whole, b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&whole), mode(&plain));
        std::fs::set_permissions(&whole, std::fs::Permissions::from_mode(0o600)).unwrap();
        write_whole(&whole, b"y").unwrap();
        assert_eq!(mode(&whole), 0o600);
    }
}
