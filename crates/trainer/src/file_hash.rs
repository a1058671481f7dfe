//! SHA-256 of files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use records::hex;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// SHA-256 of files by their names, in hexadecimal.
pub type FileHashes = BTreeMap<String, String>;

/// Of a file that was read: its size in bytes and its last change, and the hash.
type Known = (u64, Option<SystemTime>, String);

/// The files that were read in this process. A sweep asks for the same ones before and in every run.
static KNOWN: LazyLock<Mutex<HashMap<PathBuf, Known>>> = LazyLock::new(Mutex::default);

/// A file's hash in hexadecimal, without reading it into memory whole. It is read once, as long as its size and the time of its
/// last change stay the same.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> std::io::Result<String> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    let (size, changed) = (metadata.len(), metadata.modified().ok());
    if let Some((.., hash)) = known().get(path).filter(|(s, c, _)| changed.is_some() && (*s, *c) == (size, changed)) {
        return Ok(hash.clone());
    }
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut hasher)?;
    let hash = hex(&hasher.finalize());
    known().insert(path.to_owned(), (size, changed, hash.clone()));
    Ok(hash)
}

/// The hash of a file that the user named.
///
/// # Errors
/// Names the file that cannot be read.
pub(crate) fn named_hash(path: &Path) -> Result<String, Error> {
    sha256(path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))
}

/// The hashes of files by their names, without their folders.
///
/// # Errors
/// Names the file that cannot be read.
pub(crate) fn hashes_by_name<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<FileHashes, Error> {
    let named = paths.map(|path| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok((name, named_hash(path)?))
    });
    named.collect()
}
