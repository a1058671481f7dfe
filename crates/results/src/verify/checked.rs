//! What came of a number that was to be reproduced.

use super::wanted::Wanted;
use crate::statistics::Summary;

/// What came of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// In its interval.
    Within,
    /// Out of it.
    Missed,
    /// Of a run this number does not exist, such as a correlation with predictions that are all alike.
    Undefined,
    /// There is no run of the task.
    NotRun,
    /// The table does not say of which metric it is.
    Unstated,
}

/// A number and what came of it.
pub(super) struct Checked {
    pub(super) wanted: Wanted,
    /// The model, with its settings where there are several.
    pub(super) row: String,
    /// The mean of the runs and their spread; `None` where it was not compared.
    pub(super) ours: Option<Summary>,
    /// How many runs there are.
    pub(super) runs: usize,
    /// Half of the interval; `None` where it was not compared.
    pub(super) half: Option<f64>,
    pub(super) verdict: Verdict,
}
