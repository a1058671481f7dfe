//! The trained model to the Hub: at the end, and with each checkpoint while the training goes on.
//!
//! What goes is what transformers' Trainer uploads: of the output folder everything but checkpoints and names that begin
//! with `_` or `.`; of a checkpoint the model's files, and with `--hub_strategy checkpoint` the checkpoint itself. The hashes of the rows
//! that a model was trained on stay here: whoever has a text could find out by them whether it was among these.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::transfer_hooks::transfer_hooks;
use hub::{RepoId, Silent, UploadFile};
use trainer::error::Error;
use trainer::run::hooks::CheckpointListener;
use trainer::run::trained_rows;
use trainer::settings::{HubAccess, HubStrategy, PublishSettings, Settings};
use trainer::source::{TransferHooks, hub_client};
use trainer::{unfinished_mark, upload_mark};

/// What a checkpoint holds besides the model.
const NOT_THE_MODEL: [&str; 3] = ["optimizer.safetensors", "run_state.json", "trainer_state.json"];

/// A repository that is there and may be written to.
struct Repository {
    repo: RepoId,
    revision: String,
    access: HubAccess,
}

impl Repository {
    fn open(id: &str, private: Option<bool>, revision: &str, access: &HubAccess) -> Result<Self, Error> {
        let repo = hub_client(access, transfer_hooks())?.create_model(id, private, revision)?;
        Ok(Self { repo, revision: revision.to_owned(), access: access.clone() })
    }

    fn upload(&self, transfers: TransferHooks, commit: &PendingCommit) -> Result<Option<String>, Error> {
        let hub = hub_client(&self.access, transfers)?;
        Ok(hub.upload(&self.repo, &self.revision, &commit.files, &commit.message)?)
    }

    /// Uploads a finished folder, and says where it is.
    fn upload_folder(&self, folder: &Path, message: &str) -> Result<(), Error> {
        let files = files_to_upload(folder, "", &|path| !path.starts_with("checkpoint-"))?;
        let page = self.upload(transfer_hooks(), &PendingCommit { files, message: message.to_owned() })?;
        log::info!("{}: uploaded to {}", folder.display(), page.unwrap_or_else(|| self.repo.id().to_owned()));
        Ok(())
    }
}

/// A commit that is still to be uploaded.
struct PendingCommit {
    files: Vec<UploadFile>,
    message: String,
}

/// Uploads of one task's run.
pub struct Publisher {
    repository: Arc<Repository>,
    settings: PublishSettings,
    queue: Option<UploadQueue>,
}

/// Uploads beside the training, in order.
struct UploadQueue {
    commits: Sender<PendingCommit>,
    /// Commits that were pushed, and are neither uploaded nor given up yet.
    unfinished: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Publisher {
    /// Makes the repository, so that a missing token is known before the training. `None`: nothing is to be uploaded.
    ///
    /// # Errors
    /// When the Hub refuses, or cannot be reached.
    pub fn open(settings: &Settings) -> Result<Option<Self>, Error> {
        let Some(publish) = &settings.publish else { return Ok(None) };
        let folders = settings.places.folder.iter().flat_map(|folder| folder.iter());
        // The Hub takes no name with `--`, which stands for the `/` of a model or task in folders.
        let id = folders
            .fold(publish.id.clone(), |id, folder| format!("{id}-{}", folder.to_string_lossy().replace("--", "-")));
        let repository = Repository::open(&id, publish.private, &publish.revision, &settings.hub)
            .map_err(|error| error.in_context("--push_to_hub"))?;
        Ok(Some(Self { repository: Arc::new(repository), settings: publish.clone(), queue: None }))
    }
}

impl CheckpointListener for Publisher {
    /// Uploads the model of a checkpoint while the training goes on. What goes wrong is said; the run is not ended by it.
    fn checkpoint(&mut self, folder: &Path, when: &str) {
        if self.settings.strategy == HubStrategy::End {
            return;
        }
        let repository = &self.repository;
        let queue = self.queue.get_or_insert_with(|| UploadQueue::start(Arc::clone(repository)));
        if queue.unfinished.load(Ordering::Acquire) > 0 && !self.settings.always {
            return;
        }
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let below = match self.settings.strategy {
            HubStrategy::End | HubStrategy::EverySave => None,
            HubStrategy::Checkpoint => Some("last-checkpoint/".to_owned()),
            HubStrategy::AllCheckpoints => Some(format!("{name}/")),
        };
        let message = format!("Training in progress, {when}");
        let model = files_to_upload(folder, "", &|path| !NOT_THE_MODEL.contains(&path));
        let whole = below.map(|below| files_to_upload(folder, &below, &|_| true));
        for (files, message) in [(Some(model), message.clone()), (whole, format!("{message}, checkpoint"))] {
            match files {
                None => {}
                Some(Ok(files)) => queue.push(PendingCommit { files, message }),
                Some(Err(error)) => log::warn!("{} is not uploaded: {error}", folder.display()),
            }
        }
    }

