//! Whether model and data of a run are still what a record says they were: names stay, content changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use records::record::{PlaceInfo, RunRecord, Source};
use trainer::file_hash::sha256;
use trainer::model_files::folder_of_model;
use trainer::settings::{DatasetChoice, HubAccess, ModelChoice, ModelSettings, Settings};
use trainer::source::{SourceFiles, TransferHooks};
use trainer::tokenize::TokenizerFiles;

/// What models and datasets are now, each looked up once.
#[derive(Default)]
pub(super) struct Sources {
    /// Commits by repository and revision; `None` where the Hub does not say.
    commits: HashMap<(bool, String, String), Option<String>>,
}

impl Sources {
    /// What has changed since the record was made, in words; `None`: nothing.
    pub(super) fn change_since(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        self.model_change(settings, record).or_else(|| self.data_change(settings, record))
    }

    fn model_change(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        let ModelSettings { choice, config, tokenizer, .. } = &settings.model;
        let model = &record.model;
        let weights = (choice, model.commit.as_deref(), model.weights_sha256.clone());
        let from =
            |place: &Option<PlaceInfo>| place.as_ref().map_or(model.commit.clone(), |place| place.commit.clone());
        let (config_commit, tokenizer_commit) = (from(&model.config_from), from(&model.tokenizer_from));
        let config_hash = model.config_sha256.iter().map(|hash| ("config.json".to_owned(), hash.clone())).collect();
        let config = (config.as_ref().unwrap_or(choice), config_commit.as_deref(), config_hash);
        let tokenizer = tokenizer.as_ref().unwrap_or(choice);
        let files = (tokenizer, tokenizer_commit.as_deref(), model.tokenizer_sha256.clone());
        [weights, config, files]
            .into_iter()
            .find_map(|(choice, commit, files)| self.part_change(choice, commit, &files, &settings.hub))
            .or_else(|| new_tokenizer_file(tokenizer, record))
    }

    /// `commit` and `files`, the hashes of files by their names: as they were.
    fn part_change(
        &mut self,
        choice: &ModelChoice,
        commit: Option<&str>,
        files: &BTreeMap<String, String>,
        access: &HubAccess,
    ) -> Option<String> {
        match choice {
            ModelChoice::Embedded => None,
            ModelChoice::Hub { id, revision } => {
                let now = self.commit(true, id, revision, access);
                has_moved(id, revision, commit, now.as_deref())
            }
            ModelChoice::Folder(folder) => {
                let folder = &folder_of_model(folder);
                let (name, _) = files.iter().find(|(name, hash)| !is_same(&folder.join(name), hash))?;
                Some(format!("{} has changed", folder.join(name).display()))
            }
        }
    }

    fn data_change(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        let data = &record.dataset;
        let folder = match &settings.data.dataset {
            DatasetChoice::Embedded => return None,
            DatasetChoice::Hub { id, revision } => {
                // Format 1 has the commit in the place of the revision.
                let then = data.commit.as_deref().or(data.revision.as_deref()).filter(|_| data.source == Source::Hub);
                let now = self.commit(false, id, revision, &settings.hub);
                return has_moved(id, revision, then, now.as_deref());
            }
            DatasetChoice::Folder(folder) => folder.as_path(),
            // Their names are paths.
            DatasetChoice::Files(_) => Path::new(""),
        };
        if data.files_sha256.is_empty() {
            return Some(format!("{}: whether these data have changed is unknown", data.id));
        }
        let changed = data.files_sha256.iter().find(|(name, hash)| !is_same(&folder.join(name), hash));
        changed
            .map(|(name, _)| format!("{} has changed", folder.join(name).display()))
            .or_else(|| new_file(settings, record))
    }

    fn commit(&mut self, is_model: bool, id: &str, revision: &str, access: &HubAccess) -> Option<String> {
        let key = (is_model, id.to_owned(), revision.to_owned());
        let (id, revision) = (id.to_owned(), revision.to_owned());
        let look_up = || {
            let transfers = TransferHooks::default();
            let files = if is_model {
                SourceFiles::model(&ModelChoice::Hub { id, revision }, access, &transfers)
            } else {
                SourceFiles::dataset(&DatasetChoice::Hub { id, revision }, access, &transfers)
            };
            files.ok()?.commit
        };
        self.commits.entry(key).or_insert_with(look_up).clone()
    }
}

/// Of the splits that were read, a file that would be read now and was not then, in words.
fn new_file(settings: &Settings, record: &RunRecord) -> Option<String> {
    let known = &record.dataset.files_sha256;
    let dataset = SourceFiles::dataset(&settings.data.dataset, &settings.hub, &TransferHooks::default()).ok()?;
    // `sst2/train-00000-of-00002.parquet`
    let splits = known.keys().filter_map(|name| {
        let (config, file) = name.rsplit_once('/').unwrap_or(("", name));
        Some((config, file.split(['-', '.']).next()?))
    });
    let splits: BTreeSet<(&str, &str)> = splits.collect();
    splits.into_iter().find_map(|(config, split)| match dataset.split_files(config, split) {
        Ok(files) => {
            let new = files?.into_iter().find(|path| !known.contains_key(&dataset.name_of(path)))?;
            Some(format!("{} is new", new.display()))
        }
        Err(_) => Some(format!("{}: which files are {split} has changed", dataset.id)),
    })
}

/// A file of the tokenizer that is read now and was not there.
fn new_tokenizer_file(choice: &ModelChoice, record: &RunRecord) -> Option<String> {
    let ModelChoice::Folder(folder) = choice else { return None };
    let tokenizer = TokenizerFiles::in_folder(&folder_of_model(folder));
    let is_new = |path: &&PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| !record.model.tokenizer_sha256.contains_key(&name))
    };
    tokenizer.paths().find(is_new).map(|path| format!("{} is new", path.display()))
}

/// Where the Hub does not answer, nothing can have been fetched from it since either.
fn has_moved(id: &str, revision: &str, then: Option<&str>, now: Option<&str>) -> Option<String> {
    let moved = now.is_some_and(|now| then != Some(now));
    moved.then(|| format!("{revision} of {id} has moved to commit {}", now.unwrap_or_default()))
}

fn is_same(path: &Path, hash: &str) -> bool {
    sha256(path).is_ok_and(|now| now == hash)
}
