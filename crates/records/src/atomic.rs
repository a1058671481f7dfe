//! Writing a file whole or not at all.
//!
//! The bytes go to a scratch file in the target's own folder (a rename is only atomic within one file system), are
//! flushed to the disk, and then take the target's name in one step. A reader sees the old file or the new one, and a
//! failure leaves the old one as it was.

use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Which step of a write failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteStep {
    /// Making the parent folders.
    Folder,
    /// Opening the scratch file.
    Scratch,
    /// Producing or writing the bytes.
    Bytes,
    /// Flushing the bytes to the disk.
    Sync,
    /// Giving the scratch file the target's name.
    Rename,
}

impl WriteStep {
    fn words(self) -> &'static str {
        match self {
            Self::Folder => "its folder could not be made",
            Self::Scratch => "no scratch file could be opened beside it",
            Self::Bytes => "its bytes could not be written",
            Self::Sync => "its bytes could not be flushed to the disk",
            Self::Rename => "the finished scratch file could not take its name",
        }
    }
}

/// A file could not be written. Whatever stood at `path` before is still there.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}: {}", path.display(), step.words(), reason(source))]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// The step that failed.
    pub step: WriteStep,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

/// Whether the machine is behind an error, and no input: a disk that is full or fails, a quota, `ulimit -f`. The same may succeed later.
#[must_use]
pub fn is_of_machine(error: &(dyn std::error::Error + 'static)) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StaleNetworkFileHandle, StorageFull};
    /// `EIO`, which has no kind.
    const IO: i32 = 5;
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        error.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), FileTooLarge | QuotaExceeded | StaleNetworkFileHandle | StorageFull)
                || cfg!(unix) && error.raw_os_error() == Some(IO)
        })
    })
}

impl WriteError {
    fn new(path: &Path, step: WriteStep, source: io::Error) -> Self {
        Self { path: path.to_path_buf(), step, source }
    }
}

/// The system's words, with what to do about them where that is plain.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("the disk is full ({error}); free some space or choose another folder")
        }
        io::ErrorKind::PermissionDenied => format!("{error}; choose a folder you may write to"),
        io::ErrorKind::ReadOnlyFilesystem => format!("the file system is read-only ({error})"),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            format!("a file stands where a folder is needed ({error})")
        }
        _ => error.to_string(),
    }
}

/// How much room a folder must have to be of use.
const LEAST_ROOM: usize = 4096;

/// Find out whether a file can be written into `folder`, which need not exist yet. Nothing is left behind.
///
/// # Errors
/// What the operating system says.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    // A folder that is not there is as good as the nearest one above it that is.
    for place in folder.ancestors() {
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        match std::fs::metadata(place) {
            Ok(found) if found.is_dir() => {
                // The scratch file has no name, so that even a run that is killed here leaves none. The kind alone
                // is kept of its errors: they name the scratch file.
                let mut scratch = tempfile::tempfile_in(place).map_err(|error| io::Error::from(error.kind()))?;
                return scratch.write_all(&[0; LEAST_ROOM]).and_then(|()| scratch.sync_all());
            }
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            // A link that leads nowhere stands where the folder is to be.
            Err(error) if error.kind() == io::ErrorKind::NotFound && place.is_symlink() => return Err(error),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Write `bytes` to `path`, whole or not at all; missing parent folders are made.
///
/// # Errors
/// [`WriteError`], naming the path and the reason. Nothing half-written remains.
pub fn write_whole(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), WriteError> {
    write_whole_with(path, |out| out.write_all(bytes))
}

/// As [`write_whole`], for content that is produced piece by piece.
///
/// # Errors
/// [`WriteError`], also where `produce` itself fails. Nothing half-written remains.
pub fn write_whole_with(
    path: impl AsRef<Path>,
    produce: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let path = path.as_ref();
    let failed = |step| move |source| WriteError::new(path, step, source);
    // A device or a pipe is written to; put in its place, a file would be the end of it.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut out = BufWriter::new(File::options().write(true).open(path).map_err(failed(WriteStep::Scratch))?);
        return produce(&mut out).and_then(|()| out.flush()).map_err(failed(WriteStep::Bytes));
    }
    // Of a link, what it leads to is replaced.
    let target = path.is_symlink().then(|| std::fs::canonicalize(path).ok()).flatten();
    let path = target.as_deref().unwrap_or(path);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(failed(WriteStep::Folder))?;

    // Dropping the scratch file removes it, so every early return below leaves the folder clean.
    let mut scratch = own_scratch(path, folder).map_err(failed(WriteStep::Scratch))?;
    let mut out = BufWriter::new(scratch.as_file_mut());
    produce(&mut out).and_then(|()| out.flush()).map_err(failed(WriteStep::Bytes))?;
    drop(out);
    scratch.as_file().sync_all().map_err(failed(WriteStep::Sync))?;
    scratch.persist(path).map_err(|error| WriteError::new(path, WriteStep::Rename, error.error))?;
    sync_folder(folder);
    Ok(())
}

/// In front of and behind the names of scratch files.
const SCRATCH: (&str, &str) = (".writing-", ".tmp");

/// Whether this is the name of a scratch file, which a killed run may leave.
#[must_use]
pub fn is_scratch(name: &str) -> bool {
    // Those of earlier versions for weights: `.tmp` and six letters or digits.
    let is_of_earlier = |rest: &str| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.starts_with(SCRATCH.0) && name.ends_with(SCRATCH.1) || name.strip_prefix(".tmp").is_some_and(is_of_earlier)
}

/// Removes the scratch files in `folder` that killed runs left. What somebody writes is locked, and stays.
pub fn remove_abandoned(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_scratch);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let file = File::options().write(true).open(entry.path());
            // Removed while it is locked: see `own_scratch`.
            if file.is_ok_and(|file| file.try_lock().is_ok() && std::fs::remove_file(entry.path()).is_ok()) {
                log::debug!("removed {}, which a killed run left", entry.path().display());
            }
        }
    }
}

