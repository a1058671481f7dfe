//! Levels of intervals.

/// The level of intervals where none is given.
pub const DEFAULT_LEVEL: f64 = 0.95;

/// Whether an interval can have this level: it lies between 0 and 1, both left out.
#[must_use]
pub fn is_level(level: f64) -> bool {
    level > 0.0 && level < 1.0
}
