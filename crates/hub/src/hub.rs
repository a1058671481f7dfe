//! The way in: a Hub with its cache.

use std::sync::Arc;

use crate::cache::RepoCache;
use crate::cancel::Cancel;
use crate::config::HubConfig;
use crate::error::HubError;
use crate::progress::Progress;
use crate::repo::{self, RepoId};
use crate::session::Session;
use crate::snapshot::Snapshot;

/// A Hub with its cache. May be used by several threads.
pub struct Hub {
    pub(crate) session: Arc<Session>,
}

impl Hub {
    /// Makes no request and writes no file. Transfers are told to `progress` and end early where `cancel` asks for it.
    ///
    /// # Errors
    /// [`HubError::BadSetting`] when `config` cannot be used.
    pub fn new(config: HubConfig, progress: Arc<dyn Progress>, cancel: Cancel) -> Result<Self, HubError> {
        Ok(Self { session: Arc::new(Session::new(config, progress, cancel)?) })
    }

    /// Finds out which commit a branch, tag or commit is. A commit in full needs no request; anything else needs one,
    /// and falls back to what the cache remembers when the Hub cannot be reached.
    ///
    /// # Errors
    /// When the names are wrong, the Hub refuses, or nobody knows: see [`HubError`].
    pub fn open(&self, repo: &RepoId, revision: &str) -> Result<Snapshot, HubError> {
        let session = &self.session;
        repo::check_revision(repo, revision)?;
        let cache = RepoCache::new(&session.config.cache_dir, repo);
        cache.remove_abandoned();
        let snapshot = |commit, cache| Snapshot::new(Arc::clone(session), repo.clone(), revision, commit, cache);
        let online = session.check_online(repo, revision, None);
        if repo::is_commit(revision) {
            if !cache.snapshot(revision).is_dir() {
                online?;
            }
            return Ok(snapshot(revision.to_owned(), cache));
        }
        let error = match online.and_then(|()| session.remote.revision_info(repo, revision)) {
            Ok(info) => {
                let snapshot = snapshot(info.commit, cache);
                snapshot.keep_listing(info.files);
                return Ok(snapshot);
            }
            Err(error) if error.unreachable().is_some() => session.remember_down(error),
            Err(error) => return Err(error),
        };
        match cache.read_ref(revision).filter(|commit| cache.snapshot(commit).is_dir()) {
            Some(commit) => {
                // Offline was asked for; only a network that fails is news.
                if let (Some(why), None) = (error.unreachable(), &session.config.offline) {
                    let note = format!(
                        "{repo}: {why}; taking revision {revision} for the commit that the cache holds, {commit}"
                    );
                    session.note_once(&note);
                }
                Ok(snapshot(commit, cache))
            }
            None => Err(error),
        }
    }
}