/// A scratch file for `path` that nobody removes: it is locked as long as it is open. Who looks for abandoned ones may have been faster
/// than the lock; then another one is made.
fn own_scratch(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let scratch = scratch_builder(path).tempfile_in(folder)?;
        match scratch.as_file().try_lock() {
            Ok(()) if scratch.path().exists() => return Ok(scratch),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // A file system without locks: nobody can lock it to remove it either.
            Err(TryLockError::Error(_)) => return Ok(scratch),
        }
    }
}

/// A hidden name that says which file it is for, and the usual rights of a new file (`tempfile` alone gives 0600).
fn scratch_builder(path: &Path) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(SCRATCH.0).suffix(SCRATCH.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A file that is replaced keeps its rights; a new one gets what the umask leaves of rw-rw-rw-.
        let mode = std::fs::metadata(path).map_or(0o666, |old| old.permissions().mode() & 0o777);
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = path;
    builder
}

/// Make the rename itself durable where the system can. The file is already whole, so a refusal is no failure.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What is no file stays what it is: a device, a pipe, a link.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_written_to() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        write_whole("/dev/null", b"x").unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("far")).unwrap();
        std::fs::write(path("far/old"), "old").unwrap();
        symlink(path("far/old"), path("link")).unwrap();
        write_whole(path("link"), b"new").unwrap();
        assert!(path("link").is_symlink());
        assert_eq!(std::fs::read(path("far/old")).unwrap(), b"new");
        symlink(path("nowhere"), path("dangling")).unwrap();
        assert_eq!(check_folder(&path("dangling")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(check_folder(&path("dangling/deeper")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn makes_folders_and_replaces_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c.json");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(names(path.parent().unwrap()), ["c.json"]);
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_and_no_scratch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        write_whole(&path, b"old").unwrap();
        let error = write_whole_with(&path, |out| {
            out.write_all(b"half of it")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert_eq!(error.step, WriteStep::Bytes);
        let text = error.to_string();
        assert!(text.contains("c.json") && text.contains("disk is full"), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["c.json"]);
    }

    #[test]
    fn a_file_in_the_folders_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"x").unwrap();
        let error = write_whole(file.join("sub/c.json"), b"y").unwrap_err();
        assert_eq!(error.step, WriteStep::Folder);
        assert!(error.to_string().contains("a file stands where a folder is needed"), "{error}");
    }

    #[test]
    fn a_folder_in_the_files_place_is_no_success() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        let error = write_whole(&path, b"y").unwrap_err();
        assert_eq!(error.step, WriteStep::Rename);
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn what_a_killed_run_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".writing-a1b2.tmp", ".tmpa1b2c3", ".tmp-mine", "writing-a.tmp", ".writing-a.txt"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let path = folder.path().join("c.json");
        write_whole_with(&path, |out| {
            remove_abandoned(folder.path());
            out.write_all(b"whole")
        })
        .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), [".tmp-mine", ".writing-a.txt", "c.json", "writing-a.tmp"]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_was_written() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, b"x").unwrap();
        let whole = folder.path().join("whole");
        write_whole(&whole, b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&whole), mode(&plain));
    }
}
