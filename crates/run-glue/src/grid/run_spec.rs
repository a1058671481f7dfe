//! One run of a grid.

use super::combination::Combination;
use records::record::RunRecord;
use trainer::demo;
use trainer::settings::{ModelChoice, Settings, request_hash};

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It was asked for.
    Asked,
    /// A search tries a setting.
    Trial { search: usize, rung: usize, trial: usize },
    /// It has the setting that a search chose.
    Chosen { search: usize, trial: usize },
}

/// What there are several of.
#[derive(Clone, Copy, Debug)]
pub struct Several {
    /// Several models.
    pub models: bool,
    /// Several tasks.
    pub tasks: bool,
    /// Seeds were listed or counted, be it one.
    pub seeds: bool,
    /// Several choices of settings.
    pub points: bool,
    /// A search tries settings.
    pub trials: bool,
}

impl Several {
    /// Whether there is one run, and there could be no more.
    #[must_use]
    pub fn is_single_run(self) -> bool {
        !(self.models || self.tasks || self.seeds || self.points || self.trials)
    }
}

/// One run of a grid.
#[derive(Clone)]
pub struct RunSpec {
    /// Of this run alone.
    pub settings: Settings,
    /// Hash of what was asked for, all but the seed.
    pub(super) request: String,
    pub(super) combination: Combination,
    pub(super) role: Role,
    /// By what its settings differ from the others'.
    pub(super) label: String,
    /// For people: what there are several of.
    pub(super) name: String,
    /// The part of the whole that it belongs to, for `--shard`.
    pub(super) part: usize,
}

impl RunSpec {
    pub(super) fn new(
        settings: Settings,
        combination: &Combination,
        role: Role,
        label: &str,
        several: Several,
        part: usize,
    ) -> Self {
        let request = request_hash(&settings);
        let is_trial = matches!(role, Role::Trial { .. });
        let mut this = Self {
            request,
            settings,
            combination: combination.clone(),
            role,
            label: label.to_owned(),
            name: String::new(),
            part,
        };
        let model = several.models.then(|| this.model());
        let task =
            (several.tasks || !several.models && !several.seeds && label.is_empty()).then(|| this.task().to_owned());
        let label = (!label.is_empty()).then(|| label.to_owned());
        let seed = (several.seeds && !is_trial).then(|| format!("seed {}", this.seed()));
        this.name = [model, task, label, seed].into_iter().flatten().collect::<Vec<_>>().join(", ");
        this
    }

    pub(super) fn task(&self) -> &str {
        self.settings.task.name()
    }

    pub(super) fn seed(&self) -> u64 {
        self.settings.training.seed
    }

    pub(super) fn model(&self) -> String {
        match &self.settings.model.choice {
            ModelChoice::Folder(folder) => folder.display().to_string(),
            ModelChoice::Hub { id, .. } => id.clone(),
            ModelChoice::Embedded => demo::MODEL.to_owned(),
        }
    }

    pub(super) fn is_trial(&self) -> bool {
        matches!(self.role, Role::Trial { .. })
    }

    /// Whether a record is of the same settings and seed. A trial's record is none of a run that was asked for: it would not
    /// be in the tables.
    pub(super) fn is_of(&self, record: &RunRecord) -> bool {
        record.request_hash.as_ref() == Some(&self.request)
            && record.seed == self.seed()
            && (self.is_trial() || !record.is_trial())
    }

    pub(super) fn has_model_of(&self, record: &RunRecord) -> bool {
        record.model.id == self.model()
    }

    /// A name for files.
    pub(super) fn key(&self) -> String {
        format!(
            "{}-{}-seed-{}",
            self.settings.task.file_stem(),
            &self.request[..self.request.len().min(16)],
            self.seed()
        )
    }
}
