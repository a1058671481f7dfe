//! While a worker does a run, it holds a lock on a file of that run's name, so that no other worker does it too. A worker that
//! is killed leaves its run free at once (`trainer::file_lock`).

use std::path::{Path, PathBuf};

use records::atomic;
use trainer::error::Error;
use trainer::file_lock::{FileLock, LockError, Taken};

/// Folder of the files, within the results; hidden, so that nothing looks for records in it.
const FOLDER: &str = ".claims";

/// The run is this worker's as long as this lives.
pub(super) struct RunLock {
    lock: Option<FileLock>,
    folder: PathBuf,
}

/// Takes the run of this key; `None` where another worker has it.
///
/// # Errors
/// When files cannot be written or locked there.
pub(super) fn lock_run(results_dir: &Path, run: &str) -> Result<Option<RunLock>, Error> {
    let folder = results_dir.join(FOLDER);
    match FileLock::take(&folder.join(run)) {
        Ok(Taken::Mine(lock)) => Ok(Some(RunLock { lock: Some(lock), folder })),
        Ok(Taken::Others(_)) => Ok(None),
        Err(LockError::Write(error)) => {
            Err(Error::input(format!("cannot write into {}: {}", folder.display(), atomic::reason(&error))))
        }
        Err(LockError::NoLocks(error)) => Err(Error::input(format!(
            "{}: this file system does not lock files ({error}), so workers cannot share it: give --results_dir on another one",
            folder.display()
        ))),
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

impl Drop for RunLock {
    fn drop(&mut self) {
        drop(self.lock.take());
        // Only where no other run's file is in it.
        let _ = std::fs::remove_dir(&self.folder);
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
