//! Settings of a grid's runs, out of flags.

use std::path::PathBuf;

use super::point::Point;
use super::searchable::apply;
use crate::cli::args::RunArgs;
use crate::cli::recipes::Recipes;
use crate::cli::settings;
use crate::grid::{Combination, SettingsFactory, Several};
use records::record::path::slug;
use trainer::error::Error;
use trainer::settings::{Settings, request_hash};

/// Of several runs, the share of the steps from one row of the log to the next where no flag says otherwise: their page shows
/// learning curves, and the usual 500 steps are more than small tasks have.
pub(super) const LOG_SHARE: f64 = 0.1;

/// Hexadecimal digits of the hash in a folder's name.
const FOLDER_HASH: usize = 8;

/// The flag that a search's settings come by, for messages.
const SPACE: &str = "--search_space";

/// The flags of a setting.
fn flags(setting: &[(String, String)]) -> Vec<&str> {
    setting.iter().map(|(flag, _)| flag.as_str()).collect()
}

/// The flags of a grid.
pub(super) struct FlagFactory {
    pub(super) points: Vec<Point>,
    /// All of the grid.
    pub(super) combinations: Vec<Combination>,
    pub(super) several: Several,
    /// Model and data inside the program are the defaults.
    pub(super) embedded: bool,
    /// What is filled in where no flag is given.
    pub(super) recipes: Recipes,
}

impl FlagFactory {
    /// Flags of a combination, as they were given.
    pub(super) fn args(&self, combination: &Combination) -> RunArgs {
        let mut args = self.points[combination.point].args.clone();
        args.model_name_or_path = combination.model.iter().cloned().collect();
        // Of data of one's own it is their name.
        if let Some(task) = combination.task {
            args.task_name = vec![task.name.clone()];
        }
        args
    }

    /// `setting`: what a search puts over the flags; `change`: what else is changed of them before defaults are filled in.
    fn make(
        &self,
        combination: &Combination,
        seed: u64,
        setting: &[(String, String)],
        change: impl FnOnce(&mut RunArgs),
    ) -> Result<Settings, Error> {
        let mut args = self.args(combination);
        args.training.seed = Some(seed);
        apply(&mut args, setting, SPACE)?;
        change(&mut args);
        let args = self.filled(args, combination, &flags(setting))?;
        let logs_by_default = args.logging.logging_steps.is_none();
        let several = self.several;
        let mut settings = settings::settings(&args, self.embedded)?;
        self.begin(&mut settings, &args, combination)?;
        if logs_by_default && !several.is_single_run() {
            settings.logging.steps = LOG_SHARE;
        }
        let mut folder = PathBuf::new();
        if let Some(model) = combination.model.as_deref().filter(|_| several.models) {
            folder.push(slug(model));
        }
        if several.tasks {
            folder.push(settings.task.file_stem());
        }
        let label = &combination.label;
        if !label.is_empty() {
            folder.push(slug(&label.replace(", ", "_").replace(' ', "-")));
        }
        // Names are for people, and two runs may share them; the hash tells the folders apart.
        let hash = request_hash(&settings);
        if several.seeds {
            folder.push(format!("seed-{seed}"));
        }
        let name = folder.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
        folder.set_file_name(format!("{name}-{}", &hash[..hash.len().min(FOLDER_HASH)]));
        settings.places.folder = (!several.is_single_run()).then_some(folder);
        Ok(settings)
    }
}

impl FlagFactory {
    /// Settings of a run without a search.
    pub(super) fn settings_of(&self, combination: &Combination, seed: u64) -> Result<Settings, Error> {
        self.make(combination, seed, &[], |_| {})
    }
}

impl SettingsFactory for FlagFactory {
    fn settings(&self, combination: &Combination, seed: u64, setting: &[(String, String)]) -> Result<Settings, Error> {
        self.make(combination, seed, setting, |_| {})
    }

    fn begins_from(&self, combination: &Combination) -> Result<Option<Combination>, Error> {
        self.source(&self.filled(self.args(combination), combination, &[])?, combination)
    }

    fn trial_settings(
        &self,
        combination: &Combination,
        seed: u64,
        setting: &[(String, String)],
        holdout: Option<f64>,
    ) -> Result<Settings, Error> {
        self.make(combination, seed, setting, |args| {
            let places = &mut args.places;
            (places.output_dir, places.save_logits, places.glue_submission) = (None, None, None);
            args.do_predict = Some(false);
            args.data.final_eval = Vec::new();
            args.publish = Default::default();
            args.checkpoints.save_strategy = None;
            args.logging.report_to = Vec::new();
            args.logging.logging_dir = None;
            if holdout.is_some() {
                args.data.validation_split_percentage = holdout;
                args.data.validation_split_name = None;
                args.own_data.validation_file.clear();
            }
        })
    }

    fn training_length(&self, combination: &Combination, setting: &[(String, String)]) -> Result<f64, Error> {
        let mut args = self.args(combination);
        apply(&mut args, setting, SPACE)?;
        let training = self.filled(args, combination, &flags(setting))?.training;
        let epochs = training.num_train_epochs.unwrap_or(3.0);
        Ok(training.max_steps.filter(|steps| *steps > 0).map_or(epochs, |n| n as f64))
    }
}
