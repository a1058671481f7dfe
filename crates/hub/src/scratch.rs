//! Scratch files of a repository's folder, which stand in for a file until it is whole: a run that is killed leaves its own, and
//! the next one removes it.
//!
//! Whoever has some shares a lock, and who removes has it alone: no clock has to say which are still alive. Files are looked for
//! before the lock is taken, so that one that appears later is safe whoever holds it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Before and behind the names of small files that are being written.
pub(crate) const WRITING: (&str, &str) = (".writing-", ".tmp");
/// Before the names of links that are being made.
pub(crate) const LINKING: &str = ".linking-";

/// How often a lock is tried that another run has, for as long as it takes to remove files, and how long is waited between.
const TRIES: (u32, Duration) = (100, Duration::from_millis(10));

/// Whether this is the name of a scratch file.
pub(crate) fn is_scratch(name: &str) -> bool {
    name.starts_with(LINKING) || (name.starts_with(WRITING.0) && name.ends_with(WRITING.1))
}

/// To be held while a scratch file is there. `None` where files cannot be locked, and so none are removed.
pub(crate) fn alive(lock: &Path) -> Option<File> {
    let file = open(lock).ok()?;
    for _ in 0..TRIES.0 {
        match file.try_lock_shared() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(TRIES.1),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Removes the scratch files below `folder` that nobody has any more, where that may be done.
pub(crate) fn remove_abandoned(folder: &Path, lock: &Path) {
    let found = below(folder);
    if found.is_empty() {
        return;
    }
    let Ok(lock) = open(lock) else { return };
    if lock.try_lock().is_ok() {
        for path in found {
            // One that has been renamed since is gone; one that may not be removed is left to who may.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn open(lock: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(lock.parent().unwrap_or(Path::new(".")))?;
    // A file of another person's can often be read only, which is enough for a lock.
    File::options().create(true).append(true).open(lock).or_else(|_| File::open(lock))
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            } else if entry.file_name().to_str().is_some_and(is_scratch) {
                found.push(entry.path());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_any_more_is_removed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let (folder, lock) = (root.path().join("models--tiny"), root.path().join(".locks/models--tiny/.scratch.lock"));
        let refs = folder.join("refs/pr");
        std::fs::create_dir_all(&refs).unwrap();
        let names = [".writing-a1B2c3.tmp", ".linking-a1B2c3", ".writing-a1B2c3", "main.tmp", "x.incomplete"];
        for name in names {
            std::fs::write(refs.join(name), "x").unwrap();
        }
        let left = || {
            let entries = std::fs::read_dir(&refs).unwrap();
            let mut left: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            left.sort();
            left
        };
        // Two runs are at it.
        let (one, other) = (alive(&lock).unwrap(), alive(&lock).unwrap());
        remove_abandoned(&folder, &lock);
        assert_eq!(left().len(), 5);
        drop(one);
        remove_abandoned(&folder, &lock);
        assert_eq!(left().len(), 5);
        drop(other);
        remove_abandoned(&folder, &lock);
        assert_eq!(left(), [".writing-a1B2c3", "main.tmp", "x.incomplete"]);
    }

    #[test]
    fn where_nothing_is_found_no_lock_is_made() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("models--tiny")).unwrap();
        let lock = root.path().join(".locks/.scratch.lock");
        for name in ["models--tiny", "absent"] {
            remove_abandoned(&root.path().join(name), &lock);
        }
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