    /// Uploads the finished folder once the uploads of checkpoints have ended.
    ///
    /// # Errors
    /// Says how to try again: everything is in the folder.
    fn finished(mut self: Box<Self>, folder: &Path) -> Result<(), Error> {
        if let Some(queue) = self.queue.take() {
            queue.finish();
        }
        self.repository.upload_folder(folder, "End of training").map_err(|error| {
            let (folder, id) = (folder.display(), self.repository.repo.id());
            error.with_message(format!(
                "{error}. The model and its results are in {folder}; to upload them: run-glue push {folder} --hub_model_id {id}"
            ))
        })
    }
}

impl UploadQueue {
    fn start(repository: Arc<Repository>) -> Self {
        let (commits, todo) = channel::<PendingCommit>();
        let unfinished = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&unfinished);
        let thread = std::thread::spawn(move || {
            for commit in todo {
                // Bars of uploads would run into the line of the training.
                if let Err(error) =
                    repository.upload(TransferHooks { progress: Arc::new(Silent), ..transfer_hooks() }, &commit)
                {
                    log::warn!("\"{}\" was not uploaded: {error}", commit.message);
                }
                left.fetch_sub(1, Ordering::Release);
            }
        });
        Self { commits, unfinished, thread }
    }

    fn push(&self, commit: PendingCommit) {
        self.unfinished.fetch_add(1, Ordering::AcqRel);
        if self.commits.send(commit).is_err() {
            self.unfinished.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn finish(self) {
        drop(self.commits);
        if self.unfinished.load(Ordering::Acquire) > 0 {
            log::info!("waiting for the upload of a checkpoint");
        }
        let _ = self.thread.join();
    }
}

/// `run-glue push`: uploads the folder of a model, now; the strategy of `target` is about runs.
///
/// # Errors
/// When there is nothing to upload, or the Hub refuses.
pub fn push(folder: &Path, target: &PublishSettings, access: &HubAccess) -> Result<(), Error> {
    if !folder.join("config.json").is_file() {
        return Err(Error::usage(format!(
            "{}: there is no config.json; expected the folder of a model",
            folder.display()
        )));
    }
    if let Some(unfinished) = unfinished_mark::warning(folder) {
        return Err(Error::usage(format!("{unfinished}; start the run again first")));
    }
    let repository = Repository::open(&target.id, target.private, &target.revision, access)?;
    repository.upload_folder(folder, "Upload by run-glue").inspect(|()| upload_mark::remove(folder))
}

/// The files below a folder that `wanted` takes, named `prefix` and their path there; none whose first name begins with
/// `_` or `.`, nor the hashes of training rows.
fn files_to_upload(folder: &Path, prefix: &str, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<UploadFile>, Error> {
    let mut files = Vec::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((folder, below)) = waiting.pop() {
        let unreadable = |error| Error::input(format!("{}: {error}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = format!("{below}{}", entry.file_name().to_string_lossy());
            if path.starts_with(['_', '.']) || entry.file_name() == trained_rows::FILE_NAME || !wanted(&path) {
                continue;
            }
            if entry.path().is_dir() {
                waiting.push((entry.path(), format!("{path}/")));
            } else {
                files.push(UploadFile::open(format!("{prefix}{path}"), &entry.path()).map_err(unreadable)?);
            }
        }
    }
    files.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(files)
}
