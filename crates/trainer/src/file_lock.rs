//! A file that one process at a time has, so that what it stands for is that process's alone.
//!
//! The system lets go of a lock when its process ends, however it ends: what a killed process left is free at once, and
//! nothing has to be guessed from times. It works between machines where the file system locks between them, as NFS 4 and
//! Lustre (mounted with `flock`) do.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Who has the file.
pub enum Taken {
    /// This process, as long as the lock lives.
    Mine(FileLock),
    /// Another one; what it wrote into the file, where that can be read.
    Others(String),
}

/// Why nobody can have the file.
#[derive(Debug)]
pub enum LockError {
    /// It cannot be written.
    Write(io::Error),
    /// Its file system locks no files.
    NoLocks(io::Error),
}

/// How often folders are made again that another process takes away at the same moment.
const MOST_TRIES: usize = 1000;

/// The file is this process's as long as this lives; it is removed with it.
pub struct FileLock {
    file: File,
    path: PathBuf,
    /// Folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl FileLock {
    /// Takes the file, which is made where it is not there, as are the folders above it.
    ///
    /// # Errors
    /// When it cannot be written or locked.
    pub fn take(path: &Path) -> Result<Taken, LockError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let (mut made, mut tries) = (Vec::new(), 0);
        loop {
            tries += 1;
            made.extend(folder.ancestors().filter(|above| !above.as_os_str().is_empty() && !above.exists()));
            match std::fs::create_dir_all(folder) {
                Ok(()) => {}
                // Another process took a folder away between two looks at it.
                Err(error)
                    if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound)
                        && !folder.is_file()
                        && tries < MOST_TRIES =>
                {
                    continue;
                }
                Err(error) => return Err(LockError::Write(error)),
            }
            // What it leads to is somebody's file, and would be written over.
            if path.is_symlink() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                return Err(LockError::Write(io::Error::other(format!("{name} in it is a link; remove it"))));
            }
            let file = match OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path) {
                Ok(file) => file,
                // Another process took the folder away since.
                Err(error) if error.kind() == ErrorKind::NotFound && tries < MOST_TRIES => continue,
                Err(error) => return Err(LockError::Write(error)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Taken::Others(text(file))),
                Err(TryLockError::Error(error)) => {
                    let _ = std::fs::remove_file(path);
                    return Err(LockError::NoLocks(error));
                }
            }
            // Else the lock is on a file that another process has removed since: a third could lock a new one of this name.
            if is_at(&file, path) {
                let made = made.into_iter().map(Path::to_path_buf).collect();
                return Ok(Taken::Mine(Self { file, path: path.to_owned(), made }));
            }
        }
    }

    /// Writes who has the file, for those who want it too.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

/// Of a file that another process writes, as much as can be read.
fn text(mut file: File) -> String {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    text
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

impl Drop for FileLock {
    fn drop(&mut self) {
        // Before the lock is let go of: nobody else can have it now.
        let _ = std::fs::remove_file(&self.path);
        for folder in &self.made {
            // Only where nothing else is in it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mine(path: &Path) -> FileLock {
        match FileLock::take(path) {
            Ok(Taken::Mine(lock)) => lock,
            Ok(Taken::Others(text)) => panic!("it is another's: {text}"),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn a_file_is_one_s_until_it_is_let_go_of_and_says_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/lock");
        let mut first = mine(&path);
        first.write("a longer text").unwrap();
        first.write("first").unwrap();
        assert!(matches!(FileLock::take(&path), Ok(Taken::Others(text)) if text == "first"));
        drop(first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        // What is in the folder by then stays, as does a folder that was there.
        let second = mine(&path);
        std::fs::write(folder.path().join("a/b/other"), "").unwrap();
        drop(second);
        drop(mine(&path));
        let names: Vec<_> =
            std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["other"]);
    }

    #[test]
    fn what_a_killed_process_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::fs::write(&path, "long gone").unwrap();
        drop(mine(&path));
        assert!(!path.exists());
    }
}
