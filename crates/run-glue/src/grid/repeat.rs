//! A run that is made again, held against the record of the first time: before it, settings and files, and after it, the numbers.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::sources::Sources;
use records::record::{Program, RunRecord};
use trainer::error::Error;
use trainer::settings::Settings;

/// Settings that a record has and that no setting is called by: what came of others with this model and these data. That they are the
/// same shows when the run is over, by the hash of all of them.
const FOUND: [&str; 11] = [
    "new_head",
    "problem_type",
    "teacher",
    "dropout_from",
    "text_column_names",
    "label_column_name",
    "label_names",
    "metric_name",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
];

/// Flags that are no settings of a run, and change nothing of it.
const NO_SETTINGS: [&str; 5] = ["dry_run", "rerun", "cache_dir", "token", "disable_tqdm"];

/// The first time of a run.
#[derive(Clone, Debug)]
pub struct Repeated {
    /// Its record's file.
    pub file: PathBuf,
    /// Its record.
    pub record: Box<RunRecord>,
    /// Flags that are given beside the record, which may make another run.
    pub typed: Vec<String>,
    /// Whether one of them says where model or data are.
    pub moves: bool,
}

impl Repeated {
    /// Before the run: whether its settings and files are those of the record.
    ///
    /// # Errors
    /// What differs, where no flag says so.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), Error> {
        let refused =
            |reason: String| Error::usage(format!("{}: this run cannot be repeated: {reason}", self.file.display()));
        let now = settings.hyper_parameters();
        let then = &self.record.hyper_parameters;
        let of_adapter = self.record.model.base_from.is_some();
        let is_found = |name: &str| FOUND.contains(&name) || of_adapter && now.get(name).is_none_or(Value::is_null);
        let names = then.keys().filter(|name| now.contains_key(*name) && !is_found(name));
        let changed = |name: &&String| !is_same(then.get(*name), now.get(*name));
        let differences: Vec<String> = names
            .filter(changed)
            .map(|name| format!("{name} {} (there {})", said(now.get(name)), said(then.get(name))))
            .collect();
        if !differences.is_empty() && self.is_strict(settings) {
            return Err(refused(format!("this version makes other settings of it: {}", differences.join(", "))));
        }
        if !differences.is_empty() {
            log::warn!("by the flags beside {} this is another run: {}", self.file.display(), differences.join(", "));
        }
        self.check_files(settings).map_err(refused)?;
        self.say(settings);
        Ok(())
    }

    /// Whether no flag beside the record can make another run.
    fn is_strict(&self, settings: &Settings) -> bool {
        let declared = settings.declared();
        let free = declared.iter().filter(|setting| !setting.changes.is_measured()).map(|setting| setting.name);
        let free: Vec<&str> = free.chain(NO_SETTINGS).collect();
        self.typed.iter().all(|flag| free.contains(&flag.as_str()))
    }

    fn check_files(&self, settings: &Settings) -> Result<(), String> {
        let mut sources = Sources::default();
        if settings.task.name() != self.record.task {
            log::warn!(
                "{} is of the task {}, and this is a run of {}",
                self.file.display(),
                self.record.task,
                settings.task.name()
            );
            return Ok(());
        }
        if self.moves {
            if !sources.is_same_content(settings, &self.record) {
                log::warn!(
                    "by the flags beside {} this is another run: model or data have not the content that they had there",
                    self.file.display()
                );
            }
            return Ok(());
        }
        match sources.change_since(settings, &self.record) {
            None => Ok(()),
            Some(change) => Err(format!(
                "{change}; repeat it with its files as they were, or give a flag that says where they are (--model, --dataset_dir, --train_file)"
            )),
        }
    }

    fn say(&self, settings: &Settings) {
        let (then, now) = (&self.record.program, Program::current());
        if *then != now {
            log::warn!("the record is of {}, and this is {}: numbers may differ", version(then), version(&now));
        }
        let (file, results) = (&self.file, &settings.places.results_dir);
        log::info!("repeats {}; the record of the repeat goes into {}", file.display(), results.display());
        let is_below = |folder: &Path| Some(file.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?));
        if is_below(results) == Some(true) {
            log::warn!(
                "where the repeat is the same run, its record takes the place of {}; give another --results_dir to keep both",
                file.display()
            );
        }
    }

    /// After the run: whether it was the same one, and came to the same numbers.
    ///
    /// # Errors
    /// When it was another one though no flag was given beside the record.
    pub(super) fn compare(&self, settings: &Settings, record: &RunRecord) -> Result<(), Error> {
        let (file, then) = (self.file.display(), &*self.record);
        if (&then.settings_hash, then.seed) != (&record.settings_hash, record.seed) {
            let what = difference(then, record);
            return if self.is_strict(settings) {
                Err(Error::failure(format!("the run that was made is another one than that of {file}: {what}")))
            } else {
                log::info!("this was another run than that of {file}: {what}");
                Ok(())
            };
        }
        if then.metrics == record.metrics && then.score == record.score {
            log::info!("this was the run of {file} again, and its losses and metrics are the same to the last digit");
            return Ok(());
        }
        let number = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |value| value.to_string());
        let other = then.metrics.iter().find(|(name, value)| record.metrics.get(*name) != Some(value));
        let what = other.map_or_else(
            || "the score".to_owned(),
            |(name, value)| {
                let now = record.metrics.get(name).copied().flatten();
                format!("{name} {} there, and {} here", number(*value), number(now))
            },
        );
        log::warn!(
            "this was the run of {file} again, and came to other numbers: {what}{}",
            other_machine(then, record)
        );
        Ok(())
    }
}

