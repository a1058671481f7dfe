//! What a task's target is.

/// Whether a task's target is one of several classes or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// One of the task's labels a row.
    Classification,
    /// A number a row.
    Regression,
    /// Any number of the task's labels a row, none included.
    MultiLabel,
}

impl TaskKind {
    /// The name in a checkpoint's config.json.
    pub fn problem_type(self) -> &'static str {
        match self {
            Self::Classification => "single_label_classification",
            Self::Regression => "regression",
            Self::MultiLabel => "multi_label_classification",
        }
    }
}
