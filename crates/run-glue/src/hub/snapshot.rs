//! One commit of one repository: its files, from the cache where they are there and from the Hub where they are not.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Inner;
use super::cache::RepoCache;
use super::error::HubError;
use super::listing::RemoteFile;
use super::remote::Head;
use super::repo::{RepoId, path_fault};
use super::transfer::{Wanted, download};

/// A commit of a repository. May be used by several threads.
pub struct Snapshot {
    hub: Arc<Inner>,
    repo: RepoId,
    revision: String,
    commit: String,
    cache: RepoCache,
    listing: Mutex<Option<Arc<Vec<RemoteFile>>>>,
    ref_written: AtomicBool,
}

/// Where a file is.
enum Found {
    Here(PathBuf),
    /// The commit has no such file.
    Absent,
    /// It is not in the cache, and the Hub cannot be asked whether it exists.
    Unknown(HubError),
}

impl Snapshot {
    pub(super) fn new(hub: Arc<Inner>, repo: RepoId, revision: &str, commit: String, cache: RepoCache) -> Self {
        Self {
            hub,
            repo,
            revision: revision.to_owned(),
            commit,
            cache,
            listing: Mutex::new(None),
            ref_written: AtomicBool::new(false),
        }
    }

    /// The commit, 40 hexadecimal digits.
    #[must_use]
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// The files of the commit. Asked for once in the life of a cache; without the network and without a stored list,
    /// the files that the cache holds.
    ///
    /// # Errors
    /// When the Hub refuses, or cannot be reached and the cache holds nothing.
    pub fn files(&self) -> Result<Vec<RemoteFile>, HubError> {
        if let Some(files) = self.known_files() {
            return Ok(files.as_ref().clone());
        }
        let error = match self.hub.check_online(&self.repo, &self.revision, None) {
            Ok(()) => match self.hub.remote.info(&self.repo, &self.commit) {
                Ok(info) => {
                    return Ok(self.keep_listing(info.files).as_ref().clone());
                }
                Err(error) if error.unreachable().is_some() => self.hub.remember_down(error),
                Err(error) => return Err(error),
            },
            Err(error) => error,
        };
        let held = self.cache.held_files(&self.commit);
        if held.is_empty() {
            return Err(error);
        }
        self.note_cache_only(&error);
        Ok(held)
    }

    /// A file by its path in the repository.
    ///
    /// # Errors
    /// When there is none, or it cannot be had: see [`HubError`].
    pub fn fetch(&self, path: &str) -> Result<PathBuf, HubError> {
        match self.find(path)? {
            Found::Here(file) => Ok(file),
            Found::Absent => Err(HubError::FileNotFound { subject: self.repo.subject(&self.revision, Some(path)) }),
            Found::Unknown(error) => Err(error),
        }
    }

    /// A file that need not exist: `None` where the commit has none. Without the network, a file of which the cache
    /// knows nothing counts as absent when the cache holds other files of the commit.
    ///
    /// # Errors
    /// When it exists and cannot be had: see [`HubError`].
    pub fn try_fetch(&self, path: &str) -> Result<Option<PathBuf>, HubError> {
        match self.find(path)? {
            Found::Here(file) => Ok(Some(file)),
            Found::Absent => Ok(None),
            Found::Unknown(error) => {
                if self.cache.held_files(&self.commit).is_empty() {
                    return Err(error);
                }
                self.note_cache_only(&error);
                Ok(None)
            }
        }
    }

    fn find(&self, path: &str) -> Result<Found, HubError> {
        let subject = self.repo.subject(&self.revision, Some(path));
        if let Some(why) = path_fault(path) {
            return Err(HubError::UnsafePath { subject, why });
        }
        if let Some(file) = self.cache.held(&self.commit, path) {
            self.write_ref();
            return Ok(Found::Here(file));
        }
        if self.cache.is_known_absent(&self.commit, path) {
            return Ok(Found::Absent);
        }
        let listed = self.known_files().map(|files| files.iter().any(|file| file.path == path));
        if listed == Some(false) {
            self.cache.remember_absent(&self.commit, path);
            return Ok(Found::Absent);
        }
        // A file that is known to exist is an error when it cannot be had; one that may not exist is not.
        let unknown = |error| if listed.is_none() { Ok(Found::Unknown(error)) } else { Err(error) };
        if let Err(error) = self.hub.check_online(&self.repo, &self.revision, Some(path)) {
            return unknown(error);
        }
        let facts = match self.hub.remote.head(&self.repo, &self.commit, path, &subject) {
            Ok(Head::File(facts)) => facts,
            Ok(Head::Absent { certain }) => {
                if certain {
                    self.cache.remember_absent(&self.commit, path);
                }
                return Ok(Found::Absent);
            }
            Err(error) if error.unreachable().is_some() => return unknown(self.hub.remember_down(error)),
            Err(error) => return Err(error),
        };
        let wanted = Wanted { repo: &self.repo, commit: &self.commit, file: path, facts: &facts, subject: &subject };
        download(&self.hub.remote, &self.cache, &wanted)?;
        let file = self.cache.link(&facts.etag, &self.commit, path)?;
        self.write_ref();
        Ok(Found::Here(file))
    }

    /// A branch's commit is remembered only when a file of it is there: an interrupted first download must not hide
    /// the older commit that is whole.
    fn write_ref(&self) {
        if self.revision != self.commit && !self.ref_written.swap(true, Ordering::Relaxed) {
            // See `keep_listing` for why a failure is none.
            let _ = self.cache.write_ref(&self.revision, &self.commit);
        }
    }

    /// The list of files where it can be had without a request.
    fn known_files(&self) -> Option<Arc<Vec<RemoteFile>>> {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if listing.is_none() {
            *listing = self.cache.read_listing(&self.commit).map(Arc::new);
        }
        listing.clone()
    }

    /// Keeps a list that the Hub gave, without what would not stay in its folder.
    pub(super) fn keep_listing(&self, mut files: Vec<RemoteFile>) -> Arc<Vec<RemoteFile>> {
        files.retain(|file| match path_fault(&file.path) {
            Some(why) => {
                let name = file.path.escape_debug();
                self.hub.note_once(&format!("{}: passing over \"{name}\": {why}", self.repo));
                false
            }
            None => true,
        });
        if self.cache.read_listing(&self.commit).as_ref() != Some(&files) {
            // Not kept, it only costs a request next time: a cache that may only be read is a good cache.
            let _ = self.cache.write_listing(&self.commit, &files);
        }
        let files = Arc::new(files);
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&files));
        files
    }

    fn note_cache_only(&self, error: &HubError) {
        let why = error.unreachable().unwrap_or_default();
        self.hub.note_once(&format!("{}: {why}; files that the cache does not hold count as absent", self.repo));
    }
}
