//! What can go wrong when something is measured.

/// Why a metric has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// As many predictions as references are needed.
    #[error("{predictions} predictions but {references} references: pass one prediction for each row of the split")]
    LengthMismatch {
        /// How many predictions there are.
        predictions: usize,
        /// How many references there are.
        references: usize,
    },
    /// There is nothing to measure.
    #[error("no predictions and no references: a metric of an empty split has no value")]
    Empty,
    /// A metric of classes was asked of numbers, or the reverse.
    #[error("`{metric}` compares {needs}, but the {side} are {found}: choose a metric for this kind of task")]
    WrongKind {
        /// The metric's key.
        metric: &'static str,
        /// `predictions` or `references`.
        side: &'static str,
        /// What the metric compares.
        needs: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// A metric of two classes met a third one.
    #[error(
        "class {label} where only 0 and 1 can be: precision, recall and F1 of one positive class need two classes; \
         use `f1_macro` or `f1_micro` for more"
    )]
    NotBinary {
        /// The first class above 1.
        label: usize,
    },
    /// A class index lies beyond the label set.
    #[error("class {label} where there are only {num_labels} labels (0 to {})", num_labels.saturating_sub(1))]
    LabelOutOfRange {
        /// The index of the class.
        label: usize,
        /// How many labels there are.
        num_labels: usize,
    },
    /// The logits do not divide into rows.
    #[error("{values} logits do not make rows of {num_labels}: the model's head and the task's labels disagree")]
    LogitsShape {
        /// How many logits there are, all rows together.
        values: usize,
        /// How many each row should have.
        num_labels: usize,
    },
    /// A row without a label was to be evaluated.
    #[error(
        "row {row} (from 0) has no {expected} to compare with: evaluate on a labelled split, or only predict this one"
    )]
    Unlabelled {
        /// The row, counted from 0.
        row: usize,
        /// `class` or `score`.
        expected: &'static str,
    },
}
