//! Tokens of whole splits on the disk, from run to run, by the hash of all that they depend on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use records::atomic::{WriteError, remove_abandoned};
use records::hex;

use crate::cache_folder::cache_folder;
use crate::tokenize::{Encoded, TableKey};

/// What the files' names end with.
const ENDING: &str = "tokens";

/// Bytes of all files together; what was not used for the longest time goes.
const MOST_BYTES: u64 = 4 << 30;

/// A folder of tokens.
pub(crate) struct TokenStore {
    folder: PathBuf,
    most_bytes: u64,
}

impl TokenStore {
    /// The user's own; `None` where there is no place for one.
    pub(crate) fn of_user() -> Option<Self> {
        Some(Self::in_folder(cache_folder()?.join("tokens")))
    }

    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder, most_bytes: MOST_BYTES }
    }

    pub(crate) fn path(&self, key: &TableKey) -> PathBuf {
        self.folder.join(format!("{}.{ENDING}", hex(&key[..16])))
    }

    /// The tokens of this key; `None` where they are not kept.
    ///
    /// # Errors
    /// Says what is wrong with a file that is there.
    pub(crate) fn get(&self, key: &TableKey) -> Result<Option<Encoded>, String> {
        let path = self.path(key);
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err("it is no file".to_owned());
        }
        let found = Encoded::read(&path, key)?;
        if found.is_some() {
            // A folder that may only be read does as well: its files are not known to be used, and no more.
            let _ = File::options().write(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        }
        Ok(found)
    }

    /// Keeps tokens, and removes others where they become too many.
    ///
    /// # Errors
    /// Names the file and what the system says.
    pub(crate) fn put(&self, key: &TableKey, tokens: &Encoded) -> Result<(), WriteError> {
        let path = self.path(key);
        remove_abandoned(&self.folder);
        // A link would be written through, and a pipe waited for.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let _ = fs::remove_file(&path);
        }
        tokens.write(&path, key)?;
        self.make_room(&path);
        Ok(())
    }

    /// Removes files, the longest unused first, until the rest is small enough; `new` goes last.
    fn make_room(&self, new: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let own = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(&format!(".{ENDING}"))
        };
        let mut files: Vec<(bool, SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter(|entry| own(&entry.path()))
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((entry.path() == new, metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut size: u64 = files.iter().map(|(_, _, size, _)| size).sum();
        for (_, _, bytes, path) in files {
            if size <= self.most_bytes {
                return;
            }
            // Another run may have removed it, or read it still; both do no harm.
            if fs::remove_file(path).is_ok() {
                size -= bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tokenize::{TextTokenizer, TokenizerFiles};

    #[test]
    fn the_longest_unused_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = TextTokenizer::load(&TokenizerFiles::in_folder(Path::new("demo/model"))).unwrap();
        let tokens = tokenizer.encode(&[("the film is good", None)], 16).unwrap();
        let size = {
            let store = TokenStore::in_folder(folder.path().to_owned());
            store.put(&[0; 32], &tokens).unwrap();
            fs::metadata(store.path(&[0; 32])).unwrap().len()
        };
        let store = TokenStore { most_bytes: 3 * size, ..TokenStore::in_folder(folder.path().to_owned()) };
        fs::write(folder.path().join("of-others.txt"), vec![0; 10_000]).unwrap();
        let age = |key: u8, seconds: u64| {
            let file = File::options().write(true).open(store.path(&[key; 32])).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        };
        for key in 1..3 {
            store.put(&[key; 32], &tokens).unwrap();
        }
        (0..3).for_each(|key| age(key, 100 - u64::from(key)));
        // It was the oldest, and is used again.
        assert_eq!(store.get(&[0; 32]).unwrap().as_ref(), Some(&tokens));
        store.put(&[3; 32], &tokens).unwrap();
        let is_kept = |key: u8| store.get(&[key; 32]).unwrap().is_some();
        assert_eq!([0, 1, 2, 3].map(is_kept), [true, false, true, true]);
        assert!(folder.path().join("of-others.txt").is_file(), "what is not its own stays");
    }
}
