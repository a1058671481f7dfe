//! A search for the settings of one model and task: which settings are tried, with how much training, and which is chosen.
//!
//! Every trial is a run like any other, with a record that says that it is one. What was chosen follows from the records
//! alone, so a search that was killed goes on, and several workers agree.

mod choice;
pub(super) mod course;
mod file;
mod planning;
mod rungs;
pub(super) mod space;

use serde_json::json;
use sha2::{Digest, Sha256};

use self::choice::Standing;
use self::planning::{Planned, check_flags, check_runs, planned, space_of};
use self::rungs::{Rung, Unit};
use self::space::{Axis, EPOCHS, STEPS, Setting};
use super::{Cell, Grid, Place, Role};
use crate::cli::args::RunArgs;
use crate::cli::search_args::SearchKind;
use crate::error::Error;
use crate::report::python_json::float_repr;
use crate::report::record::RunRecord;
use crate::report::record_parts::{SearchMark, SearchRole};
use crate::settings::{Settings, request_hash};

/// The seed of draws and trials, unless a flag says another. The runs of the chosen setting have others: among many trials
/// the best owes a part of its score to its seed.
const SEED: u64 = 0;

/// Of halving.
const ETA: usize = 3;

/// A search.
pub(super) struct Search {
    place: Place,
    kind: SearchKind,
    space: Vec<Axis>,
    trials: Vec<Setting>,
    rungs: Vec<Rung>,
    unit: Unit,
    /// All training of the trials, in the unit.
    cost: f64,
    /// Of halving.
    eta: Option<usize>,
    /// The budget as it was given.
    budget: Option<String>,
    /// Of draws and trials.
    pub(super) seed: u64,
    /// Percent of the training rows to choose on.
    holdout: Option<f64>,
    chosen_on: String,
    higher_is_better: bool,
    /// SHA-256 of what is tried, in hexadecimal.
    id: String,
}

impl Search {
    /// Plans the search of a place.
    ///
    /// # Errors
    /// Flags that contradict each other, or a budget that allows no search.
    pub(super) fn new(grid: &Grid, place: &Place) -> Result<Self, Error> {
        let args = grid.args(place);
        let kind = args.search.search.unwrap_or(SearchKind::Grid);
        let seed = args.search.search_seed.unwrap_or(SEED);
        check_flags(&args, kind)?;
        if grid.seeds.contains(&seed) {
            return Err(Error::usage(format!(
                "--search_seed {seed} is among the seeds of the runs: the best of many trials owes a part of its score to its \
                 seed, so its setting is run with others; give another --search_seed"
            )));
        }
        let (space, unit) = space_of(grid, place, &args, kind)?;
        let training = |setting: &Setting| {
            let mut args = args.clone();
            space::apply(&mut args, setting)?;
            let args = grid.filled(args, place)?;
            Ok(args.max_steps.filter(|steps| *steps > 0).map_or(args.num_train_epochs.unwrap_or(3.0), |n| n as f64))
        };
        let Planned { trials, rungs, cost } = planned(&args, kind, &space, unit, seed, training)?;
        let mut this = Self {
            place: place.clone(),
            kind,
            space,
            trials,
            rungs,
            unit,
            cost,
            eta: (kind == SearchKind::Halving).then(|| args.search.search_eta.unwrap_or(ETA)),
            budget: args.search.search_budget.clone(),
            seed,
            holdout: args.search.search_holdout.as_deref().map(holdout).transpose()?,
            chosen_on: String::new(),
            higher_is_better: true,
            id: String::new(),
        };
        let base = grid.settings(place, seed, |args| this.make_trial(args, &[], None))?;
        check_runs(&grid.settings(place, grid.seeds[0], |_| Ok(()))?, place)?;
        this.chosen_on = evaluated_on(&base);
        let metric = base.custom.as_ref().and_then(|own| own.metrics.first());
        this.higher_is_better = metric.is_none_or(|metric| metric.higher_is_better());
        let ladder: Vec<_> = this.rungs.iter().map(|rung| (rung.trials, rung.training)).collect();
        let what = json!([request_hash(&base, base.task.name), kind, this.trials, ladder, seed]);
        let digest = Sha256::digest(what.to_string().as_bytes());
        this.id = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(this)
    }

    /// Makes the flags of a place those of a trial: it leaves a record, and no other files.
    fn make_trial(&self, args: &mut RunArgs, setting: &[(String, String)], training: Option<f64>) -> Result<(), Error> {
        space::apply(args, setting)?;
        if let Some(training) = training {
            let flag = if self.unit == Unit::Steps { STEPS } else { EPOCHS };
            space::apply(args, &[(flag.to_owned(), amount(training))])?;
        }
        (args.output_dir, args.save_logits, args.glue_submission) = (None, None, None);
        args.do_predict = Some(false);
        args.publish = Default::default();
        args.watch.save_strategy = None;
        args.watch.report_to = Vec::new();
        args.watch.logging_dir = None;
        if self.holdout.is_some() {
            args.data.validation_split_percentage = self.holdout;
            args.data.validation_split_name = None;
            args.data.validation_file = None;
        }
        Ok(())
    }

    fn mark(&self, role: SearchRole) -> Option<SearchMark> {
        Some(SearchMark {
            role,
            id: self.id.clone(),
            chosen_on: self.chosen_on.clone(),
            optimistic: role == SearchRole::Trial || self.holdout.is_none(),
        })
    }

