//! How far a search is.

/// How far a search is: what of it has been given out as runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct SearchState {
    /// Of each rung so far: its trials, each with the place of its run.
    pub(crate) rungs: Vec<Vec<(usize, usize)>>,
    /// It has chosen, or every trial failed.
    pub(crate) over: bool,
}

impl SearchState {
    /// Takes in the run of a trial.
    pub(crate) fn add(&mut self, rung: usize, trial: usize, at: usize) {
        self.rungs.resize(self.rungs.len().max(rung + 1), Vec::new());
        self.rungs[rung].push((trial, at));
    }
}
