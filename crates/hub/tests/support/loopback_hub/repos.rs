//! Repositories as the loopback server holds them.

use std::collections::BTreeMap;
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RepoKind {
    Model,
    Dataset,
}

/// Paths and bytes: of a folder, or given one by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct RepoFiles(pub(crate) BTreeMap<String, Vec<u8>>);

impl From<&Path> for RepoFiles {
    fn from(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut waiting = vec![(folder.to_path_buf(), String::new())];
        while let Some((folder, prefix)) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
                if entry.path().is_dir() {
                    waiting.push((entry.path(), format!("{path}/")));
                } else {
                    files.insert(path, std::fs::read(entry.path()).unwrap());
                }
            }
        }
        Self(files)
    }
}

impl<const N: usize> From<[(&str, &[u8]); N]> for RepoFiles {
    fn from(files: [(&str, &[u8]); N]) -> Self {
        Self(files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect())
    }
}

pub(crate) struct Repo {
    pub(crate) kind: RepoKind,
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    pub(crate) revisions: BTreeMap<String, String>,
    pub(crate) commits: BTreeMap<String, RepoFiles>,
}

impl Repo {
    pub(crate) fn new(kind: RepoKind, id: &str) -> Self {
        Self { kind, id: id.to_owned(), token: None, revisions: BTreeMap::new(), commits: BTreeMap::new() }
    }

    pub(crate) fn set(&mut self, revision: &str, commit: &str, files: RepoFiles) {
        self.revisions.insert(revision.to_owned(), commit.to_owned());
        self.commits.insert(commit.to_owned(), files);
    }

    /// `models/x` or `datasets/x` below `/api/`.
    pub(crate) fn api_name(&self) -> String {
        match self.kind {
            RepoKind::Model => format!("models/{}", self.id),
            RepoKind::Dataset => format!("datasets/{}", self.id),
        }
    }

    /// `x` or `datasets/x` before `/resolve/`.
    pub(crate) fn page_name(&self) -> String {
        match self.kind {
            RepoKind::Model => self.id.clone(),
            RepoKind::Dataset => format!("datasets/{}", self.id),
        }
    }

    pub(crate) fn commit(&self, revision: &str) -> Option<(&str, &RepoFiles)> {
        let commit = self.revisions.get(revision).map_or(revision, String::as_str);
        self.commits.get_key_value(commit).map(|(commit, files)| (commit.as_str(), files))
    }
}

/// Whether the file is stored outside git, as the Hub does with these endings.
pub(crate) fn is_large(path: &str) -> bool {
    [".safetensors", ".bin", ".parquet"].iter().any(|ending| path.ends_with(ending))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn git_sha1(bytes: &[u8]) -> String {
    hex(&Sha1::new_with_prefix(format!("blob {}\0", bytes.len())).chain_update(bytes).finalize())
}

/// The name of a file's bytes in the cache.
pub(crate) fn etag(path: &str, bytes: &[u8]) -> String {
    if is_large(path) { sha256(bytes) } else { git_sha1(bytes) }
}
