//! What a verification ends in.

/// Whether a number, or all numbers of a verification, are reproduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The difference is shown to lie within the margin.
    Reproduced,
    /// The difference is shown to lie outside of it.
    NotReproduced,
    /// The runs show neither.
    CannotTell,
}

impl Outcome {
    /// In words: `cannot tell`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::NotReproduced => "not reproduced",
            Self::CannotTell => "cannot tell",
        }
    }
}
