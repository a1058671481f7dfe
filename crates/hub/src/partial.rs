//! A file that is arriving: `blobs/<etag>.incomplete`, its bytes hashed as they come.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::blob::{BlobHasher, BlobInfo};
use crate::error::HubError;

/// What arrived is not what was announced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// `size`, `sha256` or `git sha1`.
    pub(crate) what: &'static str,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// The file as far as it is on the disk.
pub(crate) struct PartialFile {
    path: PathBuf,
    /// The name that it has between two runs.
    resting: PathBuf,
    file: File,
    len: u64,
    info: BlobInfo,
    hasher: BlobHasher,
}

impl PartialFile {
    /// Opens what an earlier run left of `blob`, or begins anew. Where somebody else may be at it too (`is_alone` is `false`),
    /// what is there is taken under a name that nobody else has, and gets its own back when this is dropped.
    pub(crate) fn open(blob: &Path, info: &BlobInfo, is_alone: bool) -> Result<Self, HubError> {
        let resting = incomplete(blob);
        let folder = blob.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(HubError::disk("cannot make the folder", folder))?;
        let path = match is_alone {
            true => resting.clone(),
            false => take(&resting, folder).map_err(HubError::disk("cannot write", &resting))?,
        };
        let file = open_plain(&path).map_err(HubError::disk("cannot open", &path))?;
        let (info, hasher) = (info.clone(), BlobHasher::new(info));
        let mut partial = Self { path, resting, file, len: 0, info, hasher };
        let left = partial.file.metadata().map_err(HubError::disk("cannot read", &partial.path))?.len();
        if partial.info.size.is_some_and(|size| left > size) {
            // Whatever this is, it is not a part of the file.
            partial.restart()?;
        } else if left > 0 {
            partial.hash_what_is_there()?;
        }
        Ok(partial)
    }

    fn hash_what_is_there(&mut self) -> Result<(), HubError> {
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = self.file.read(&mut buffer).map_err(HubError::disk("cannot read", &self.path))?;
            if read == 0 {
                return Ok(());
            }
            self.hasher.update(&buffer[..read]);
            self.len += read as u64;
        }
    }

    /// How many bytes are there.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Writes bytes behind those that are there.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(HubError::disk("cannot write", &self.path))?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what is there.
    pub(crate) fn restart(&mut self) -> Result<(), HubError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .map_err(HubError::disk("cannot write", &self.path))?;
        self.len = 0;
        self.hasher = BlobHasher::new(&self.info);
        Ok(())
    }

    /// Throws away the file itself.
    pub(crate) fn remove(&self) -> Result<(), HubError> {
        std::fs::remove_file(&self.path).map_err(HubError::disk("cannot remove", &self.path))
    }

    /// Gives the whole file its name, or throws it away and says what is wrong with it.
    pub(crate) fn finish(mut self, blob: &Path) -> Result<Result<(), Mismatch>, HubError> {
        let hasher = std::mem::replace(&mut self.hasher, BlobHasher::None);
        let mismatch = match (self.info.size, hasher.finish()) {
            (Some(size), _) if size != self.len => {
                Some(Mismatch { what: "size", expected: size.to_string(), got: self.len.to_string() })
            }
            (_, Some((what, got))) if got != self.info.etag => {
                Some(Mismatch { what, expected: self.info.etag.clone(), got })
            }
            _ => None,
        };
        if let Some(mismatch) = mismatch {
            self.remove()?;
            return Ok(Err(mismatch));
        }
        // Some file systems only say here that the disk is full.
        self.file.sync_all().map_err(HubError::disk("cannot write", &self.path))?;
        std::fs::rename(&self.path, blob).map_err(HubError::disk("cannot write", blob))?;
        Ok(Ok(()))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if self.path != self.resting {
            // Nothing is there to be renamed once it is whole, or has been thrown away.
            let _ = std::fs::rename(&self.path, &self.resting);
        }
    }
}

