//! Models and datasets from the Hugging Face Hub, by repository, revision and file.
//!
//! The cache is the one that Python's huggingface_hub keeps: files that a person already has are used as they are, and
//! files that are fetched here are found by Python. The hf-hub crate names repositories, folders and addresses and asks
//! what a revision is; around it stands what it lacks: offline rules, a pinned commit without any request, resuming,
//! checks of size and hash, waits that the server asks for, one writer at a time, and messages that say what to do.
//!
//! ```no_run
//! # use run_glue::hub::{Hub, HubConfig, HubError, RepoId, progress_to_stderr};
//! # fn main() -> Result<(), HubError> {
//! let config = HubConfig::from_env(|name| std::env::var(name).ok())?;
//! let hub = Hub::new(config, progress_to_stderr())?;
//! let snapshot = hub.open(&RepoId::model("bert-base-cased")?, "main")?;
//! println!("{} is in {}", snapshot.commit(), snapshot.fetch("config.json")?.display());
//! # Ok(())
//! # }
//! ```

mod cache;
mod config;
mod error;
mod http;
mod listing;
mod partial;
mod progress;
mod remote;
mod repo;
mod retry;
mod snapshot;
mod transfer;
mod upload;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use config::{HubConfig, Overrides};
pub use error::{HubError, Subject};
pub use listing::RemoteFile;
pub use progress::{PlainProgress, Progress, Silent, TerminalProgress, Transfer, Way, progress_to_stderr};
pub use repo::RepoId;
pub use retry::{RetryPolicy, Sleep};
pub use snapshot::Snapshot;
pub use upload::UploadFile;

use cache::RepoCache;
use remote::Remote;

/// For so long a Hub that could not be reached is not asked again: a machine without a way out would otherwise wait for
/// a connection once for each file.
const DOWN_FOR: Duration = Duration::from_secs(30);

/// A Hub with its cache.
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    config: HubConfig,
    remote: Remote,
    noted: Mutex<Vec<String>>,
    /// When, and in what words, the last request found nobody.
    down: Mutex<Option<(Instant, String)>>,
}

impl Hub {
    /// Makes no request and touches no file.
    ///
    /// # Errors
    /// [`HubError::BadSetting`] when `config` cannot be used.
    pub fn new(config: HubConfig, progress: Arc<dyn Progress>) -> Result<Self, HubError> {
        let config = config.checked()?;
        let remote = Remote::new(&config, progress)?;
        Ok(Self { inner: Arc::new(Inner { config, remote, noted: Mutex::default(), down: Mutex::default() }) })
    }

    /// Finds out which commit a branch, tag or commit is. A commit in full needs no request; anything else needs one,
    /// and falls back to what the cache remembers when the Hub cannot be reached.
    ///
    /// # Errors
    /// When the names are wrong, the Hub refuses, or nobody knows: see [`HubError`].
    pub fn open(&self, repo: &RepoId, revision: &str) -> Result<Snapshot, HubError> {
        repo::check_revision(repo, revision)?;
        let cache = RepoCache::new(&self.inner.config.cache_dir, repo);
        let snapshot = |commit, cache| Snapshot::new(Arc::clone(&self.inner), repo.clone(), revision, commit, cache);
        let online = self.inner.check_online(repo, revision, None);
        if repo::is_commit(revision) {
            if !cache.snapshot(revision).is_dir() {
                online?;
            }
            return Ok(snapshot(revision.to_owned(), cache));
        }
        let error = match online.and_then(|()| self.inner.remote.info(repo, revision)) {
            Ok(info) => {
                let snapshot = snapshot(info.commit, cache);
                snapshot.keep_listing(info.files);
                return Ok(snapshot);
            }
            Err(error) if error.unreachable().is_some() => self.inner.remember_down(error),
            Err(error) => return Err(error),
        };
        match cache.read_ref(revision).filter(|commit| cache.snapshot(commit).is_dir()) {
            Some(commit) => {
                // Offline was asked for; only a network that fails is news.
                if let (Some(why), None) = (error.unreachable(), &self.inner.config.offline) {
                    let note = format!(
                        "{repo}: {why}; taking revision {revision} for the commit that the cache holds, {commit}"
                    );
                    self.inner.note_once(&note);
                }
                Ok(snapshot(commit, cache))
            }
            None => Err(error),
        }
    }
}

impl Inner {
    /// An error where the network may not be used.
    fn check_online(&self, repo: &RepoId, revision: &str, file: Option<&str>) -> Result<(), HubError> {
        let subject = || repo.subject(revision, file);
        let cache = self.config.cache_dir.clone();
        if let Some(because) = &self.config.offline {
            return Err(HubError::Offline { subject: subject(), because: because.clone(), cache });
        }
        match &*self.down.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((when, reason)) if when.elapsed() < DOWN_FOR => Err(HubError::Network {
                subject: subject(),
                endpoint: self.config.endpoint.clone(),
                reason: reason.clone(),
                cache,
            }),
            _ => Ok(()),
        }
    }

    /// Keeps in mind that nobody answered.
    fn remember_down(&self, error: HubError) -> HubError {
        if let HubError::Network { reason, .. } = &error {
            let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
            if down.as_ref().is_none_or(|(when, _)| when.elapsed() >= DOWN_FOR) {
                *down = Some((Instant::now(), reason.clone()));
            }
        }
        error
    }

    /// A note that would be the same for each of many files is shown once.
    fn note_once(&self, message: &str) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.iter().any(|known| known == message) {
            noted.push(message.to_owned());
            self.remote.http.progress.note(message);
        }
    }
}
