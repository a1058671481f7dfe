//! What a sweep knows: its runs, what has become of each, and how far its searches are.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use super::live_view::LiveView;
use super::outputs::Outputs;
use super::whose_folder::has_ended_run;
use crate::grid::definition::Grid;
use crate::grid::disk::Sizes;
use crate::grid::done::Done;
use crate::grid::run_spec::{Role, RunSpec};
use crate::grid::search::search_state::SearchState;
use crate::interrupt;
use records::record::{RecordFile, RunRecord};
use trainer::error::Error;
use trainer::settings::Settings;

/// What has become of a run.
pub(super) enum RunState {
    Open,
    Done(Box<RunRecord>),
    /// Not this worker's.
    Elsewhere,
    Failed(Error),
    /// Not tried: its model failed twice in the same words.
    GivenUp,
}

/// Whether a run may begin.
pub(super) enum Begin {
    /// It may: what it begins with is in its settings.
    Ready,
    /// Runs that it needs are not over.
    Waits,
    /// It never will, since a run that it needs has failed.
    Never(Error),
}

/// A grid on its way.
pub(super) struct Sweep<'a> {
    pub(super) grid: &'a Grid,
    pub(super) results_dir: &'a Path,
    /// Whether anything is run or written.
    pub(super) acts: bool,
    pub(super) rerun: bool,
    pub(super) specs: Vec<RunSpec>,
    pub(super) states: Vec<RunState>,
    /// How far each search is.
    pub(super) search_states: Vec<SearchState>,
    /// Runs that searches will ask for, as far as they are known.
    pub(super) future: Vec<RunSpec>,
    pub(super) done: Done,
    pub(super) outputs: Outputs,
    /// Of any settings, for how long a run takes.
    pub(super) known: Vec<RunRecord>,
    pub(super) sizes: Sizes,
    /// The last error of each model.
    pub(super) errors: HashMap<String, String>,
    /// Runs whose results are there, but not on the Hub.
    pub(super) upload_failures: Vec<(String, Error)>,
    pub(super) view: LiveView,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(grid: &'a Grid, settings: &'a Settings, acts: bool) -> Result<Self, Error> {
        let mut this = Self {
            grid,
            results_dir: &settings.places.results_dir,
            acts,
            rerun: grid.is_single() || grid.options.rerun,
            specs: Vec::new(),
            states: Vec::new(),
            search_states: grid.searches.iter().map(|_| SearchState::default()).collect(),
            future: Vec::new(),
            done: Done::new(&settings.places.results_dir),
            outputs: Outputs::default(),
            known: Vec::new(),
            sizes: Sizes::default(),
            errors: HashMap::new(),
            upload_failures: Vec::new(),
            view: LiveView::new(acts && settings.logging.live_line),
        };
        this.known = this.done.all(&grid.specs)?;
        this.add(grid.specs.clone())?;
        Ok(this)
    }

    /// Takes runs in, with what is known of them.
    pub(super) fn add(&mut self, specs: Vec<RunSpec>) -> Result<(), Error> {
        let first = self.specs.len();
        for mut spec in specs {
            // To run again is to train again, and not to go on from the end of what is there.
            if self.grid.options.rerun && has_ended_run(&spec) {
                spec.settings.places.overwrite_output_dir = true;
            }
            let mine = self.grid.shard.is_none_or(|shard| shard.has(spec.part));
            self.states.push(if mine { RunState::Open } else { RunState::Elsewhere });
            if let Role::Trial { search, rung, trial } = spec.role {
                self.search_states[search].add(rung, trial, self.specs.len());
            }
            self.specs.push(spec);
        }
        let added = first..self.specs.len();
        // What a run begins from tells which run it is, so that one is looked up first.
        let depths: BTreeSet<usize> = added.clone().map(|at| self.specs[at].depth()).collect();
        for depth in if self.rerun { BTreeSet::new() } else { depths } {
            let mut known = Vec::new();
            let of_depth: Vec<usize> = added.clone().filter(|&at| self.specs[at].depth() == depth).collect();
            for at in of_depth {
                if depth == 0 || matches!(self.begin(at)?, Begin::Ready) {
                    known.push(at);
                }
            }
            self.look_up(&known)?;
        }
        self.take_over(added);
        self.outputs.say_unnamed();
        self.future = self.expected();
        Ok(())
    }

    /// Finds out which of these runs are done.
    pub(super) fn look_up(&mut self, places: &[usize]) -> Result<(), Error> {
        let is_known = |spec: &RunSpec| {
            spec.begins_from.is_none() || spec.settings.model.init_from.as_ref().is_some_and(|from| from.run.is_some())
        };
        let places: Vec<usize> = places.iter().copied().filter(|&at| is_known(&self.specs[at])).collect();
        let specs: Vec<RunSpec> = places.iter().map(|&at| self.specs[at].clone()).collect();
        let found = self.done.find(&specs)?;
        for ((at, spec), records) in places.into_iter().zip(specs).zip(found) {
            if let Some(record) = self.taken(&spec, records)? {
                self.states[at] = RunState::Done(Box::new(record));
            }
        }
        Ok(())
    }

    /// Runs of other parts that runs of this one begin from are this worker's too: whoever begins first does them, and the others wait.
    fn take_over(&mut self, added: Range<usize>) {
        let by_depth = |at: &usize| std::cmp::Reverse(self.specs[*at].depth());
        let mut order: Vec<usize> = added.collect();
        order.sort_by_key(by_depth);
        for at in order {
            let Some(from) = self.specs[at].begins_from.clone().filter(|_| matches!(self.states[at], RunState::Open))
            else {
                continue;
            };
            for needed in 0..self.specs.len() {
                if matches!(self.states[needed], RunState::Elsewhere) && from.is_one(&self.specs[needed]) {
                    self.states[needed] = RunState::Open;
                }
            }
        }
    }

    /// Of the records of a run the one that makes it done, marked as chosen where a search chose it, whoever ran it.
    pub(super) fn taken(&mut self, spec: &RunSpec, records: Vec<RecordFile>) -> Result<Option<RunRecord>, Error> {
        let Some((path, mut record)) = self.outputs.done(spec, records) else { return Ok(None) };
        if let (true, Role::Chosen { .. }, Some(mark)) = (self.acts, spec.role, &spec.settings.search) {
            record.mark(&path, mark)?;
        }
        Ok(Some(record))
    }

    /// Takes searches as far as the records that are there lead.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        loop {
            let more = self.advance()?;
            if more.is_empty() {
                return Ok(());
            }
            self.add(more)?;
        }
    }

    pub(super) fn open(&self) -> Vec<usize> {
        (0..self.specs.len()).filter(|&at| matches!(self.states[at], RunState::Open)).collect()
    }

    pub(super) fn count(&self, is: impl Fn(&RunState) -> bool) -> usize {
        self.states.iter().filter(|state| is(state)).count()
    }

    /// Whether a failure ends it all.
    pub(super) fn stops(&self) -> bool {
        self.grid.options.stop_on_failure && self.count(|s| matches!(s, RunState::Failed(_))) > 0
    }
}

/// # Errors
/// When the user asked to stop.
pub(super) fn stop_if_asked() -> Result<(), Error> {
    if interrupt::requested() {
        return Err(Error::interrupted(
            "stopped; the same command goes on with the runs that are left (without --rerun and --overwrite_output_dir)",
        ));
    }
    Ok(())
}
