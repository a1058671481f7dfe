//! Warnings of one run: each is said when it comes up, and stands in the record.

use crate::progress::warn;

/// All warnings so far.
#[derive(Default)]
pub(super) struct Warnings(pub(super) Vec<String>);

impl Warnings {
    /// Says a warning and keeps it.
    pub(super) fn add(&mut self, warning: String) {
        warn(&warning);
        self.0.push(warning);
    }
}
