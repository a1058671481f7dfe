//! Flags of a search for settings.

use clap::Args;

use super::value_parsers::{choice, whole};
use crate::grid::search::SearchKind;

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct SearchArgs {
    /// First search for settings of each model and task, then run the best with --seeds: grid, random, halving [default kind: grid]
    #[arg(long, num_args = 0..=1, default_missing_value = "grid", value_parser = choice::<SearchKind>, value_name = "KIND", help_heading = "Search")]
    pub search: Option<SearchKind>,
    /// What is searched: FLAG=V,V,.. or FLAG=LOW..HIGH; may be given several times [default: learning rates, batch sizes and epochs
    /// of BERT's paper]
    #[arg(long, value_name = "FLAG=VALUES", help_heading = "Search")]
    pub search_space: Vec<String>,
    /// Settings that random and halving try [default: 10; of halving all of the lists, else eta x eta]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Search")]
    pub search_trials: Option<usize>,
    /// Most that the trials of a model and task may take: 20trials, 60epochs, 5000steps
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub search_budget: Option<String>,
    /// Of halving: one in so many goes on, with so many times the training [default: 3]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Search")]
    pub search_eta: Option<usize>,
    /// Of halving: rounds at most [default: until one is left]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Search")]
    pub search_rungs: Option<usize>,
    /// Seed of what is drawn, and of the trials' runs; none of --seeds [default: 0]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Search")]
    pub search_seed: Option<u64>,
    /// Choose on this share of the training rows, in percent, which trials do not train on, so that validation stays unseen
    #[arg(long, value_name = "X", help_heading = "Search")]
    pub search_holdout: Option<String>,
}

impl SearchArgs {
    /// A flag that is only about searches.
    #[must_use]
    pub fn stray(&self) -> Option<&'static str> {
        let flags = [
            ("search_space", !self.search_space.is_empty()),
            ("search_trials", self.search_trials.is_some()),
            ("search_budget", self.search_budget.is_some()),
            ("search_eta", self.search_eta.is_some()),
            ("search_rungs", self.search_rungs.is_some()),
            ("search_seed", self.search_seed.is_some()),
            ("search_holdout", self.search_holdout.is_some()),
        ];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}