/// Gives what is at `resting`, or an empty file, a name in the same folder that is new.
fn take(resting: &Path, folder: &Path) -> std::io::Result<PathBuf> {
    let mut prefix = resting.file_stem().unwrap_or_default().to_owned();
    prefix.push(".");
    let own = tempfile::Builder::new().prefix(&prefix).suffix(".incomplete").make_in(folder, |path| {
        // Of two runs one alone can rename it.
        std::fs::rename(resting, path).or_else(|_| File::create_new(path).map(drop))
    })?;
    own.into_temp_path().keep().map_err(|error| error.error)
}

/// Opens a file to read it and to write behind its end. A link, or whatever else is no plain file, is not followed but
/// removed: what it leads to is none of the cache's.
fn open_plain(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => return options.open(path),
        Ok(_) => std::fs::remove_file(path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    options.create_new(true).open(path)
}

/// The name that Python gives it too.
fn incomplete(blob: &Path) -> PathBuf {
    let mut name = blob.as_os_str().to_owned();
    name.push(".incomplete");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::blob::hex;

    const BYTES: &[u8] = b"the bytes of a file";

    /// The path of a blob of [`BYTES`], and what is known of it.
    fn blob(folder: &Path) -> (PathBuf, BlobInfo) {
        let etag = hex(&Sha256::digest(BYTES));
        (folder.join("blobs").join(&etag), BlobInfo { etag, size: Some(BYTES.len() as u64) })
    }

    fn names(blob: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(blob.parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn without_locks_two_runs_spoil_nothing_and_what_one_leaves_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let (blob, info) = blob(folder.path());
        // What an earlier run left is the first one's.
        std::fs::create_dir(blob.parent().unwrap()).unwrap();
        std::fs::write(incomplete(&blob), &BYTES[..4]).unwrap();
        let mut one = PartialFile::open(&blob, &info, false).unwrap();
        let mut other = PartialFile::open(&blob, &info, false).unwrap();
        assert_eq!((one.len(), other.len()), (4, 0));
        other.append(&BYTES[..9]).unwrap();
        one.append(&BYTES[4..]).unwrap();
        assert_eq!(one.finish(&blob).unwrap(), Ok(()));
        drop(other);
        assert_eq!(std::fs::read(&blob).unwrap(), BYTES);
        assert_eq!(std::fs::read(incomplete(&blob)).unwrap(), &BYTES[..9]);

        let mut third = PartialFile::open(&blob, &info, true).unwrap();
        third.append(&BYTES[9..]).unwrap();
        assert_eq!(third.finish(&blob).unwrap(), Ok(()));
        assert_eq!(names(&blob), [info.etag]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_removed_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (blob, info) = blob(folder.path());
        std::fs::create_dir(blob.parent().unwrap()).unwrap();
        let (mine, absent) = (folder.path().join("mine"), folder.path().join("absent"));
        std::fs::write(&mine, "mine").unwrap();
        for (target, is_alone) in [(&mine, true), (&mine, false), (&absent, true), (&absent, false)] {
            std::os::unix::fs::symlink(target, incomplete(&blob)).unwrap();
            let mut partial = PartialFile::open(&blob, &info, is_alone).unwrap();
            assert_eq!(partial.len(), 0);
            partial.append(BYTES).unwrap();
            assert_eq!(partial.finish(&blob).unwrap(), Ok(()));
            assert!(std::fs::symlink_metadata(&blob).unwrap().is_file());
            assert_eq!(names(&blob), [info.etag.as_str()]);
        }
        assert_eq!(std::fs::read(mine).unwrap(), b"mine");
        assert!(!absent.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let (blob, info) = blob(folder.path());
        let mut partial = PartialFile::open(&blob, &info, true).unwrap();
        // Every write to it fails as on a full disk.
        partial.file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let error = partial.append(BYTES).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, HubError::Disk { .. }) && text.contains(".incomplete"), "{text}");
        assert!(text.contains("the disk is full") && text.contains("--cache_dir"), "{text}");
        assert!(!blob.exists());
    }
}
