//! While a worker does a run, it holds a lock on a file of that run's name, so that no other worker does it too.
//!
//! The system lets go of a lock when its process ends, however it ends: a worker that is killed leaves its run free at
//! once, and nothing has to be guessed from times. It works between machines where the file system locks between
//! them, as NFS 4 and Lustre (mounted with `flock`) do.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use records::atomic;
use trainer::error::Error;

/// Folder of the files, within the results; hidden, so that nothing looks for records in it.
const FOLDER: &str = ".claims";

/// The run is this worker's as long as this lives.
pub(super) struct RunLock {
    _file: File,
    path: PathBuf,
}

/// Takes the run of this key; `None` where another worker has it.
///
/// # Errors
/// When files cannot be written or locked there.
pub(super) fn lock_run(results_dir: &Path, run: &str) -> Result<Option<RunLock>, Error> {
    let folder = results_dir.join(FOLDER);
    let path = folder.join(run);
    let failed = |error: &std::io::Error| {
        Error::input(format!("cannot write into {}: {}", folder.display(), atomic::reason(error)))
    };
    loop {
        match std::fs::create_dir_all(&folder) {
            Ok(()) => {}
            // Another worker took the folder away between two looks at it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && !folder.is_file() => continue,
            Err(error) => return Err(failed(&error)),
        }
        let file = match OpenOptions::new().create(true).truncate(false).write(true).open(&path) {
            Ok(file) => file,
            // Another worker took the folder away since.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(Error::input(format!(
                    "{}: this file system does not lock files ({error}), so workers cannot share it: give --results_dir on \
                     another one",
                    folder.display()
                )));
            }
        }
        // Else the lock is on a file that another worker has removed since: a third could lock a new one of this name.
        if is_at(&file, &path) {
            return Ok(Some(RunLock { _file: file, path }));
        }
    }
}

/// Removes what killed workers left: files that nobody has locked. What cannot be removed only takes room.
pub(super) fn remove_stale_locks(results_dir: &Path) {
    for entry in std::fs::read_dir(results_dir.join(FOLDER)).into_iter().flatten().flatten() {
        if let Some(run) = entry.file_name().to_str() {
            drop(lock_run(results_dir, run));
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: std::fs::Metadata, b: std::fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    // Of a file that another machine has removed the name may linger in this one's cache; its number of links does not,
    // which a lock has just made the system ask for.
    file.metadata().is_ok_and(|held| held.nlink() > 0 && std::fs::metadata(path).is_ok_and(|there| same(held, there)))
}

/// Elsewhere a file that is open is not removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Before the lock is let go of: nobody else can have it now.
        let _ = std::fs::remove_file(&self.path);
        if let Some(folder) = self.path.parent() {
            // Only where nothing else is in it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_one_worker_s_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock_run(folder.path(), "a").unwrap();
        assert!(first.is_some());
        assert!(lock_run(folder.path(), "a").unwrap().is_none());
        assert!(lock_run(folder.path(), "b").unwrap().is_some());
        drop(first);
        assert!(lock_run(folder.path(), "a").unwrap().is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    }

    #[test]
    fn what_a_killed_worker_left_is_removed_and_what_a_living_one_has_stays() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock_run(folder.path(), "a").unwrap();
        std::fs::write(folder.path().join(FOLDER).join("b"), "").unwrap();
        remove_stale_locks(folder.path());
        let names: Vec<_> =
            std::fs::read_dir(folder.path().join(FOLDER)).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["a"]);
        drop(held);
        remove_stale_locks(folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn many_workers_do_each_run_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Some(_held) = lock_run(folder.path(), "a").unwrap() {
                            assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                            inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        }
                    }
                });
            }
        });
    }
}
