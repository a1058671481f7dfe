//! One repository's folder in the cache, laid out as Python's huggingface_hub lays it out:
//! `blobs/<etag>`, `refs/<revision>`, `snapshots/<commit>/<file>` linked to the blobs, `.no_exist/<commit>/<file>`.
//! Ours alone, and passed over by Python: `.listing/<commit>.json`.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hf_hub::{Cache, CacheRepo};

use crate::cancel::Cancel;
use crate::error::HubError;
use crate::listing::{self, RemoteFile};
use crate::progress::Progress;
use crate::repo::{RepoId, is_commit};
use crate::scratch;
use crate::write_whole::write_whole;

/// The folder of one repository.
pub(crate) struct RepoCache {
    /// Of the whole cache.
    root: PathBuf,
    /// Of the repository's folder in it.
    name: String,
    layout: CacheRepo,
    /// It has been said that files cannot be locked here.
    said_unlocked: AtomicBool,
}

/// Held while a blob is being written; the file itself stays, as Python leaves it.
pub(crate) struct BlobLock {
    _file: File,
    /// Nobody else can write the blob meanwhile. Some network file systems lock no files.
    pub(crate) is_sure: bool,
}

impl RepoCache {
    pub(crate) fn new(root: &Path, repo: &RepoId) -> Self {
        let repo = repo.at("main");
        let name = repo.folder_name();
        let layout = Cache::new(root.to_path_buf()).repo(repo);
        Self { root: root.to_path_buf(), name, layout, said_unlocked: AtomicBool::new(false) }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    fn locks(&self) -> PathBuf {
        self.root.join(".locks").join(&self.name)
    }

    /// No blob has a name with a dot.
    fn scratch_lock(&self) -> PathBuf {
        self.locks().join(".scratch.lock")
    }

    /// Removes the scratch files that killed runs left.
    pub(crate) fn remove_abandoned(&self) {
        scratch::remove_abandoned(&self.folder(), &self.scratch_lock());
    }

    /// Where the bytes named `etag` are, or will be.
    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.layout.blob_path(etag)
    }

