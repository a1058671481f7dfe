//! One run of a grid.

use std::path::Path;

use super::combination::Combination;
use records::record::path::slug;
use records::record::{InitSeed, RunRecord};
use trainer::demo;
use trainer::settings::{ModelChoice, Settings, plain_request_hash, request_hash};

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
    /// The same without where model and data lie.
    plain_request: String,
    pub(super) combination: Combination,
    pub(super) role: Role,
    /// By what its settings differ from the others'.
    pub(super) label: String,
    /// For people: what there are several of.
    pub(super) name: String,
    /// The part of the whole that it belongs to, for `--shard`.
    pub(super) part: usize,
    /// The runs whose end it begins from; `None`: it begins with the model.
    pub(super) begins_from: Option<BeginsFrom>,
}

/// The runs of which another one begins where one ended.
#[derive(Clone)]
pub(super) struct BeginsFrom {
    pub(super) combination: Combination,
    pub(super) which: InitSeed,
    /// Their seeds: of several the best one is taken.
    pub(super) seeds: Vec<u64>,
    /// How many runs stand one before the other, from 1.
    pub(super) depth: usize,
}

impl BeginsFrom {
    /// Whether a run is one of them.
    pub(super) fn is_one(&self, spec: &RunSpec) -> bool {
        spec.role == Role::Asked && spec.combination.is_same_as(&self.combination) && self.seeds.contains(&spec.seed())
    }

    /// `mnli with seed 42`, `the best of mnli with seeds 42, 43`.
    pub(super) fn in_words(&self) -> String {
        let task = self.combination.task.map_or("", |task| task.name.as_str());
        let seeds = self.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        match self.which {
            InitSeed::Same => format!("{task} with seed {seeds}"),
            InitSeed::Best => format!("the best of {task} with seeds {seeds}"),
        }
    }
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
            plain_request: plain_request_hash(&settings),
            settings,
            combination: combination.clone(),
            role,
            label: label.to_owned(),
            name: String::new(),
            part,
            begins_from: None,
        };
        let model = several.models.then(|| this.model());
        let task =
            (several.tasks || !several.models && !several.seeds && label.is_empty()).then(|| this.task().to_owned());
        let label = (!label.is_empty()).then(|| label.to_owned());
        let seed = (several.seeds && !is_trial).then(|| format!("seed {}", this.seed()));
        this.name = [model, task, label, seed].into_iter().flatten().collect::<Vec<_>>().join(", ");
        this
    }

    /// How many runs stand before it.
    pub(super) fn depth(&self) -> usize {
        self.begins_from.as_ref().map_or(0, |from| from.depth)
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
        record.request_hash.as_ref() == Some(&self.request) && self.is_of_seed(record)
    }

    /// Whether a record is of the same settings and seed, and has all that is asked for, and maybe more, should model and data be the
    /// same: it may have been asked for with other paths. A model that is called otherwise has a record of its own.
    pub(super) fn may_be_of(&self, record: &RunRecord) -> bool {
        let has = |part: &String| record.final_eval.iter().any(|known| known.name == *part);
        record.plain_request_hash.as_ref() == Some(&self.plain_request)
            && self.is_of_seed(record)
            && self.is_called_as(record)
            && self.final_parts().iter().all(has)
            && (!self.settings.do_predict || record.is_predicted())
    }

    fn is_of_seed(&self, record: &RunRecord) -> bool {
        record.seed == self.seed() && (self.is_trial() || !record.is_trial())
    }

    /// Whether the model has the name that it has in a record, or is the very folder.
    fn is_called_as(&self, record: &RunRecord) -> bool {
        let place = |name: &str| Path::new(name).canonicalize().ok();
        let is_folder = matches!(self.settings.model.choice, ModelChoice::Folder(_));
        let (then, now) = (&record.model.id, &self.model());
        slug(then) == slug(now) || is_folder && place(then).is_some_and(|then| place(now) == Some(then))
    }

    /// What of a record is asked for: a run that asked for more may have made it.
    pub(super) fn asked_of(&self, record: &RunRecord) -> RunRecord {
        record.without_unasked(&self.final_parts(), self.settings.do_predict)
    }

    /// The parts of the data to evaluate at the end, by their names.
    fn final_parts(&self) -> Vec<String> {
        self.settings.data.splits.final_eval.iter().map(ToString::to_string).collect()
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
