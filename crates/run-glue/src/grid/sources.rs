//! Whether model and data of a run are still what a record says they were: names stay, content changes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::data_files;
use records::record::{PlaceInfo, RunRecord, Source};
use trainer::error::Error;
use trainer::file_hash::{FileHashes, sha256};
use trainer::run::ModelPart;
use trainer::settings::{DatasetChoice, HubAccess, InitFromSettings, ModelChoice, ModelSettings, Settings};
use trainer::source::{SourceFiles, TransferHooks};

/// What models and datasets are now, each looked up once.
#[derive(Default)]
pub(super) struct Sources {
    /// Commits by repository and revision; `None` where the Hub does not say.
    commits: HashMap<(bool, String, String), Option<String>>,
}

impl Sources {
    /// What has changed since the record was made, in words; `None`: nothing.
    pub(super) fn change_since(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        self.model_change(settings, record)
            .or_else(|| self.teacher_change(settings, record))
            .or_else(|| self.data_change(settings, record))
    }

    /// Whether a record that was asked for with other paths is of the same model and data.
    pub(super) fn is_same_content(&mut self, settings: &Settings, record: &RunRecord) -> bool {
        self.model_change(settings, record).is_none()
            && self.teacher_change(settings, record).is_none()
            && match &settings.data.dataset {
                DatasetChoice::Files(files) => data_files::are_of_content(files, record),
                _ => self.data_change(settings, record).is_none(),
            }
    }

    fn model_change(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        if let Some(from) = &settings.model.init_from {
            return start_change(from, record, &settings.hub);
        }
        let ModelSettings { choice, config, tokenizer, .. } = &settings.model;
        let model = &record.model;
        let from =
            |place: &Option<PlaceInfo>| place.as_ref().map_or(model.commit.clone(), |place| place.commit.clone());
        let config_hash = model.config_sha256.iter().map(|hash| ("config.json".to_owned(), hash.clone())).collect();
        let parts = [
            (ModelPart::Weights, choice, model.commit.clone(), &model.weights_sha256),
            (ModelPart::Config, config.as_ref().unwrap_or(choice), from(&model.config_from), &config_hash),
            (
                ModelPart::Tokenizer,
                tokenizer.as_ref().unwrap_or(choice),
                from(&model.tokenizer_from),
                &model.tokenizer_sha256,
            ),
        ];
        parts.into_iter().find_map(|(part, choice, commit, then)| match choice {
            ModelChoice::Embedded => None,
            ModelChoice::Hub { id, revision } => {
                let now = self.commit(true, id, revision, &settings.hub);
                has_moved(id, revision, commit.as_deref(), now.as_deref())
            }
            ModelChoice::Folder(folder) if part == ModelPart::Config && model.config_sha256.is_none() => {
                Some(format!("{}: whether config.json and the tokenizer have changed is unknown", folder.display()))
            }
            ModelChoice::Folder(_) => match part.now(choice, &settings.hub) {
                Ok((now, place)) => differing_file(&place, then, &now),
                Err(error) => Some(format!("{}: what the model is made of has changed ({error})", model.id)),
            },
        })
    }

    fn teacher_change(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        let choice = &settings.distillation.as_ref()?.teacher;
        let Some(then) = &record.teacher else { return Some("the teacher is unknown".to_owned()) };
        match choice {
            ModelChoice::Embedded => None,
            ModelChoice::Hub { id, revision } => {
                let now = self.commit(true, id, revision, &settings.hub);
                has_moved(id, revision, then.commit.as_deref(), now.as_deref())
            }
            ModelChoice::Folder(_) => {
                let config =
                    BTreeMap::from([("config.json".to_owned(), then.config_sha256.clone().unwrap_or_default())]);
                let parts = [
                    (ModelPart::Weights, &then.weights_sha256),
                    (ModelPart::Config, &config),
                    (ModelPart::Tokenizer, &then.tokenizer_sha256),
                ];
                differing_part(choice, &settings.hub, parts)
                    .unwrap_or_else(|error| Some(format!("{}: the teacher has changed ({error})", then.id)))
            }
        }
    }

