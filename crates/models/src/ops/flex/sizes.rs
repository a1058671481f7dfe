//! How much of an operation one task does.

/// Elements that one task of an element-wise kernel works on.
pub(super) const CHUNK: usize = 16 * 1024;

/// Rows that one task of a row-wise kernel works on.
pub(super) const ROWS: usize = 64;