    /// The folder of a commit's files.
    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.layout.pointer_path(commit)
    }

    /// A file that is there in full.
    pub(crate) fn cached_file(&self, commit: &str, file: &str) -> Option<PathBuf> {
        Some(self.snapshot(commit).join(file)).filter(|path| path.is_file())
    }

    /// All files of a commit that are there.
    pub(crate) fn cached_files(&self, commit: &str) -> Vec<RemoteFile> {
        listing::walk(&self.snapshot(commit))
    }

    /// The commit that a branch or tag was when last asked.
    pub(crate) fn read_ref(&self, revision: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.folder().join("refs").join(revision)).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Remembers which commit a branch or tag is.
    pub(crate) fn write_ref(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if self.read_ref(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        self.write(&self.folder().join("refs").join(revision), commit.as_bytes())
    }

    fn no_exist(&self, commit: &str, file: &str) -> PathBuf {
        self.folder().join(".no_exist").join(commit).join(file)
    }

    /// Whether the Hub once said that the commit has no such file.
    pub(crate) fn is_known_absent(&self, commit: &str, file: &str) -> bool {
        self.no_exist(commit, file).is_file()
    }

    /// Remembers that the commit has no such file. A cache that cannot be written only costs a request next time.
    pub(crate) fn remember_absent(&self, commit: &str, file: &str) {
        if !self.is_known_absent(commit, file) {
            let _ = self.write(&self.no_exist(commit, file), b"");
        }
    }

    fn listing_path(&self, commit: &str) -> PathBuf {
        self.folder().join(".listing").join(format!("{commit}.json"))
    }

    /// The stored list of a commit's files.
    pub(crate) fn read_listing(&self, commit: &str) -> Option<Vec<RemoteFile>> {
        listing::read(&self.listing_path(commit))
    }

    /// Stores the list of a commit's files.
    pub(crate) fn write_listing(&self, commit: &str, files: &[RemoteFile]) -> Result<(), HubError> {
        let _alive = scratch::alive(&self.scratch_lock());
        listing::write(&self.listing_path(commit), files)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), HubError> {
        let _alive = scratch::alive(&self.scratch_lock());
        write_whole(path, bytes).map_err(HubError::disk("cannot write", path))
    }

    /// Waits until nobody else, thread or process, writes this blob; `None` where the caller wants to stop before that.
    /// Python takes the same lock.
    pub(crate) fn lock(
        &self,
        etag: &str,
        file: &str,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Option<BlobLock>, HubError> {
        self.lock_by(File::try_lock, etag, file, progress, cancel)
    }

    fn lock_by(
        &self,
        try_lock: impl Fn(&File) -> Result<(), TryLockError>,
        etag: &str,
        file: &str,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Option<BlobLock>, HubError> {
        let folder = self.locks();
        std::fs::create_dir_all(&folder).map_err(HubError::disk("cannot make the folder", &folder))?;
        let path = folder.join(format!("{etag}.lock"));
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(HubError::disk("cannot open the lock", &path))?;
        let mut is_noted = false;
        loop {
            match try_lock(&lock) {
                Ok(()) => return Ok(Some(BlobLock { _file: lock, is_sure: true })),
                Err(TryLockError::WouldBlock) => {}
                // ENOLCK, EOPNOTSUPP, ENOSYS and others: network file systems have words of their own for it.
                Err(TryLockError::Error(error)) => {
                    if !self.said_unlocked.swap(true, Ordering::Relaxed) {
                        progress.warn(&format!(
                            "{}: its file system locks no files ({error}); downloading without: what two runs want at \
                             the same time is fetched twice",
                            folder.display()
                        ));
                    }
                    return Ok(Some(BlobLock { _file: lock, is_sure: false }));
                }
            }
            if !is_noted {
                progress.note(&format!("{file}: waiting for another download of it to end"));
                is_noted = true;
            }
            cancel.nap();
            if cancel.is_requested() {
                return Ok(None);
            }
        }
    }

    /// Makes the blob appear as `file` of the commit: as a relative link, or as a copy where links cannot be made.
    pub(crate) fn link(&self, etag: &str, commit: &str, file: &str) -> Result<PathBuf, HubError> {
        let pointer = self.snapshot(commit).join(file);
        let folder = pointer.parent().unwrap_or(&self.root).to_path_buf();
        std::fs::create_dir_all(&folder).map_err(HubError::disk("cannot make the folder", &folder))?;
        let up = "../".repeat(2 + file.matches('/').count());
        let target = PathBuf::from(format!("{up}blobs/{etag}"));

        // A new name first and a rename then: at no moment does the file's name lead nowhere.
        let _alive = scratch::alive(&self.scratch_lock());
        let scratch = tempfile::Builder::new()
            .prefix(scratch::LINKING)
            .make_in(&folder, |path| symlink(&target, path).or_else(|_| std::fs::copy(self.blob(etag), path).map(drop)))
            .map_err(HubError::disk("cannot write", &pointer))?;
        scratch.into_temp_path().persist(&pointer).map_err(|e| HubError::disk("cannot write", &pointer)(e.error))?;
        Ok(pointer)
    }
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn symlink(target: &Path, path: &Path) -> std::io::Result<()> {
    // Windows follows a link's `/` only in part.
    let target: PathBuf = target.components().collect();
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::progress::{Direction, Silent, Transfer};

    /// Keeps the notes.
    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Progress for Notes {
        fn start(&self, _: Direction, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
            Box::new(Silent)
        }

        fn note(&self, message: &str) {
            self.0.lock().unwrap().push(message.to_owned());
        }
    }

    #[test]
    fn a_file_system_that_locks_nothing_is_said_once_and_downloads_go_on() {
        let (root, notes) = (tempfile::tempdir().unwrap(), Notes::default());
        let cache = RepoCache::new(root.path(), &RepoId::model("tiny").unwrap());
        // As Linux numbers them: ENOLCK, ENOSYS, EOPNOTSUPP, EIO.
        for code in [37, 38, 95, 5] {
            let refuse = |_: &File| Err(TryLockError::Error(std::io::Error::from_raw_os_error(code)));
            let lock = cache.lock_by(refuse, "e", "x.bin", &notes, &Cancel::never()).unwrap().unwrap();
            assert!(!lock.is_sure, "{code}");
        }
        assert!(cache.lock("e", "x.bin", &notes, &Cancel::never()).unwrap().unwrap().is_sure);
        let notes = notes.0.lock().unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].starts_with("warning: ") && notes[0].contains("models--tiny"), "{notes:?}");
        assert!(notes[0].contains("locks no files"), "{notes:?}");
    }
}
