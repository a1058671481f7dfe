//! How far searches are: what their trials led to, and what is to be run next.

use super::state::{RunState, Sweep};
use super::worker_protocol::is_worker;
use crate::grid::definition::Grid;
use crate::grid::run_spec::RunSpec;
use crate::grid::search::Tried;
use crate::grid::search::search_state::SearchState;
use records::record::RunRecord;
use trainer::error::Error;

impl Sweep<'_> {
    /// The runs that follow from the trials that are over: those of the next rung, or of the chosen setting.
    ///
    /// # Errors
    /// When the file of a search cannot be written.
    pub(super) fn advance(&mut self) -> Result<Vec<RunSpec>, Error> {
        let mut more = Vec::new();
        for search in 0..self.search_states.len() {
            more.extend(self.advance_one(search)?);
        }
        Ok(more)
    }

    fn advance_one(&mut self, search: usize) -> Result<Vec<RunSpec>, Error> {
        let (state, of) = (&self.search_states[search], &self.grid.searches[search]);
        let Some(current) = state.rungs.last().filter(|_| !state.over) else { return Ok(Vec::new()) };
        if current.iter().any(|(_, at)| matches!(self.states[*at], RunState::Open | RunState::Elsewhere)) {
            return Ok(Vec::new());
        }
        let record = |at: usize| match &self.states[at] {
            RunState::Done(record) => Some(record.as_ref().clone()),
            _ => None,
        };
        let records: Vec<Option<RunRecord>> = current.iter().map(|(_, at)| record(*at)).collect();
        let ranked: Vec<usize> = of.ranked(&records).into_iter().map(|place| current[place].0).collect();
        let rung = state.rungs.len();
        if rung < of.rounds() && !ranked.is_empty() {
            let next = ranked.into_iter().take(of.trials_of(rung));
            return next.map(|trial| self.grid.trial_spec(search, rung, trial)).collect();
        }
        let specs = match ranked.first() {
            Some(&chosen) => {
                self.tell(search, chosen)?;
                let seeds = self.grid.seeds.iter();
                seeds.map(|&seed| self.grid.chosen_spec(search, chosen, seed)).collect::<Result<_, _>>()?
            }
            None if is_worker() => Vec::new(),
            None => {
                log::error!("{}: every trial failed, so no setting is chosen", self.specs[current[0].1].task());
                Vec::new()
            }
        };
        self.search_states[search].over = true;
        Ok(specs)
    }

    /// Writes what a search came to, and says it.
    fn tell(&self, search: usize, chosen: usize) -> Result<(), Error> {
        // Workers come to the same by themselves.
        if !self.acts || is_worker() {
            return Ok(());
        }
        let (state, of) = (&self.search_states[search], &self.grid.searches[search]);
        let mut tried = Vec::new();
        for (rung, trials) in state.rungs.iter().enumerate() {
            for &(trial, at) in trials {
                let outcome = match &self.states[at] {
                    RunState::Done(record) => Ok(record.as_ref().clone()),
                    RunState::Failed(error) => Err(error.to_string()),
                    _ => Err("it was not tried: the model failed twice in the same words".to_owned()),
                };
                tried.push(Tried { rung, trial, outcome });
            }
        }
        let path = of.write(self.results_dir, &tried, chosen)?;
        let best = tried.iter().rev().find(|tried| tried.trial == chosen).and_then(|tried| tried.outcome.as_ref().ok());
        let score =
            best.and_then(|record| record.score).map_or_else(String::new, |score| format!(", score {score:.4}"));
        let name = best.map_or_else(String::new, |record| format!("{}, {}", record.model.id, record.task));
        let passed_over = match of.better_collapsed(&tried, chosen) {
            0 => String::new(),
            1 => "; one run that scores better predicts one class only, and comes last".to_owned(),
            count => format!("; {count} runs that score better predict one class only, and come last"),
        };
        log::info!(
            "{name}: of {} trials the best on {} is {}{score}{passed_over}; all of them are in {}",
            of.len(),
            of.chosen_on(),
            of.setting_in_words(chosen),
            path.display()
        );
        Ok(())
    }

    /// Runs that searches will ask for, each with a setting that stands for the one that it will have.
    pub(super) fn expected(&self) -> Vec<RunSpec> {
        let mut specs = Vec::new();
        for (search, state) in self.search_states.iter().enumerate() {
            let mine = self.grid.shard.is_none_or(|shard| shard.has(search));
            if mine && !state.over {
                specs.extend(expected_of(self.grid, search, state));
            }
        }
        specs
    }
}

fn expected_of(grid: &Grid, search: usize, state: &SearchState) -> impl Iterator<Item = RunSpec> {
    let of = &grid.searches[search];
    let later =
        (state.rungs.len()..of.rounds()).flat_map(move |rung| (0..of.trials_of(rung)).map(move |trial| (rung, trial)));
    let trials = later.filter_map(move |(rung, trial)| grid.trial_spec(search, rung, trial).ok());
    // Of lists the last setting has the largest values, usually.
    let chosen = grid.seeds.iter().filter_map(move |&seed| grid.chosen_spec(search, of.len() - 1, seed).ok());
    trials.chain(chosen)
}
