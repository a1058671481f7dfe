//! What came of a number that was to be reproduced.

use super::judge::Judgement;
use super::of_runs::OfRuns;
use super::outcome::Outcome;
use super::same_class::OtherClass;
use super::same_origin::OtherOrigin;
use super::same_rows::UnknownRows;
use super::wanted::Wanted;
use crate::statistics::Summary;

/// What came of a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// It was compared, with this margin.
    Judged(Judgement, f64),
    /// The runs are those of the reference done again, and have the same numbers.
    SameNumbers,
    /// Of a run this number does not exist, such as a correlation with predictions that are all alike: not reproduced.
    Undefined,
    /// Of a run of the reference this number does not exist, and so there is no mean that ours could be held against.
    TheirsUndefined,
    /// There is no run of the task.
    NotRun,
    /// There is no run of the model at all.
    ModelNotRun,
    /// The table does not say of which metric it is.
    Unstated,
    /// It is of a split that was not evaluated.
    OtherSplit,
    /// It is of one class, and the runs' is of another.
    OtherClass,
    /// Its trainings began from something else than the runs.
    OtherStart,
    /// Its trainings were made by another method than the runs.
    OtherMethod,
}

impl Verdict {
    /// In words, as the table has it.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::NotRun => "not run",
            Self::ModelNotRun => "model not run",
            Self::Unstated => "metric not stated",
            Self::OtherSplit => "other split",
            Self::OtherClass => "other class",
            Self::OtherStart => "other start",
            Self::OtherMethod => "other method",
            Self::Judged(..) | Self::SameNumbers | Self::Undefined | Self::TheirsUndefined => {
                self.outcome().map_or("", Outcome::words)
            }
        }
    }

    /// Of what was compared.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Judged(judgement, _) => Some(judgement.outcome),
            Self::SameNumbers => Some(Outcome::Reproduced),
            Self::Undefined => Some(Outcome::NotReproduced),
            Self::TheirsUndefined => Some(Outcome::CannotTell),
            Self::NotRun
            | Self::ModelNotRun
            | Self::Unstated
            | Self::OtherSplit
            | Self::OtherClass
            | Self::OtherStart
            | Self::OtherMethod => None,
        }
    }
}

/// A number and what came of it.
pub(super) struct Checked {
    pub(super) wanted: Wanted,
    /// The model, with its settings where there are several.
    pub(super) row: String,
    /// The runs, condensed; `None` where they were not compared.
    pub(super) ours: Option<Summary>,
    /// How many runs there are.
    pub(super) runs: usize,
    pub(super) verdict: Verdict,
    /// What the runs began from, in words, where that is something else.
    pub(super) other_start: Option<String>,
    /// Of which class the numbers are, where that is why they were not compared.
    pub(super) other_class: Option<OtherClass>,
    /// Whether the rows are not the reference's, and were compared all the same.
    pub(super) other_rows: bool,
    /// Whose rows are not known, where it is open whether they are the reference's.
    pub(super) unknown_rows: Option<UnknownRows>,
    /// Whether a run is of a saved model that does not say whether it was trained on what it is scored on.
    pub(super) may_be_trained_on: bool,
    /// In what the model, its training and its settings are others than those of the runs that the number is of.
    pub(super) origin: OtherOrigin,
    /// What is to be said of the runs.
    pub(super) of_ours: OfRuns,
    /// And of those that the number is of.
    pub(super) of_theirs: OfRuns,
}
