//! Where files come from: a folder, a repository on the Hub, or the program itself.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use glue_tasks::benchmarks::{downloaded_folder, downloaded_split, is_download};
use glue_tasks::{DeclaredType, Layout, Schema, TaskSpec};

use crate::demo::Embedded;
use crate::error::Error;
use crate::settings::{DatasetChoice, HubAccess, ModelChoice, Settings};
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
    /// Whether files in it may say which others are which splits.
    is_described: bool,
    /// Where its files are, once that was asked for.
    layout: OnceLock<Layout>,
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
    fn new(id: String, source: Source, location: FileLocation) -> Self {
        Self {
            id,
            source,
            revision: None,
            commit: None,
            location,
            subfolder: String::new(),
            is_described: false,
            layout: OnceLock::new(),
        }
    }

    fn folder(folder: PathBuf) -> Self {
        Self::new(folder.display().to_string(), Source::Folder, FileLocation::Folder(folder))
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
        Ok(Self::new(id.to_owned(), Source::Embedded, FileLocation::Embedded(Embedded::unpack(part)?)))
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
            DatasetChoice::Files(files) => {
                let id = files.iter().map(|(_, file)| file.display().to_string()).collect::<Vec<_>>().join(", ");
                Ok(Self::new(id, Source::Folder, FileLocation::SplitFiles(files.clone())))
            }
        }
    }

    /// The dataset of a run. Of data of one's own, files such as README.md say where its splits are; a benchmark's lie as the
    /// benchmark's own.
    ///
    /// # Errors
    /// When the repository or revision cannot be had.
    pub fn dataset_of(settings: &Settings, transfers: &TransferHooks) -> Result<Self, Error> {
        let files = Self::dataset(&settings.data.dataset, &settings.hub, transfers)?;
        Ok(Self { is_described: settings.task.custom().is_some(), ..files })
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

    fn layout(&self) -> Result<&Layout, Error> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = match &self.location {
            FileLocation::SplitFiles(_) => Layout::of_names(&self.id, Vec::new()),
            #[cfg(feature = "hub")]
            FileLocation::Snapshot(snapshot) => {
                let names = snapshot.files()?.into_iter().map(|file| file.path).collect();
                Layout::of_names("the repository", names)
            }
            _ => Layout::of_folder_names(&self.local().unwrap_or_default())?,
        };
        let layout = if self.is_described { layout.described(|name| self.text(name))? } else { layout };
        Ok(self.layout.get_or_init(|| layout))
    }

    /// The content of a file in it.
    fn text(&self, name: &str) -> Result<String, Error> {
        let path = self.fetch(name)?;
        let bytes = std::fs::read(&path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The configuration of a name, or the one that is meant where none is given; of files given one by one none has a name.
    ///
    /// # Errors
    /// When there is none of that name, or it has to be named, or the repository cannot be listed.
    pub fn config(&self, given: Option<&str>) -> Result<String, Error> {
        let layout = self.layout().map_err(|error| self.in_context(error))?;
        let found = match (&self.location, given) {
            (FileLocation::SplitFiles(_), given) => Ok(given.unwrap_or_default().to_owned()),
            (_, Some(given)) => layout.config_named(given),
            (_, None) => layout.default_config(),
        };
        found.map_err(|error| self.in_context(error.into()))
    }

    /// The splits of a configuration, as the end of a message; nothing where they cannot be listed.
    #[must_use]
    pub fn there_are(&self, config: &str) -> String {
        let splits = match &self.location {
            FileLocation::SplitFiles(files) => {
                let mut splits: Vec<String> = files.iter().map(|(split, _)| (*split).to_owned()).collect();
                splits.dedup();
                splits
            }
            _ => self.layout().ok().and_then(|layout| layout.splits(config).ok()).unwrap_or_default(),
        };
        if splits.is_empty() { String::new() } else { format!("; there are {}", splits.join(", ")) }
    }

    /// What the dataset's card says of a column.
    ///
    /// # Errors
    /// When the repository cannot be listed.
    pub fn declared(&self, config: &str, column: &str) -> Result<Option<DeclaredType>, Error> {
        Ok(self.layout()?.declared(config, column))
    }

    /// What was decided of the files: which configuration is read, where several are there and none was `given`, and which data files
    /// are not.
    ///
    /// # Errors
    /// When the repository cannot be listed.
    pub fn remarks(&self, given: Option<&str>, config: &str) -> Result<Vec<String>, Error> {
        const NAMED: usize = 5;
        if matches!(self.location, FileLocation::SplitFiles(_)) {
            return Ok(Vec::new());
        }
        let (configs, passed_over) = (self.layout()?.configs(), self.layout()?.passed_over(config)?);
        let chosen = (given.is_none() && configs.len() > 1).then(|| {
            format!("{}: configuration {config} is read, its card's default; there are {}", self.id, configs.join(", "))
        });
        let left_out = (!passed_over.is_empty()).then(|| {
            let named = passed_over.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = passed_over.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}: data files that belong to no split, and are not read: {named}{more}", self.id)
        });
        Ok(chosen.into_iter().chain(left_out).collect())
    }

    /// What stands between the cells of csv files, where the dataset's card says that.
    ///
    /// # Errors
    /// When the repository cannot be listed.
    pub fn delimiter(&self, config: &str) -> Result<Option<u8>, Error> {
        Ok(self.layout()?.delimiter(config))
    }

    /// The files that say where the others belong, and what their labels mean.
    ///
    /// # Errors
    /// When a file cannot be fetched.
    pub fn descriptions(&self) -> Result<Vec<PathBuf>, Error> {
        self.layout()?.descriptions().into_iter().map(|name| self.fetch(name)).collect()
    }

    /// The data files of a split, shards in order; `None` where the dataset has no such split.
    ///
    /// # Errors
    /// When shards are missing, or a file cannot be fetched.
    pub fn split_files(&self, config: &str, split: &str) -> Result<Option<Vec<PathBuf>>, Error> {
        if let FileLocation::SplitFiles(files) = &self.location {
            let of_split = files.iter().filter(|(name, _)| *name == split).map(|(_, file)| file.clone());
            return Ok(Some(of_split.collect()).filter(|files: &Vec<PathBuf>| !files.is_empty()));
        }
        let layout = self.layout().map_err(|error| self.in_context(error))?;
        match layout.split_files(config, split) {
            Ok(names) => names.iter().map(|name| self.fetch(name)).collect::<Result<_, _>>().map(Some),
            Err(error) if error.is_absent_split() => Ok(None),
            Err(error) => Err(self.in_context(error.into())),
        }
    }

    /// The data files of a task's split and what to read of them; `None` where the dataset has no such split. A folder may be laid out
    /// as the Hub's dataset, or be GLUE's own download.
    ///
    /// # Errors
    /// As [`split_files`](Self::split_files), and a folder of another task.
    pub fn task_split(&self, task: &TaskSpec, split: &str) -> Result<Option<(Vec<PathBuf>, Schema)>, Error> {
        if let FileLocation::Folder(folder) = &self.location
            && !self.is_described
            && !folder.join(&task.config).is_dir()
            && is_download(folder)
        {
            let folder = downloaded_folder(folder, task).map_err(Error::usage)?;
            let found = folder.and_then(|folder| downloaded_split(&folder, task, split));
            return Ok(found.filter(|found| found.file.is_file()).map(|found| (vec![found.file], found.schema)));
        }
        Ok(self.split_files(&task.config, split)?.map(|files| (files, task.schema())))
    }

    fn in_context(&self, error: Error) -> Error {
        error.in_context(match self.source {
            Source::Folder => "--dataset_dir",
            _ => &self.id,
        })
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
    let commit = Some(snapshot.commit().to_owned());
    let files = SourceFiles::new(id.to_owned(), Source::Hub, FileLocation::Snapshot(Box::new(snapshot)));
    SourceFiles { revision: Some(revision.to_owned()), commit, ..files }
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
