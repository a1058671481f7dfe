//! A file as it was left.

use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// A file as it was left: one of the same size and time is taken to have the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    bytes: u64,
    /// When it was written, in nanoseconds since 1970.
    modified: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
}

impl FileState {
    /// The file as it is; `None` where the file system does not say.
    pub(crate) fn of(path: &Path, sha256: String) -> Option<Self> {
        let (bytes, modified) = size_and_time(path)?;
        Some(Self { bytes, modified, sha256 })
    }

    /// Whether size or time are others now.
    #[must_use]
    pub fn is_touched(&self, path: &Path) -> bool {
        size_and_time(path) != Some((self.bytes, self.modified))
    }
}

fn size_and_time(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.metadata().ok()?;
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((metadata.len(), u64::try_from(since.as_nanos()).ok()?))
}
