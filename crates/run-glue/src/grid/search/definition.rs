//! A search: what it tries, and the settings of its runs.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::options::SearchOptions;
use super::planning::{Planned, check_runs, planned};
use super::ranking::{self, Ranking};
use super::rungs::{Rung, Unit, amount};
use super::space::{self, Axis, EPOCHS, STEPS, Setting};
use crate::grid::combination::Combination;
use crate::grid::settings_factory::SettingsFactory;
use records::hex;
use records::record::RunRecord;
use records::record::parts::{SearchMark, SearchRole};
use trainer::error::Error;
use trainer::settings::{Choice, Settings, request_hash};

/// A search.
pub struct Search {
    combination: Combination,
    pub(super) options: SearchOptions,
    pub(super) trials: Vec<Setting>,
    pub(super) rungs: Vec<Rung>,
    /// All training of the trials, in the unit.
    pub(super) cost: f64,
    pub(super) chosen_on: String,
    pub(super) higher_is_better: bool,
    /// SHA-256 of what is tried, in hexadecimal.
    pub(super) id: String,
}

impl Search {
    /// Plans the search of a combination, whose chosen setting is run with `seeds`.
    ///
    /// # Errors
    /// Settings that are wrong, runs that do not train and evaluate, or a budget that allows no search.
    pub fn new(
        options: SearchOptions,
        combination: &Combination,
        seeds: &[u64],
        factory: &dyn SettingsFactory,
    ) -> Result<Self, Error> {
        let training = |setting: &Setting| factory.training_length(combination, setting);
        let Planned { trials, rungs, cost } = planned(&options, training)?;
        let base = factory.trial_settings(combination, options.seed, &[], options.holdout)?;
        if let Some(&seed) = seeds.first() {
            check_runs(&factory.settings(combination, seed, &[])?, combination)?;
        }
        let metric = base.task.custom().and_then(|own| own.metrics.first());
        let ladder: Vec<_> = rungs.iter().map(|rung| (rung.trials, rung.training)).collect();
        let what = json!([request_hash(&base), options.kind, trials, ladder, options.seed]);
        let digest = Sha256::digest(what.to_string().as_bytes());
        Ok(Self {
            combination: combination.clone(),
            options,
            trials,
            rungs,
            cost,
            chosen_on: evaluated_on(&base),
            higher_is_better: metric.is_none_or(|metric| metric.higher_is_better()),
            id: hex(&digest),
        })
    }

    /// Settings of a trial in a rung.
    pub(crate) fn trial_settings(
        &self,
        factory: &dyn SettingsFactory,
        rung: usize,
        trial: usize,
    ) -> Result<Settings, Error> {
        let mut setting = self.trials[trial].clone();
        if let Some(training) = self.rungs[rung].training {
            let flag = if self.options.unit == Unit::Steps { STEPS } else { EPOCHS };
            setting.push((flag.to_owned(), amount(training)));
        }
        let mut settings =
            factory.trial_settings(&self.combination, self.options.seed, &setting, self.options.holdout)?;
        settings.search = self.mark(SearchRole::Trial);
        Ok(settings)
    }

    /// Settings of a run of a trial's setting, once that is chosen.
    pub(crate) fn chosen_settings(
        &self,
        factory: &dyn SettingsFactory,
        trial: usize,
        seed: u64,
    ) -> Result<Settings, Error> {
        let mut settings = factory.settings(&self.combination, seed, &self.trials[trial])?;
        settings.search = self.mark(SearchRole::Chosen);
        Ok(settings)
    }

    /// By what a trial differs from other runs, in words.
    pub(crate) fn trial_label(&self, rung: usize, trial: usize) -> String {
        let setting = self.setting_in_words(trial);
        let mut label = match self.rungs.len() {
            1 => format!("trial {} of {}: {setting}", trial + 1, self.trials.len()),
            rungs => format!("rung {} of {rungs}, trial {}: {setting}", rung + 1, trial + 1),
        };
        if let Some(training) = self.rungs[rung].training {
            label.push_str(&format!(", {} {}", amount(training), self.options.unit.name()));
        }
        match self.combination.label.as_str() {
            "" => label,
            of_point => format!("{of_point}, {label}"),
        }
    }

    fn mark(&self, role: SearchRole) -> Option<SearchMark> {
        Some(SearchMark {
            role,
            id: self.id.clone(),
            chosen_on: self.chosen_on.clone(),
            optimistic: role == SearchRole::Trial || self.options.holdout.is_none(),
        })
    }

    /// What is tried, in words.
    pub(crate) fn describe(&self) -> String {
        let axes = self.options.space.iter().map(Axis::in_words).collect::<Vec<_>>().join(", ");
        let kind = self.options.kind.name();
        let rungs: Vec<String> = match self.rungs.as_slice() {
            [_] => Vec::new(),
            rungs => rungs.iter().map(|rung| self.rung_in_words(rung)).collect(),
        };
        let rungs = if rungs.is_empty() { String::new() } else { format!(" ({})", rungs.join(", then ")) };
        format!(
            "search by {kind}: {} trials{rungs}, {} {} of training for each model and task, over {axes}; chosen on {}",
            self.trials.len(),
            amount(self.cost),
            self.options.unit.name(),
            self.chosen_on,
        )
    }

    fn rung_in_words(&self, rung: &Rung) -> String {
        format!("{} of {} {}", rung.trials, amount(rung.training.unwrap_or_default()), self.options.unit.name())
    }

    /// Places of the trials of a rung, best first; those without a record are left out.
    pub(crate) fn ranked(&self, records: &[Option<RunRecord>]) -> Vec<usize> {
        let rankings: Vec<_> = records.iter().map(|record| record.as_ref().map(Ranking::of)).collect();
        ranking::ranked(&rankings, self.higher_is_better)
    }

    /// How many rounds there are.
    pub(crate) fn rounds(&self) -> usize {
        self.rungs.len()
    }

    /// How many trials a rung has.
    pub(crate) fn trials_of(&self, rung: usize) -> usize {
        self.rungs[rung].trials
    }

    /// The setting of a trial, in words.
    pub(crate) fn setting_in_words(&self, trial: usize) -> String {
        space::in_words(&self.trials[trial])
    }

    /// Where the choice was made.
    pub(crate) fn chosen_on(&self) -> &str {
        &self.chosen_on
    }

    /// Whose settings are searched.
    pub(crate) fn combination(&self) -> &Combination {
        &self.combination
    }

    /// The flags that it tries values of.
    pub(crate) fn flags(&self) -> Vec<&str> {
        self.options.space.iter().map(|axis| axis.flag()).collect()
    }

    /// Of draws and trials.
    pub(crate) fn seed(&self) -> u64 {
        self.options.seed
    }

    /// How many settings are tried.
    pub(crate) fn len(&self) -> usize {
        self.trials.len()
    }
}

/// What a run scores, by the name of the split.
fn evaluated_on(settings: &Settings) -> String {
    let joined =
        |slices: &[glue_tasks::slices::Slice]| slices.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
    let splits = &settings.data.splits;
    let task = settings.task.known();
    if let Some(percent) = splits.held_out {
        let own = || task.and_then(|task| task.train_split.as_ref()).map_or("train", |split| &split.name).to_owned();
        return format!("{} ({percent} % held out)", splits.train.as_deref().map_or_else(own, joined));
    }
    match (&splits.validation, task) {
        (Some(slices), _) => joined(slices),
        (None, None) => "validation".to_owned(),
        (None, Some(task)) => task.eval_splits.iter().map(|split| split.name.as_str()).collect::<Vec<_>>().join(", "),
    }
}
