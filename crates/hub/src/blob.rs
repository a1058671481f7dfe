//! The bytes of a file, by the name that the Hub has for them: its ETag, which for most is a hash.

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Name and size of a file's bytes.
#[derive(Debug, Clone)]
pub(crate) struct BlobInfo {
    /// The sha256 of a large file, git's sha1 of a small one, in hexadecimal; other servers may name bytes as they like.
    pub(crate) etag: String,
    /// Bytes, where the server said.
    pub(crate) size: Option<u64>,
}

/// The hash that an ETag seems to be, computed piece by piece.
pub(crate) enum BlobHasher {
    Sha256(Sha256),
    Git(Sha1),
    /// The name is no hash that is known.
    None,
}

impl BlobHasher {
    pub(crate) fn new(info: &BlobInfo) -> Self {
        let is_hex = info.etag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match (info.etag.len(), info.size) {
            (64, _) if is_hex => Self::Sha256(Sha256::new()),
            (40, Some(size)) if is_hex => Self::Git(Sha1::new_with_prefix(format!("blob {size}\0"))),
            _ => Self::None,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Git(hash) => hash.update(bytes),
            Self::None => {}
        }
    }

    /// What the hash is called, and its value in hexadecimal.
    pub(crate) fn finish(self) -> Option<(&'static str, String)> {
        match self {
            Self::Sha256(hash) => Some(("sha256", hex(&hash.finalize()))),
            Self::Git(hash) => Some(("git sha1", hex(&hash.finalize()))),
            Self::None => None,
        }
    }
}

/// Bytes in hexadecimal, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
