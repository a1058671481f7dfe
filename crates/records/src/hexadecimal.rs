//! Hashes as text.

/// Bytes in hexadecimal, lower-case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
