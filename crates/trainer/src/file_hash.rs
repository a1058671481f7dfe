//! SHA-256 of files.

use std::path::Path;

use sha2::{Digest, Sha256};

/// A file's hash in hexadecimal, without reading it into memory whole.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hex(&hasher.finalize()))
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
