//! Names: of repositories, revisions and files. Whatever becomes part of a path or an address is checked here first.

use std::fmt;

use hf_hub::{Repo, RepoType};

use crate::error::{HubError, Subject};

/// A repository of the Hub, its name checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoId {
    kind: RepoKind,
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RepoKind {
    Model,
    Dataset,
}

impl RepoId {
    /// A model: `bert-base-cased`, `prajjwal1/bert-tiny`.
    ///
    /// # Errors
    /// [`HubError::BadRepoId`] when `id` cannot name a repository.
    pub fn model(id: &str) -> Result<Self, HubError> {
        Self::new(RepoKind::Model, id)
    }

    /// A dataset: `nyu-mll/glue`.
    ///
    /// # Errors
    /// [`HubError::BadRepoId`] when `id` cannot name a repository.
    pub fn dataset(id: &str) -> Result<Self, HubError> {
        Self::new(RepoKind::Dataset, id)
    }

    /// The name as given.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn new(kind: RepoKind, id: &str) -> Result<Self, HubError> {
        match id_fault(id) {
            Some(why) => Err(HubError::BadRepoId { given: id.escape_debug().to_string(), why }),
            None => Ok(Self { kind, id: id.to_owned() }),
        }
    }

    /// As hf-hub knows it, at a revision; that is encoded here, because hf-hub encodes no more of it than `/`.
    pub(crate) fn at(&self, revision: &str) -> Repo {
        let kind = match self.kind {
            RepoKind::Model => RepoType::Model,
            RepoKind::Dataset => RepoType::Dataset,
        };
        Repo::with_revision(self.id.clone(), kind, percent_encode(revision, false))
    }

    /// The address of what the Hub's API does with a branch, `https://huggingface.co/api/models/owner/name/TOPIC/REVISION`;
    /// hf-hub knows the topic `revision` alone.
    pub(crate) fn api_url(&self, endpoint: &str, topic: &str, revision: &str) -> String {
        format!("{endpoint}/api/{}s/{}/{topic}/{}", self.kind.word(), self.id, percent_encode(revision, false))
    }

    /// What messages about it, or about a file of it, begin with.
    pub(crate) fn subject(&self, revision: &str, file: Option<&str>) -> Box<Subject> {
        Box::new(Subject {
            repo: self.to_string(),
            revision: revision.to_owned(),
            file: file.map(|file| file.escape_debug().to_string()),
        })
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.id)
    }
}

impl RepoKind {
    fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
        }
    }
}

/// The Hub's own rules (those of Python's `validate_repo_id`), which also keep the name a harmless folder name.
fn id_fault(id: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let edge = |part: &str| part.starts_with(['-', '.']) || part.ends_with(['-', '.']);
    if id.is_empty() {
        Some("it is empty")
    } else if id.len() > 96 {
        Some("it is longer than 96 characters")
    } else if !id.chars().all(allowed) {
        Some("only letters, digits, `-`, `_`, `.` and one `/` may be in it")
    } else if id.matches('/').count() > 1 {
        Some("it has more than one `/`")
    } else if id.split('/').any(str::is_empty) {
        Some("nothing stands before or after its `/`")
    } else if id.split('/').any(edge) {
        Some("a part of it begins or ends with `-` or `.`")
    } else if id.contains("--") || id.contains("..") {
        Some("`--` and `..` may not be in it")
    } else if id.ends_with(".git") {
        Some("it may not end with `.git`")
    } else {
        None
    }
}

/// Checks a branch, tag or commit; it becomes a file name below `refs/`.
pub(crate) fn check_revision(repo: &RepoId, revision: &str) -> Result<(), HubError> {
    match path_fault(revision) {
        Some(why) => {
            Err(HubError::BadRevision { given: revision.escape_debug().to_string(), repo: repo.to_string(), why })
        }
        None => Ok(()),
    }
}

/// Whether `revision` names a commit in full, so that the Hub need not be asked what it means.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What makes a path leave its folder, or mean different things on different systems.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("it is empty")
    } else if path.len() > 1000 {
        Some("it is longer than 1000 bytes")
    } else if path.chars().any(char::is_control) {
        Some("it has a control character in it")
    } else if path.contains(['\\', ':']) {
        Some("it has a `\\` or `:` in it")
    } else if path.starts_with('/') {
        Some("it is absolute")
    } else if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("it has an empty part, `.` or `..` in it")
    } else {
        None
    }
}

/// `text` as part of an address; `/` stays where `keep_slash` says that it separates.
pub(crate) fn percent_encode(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slash => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names() {
        for id in ["bert-base-cased", "nyu-mll/glue", "google/bert_uncased_L-2_H-128_A-2", "a/b.c"] {
            assert_eq!(RepoId::model(id).unwrap().id(), id);
        }
    }

    #[test]
    fn bad_names_say_why() {
        let long = "x".repeat(97);
        for id in ["", "a/b/c", "..", "../x", "a b", "/x", "x/", "-a", "a--b", "a..b", "x.git", "ü", "a\nb", &long] {
            let error = RepoId::dataset(id).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("is no repository name"), "{error}");
        }
    }

    #[test]
    fn paths_that_leave_the_folder() {
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\b", "C:/x", "a\0b", "a/.."] {
            assert!(path_fault(path).is_some(), "{path}");
        }
        for path in ["config.json", "stsb/train-00000-of-00001.parquet", "a..b", ".gitattributes"] {
            assert_eq!(path_fault(path), None, "{path}");
        }
    }

    #[test]
    fn revisions() {
        let repo = RepoId::model("m").unwrap();
        assert!(check_revision(&repo, "refs/pr/1").is_ok());
        assert!(check_revision(&repo, "../../x").is_err());
        assert!(is_commit(&"0a".repeat(20)) && !is_commit("main") && !is_commit(&"G".repeat(40)));
    }

    #[test]
    fn addresses_and_folders() {
        let (model, data) = (RepoId::model("bert").unwrap(), RepoId::dataset("nyu-mll/glue").unwrap());
        assert_eq!(
            (model.at("main").folder_name(), data.at("main").folder_name()),
            ("models--bert".into(), "datasets--nyu-mll--glue".into())
        );
        assert_eq!(data.at("a b/1").api_url(), "datasets/nyu-mll/glue/revision/a%20b%2F1");
        assert_eq!(
            data.api_url("https://hub", "commit", "pr/1"),
            "https://hub/api/datasets/nyu-mll/glue/commit/pr%2F1"
        );
    }

    #[test]
    fn encoding() {
        assert_eq!(percent_encode("refs/pr/1", false), "refs%2Fpr%2F1");
        assert_eq!(percent_encode("a b/ü?#%.json", true), "a%20b/%C3%BC%3F%23%25.json");
    }
}
