//! One commit of one repository: its files, from the cache where they are there and from the Hub where they are not.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::RepoCache;
use crate::download::{Download, download};
use crate::error::HubError;
use crate::listing::RemoteFile;
use crate::remote::FileStatus;
use crate::repo::{RepoId, path_fault};
use crate::session::Session;

/// A commit of a repository. May be used by several threads.
pub struct Snapshot {
    session: Arc<Session>,
    repo: RepoId,
    /// Branch, tag or commit, as asked for.
    revision: String,
    commit: String,
    cache: RepoCache,
    /// The files of the commit, once they are known.
    listing: Mutex<Option<Arc<Vec<RemoteFile>>>>,
    ref_written: AtomicBool,
}

/// What looking for a file came to.
enum FileLookup {
    /// It is on the disk, where it was before or now.
    Available(PathBuf),
    /// The commit has no such file.
    Absent,
    /// It is not in the cache, and the Hub cannot be asked whether it exists.
    Unknown(HubError),
}

impl Snapshot {
    pub(crate) fn new(session: Arc<Session>, repo: RepoId, revision: &str, commit: String, cache: RepoCache) -> Self {
        Self {
            session,
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
        let error = match self.session.check_online(&self.repo, &self.revision, None) {
            Ok(()) => match self.session.remote.revision_info(&self.repo, &self.commit) {
                Ok(info) => {
                    return Ok(self.keep_listing(info.files).as_ref().clone());
                }
                Err(error) if error.unreachable().is_some() => self.session.remember_down(error),
                Err(error) => return Err(error),
            },
            Err(error) => error,
        };
        let cached = self.cache.cached_files(&self.commit);
        if cached.is_empty() {
            return Err(error);
        }
        self.note_cache_only(&error);
        Ok(cached)
    }

    /// A file by its path in the repository.
    ///
    /// # Errors
    /// When there is none, or it cannot be had: see [`HubError`].
    pub fn fetch(&self, path: &str) -> Result<PathBuf, HubError> {
        match self.find(path)? {
            FileLookup::Available(file) => Ok(file),
            FileLookup::Absent => {
                Err(HubError::FileNotFound { subject: self.repo.subject(&self.revision, Some(path)) })
            }
            FileLookup::Unknown(error) => Err(error),
        }
    }

    /// A file that need not exist: `None` where the commit has none. Without the network, a file of which the cache
    /// knows nothing counts as absent when the cache holds other files of the commit.
    ///
    /// # Errors
    /// When it exists and cannot be had: see [`HubError`].
    pub fn try_fetch(&self, path: &str) -> Result<Option<PathBuf>, HubError> {
        match self.find(path)? {
            FileLookup::Available(file) => Ok(Some(file)),
            FileLookup::Absent => Ok(None),
            FileLookup::Unknown(error) => {
                if self.cache.cached_files(&self.commit).is_empty() {
                    return Err(error);
                }
                self.note_cache_only(&error);
                Ok(None)
            }
        }
    }

    fn find(&self, path: &str) -> Result<FileLookup, HubError> {
        let subject = self.repo.subject(&self.revision, Some(path));
        if let Some(why) = path_fault(path) {
            return Err(HubError::UnsafePath { subject, why });
        }
        if let Some(file) = self.cache.cached_file(&self.commit, path) {
            self.write_ref();
            return Ok(FileLookup::Available(file));
        }
        if self.cache.is_known_absent(&self.commit, path) {
            return Ok(FileLookup::Absent);
        }
        let listed = self.known_files().map(|files| files.iter().find(|file| file.path == path).cloned());
        if listed == Some(None) {
            self.cache.remember_absent(&self.commit, path);
            return Ok(FileLookup::Absent);
        }
        // A file that is known to exist is an error when it cannot be had; one that may not exist is not.
        let unknown = |error| if listed.is_none() { Ok(FileLookup::Unknown(error)) } else { Err(error) };
        if let Err(error) = self.session.check_online(&self.repo, &self.revision, Some(path)) {
            return unknown(error);
        }
        let info = match self.session.remote.file_status(&self.repo, &self.commit, path, &subject) {
            Ok(FileStatus::Present(mut info)) => {
                // Some servers say only here how long a file is.
                info.size = info.size.or_else(|| listed.as_ref()?.as_ref()?.size);
                info
            }
            Ok(FileStatus::Absent { certain }) => {
                if certain {
                    self.cache.remember_absent(&self.commit, path);
                }
                return Ok(FileLookup::Absent);
            }
            Err(error) if error.unreachable().is_some() => return unknown(self.session.remember_down(error)),
            Err(error) => return Err(error),
        };
        let wanted = Download { repo: &self.repo, commit: &self.commit, file: path, info: &info, subject: &subject };
        download(&self.session.remote, &self.cache, &wanted)?;
        let file = self.cache.link(&info.etag, &self.commit, path)?;
        self.write_ref();
        Ok(FileLookup::Available(file))
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
    pub(crate) fn keep_listing(&self, mut files: Vec<RemoteFile>) -> Arc<Vec<RemoteFile>> {
        files.retain(|file| match path_fault(&file.path) {
            Some(why) => {
                let name = file.path.escape_debug();
                self.session.note_once(&format!("{}: passing over \"{name}\": {why}", self.repo));
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
        self.session.note_once(&format!("{}: {why}; files that the cache does not hold count as absent", self.repo));
    }
}
