//! Whether the files of a dataset on this machine are those that a run's rows were read from: the same ones in the same order, with the
//! same content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glue_tasks::slices::Slice;
use glue_tasks::task::TaskSpec;
use records::record::{RunRecord, SplitRows};
use trainer::file_hash::sha256;
use trainer::settings::{DatasetChoice, Settings};
use trainer::source::{SourceFiles, TransferHooks};

/// What has changed since the record was made, in words; `None`: nothing.
pub(super) fn change_since(settings: &Settings, record: &RunRecord) -> Option<String> {
    let (id, then) = (&record.dataset.id, &record.dataset.files_sha256);
    let unknown = || Some(format!("{id}: whether these data have changed is unknown"));
    if then.is_empty() {
        return unknown();
    }
    let dataset = match SourceFiles::dataset_of(settings, &TransferHooks::default()) {
        Ok(dataset) => dataset,
        Err(error) => return Some(format!("{id}: the data have changed ({error})")),
    };
    if let Some(change) = change_of_configuration(settings, record, &dataset) {
        return Some(change);
    }
    let is_new = |path: &PathBuf| !then.contains_key(&dataset.name_of(path));
    if let Some(new) = dataset.descriptions().unwrap_or_default().into_iter().find(is_new) {
        return Some(format!("{} is new", new.display()));
    }
    let Some(parts) = parts_read(settings, record) else { return unknown() };
    let (mut comparison, set) = (Comparison { dataset, then, now: BTreeMap::new() }, diagnostic_set(settings));
    parts
        .iter()
        .find_map(|part| comparison.change_in(part))
        .or_else(|| comparison.change_in_diagnostic(&set?))
        .or_else(|| comparison.change_in_others(settings, parts.iter().all(|part| part.files.is_empty())))
}

/// Whether files given one by one have what the files of a record's splits had, in the same order, whatever they are called. How a file
/// is read follows from its extension.
pub(super) fn are_of_content(files: &[(&'static str, PathBuf)], record: &RunRecord) -> bool {
    let then = &record.dataset.files_sha256;
    let extension = |path: &Path| path.extension().map(|end| end.to_string_lossy().into_owned());
    let at_the_end = record.final_eval.iter().map(|part| &part.data);
    let parts: Vec<&SplitRows> = record.dataset.splits.iter().chain(at_the_end).collect();
    let is_same = |rows: &&SplitRows| {
        let Some(splits) = splits_of(rows) else { return false };
        let of_splits = splits.iter().flat_map(|split| files.iter().filter(move |(name, _)| name == split));
        let now = of_splits.map(|(_, path)| Some((extension(path), sha256(path).ok()?)));
        let before = rows.files.iter().map(|name| Some((extension(Path::new(name)), then.get(name)?.clone())));
        let (now, before): (Option<Vec<_>>, Option<Vec<_>>) = (now.collect(), before.collect());
        now.is_some_and(|now| !now.is_empty() && before.is_some_and(|before| now == before))
    };
    let is_of_split = |name: &String| parts.iter().any(|rows| rows.files.contains(name));
    parts.iter().all(is_same) && !parts.is_empty() && then.keys().all(is_of_split)
}

/// Of data of one's own another configuration may be meant now, where none was named.
fn change_of_configuration(settings: &Settings, record: &RunRecord, dataset: &SourceFiles) -> Option<String> {
    let own = settings.task.custom()?;
    let then = record.dataset.config.as_deref().unwrap_or_default();
    let how = match dataset.config(own.config.as_deref()) {
        Ok(now) if now == then => return None,
        Ok(now) => format!("it is {now:?}"),
        Err(error) => error.to_string(),
    };
    Some(format!("{}: which configuration is meant has changed ({how})", dataset.id))
}

/// A split, and what it is of.
#[derive(Clone, PartialEq)]
struct Place<'a> {
    of: Dataset<'a>,
    split: String,
}

/// A task of a benchmark, whose files may lie in several ways, or a configuration of data of one's own.
#[derive(Clone, Copy, PartialEq)]
enum Dataset<'a> {
    Task(&'a TaskSpec),
    Config(&'a str),
}

/// Splits that were read one after the other.
struct Part<'a> {
    splits: Vec<Place<'a>>,
    /// The names of their files; none where the record does not say.
    files: &'a [String],
}

/// The splits that the record names; `None` where that cannot be made out.
fn parts_read<'a>(settings: &'a Settings, record: &'a RunRecord) -> Option<Vec<Part<'a>>> {
    let of = match settings.task.known() {
        Some(task) => Dataset::Task(task),
        None => Dataset::Config(record.dataset.config.as_deref().unwrap_or_default()),
    };
    let of_task = record.dataset.splits.iter().filter(|rows| !is_of_diagnostic(settings, rows));
    // Rows that are evaluated at the end have no suffix that would tell the two sets apart.
    let at_the_end = record.final_eval.iter().map(|part| &part.data);
    let at_the_end = at_the_end.filter(|rows| !diagnostic_of(settings).is_some_and(|set| has_split(set, &rows.split)));
    let part = |rows: &'a SplitRows| {
        let splits = splits_of(rows)?.into_iter().map(|split| Place { of, split }).collect();
        Some(Part { splits, files: &rows.files })
    };
    of_task.chain(at_the_end).map(part).collect()
}