    /// What is tried, in words.
    pub(super) fn describe(&self) -> String {
        let axes = self.space.iter().map(Axis::in_words).collect::<Vec<_>>().join(", ");
        let kind = match self.kind {
            SearchKind::Grid => "grid",
            SearchKind::Random => "random",
            SearchKind::Halving => "halving",
        };
        let rungs: Vec<String> = match self.rungs.as_slice() {
            [_] => Vec::new(),
            rungs => rungs.iter().map(|rung| self.rung_in_words(rung)).collect(),
        };
        let rungs = if rungs.is_empty() { String::new() } else { format!(" ({})", rungs.join(", then ")) };
        format!(
            "search by {kind}: {} trials{rungs}, {} {} of training for each model and task, over {axes}; chosen on {}",
            self.trials.len(),
            amount(self.cost),
            self.unit.name(),
            self.chosen_on,
        )
    }

    fn rung_in_words(&self, rung: &Rung) -> String {
        format!("{} of {} {}", rung.trials, amount(rung.training.unwrap_or_default()), self.unit.name())
    }

    /// Places of the trials of a rung, best first; those without a record are left out.
    pub(super) fn ranked(&self, records: &[Option<RunRecord>]) -> Vec<usize> {
        let standings: Vec<_> = records.iter().map(|record| record.as_ref().map(Standing::of)).collect();
        choice::ranked(&standings, self.higher_is_better)
    }

    /// How many rounds there are.
    pub(super) fn rounds(&self) -> usize {
        self.rungs.len()
    }

    /// How many trials a rung has.
    pub(super) fn trials_of(&self, rung: usize) -> usize {
        self.rungs[rung].trials
    }

    /// The setting of a trial, in words.
    pub(super) fn setting_in_words(&self, trial: usize) -> String {
        space::in_words(&self.trials[trial])
    }

    /// Where the choice was made.
    pub(super) fn chosen_on(&self) -> &str {
        &self.chosen_on
    }

    /// How many settings are tried.
    pub(super) fn len(&self) -> usize {
        self.trials.len()
    }
}

impl Grid {
    /// A trial's run.
    pub(super) fn trial_cell(&self, search: usize, rung: usize, trial: usize) -> Result<Cell, Error> {
        let of = &self.searches[search];
        let setting = &of.trials[trial];
        let training = of.rungs[rung].training;
        let mut settings = self.settings(&of.place, of.seed, |args| of.make_trial(args, setting, training))?;
        settings.search = of.mark(SearchRole::Trial);
        let mut label = match of.rungs.len() {
            1 => format!("trial {} of {}: {}", trial + 1, of.trials.len(), space::in_words(setting)),
            rungs => format!("rung {} of {rungs}, trial {}: {}", rung + 1, trial + 1, space::in_words(setting)),
        };
        if let Some(training) = training {
            label.push_str(&format!(", {} {}", amount(training), of.unit.name()));
        }
        let of_point = &self.points[of.place.point].label;
        if !of_point.is_empty() {
            label = format!("{of_point}, {label}");
        }
        let cell = Cell::new(settings, &of.place, Role::Trial { search, rung, trial }, &label, self.several);
        Ok(Cell { part: search, ..cell })
    }

    /// All trials of the first rung.
    pub(super) fn first_trials(&self, search: usize) -> Result<Vec<Cell>, Error> {
        (0..self.searches[search].trials.len()).map(|trial| self.trial_cell(search, 0, trial)).collect()
    }

    /// A run of a trial's setting, once that is chosen.
    pub(super) fn chosen_cell(&self, search: usize, trial: usize, seed: u64) -> Result<Cell, Error> {
        let of = &self.searches[search];
        let mut settings = self.settings(&of.place, seed, |args| space::apply(args, &of.trials[trial]))?;
        settings.search = of.mark(SearchRole::Chosen);
        let label = &self.points[of.place.point].label;
        let cell = Cell::new(settings, &of.place, Role::Chosen { search, trial }, label, self.several);
        Ok(Cell { part: search, ..cell })
    }
}

/// Epochs or steps as they are typed.
fn amount(training: f64) -> String {
    if training.fract() == 0.0 { format!("{training}") } else { float_repr((training * 1e6).round() / 1e6) }
}

/// A share of the training rows, in percent.
fn holdout(text: &str) -> Result<f64, Error> {
    let share =
        text.trim().trim_end_matches('%').trim().parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 100.0);
    share.ok_or_else(|| {
        Error::usage(format!("--search_holdout {text}: expected a share of the training rows in percent, such as 10"))
    })
}

/// What a run scores, by the name of the split.
fn evaluated_on(settings: &Settings) -> String {
    let joined =
        |slices: &[glue_tasks::slices::Slice]| slices.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
    if let Some(percent) = settings.data.splits.held_out {
        let train = settings
            .data
            .splits
            .train
            .as_deref()
            .map_or_else(|| settings.task.train_split.unwrap_or("train").to_owned(), joined);
        return format!("{train} ({percent} % held out)");
    }
    match &settings.data.splits.validation {
        Some(slices) => joined(slices),
        None if settings.custom.is_some() => "validation".to_owned(),
        None => settings.task.eval_splits.iter().map(|split| split.name).collect::<Vec<_>>().join(", "),
    }
}
