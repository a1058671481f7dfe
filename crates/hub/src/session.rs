//! What the calls to one Hub share: its settings, its connection, and what was found out on the way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::config::HubConfig;
use crate::error::HubError;
use crate::progress::Progress;
use crate::remote::Remote;
use crate::repo::RepoId;

/// For so long a Hub that could not be reached is not asked again: a machine without a way out would otherwise wait for
/// a connection once for each file.
const DOWN_FOR: Duration = Duration::from_secs(30);

/// A Hub, as its settings and its last answers have it.
pub(crate) struct Session {
    pub(crate) config: HubConfig,
    pub(crate) remote: Remote,
    noted: Mutex<Vec<String>>,
    /// When, and in what words, the last request found nobody.
    down: Mutex<Option<(Instant, String)>>,
}

impl Session {
    pub(crate) fn new(config: HubConfig, progress: Arc<dyn Progress>, cancel: Cancel) -> Result<Self, HubError> {
        let config = config.checked()?;
        let remote = Remote::new(&config, progress, cancel)?;
        Ok(Self { config, remote, noted: Mutex::default(), down: Mutex::default() })
    }

    /// An error where the network may not be used.
    pub(crate) fn check_online(&self, repo: &RepoId, revision: &str, file: Option<&str>) -> Result<(), HubError> {
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
    pub(crate) fn remember_down(&self, error: HubError) -> HubError {
        if let HubError::Network { reason, .. } = &error {
            let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
            if down.as_ref().is_none_or(|(when, _)| when.elapsed() >= DOWN_FOR) {
                *down = Some((Instant::now(), reason.clone()));
            }
        }
        error
    }

    /// A note that would be the same for each of many files is shown once.
    pub(crate) fn note_once(&self, message: &str) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.iter().any(|known| known == message) {
            noted.push(message.to_owned());
            self.remote.http.progress.note(message);
        }
    }
}
