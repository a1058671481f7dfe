//! A file that is arriving: `blobs/<etag>.incomplete`, its bytes hashed as they come.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
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
    file: File,
    len: u64,
    info: BlobInfo,
    hasher: BlobHasher,
}

impl PartialFile {
    /// Opens what an earlier run left of `blob`, or begins anew.
    pub(crate) fn open(blob: &Path, info: &BlobInfo) -> Result<Self, HubError> {
        let path = incomplete(blob);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(HubError::disk("cannot make the folder", folder))?;
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(HubError::disk("cannot open", &path))?;
        let mut partial = Self { path, file, len: 0, info: info.clone(), hasher: BlobHasher::new(info) };
        let left = partial.file.metadata().map_err(HubError::disk("cannot read", &partial.path))?.len();
        if info.size.is_some_and(|size| left > size) {
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

    /// Gives the whole file its name, or throws it away and says what is wrong with it.
    pub(crate) fn finish(self, blob: &Path) -> Result<Result<(), Mismatch>, HubError> {
        let mismatch = match (self.info.size, self.hasher.finish()) {
            (Some(size), _) if size != self.len => {
                Some(Mismatch { what: "size", expected: size.to_string(), got: self.len.to_string() })
            }
            (_, Some((what, got))) if got != self.info.etag => {
                Some(Mismatch { what, expected: self.info.etag.clone(), got })
            }
            _ => None,
        };
        if let Some(mismatch) = mismatch {
            std::fs::remove_file(&self.path).map_err(HubError::disk("cannot remove", &self.path))?;
            return Ok(Err(mismatch));
        }
        // Some file systems only say here that the disk is full.
        self.file.sync_all().map_err(HubError::disk("cannot write", &self.path))?;
        std::fs::rename(&self.path, blob).map_err(HubError::disk("cannot write", blob))?;
        Ok(Ok(()))
    }
}

/// The name that Python gives it too.
fn incomplete(blob: &Path) -> PathBuf {
    let mut name = blob.as_os_str().to_owned();
    name.push(".incomplete");
    PathBuf::from(name)
}