/// The splits that rows are of, each once.
fn splits_of(rows: &SplitRows) -> Option<Vec<String>> {
    // `train (20 % held out)`
    let parts = rows.split.split_once(" (").map_or(rows.split.as_str(), |(parts, _)| parts);
    let mut splits: Vec<String> = Vec::new();
    for slice in Slice::parse(parts).ok()? {
        if !splits.contains(&slice.split) {
            splits.push(slice.split);
        }
    }
    Some(splits)
}

fn diagnostic_of(settings: &Settings) -> Option<&TaskSpec> {
    settings.task.known()?.diagnostic.as_deref()
}

fn has_split(task: &TaskSpec, name: &str) -> bool {
    let splits = task.train_split.iter().chain(&task.eval_splits).chain(&task.test_splits);
    splits.into_iter().any(|split| split.name == name)
}

/// Whether rows are of the diagnostic set of a task, which is a configuration of its own.
fn is_of_diagnostic(settings: &Settings, rows: &SplitRows) -> bool {
    let (Some(task), Some(set)) = (settings.task.known(), diagnostic_of(settings)) else { return false };
    let has_its_suffix = !rows.key_suffix.is_empty() && task.diagnostic_suffix() == Some(rows.key_suffix.as_str());
    has_split(set, &rows.split) && (has_its_suffix || !has_split(task, &rows.split))
}

/// The diagnostic set, where a run of these settings reads it if it is there.
fn diagnostic_set(settings: &Settings) -> Option<Place<'_>> {
    let set = diagnostic_of(settings)?;
    let choice = &settings.data.splits;
    let is_evaluated = settings.do_eval && choice.validation.is_none() && choice.held_out.is_none();
    let is_predicted = settings.do_predict && choice.test.is_none();
    let split = set.test_splits.first().filter(|_| is_evaluated || is_predicted)?;
    Some(Place { of: Dataset::Task(set), split: split.name.clone() })
}

/// The data as they are, and the files as they were.
struct Comparison<'a> {
    dataset: SourceFiles,
    /// SHA-256 by name.
    then: &'a BTreeMap<String, String>,
    /// The files that were looked at, by name.
    now: BTreeMap<String, PathBuf>,
}

impl Comparison<'_> {
    fn change_in(&mut self, part: &Part) -> Option<String> {
        let mut names = Vec::new();
        for place in &part.splits {
            match self.files(place) {
                Err(change) => return Some(change),
                Ok(None) => return Some(self.has_changed(&place.split, "there is no such split any more")),
                Ok(Some(files)) => names.extend(files),
            }
        }
        let of_content = names.iter().find_map(|name| self.change_of(name));
        let is_same = part.files.is_empty() || part.files == names;
        of_content.or_else(|| {
            let splits = part.splits.iter().map(|place| place.split.as_str()).collect::<Vec<_>>().join("+");
            (!is_same).then(|| self.has_changed(&splits, &format!("they are {}", names.join(", "))))
        })
    }

    /// A set that was not there then is no part of the record.
    fn change_in_diagnostic(&mut self, place: &Place) -> Option<String> {
        match self.files(place) {
            Err(change) => Some(change),
            Ok(files) => files?.iter().find_map(|name| self.change_of(name)),
        }
    }

    /// Changes of files that were read, and belong to none of the splits: of some that the record does not name, or, where it does
    /// not say which files are whose (`is_unsaid`), of none any more.
    fn change_in_others(&self, settings: &Settings, is_unsaid: bool) -> Option<String> {
        self.then.iter().filter(|(name, _)| !self.now.contains_key(*name)).find_map(|(name, hash)| {
            let path = match &settings.data.dataset {
                DatasetChoice::Folder(folder) => folder.join(name),
                // Their names are paths.
                DatasetChoice::Files(_) => PathBuf::from(name),
                DatasetChoice::Embedded | DatasetChoice::Hub { .. } => return None,
            };
            match sha256(&path) {
                Ok(now) if now == *hash => is_unsaid.then(|| format!("{} is not read any more", path.display())),
                Ok(_) => Some(format!("{} has changed", path.display())),
                Err(_) => Some(format!("{} is gone", path.display())),
            }
        })
    }

    /// The names of the files that a split has now.
    fn files(&mut self, place: &Place) -> Result<Option<Vec<String>>, String> {
        let split = &place.split;
        let found = match place.of {
            Dataset::Task(task) => self.dataset.task_split(task, split).map(|found| found.map(|(files, _)| files)),
            Dataset::Config(config) => self.dataset.split_files(config, split),
        };
        let Some(files) = found.map_err(|error| self.has_changed(split, &error.to_string()))? else { return Ok(None) };
        let named = files.into_iter().map(|path| (self.dataset.name_of(&path), path));
        let named: Vec<(String, PathBuf)> = named.collect();
        self.now.extend(named.iter().cloned());
        Ok(Some(named.into_iter().map(|(name, _)| name).collect()))
    }

    fn has_changed(&self, split: &str, how: &str) -> String {
        format!("{}: which files are {split} has changed ({how})", self.dataset.id)
    }

    fn change_of(&self, name: &str) -> Option<String> {
        let path = self.now.get(name)?;
        let now = sha256(path).ok();
        match (self.then.get(name), now) {
            (None, _) => Some(format!("{} is new", path.display())),
            (Some(then), Some(now)) if *then == now => None,
            (Some(_), Some(_)) => Some(format!("{} has changed", path.display())),
            (Some(_), None) => Some(format!("{} is gone", path.display())),
        }
    }
}
