//! What a search is told.

use super::rungs::Unit;
use super::space::Axis;
use crate::settings::Choice;

/// The seed of draws and trials, unless another is given. The runs of the chosen setting have others: among many trials
/// the best owes a part of its score to its seed.
pub const SEED: u64 = 0;

/// Halving's factor, unless another is given.
pub const ETA: usize = 3;

/// How settings to try are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    /// All combinations of lists.
    Grid,
    /// Drawn at random.
    Random,
    /// Many with little training; the best of them with more.
    Halving,
}

impl Choice for SearchKind {
    const NAMES: &'static [(&'static str, Self)] =
        &[("grid", Self::Grid), ("random", Self::Random), ("halving", Self::Halving)];
}

/// What is searched, and how.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// How settings are found.
    pub kind: SearchKind,
    /// What is searched: at least one axis, no two of one flag.
    pub space: Vec<Axis>,
    /// What the training of these runs is counted in.
    pub unit: Unit,
    /// Settings to try, where they are drawn; `None`: as many as the budget allows, or the usual number.
    pub trials: Option<usize>,
    /// The most that the trials may take, as it was typed: `20`, `20trials`, `60epochs`, `5000steps`.
    pub budget: Option<String>,
    /// Of halving: one in so many goes on, with so many times the training; 2 or more.
    pub eta: usize,
    /// Of halving: rounds at most; `None`: until one trial is left.
    pub rungs: Option<usize>,
    /// Of draws and trials; none of the seeds of the runs.
    pub seed: u64,
    /// Percent of the training rows to choose on, above 0 and below 100; `None`: the choice is made on the validation split.
    pub holdout: Option<f64>,
}
