//! Files that go to the Hub.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::blob::hex;
use crate::http::RequestError;

/// A file that goes to the Hub. It is open, so that it may lose its name meanwhile.
pub struct UploadFile {
    path: String,
    file: File,
    size: u64,
}

impl UploadFile {
    /// `source` on this machine as `path` in the repository.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(path: String, source: &Path) -> std::io::Result<Self> {
        let file = File::open(source)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size })
    }

    /// Path in the repository.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bytes, when it was opened.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// For reading; whoever reads it seeks first.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The first `limit` bytes.
    pub(super) fn head(&self, limit: u64) -> Result<Vec<u8>, RequestError> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        let read = file.rewind().and_then(|()| file.take(limit).read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|error| self.unreadable(&error))
    }

    /// The sha256 in hexadecimal, by which the store of large files names it.
    pub(super) fn sha256(&self) -> Result<String, RequestError> {
        let mut file = &self.file;
        let mut hasher = Sha256::new();
        file.rewind().and_then(|()| std::io::copy(&mut file, &mut hasher)).map_err(|error| self.unreadable(&error))?;
        Ok(hex(&hasher.finalize()))
    }

    fn unreadable(&self, error: &std::io::Error) -> RequestError {
        RequestError::Unreadable(format!("{}: {error}", self.path))
    }
}
