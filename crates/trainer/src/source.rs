//! Where files come from: a folder, a repository on the Hub, or the program itself.

use std::path::{Path, PathBuf};

#[cfg(feature = "hub")]
use glue_tasks::split_files::select_split_files;
use glue_tasks::split_files::{files_in, find_split_files, split_configs};

use crate::demo::Embedded;
use crate::error::Error;
use crate::settings::{DatasetChoice, HubAccess, ModelChoice};
use records::record::parts::Source;

/// The files of one model or one dataset.
pub struct SourceFiles {
    /// Repository or folder, as given; of single files their paths, with `, ` between.
    pub id: String,
    /// Kind of place; single files on this machine count as [`Source::Folder`].
    pub source: Source,
    /// Branch, tag or commit asked for; `None` unless `source` is [`Source::Hub`].
    pub revision: Option<String>,
    /// Commit that it was, 40 hexadecimal digits; `None` unless `source` is [`Source::Hub`].
    pub commit: Option<String>,
    location: FileLocation,
    /// The folder in it that single files are taken from, with `/` behind; empty: itself.
    subfolder: String,
}

enum FileLocation {
    Folder(PathBuf),
    /// Files by the split that they are.
    SplitFiles(Vec<(&'static str, PathBuf)>),
    /// A folder that exists as long as this does.
    Embedded(Embedded),
    #[cfg(feature = "hub")]
    Snapshot(Box<hub::Snapshot>),
}

impl SourceFiles {
    fn folder(folder: PathBuf) -> Self {
        Self {
            id: folder.display().to_string(),
            source: Source::Folder,
            revision: None,
            commit: None,
            location: FileLocation::Folder(folder),
            subfolder: String::new(),
        }
    }

    /// The folder in it that single files are taken from, with `/` behind; empty: itself.
    pub(crate) fn subfolder(&self) -> &str {
        &self.subfolder
    }

    /// The same, where single files are taken from a folder in it.
    pub(crate) fn in_subfolder(self, folder: &str) -> Self {
        Self { subfolder: format!("{}/", folder.trim_end_matches('/')), ..self }
    }

    fn embedded(id: &str, part: &str) -> Result<Self, Error> {
        let location = FileLocation::Embedded(Embedded::unpack(part)?);
        Ok(Self {
            id: id.to_owned(),
            source: Source::Embedded,
            revision: None,
            commit: None,
            location,
            subfolder: String::new(),
        })
    }

    /// The model's files.
    ///
    /// # Errors
    /// When the repository or revision cannot be had.
    pub fn model(model: &ModelChoice, access: &HubAccess, transfers: &TransferHooks) -> Result<Self, Error> {
        match model {
            ModelChoice::Folder(folder) => Ok(Self::folder(folder.clone())),
            ModelChoice::Embedded => Self::embedded(crate::demo::MODEL, "model"),
            ModelChoice::Hub { id, revision } => hub(access, transfers, HubKind::Model, id, revision),
        }
    }

    /// The model's files where they are on this machine: in a folder, in the program or in the Hub's cache. Nothing is
    /// fetched.
    #[must_use]
    pub fn cached_model(model: &ModelChoice, access: &HubAccess) -> Option<Self> {
        match model {
            #[cfg(feature = "hub")]
            ModelChoice::Hub { id, revision } => {
                use hub::{Cancel, Hub, HubConfig, RepoId, Silent};
                let config = HubConfig { offline: Some("an estimate".to_owned()), ..hub_config(access).ok()? };
                let hub = Hub::new(config, std::sync::Arc::new(Silent), Cancel::never()).ok()?;
                Some(of_snapshot(id, revision, hub.open(&RepoId::model(id).ok()?, revision).ok()?))
            }
            _ => Self::model(model, access, &TransferHooks::default()).ok(),
        }
    }

    /// The datasets' files.
    ///
    /// # Errors
    /// When the repository or revision cannot be had.
    pub fn dataset(dataset: &DatasetChoice, access: &HubAccess, transfers: &TransferHooks) -> Result<Self, Error> {
        match dataset {
            DatasetChoice::Folder(folder) => Ok(Self::folder(folder.clone())),
            DatasetChoice::Embedded => Self::embedded(crate::demo::DATA, "glue"),
            DatasetChoice::Hub { id, revision } => hub(access, transfers, HubKind::Dataset, id, revision),
            DatasetChoice::Files(files) => Ok(Self {
                id: files.iter().map(|(_, file)| file.display().to_string()).collect::<Vec<_>>().join(", "),
                source: Source::Folder,
                revision: None,
                commit: None,
                location: FileLocation::SplitFiles(files.clone()),
                subfolder: String::new(),
            }),
        }
    }

    fn local(&self) -> Option<PathBuf> {
        match &self.location {
            FileLocation::Folder(folder) => Some(folder.clone()),
            FileLocation::SplitFiles(_) => None,
            FileLocation::Embedded(embedded) => Some(embedded.folder()),
            #[cfg(feature = "hub")]
            FileLocation::Snapshot(_) => None,
        }
    }

    /// What a file of these is called in the repository or the folder; of single files their path as it was given.
    #[must_use]
    pub fn name_of(&self, path: &Path) -> String {
        // In the Hub's cache: `snapshots/<commit>/<name>`.
        let commit = self.commit.as_deref();
        let below_commit = path.iter().skip_while(|part| commit.is_none_or(|commit| *part != commit)).skip(1);
        let below_commit: PathBuf = below_commit.collect();
        let below_folder = self.local().and_then(|folder| path.strip_prefix(folder).ok().map(Path::to_path_buf));
        match below_folder.or_else(|| Some(below_commit).filter(|name| name.iter().next().is_some())) {
            Some(name) => name.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"),
            None => path.display().to_string(),
        }
    }

    /// A file by its path in the repository; `None` where there is none.
    ///
    /// # Errors
    /// When it exists and cannot be fetched.
    pub fn try_fetch(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        let name = &format!("{}{name}", self.subfolder);
        match &self.location {
            #[cfg(feature = "hub")]
            FileLocation::Snapshot(snapshot) => Ok(snapshot.try_fetch(name)?),
            _ => Ok(self.local().map(|folder| folder.join(name)).filter(|path| path.is_file())),
        }
    }

    /// A file that must be there.
    ///
    /// # Errors
    /// When it is not, or cannot be fetched.
    pub fn fetch(&self, name: &str) -> Result<PathBuf, Error> {
        match &self.location {
            #[cfg(feature = "hub")]
            FileLocation::Snapshot(snapshot) => Ok(snapshot.fetch(&format!("{}{name}", self.subfolder))?),
            _ => self.try_fetch(name)?.ok_or_else(|| {
                Error::usage(format!(
                    "{}: there is no {name}; expected a folder with config.json, weights and a tokenizer",
                    self.id
                ))
            }),
        }
    }

    /// The folders that hold splits: a dataset's configurations, or the top folder (an empty name).
    ///
    /// # Errors
    /// When the repository cannot be listed.
    pub fn configs(&self) -> Result<Vec<String>, Error> {
        let names: Vec<String> = match &self.location {
            FileLocation::SplitFiles(_) => return Ok(vec![String::new()]),
            #[cfg(feature = "hub")]
            FileLocation::Snapshot(snapshot) => snapshot.files()?.into_iter().map(|file| file.path).collect(),
            _ => self.local().map_or_else(|| Ok(Vec::new()), |folder| files_in(&folder))?,
        };
        let (configs, by_name) = split_configs(&names);
        if by_name && self.has_configs_of_its_own()? {
            return Err(Error::usage(format!(
                "{}: its README.md says which files are which splits (configs, data_files), and that is not read: give the files by \
                 --train_file, --validation_file and --test_file",
                self.id
            )));
        }
        Ok(configs)
    }

    /// Whether the YAML at the beginning of README.md names files of splits
    /// (<https://huggingface.co/docs/hub/datasets-manual-configuration>).
    fn has_configs_of_its_own(&self) -> Result<bool, Error> {
        let Some(path) = self.try_fetch("README.md")? else { return Ok(false) };
        let text =
            std::fs::read_to_string(&path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
        let mut lines = text.lines();
        let is_yaml = lines.next().is_some_and(|line| line.trim_end() == "---");
        let yaml: Vec<&str> = lines.take_while(|line| line.trim_end() != "---").collect();
        let has = |field: &str| yaml.iter().any(|line| line.trim_start_matches([' ', '-']).starts_with(field));
        Ok(is_yaml && has("configs:") && has("data_files:"))
    }

    /// The data files of a split, shards in order; `None` where the dataset has no such split.
    ///
    /// # Errors
    /// When shards are missing, or a file cannot be fetched.
    pub fn split_files(&self, config: &str, split: &str) -> Result<Option<Vec<PathBuf>>, Error> {
        let found = match &self.location {
            FileLocation::SplitFiles(files) => {
                return Ok(files.iter().find(|(name, _)| *name == split).map(|(_, file)| vec![file.clone()]));
            }
            #[cfg(feature = "hub")]
            FileLocation::Snapshot(snapshot) => {
                let names: Vec<String> = snapshot.files()?.into_iter().map(|file| file.path).collect();
                select_split_files(&names, config, split)
                    .map(|names| names.iter().map(|name| self.fetch(name)).collect::<Result<Vec<_>, _>>())
            }
            _ => find_split_files(&self.local().unwrap_or_default(), config, split).map(Ok),
        };
        match found {
            Ok(files) => files.map(Some),
            Err(error) if error.is_absent_split() => Ok(None),
            Err(error) => Err(Error::from(error).in_context(match self.source {
                Source::Folder => "--dataset_dir",
                _ => &self.id,
            })),
        }
    }
}

enum HubKind {
    Model,
    Dataset,
}

/// What transfers from the Hub tell their caller, and ask of it. By default nothing is shown and nothing stops them.
#[derive(Clone)]
#[cfg_attr(not(feature = "hub"), derive(Default))]
pub struct TransferHooks {
    /// Is told how far they are.
    #[cfg(feature = "hub")]
    pub progress: std::sync::Arc<dyn hub::Progress>,
    /// Is asked whether to stop.
    #[cfg(feature = "hub")]
    pub cancel: hub::Cancel,
}

#[cfg(feature = "hub")]
impl Default for TransferHooks {
    fn default() -> Self {
        Self { progress: std::sync::Arc::new(hub::Silent), cancel: hub::Cancel::never() }
    }
}

/// A client of the Hub.
///
/// # Errors
/// A variable or flag that cannot be used.
#[cfg(feature = "hub")]
pub fn hub_client(access: &HubAccess, transfers: TransferHooks) -> Result<hub::Hub, Error> {
    Ok(hub::Hub::new(hub_config(access)?, transfers.progress, transfers.cancel)?)
}

/// The environment, and the flags that go before it.
#[cfg(feature = "hub")]
fn hub_config(access: &HubAccess) -> Result<hub::HubConfig, Error> {
    use hub::{HubConfig, Overrides};
    let flags = Overrides { cache_dir: access.cache_dir.clone(), token: access.token.clone(), ..Overrides::default() };
    Ok(HubConfig::from_env(|name| std::env::var(name).ok())?.with(flags)?)
}

#[cfg(feature = "hub")]
fn hub(
    access: &HubAccess,
    transfers: &TransferHooks,
    kind: HubKind,
    id: &str,
    revision: &str,
) -> Result<SourceFiles, Error> {
    use hub::RepoId;
    let repo = match kind {
        HubKind::Model => RepoId::model(id)?,
        HubKind::Dataset => RepoId::dataset(id)?,
    };
    let snapshot = hub_client(access, transfers.clone())?.open(&repo, revision)?;
    Ok(of_snapshot(id, revision, snapshot))
}

#[cfg(feature = "hub")]
fn of_snapshot(id: &str, revision: &str, snapshot: hub::Snapshot) -> SourceFiles {
    SourceFiles {
        id: id.to_owned(),
        source: Source::Hub,
        revision: Some(revision.to_owned()),
        commit: Some(snapshot.commit().to_owned()),
        location: FileLocation::Snapshot(Box::new(snapshot)),
        subfolder: String::new(),
    }
}

#[cfg(not(feature = "hub"))]
fn hub(_: &HubAccess, _: &TransferHooks, kind: HubKind, id: &str, _: &str) -> Result<SourceFiles, Error> {
    let flag = match kind {
        HubKind::Model => "--model",
        HubKind::Dataset => "--dataset_dir",
    };
    Err(Error::usage(format!(
        "{id} is on the Hugging Face Hub, and this program was built without the feature `hub`: give {flag} a folder"
    )))
}
