//! Multi-head attention within sequences: its description, and the bodies composed of Burn's operations.

pub(super) mod composed;
mod relative;
pub(super) mod spec;
