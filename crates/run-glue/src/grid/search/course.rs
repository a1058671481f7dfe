//! How far searches are: what their trials led to, and what is to be run next.

use super::file::Tried;
use crate::error::Error;
use crate::grid::sweep::{State, Sweep};
use crate::grid::{Cell, Grid};
use crate::progress::{complain, say};
use crate::report::record::RunRecord;

/// How far a search is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Of each rung so far: its trials, each with the place of its run.
    rungs: Vec<Vec<(usize, usize)>>,
    /// It has chosen, or every trial failed.
    over: bool,
}

impl Course {
    /// Takes in the run of a trial.
    pub(crate) fn add(&mut self, rung: usize, trial: usize, at: usize) {
        self.rungs.resize(self.rungs.len().max(rung + 1), Vec::new());
        self.rungs[rung].push((trial, at));
    }
}

impl Sweep<'_> {
    /// The runs that follow from the trials that are over: those of the next rung, or of the chosen setting.
    ///
    /// # Errors
    /// When the file of a search cannot be written.
    pub(crate) fn advance(&mut self) -> Result<Vec<Cell>, Error> {
        let mut more = Vec::new();
        for search in 0..self.courses.len() {
            more.extend(self.advance_one(search)?);
        }
        Ok(more)
    }

    fn advance_one(&mut self, search: usize) -> Result<Vec<Cell>, Error> {
        let (course, of) = (&self.courses[search], &self.grid.searches[search]);
        let Some(current) = course.rungs.last().filter(|_| !course.over) else { return Ok(Vec::new()) };
        if current.iter().any(|(_, at)| matches!(self.states[*at], State::Open | State::Elsewhere)) {
            return Ok(Vec::new());
        }
        let record = |at: usize| match &self.states[at] {
            State::Done(record) => Some(record.as_ref().clone()),
            _ => None,
        };
        let records: Vec<Option<RunRecord>> = current.iter().map(|(_, at)| record(*at)).collect();
        let ranked: Vec<usize> = of.ranked(&records).into_iter().map(|place| current[place].0).collect();
        let rung = course.rungs.len();
        if rung < of.rounds() && !ranked.is_empty() {
            let next = ranked.into_iter().take(of.trials_of(rung));
            return next.map(|trial| self.grid.trial_cell(search, rung, trial)).collect();
        }
        let cells = match ranked.first() {
            Some(&chosen) => {
                self.tell(search, chosen)?;
                let seeds = self.grid.seeds.iter();
                seeds.map(|&seed| self.grid.chosen_cell(search, chosen, seed)).collect::<Result<_, _>>()?
            }
            None => {
                complain(&format!(
                    "{}: every trial failed, so no setting is chosen",
                    self.cells[current[0].1].task().name
                ));
                Vec::new()
            }
        };
        self.courses[search].over = true;
        Ok(cells)
    }

    /// Writes what a search came to, and says it.
    fn tell(&self, search: usize, chosen: usize) -> Result<(), Error> {
        if !self.acts {
            return Ok(());
        }
        let (course, of) = (&self.courses[search], &self.grid.searches[search]);
        let mut tried = Vec::new();
        for (rung, trials) in course.rungs.iter().enumerate() {
            for &(trial, at) in trials {
                let outcome = match &self.states[at] {
                    State::Done(record) => Ok(record.as_ref().clone()),
                    State::Failed(error) => Err(error.to_string()),
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
        say(&format!(
            "{name}: of {} trials the best on {} is {}{score}; all of them are in {}",
            of.len(),
            of.chosen_on(),
            of.setting_in_words(chosen),
            path.display()
        ));
        Ok(())
    }

    /// Runs that searches will ask for, each with a setting that stands for the one that it will have.
    pub(crate) fn expected(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (search, course) in self.courses.iter().enumerate() {
            let mine = self.grid.shard.is_none_or(|shard| shard.has(search));
            if mine && !course.over {
                cells.extend(expected_of(self.grid, search, course));
            }
        }
        cells
    }
}

fn expected_of(grid: &Grid, search: usize, course: &Course) -> impl Iterator<Item = Cell> {
    let of = &grid.searches[search];
    let later =
        (course.rungs.len()..of.rounds()).flat_map(move |rung| (0..of.trials_of(rung)).map(move |trial| (rung, trial)));
    let trials = later.filter_map(move |(rung, trial)| grid.trial_cell(search, rung, trial).ok());
    // Of lists the last setting has the largest values, usually.
    let chosen = grid.seeds.iter().filter_map(move |&seed| grid.chosen_cell(search, of.len() - 1, seed).ok());
    trials.chain(chosen)
}
