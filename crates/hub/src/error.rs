//! What can go wrong between the Hub and the cache, each with what a person can do about it.

use std::fmt;
use std::path::PathBuf;

/// What a message is about: a repository, the revision that was asked for, and the file where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `model bert-base-cased`, `dataset nyu-mll/glue`.
    pub repo: String,
    /// Branch, tag or commit, as asked for.
    pub revision: String,
    /// Path inside the repository.
    pub file: Option<String>,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file} of ")?;
        }
        write!(f, "{} at revision {}", self.repo, self.revision)
    }
}

/// A repository, a revision or a file of the Hub could not be had.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Not the name of a repository.
    #[error(
        "\"{given}\" is no repository name: {why}. A repository is `name` or `owner/name`; \
         a folder on this machine is given as a path that exists"
    )]
    BadRepoId {
        /// As given.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not the name of a branch, tag or commit.
    #[error("\"{given}\" is no revision: {why}. Give a branch, a tag or a commit of {repo}")]
    BadRevision {
        /// As given.
        given: String,
        /// The repository.
        repo: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A path that would leave the repository's folder.
    #[error("refusing {subject}: {why}; a file is named by its path inside the repository")]
    UnsafePath {
        /// What was asked for.
        subject: Box<Subject>,
        /// What is wrong with the path.
        why: &'static str,
    },
    /// An environment variable or flag that cannot be used.
    #[error("{name} cannot be used: {why}")]
    BadSetting {
        /// The variable or flag.
        name: String,
        /// What is wrong, and what would be right. Never holds a token.
        why: String,
    },
    /// No such repository.
    #[error(
        "{subject}: there is no such repository on {endpoint}. Check the name{}",
        private_hint(*had_token)
    )]
    RepoNotFound {
        /// What was asked for.
        subject: Box<Subject>,
        /// The Hub that was asked.
        endpoint: String,
        /// Whether a token was sent.
        had_token: bool,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{subject}: the repository exists, and has no branch, tag or commit of that name. Check the revision")]
    RevisionNotFound {
        /// What was asked for.
        subject: Box<Subject>,
    },
    /// The repository has no such file at this revision.
    #[error("{subject}: the repository has no such file at this revision. Check its name, or the revision")]
    FileNotFound {
        /// What was asked for.
        subject: Box<Subject>,
    },
    /// The Hub does not let us read it.
    #[error("{subject}: {endpoint} denies access (status {status}). {}", denied_hint(*gated, *had_token))]
    Denied {
        /// What was asked for.
        subject: Box<Subject>,
        /// The Hub that was asked.
        endpoint: String,
        /// 401 or 403.
        status: u16,
        /// The owner wants terms to be accepted first.
        gated: bool,
        /// Whether a token was sent.
        had_token: bool,
    },
    /// Not in the cache, and the network may not be used.
    #[error(
        "{subject} is needed, is not in the cache {}, and may not be fetched because of {because}. \
         Run once without it, or give a folder that holds the files", cache.display()
    )]
    Offline {
        /// What was needed.
        subject: Box<Subject>,
        /// What forbids the network, such as `HF_HUB_OFFLINE=1`.
        because: String,
        /// The cache folder that was looked into.
        cache: PathBuf,
    },
    /// The Hub cannot be reached, and the cache does not help.
    #[error(
        "{subject} is needed, is not in the cache {}, and {endpoint} cannot be reached: {reason}. \
         Check the network, or give a folder that holds the files", cache.display()
    )]
    Network {
        /// What was needed.
        subject: Box<Subject>,
        /// The Hub that was asked.
        endpoint: String,
        /// What the connection said.
        reason: String,
        /// The cache folder that was looked into.
        cache: PathBuf,
    },
    /// The Hub answers, but not now.
    #[error(
        "{subject}: {endpoint} still answers {status} ({}) after {tries} tries. Try again later{}",
        if *status == 429 { "too many requests" } else { "the server has trouble" },
        if *status == 429 { "; with a token (HF_TOKEN) more requests are allowed" } else { "" }
    )]
    Busy {
        /// What was asked for.
        subject: Box<Subject>,
        /// The Hub that was asked.
        endpoint: String,
        /// 429 or one of 5xx.
        status: u16,
        /// How often it was tried.
        tries: u32,
    },
    /// The bytes did not all arrive.
    #[error(
        "{subject}: {tries} tries brought {got} of {} bytes; the last one ended with: {reason}. \
         What arrived is kept, and the next run goes on from there",
        expected.map_or_else(|| "an unknown number of".to_owned(), |size| size.to_string())
    )]
    Cut {
        /// The file.
        subject: Box<Subject>,
        /// Bytes on the disk.
        got: u64,
        /// Bytes of the whole file, where the server said.
        expected: Option<u64>,
        /// How often it was tried.
        tries: u32,
        /// How the last try ended.
        reason: String,
    },
    /// All bytes arrived, twice, and they are not the file's.
    #[error(
        "{subject}: the downloaded bytes are not the file's: its {what} must be {expected}, got {got}. \
         They were thrown away. Something between here and the server changes files, or the server's copy is damaged"
    )]
    Mismatch {
        /// The file.
        subject: Box<Subject>,
        /// `size`, `sha256` or `git sha1`.
        what: &'static str,
        /// What the server announced.
        expected: String,
        /// What arrived.
        got: String,
    },
    /// The answer makes no sense.
    #[error(
        "{subject}: {endpoint} gave an answer that cannot be used: {what}. Is it a Hugging Face Hub (HF_ENDPOINT)?"
    )]
    BadResponse {
        /// What was asked for.
        subject: Box<Subject>,
        /// The Hub that was asked.
        endpoint: String,
        /// What is wrong with the answer.
        what: String,
    },
    /// Something could not be brought to the Hub.
    #[error("{repo}: cannot {doing}: {reason}")]
    Upload {
        /// `model owner/name`.
        repo: String,
        /// `commit the files`, and the like.
        doing: &'static str,
        /// What is wrong, and what to do.
        reason: String,
        /// Whether the token, the names or the machine are to blame, rather than the server.
        is_usage: bool,
    },
    /// The caller wanted to stop.
    #[error("{what}: stopped on request; {consequence}")]
    Cancelled {
        /// The file, the revision or the repository that it was about.
        what: String,
        /// What is left of the work.
        consequence: &'static str,
    },
    /// The cache cannot be read or written.
    #[error("{doing} {}: {}", path.display(), disk_reason(source))]
    Disk {
        /// `cannot write`, and the like.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl HubError {
    /// Whether what was asked for is to blame (exit code 2), rather than the network, the server or the disk.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::BadRepoId { .. }
            | Self::BadRevision { .. }
            | Self::UnsafePath { .. }
            | Self::BadSetting { .. }
            | Self::RepoNotFound { .. }
            | Self::RevisionNotFound { .. }
            | Self::FileNotFound { .. }
            | Self::Denied { .. }
            | Self::Offline { .. }
            | Self::Mismatch { .. } => true,
            Self::Upload { is_usage, .. } => *is_usage,
            Self::Network { .. }
            | Self::Busy { .. }
            | Self::Cut { .. }
            | Self::BadResponse { .. }
            | Self::Cancelled { .. }
            | Self::Disk { .. } => false,
        }
    }

    /// Why the Hub could not be asked, where that is so: the cache may answer in its place.
    pub(crate) fn unreachable(&self) -> Option<String> {
        match self {
            Self::Offline { because, .. } => Some(format!("the network may not be used ({because})")),
            Self::Network { endpoint, reason, .. } => Some(format!("{endpoint} cannot be reached ({reason})")),
            Self::Busy { endpoint, status, .. } => Some(format!("{endpoint} answers with status {status}")),
            _ => None,
        }
    }

    /// A download that ends because the caller wants it.
    pub(crate) fn cancelled_download(subject: &Subject) -> Self {
        let consequence = "what has arrived is kept, and the next run goes on from there";
        Self::Cancelled { what: subject.to_string(), consequence }
    }

    /// For `map_err` on what the operating system refused.
    pub(crate) fn disk(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { doing, path, source }
    }
}

fn private_hint(had_token: bool) -> &'static str {
    if had_token {
        "; if it is private, the token that was sent may not read it"
    } else {
        "; if it is private, set HF_TOKEN to a token that may read it"
    }
}

fn denied_hint(gated: bool, had_token: bool) -> &'static str {
    match (gated, had_token) {
        (true, true) => {
            "Its owner wants terms to be accepted: open its page there, signed in as the token's owner, and accept them"
        }
        (true, false) => {
            "Its owner wants terms to be accepted: open its page there, accept them, and set HF_TOKEN to your token"
        }
        (false, true) => "The token that was sent is wrong, has expired, or may not read this repository",
        (false, false) => {
            "It is private, or does not exist: check the name, and set HF_TOKEN to a token that may read it"
        }
    }
}

/// The system's words, with what to do about them where that is plain.
fn disk_reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("the disk is full ({error}); free some space, or move the cache with HF_HOME or --cache_dir")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!("{error}; choose a cache that you may write to with HF_HOME or --cache_dir")
        }
        _ => error.to_string(),
    }
}