    fn data_change(&mut self, settings: &Settings, record: &RunRecord) -> Option<String> {
        let data = &record.dataset;
        match &settings.data.dataset {
            DatasetChoice::Embedded => None,
            DatasetChoice::Hub { id, revision } => {
                // Format 1 has the commit in the place of the revision.
                let then = data.commit.as_deref().or(data.revision.as_deref()).filter(|_| data.source == Source::Hub);
                let now = self.commit(false, id, revision, &settings.hub);
                has_moved(id, revision, then, now.as_deref())
            }
            DatasetChoice::Folder(_) | DatasetChoice::Files(_) => data_files::change_since(settings, record),
        }
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

/// What of a record's model and data in folders is not as it was, in words; `None`: nothing. A relative folder is looked for here, which may be
/// another place than where the run was made.
///
/// # Errors
/// When a file that a run needs is not there, or cannot be read.
pub fn change_of_folders(record: &RunRecord) -> Result<Option<String>, Error> {
    let (model, data) = (&record.model, &record.dataset);
    let of_folders = [(model.source, &model.id), (data.source, &data.id)].into_iter();
    let mut folders = of_folders.filter(|(source, _)| *source == Source::Folder);
    if let Some((_, gone)) = folders.find(|(_, folder)| !Path::new(folder).is_dir()) {
        return Ok(Some(format!("{gone} is no folder here")));
    }
    if model.source == Source::Folder {
        let folder = ModelChoice::Folder(model.id.clone().into());
        let config = model.config_sha256.iter().map(|hash| ("config.json".to_owned(), hash.clone())).collect();
        let parts = [
            (ModelPart::Weights, &model.weights_sha256),
            (ModelPart::Config, &config),
            (ModelPart::Tokenizer, &model.tokenizer_sha256),
        ];
        // Earlier versions did not write all of them down.
        let known = parts.into_iter().filter(|(_, then)| !then.is_empty());
        if let Some(change) = differing_part(&folder, &HubAccess::default(), known)? {
            return Ok(Some(change));
        }
    }
    let folder = Path::new(&data.id);
    let change = |(name, hash): (&String, &String)| {
        let path = folder.join(name);
        match sha256(&path) {
            Ok(now) if now == *hash => None,
            Ok(_) => Some(format!("{} has changed", path.display())),
            Err(_) => Some(format!("{} is gone", path.display())),
        }
    };
    Ok(data.files_sha256.iter().filter(|_| data.source == Source::Folder).find_map(change))
}

/// What has changed of the run that another one began from. Its model at the beginning is looked at where that one is.
fn start_change(from: &InitFromSettings, record: &RunRecord, hub: &HubAccess) -> Option<String> {
    let changed = |how: &str| Some(format!("the run of {} that {} began from {how}", from.task, record.task));
    let (Some(run), Some(then)) = (&from.run, &record.init_from) else { return changed("is unknown") };
    if then.settings_hash != run.record.settings_hash || then.seed != run.record.seed {
        return changed("is another one");
    }
    let config = BTreeMap::from([("config.json".to_owned(), then.config_sha256.clone())]);
    let parts = [
        (ModelPart::Weights, &then.weights_sha256),
        (ModelPart::Config, &config),
        (ModelPart::Tokenizer, &then.tokenizer_sha256),
    ];
    let folder = ModelChoice::Folder(run.folder.clone());
    differing_part(&folder, hub, parts).unwrap_or_else(|error| changed(&format!("has lost its model ({error})")))
}

/// The first file of a model in a folder that is not as it was, in words.
fn differing_part<'a>(
    folder: &ModelChoice,
    hub: &HubAccess,
    parts: impl IntoIterator<Item = (ModelPart, &'a FileHashes)>,
) -> Result<Option<String>, Error> {
    for (part, then) in parts {
        let (now, place) = part.now(folder, hub)?;
        if let Some(change) = differing_file(&place, then, &now) {
            return Ok(Some(change));
        }
    }
    Ok(None)
}

/// Where the Hub does not answer, nothing can have been fetched from it since either.
fn has_moved(id: &str, revision: &str, then: Option<&str>, now: Option<&str>) -> Option<String> {
    let moved = now.is_some_and(|now| then != Some(now));
    moved.then(|| format!("{revision} of {id} has moved to commit {}", now.unwrap_or_default()))
}

/// In what files differ from what they were, in words. `place`: their folder, with `/` behind.
fn differing_file(place: &str, then: &FileHashes, now: &FileHashes) -> Option<String> {
    let changed = |(name, hash): (&String, &String)| match now.get(name) {
        Some(now) if now == hash => None,
        Some(_) => Some(format!("{place}{name} has changed")),
        None => Some(format!("{place}{name} is gone, or not read any more,")),
    };
    // What is read in place of another file is said before that.
    let new = now.keys().find(|name| !then.contains_key(*name)).map(|name| format!("{place}{name} is new"));
    new.or_else(|| then.iter().find_map(changed))
}