fn said(value: Option<&Value>) -> String {
    value.filter(|value| !value.is_null()).map_or_else(|| "none".to_owned(), Value::to_string)
}

/// A whole number may be written as a fraction.
fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let given = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
    match (given(one), given(other)) {
        (Some(one), Some(other)) => one == other || one.as_f64().is_some() && one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

fn version(program: &Program) -> String {
    let commit = program.git_commit.as_ref().map_or_else(String::new, |commit| format!(" ({commit})"));
    format!("{} {}{commit}", program.name, program.version)
}

/// What makes two runs other ones, in words.
fn difference(then: &RunRecord, now: &RunRecord) -> String {
    let names = then.hyper_parameters.keys().chain(now.hyper_parameters.keys());
    let of = |record: &'_ RunRecord, name: &str| record.hyper_parameters.get(name).cloned();
    let setting = names.into_iter().find(|name| !is_same(of(then, name).as_ref(), of(now, name).as_ref()));
    if let Some(name) = setting {
        let (now, then) = (of(now, name), of(then, name));
        return format!("{name} is {}, and was {}", said(now.as_ref()), said(then.as_ref()));
    }
    let parts = [
        ("seed", then.seed == now.seed),
        ("data_seed", then.data_seed == now.data_seed),
        ("backend", then.host.backend == now.host.backend),
        ("weights", then.model.weights_sha256 == now.model.weights_sha256),
        ("config.json", then.model.config_sha256 == now.model.config_sha256),
        ("tokenizer", then.model.tokenizer_sha256 == now.model.tokenizer_sha256),
        ("task", then.task == now.task),
    ];
    let other = parts.iter().find(|(_, is_same)| !is_same).map_or("rows", |(name, _)| name);
    format!("it has other {other}")
}

fn other_machine(then: &RunRecord, now: &RunRecord) -> &'static str {
    let (one, other) = (&then.host, &now.host);
    let is_same = (&one.cpu_model, &one.simd, &one.device) == (&other.cpu_model, &other.simd, &other.device);
    match (is_same, then.program == now.program) {
        (false, _) => "; it was made on another processor or device, whose sums may differ in their last bits",
        (true, false) => "; it was made by another version of the program",
        (true, true) => "",
    }
}
