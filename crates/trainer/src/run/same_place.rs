//! Places by what they are, not by how they are spelled.

use std::path::Path;

/// Whether two paths lead to one place that is there.
pub(super) fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}
