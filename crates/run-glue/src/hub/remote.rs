//! What the Hub is asked: what a revision is, what a file is, and for its bytes. The hf-hub crate makes the addresses
//! and the request about a revision; what it has no words for (statuses, partial bodies) goes through [`Http`].

use std::sync::Arc;

use hf_hub::api::sync::{Api, ApiBuilder};
use serde::Deserialize;

use super::config::HubConfig;
use super::error::{HubError, Subject};
use super::http::{Answer, Ask, Failure, Http, configure};
use super::listing::RemoteFile;
use super::progress::Progress;
use super::repo::{RepoId, is_commit, percent_encode};

/// No list of files is longer; it bounds what a broken server can make us read.
const MAX_INFO_BYTES: u64 = 64 << 20;

/// A Hub that is asked over the network.
pub(super) struct Remote {
    api: Api,
    pub(super) http: Http,
    config: HubConfig,
}

/// A revision.
pub(super) struct Info {
    /// The commit that it is.
    pub(super) commit: String,
    /// The files of that commit.
    pub(super) files: Vec<RemoteFile>,
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Name of the bytes: sha256 of large files, git's sha1 of small ones.
    pub(super) etag: String,
    /// Bytes, where the server said.
    pub(super) size: Option<u64>,
}

/// What the server says a file is.
pub(super) enum Head {
    /// It is there.
    File(Facts),
    /// The commit has no such file. `certain` where the server used the Hub's own word for it.
    Absent { certain: bool },
}

/// What a 404 without further words is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Revision,
    File,
}

#[derive(Deserialize)]
struct InfoBody {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    #[serde(alias = "oid")]
    sha256: Option<String>,
}

impl Remote {
    /// `config` has been checked.
    pub(super) fn new(config: &HubConfig, progress: Arc<dyn Progress>) -> Result<Self, HubError> {
        let api = ApiBuilder::from_cache(hf_hub::Cache::new(config.cache_dir.clone()))
            .with_endpoint(config.endpoint.clone())
            .with_token(config.token.clone())
            .with_user_agent("run-glue", env!("CARGO_PKG_VERSION"))
            .with_progress(false)
            .build()
            .map_err(|error| HubError::BadSetting { name: "The Hub's client".to_owned(), why: error.to_string() })?;
        Ok(Self { api, http: Http::new(config, progress), config: config.clone() })
    }

    /// Asks what `revision` is, and which files it has.
    pub(super) fn info(&self, repo: &RepoId, revision: &str) -> Result<Info, HubError> {
        let subject = repo.subject(revision, None);
        let handle = self.api.repo(repo.at(&percent_encode(revision, false)));
        let result = self.http.retrying(&subject.to_string(), || {
            let request = handle.info_request().query("blobs", "true");
            let url = request.uri_ref().map(ToString::to_string).unwrap_or_default();
            let first = configure!(request.config(), direct: self.http.is_local).build().call()?;
            let mut answer = self.http.follow(Ask::Body { from: 0 }, &url, first)?;
            let bytes = answer.body.with_config().limit(MAX_INFO_BYTES).read_to_vec()?;
            serde_json::from_slice::<InfoBody>(&bytes).map_err(|error| Failure::Nonsense(error.to_string()))
        });
        let body = result.map_err(|(failure, tries)| self.explain(failure, tries, About::Revision, subject.clone()))?;
        if !is_commit(&body.sha) {
            return Err(self.nonsense(subject, format!("\"{}\" is no commit", body.sha.escape_debug())));
        }
        let files = body.siblings.into_iter().map(|sibling| RemoteFile {
            path: sibling.rfilename,
            size: sibling.size,
            sha256: sibling.lfs.and_then(|lfs| lfs.sha256),
        });
        Ok(Info { commit: body.sha, files: files.collect() })
    }

    /// Asks what a file is. `subject` is for messages.
    pub(super) fn head(&self, repo: &RepoId, commit: &str, file: &str, subject: &Subject) -> Result<Head, HubError> {
        let url = self.file_url(repo, commit, file);
        let result = self.http.retrying(&subject.to_string(), || self.http.send(Ask::Head, &url));
        let answer = match result {
            Ok(answer) => answer,
            Err((failure, tries)) => {
                let certain = matches!(&failure, Failure::Status { code: Some(_), .. });
                return match self.explain(failure, tries, About::File, Box::new(subject.clone())) {
                    HubError::FileNotFound { .. } => Ok(Head::Absent { certain }),
                    error => Err(error),
                };
            }
        };
        let refuse = |what| Err(self.nonsense(Box::new(subject.clone()), what));
        if let Some(other) = answer.header("x-repo-commit").filter(|other| *other != commit) {
            return refuse(format!("it is about commit {}", other.escape_debug()));
        }
        let Some(etag) = answer.header("x-linked-etag").or_else(|| answer.header("etag")) else {
            return refuse("it has no ETag, by which the file's bytes are named".to_owned());
        };
        let etag = etag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        // The ETag becomes a file's name.
        if etag.is_empty() || etag.len() > 128 || !etag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return refuse(format!("its ETag \"{}\" cannot name a file", etag.escape_debug()));
        }
        // The length of a redirect's own body is not the file's.
        let length = if answer.status == 200 { answer.last_header("content-length") } else { None };
        let size = answer.header("x-linked-size").or(length).and_then(|size| size.trim().parse().ok());
        Ok(Head::File(Facts { etag, size }))
    }

    /// The bytes of a file from `from` on: one try.
    pub(super) fn body(&self, repo: &RepoId, commit: &str, file: &str, from: u64) -> Result<Answer, Failure> {
        self.http.send(Ask::Body { from }, &self.file_url(repo, commit, file))
    }

    fn file_url(&self, repo: &RepoId, commit: &str, file: &str) -> String {
        self.api.repo(repo.at(commit)).url(&percent_encode(file, true))
    }

    /// A failure to get a file's bytes, in words for a person.
    pub(super) fn explain_file(&self, failure: Failure, tries: u32, subject: &Subject) -> HubError {
        self.explain(failure, tries, About::File, Box::new(subject.clone()))
    }

    fn nonsense(&self, subject: Box<Subject>, what: String) -> HubError {
        HubError::BadResponse { subject, endpoint: self.config.endpoint.clone(), what }
    }

    fn explain(&self, failure: Failure, tries: u32, about: About, subject: Box<Subject>) -> HubError {
        let endpoint = self.config.endpoint.clone();
        let had_token = self.config.token.is_some();
        let (status, code) = match failure {
            Failure::NoConnection(reason) | Failure::Broken(reason) => {
                return HubError::Network { subject, endpoint, reason, cache: self.config.cache_dir.clone() };
            }
            Failure::Nonsense(what) | Failure::Unreadable(what) => return self.nonsense(subject, what),
            Failure::Status { status, code, .. } => (status, code),
        };
        match (status, code.as_deref()) {
            (401 | 403, Some("GatedRepo")) => HubError::Denied { subject, endpoint, status, gated: true, had_token },
            (_, Some("RepoNotFound")) => HubError::RepoNotFound { subject, endpoint, had_token },
            (_, Some("RevisionNotFound")) => HubError::RevisionNotFound { subject },
            (_, Some("EntryNotFound")) => HubError::FileNotFound { subject },
            (401 | 403, _) => HubError::Denied { subject, endpoint, status, gated: false, had_token },
            (404, _) if about == About::File => HubError::FileNotFound { subject },
            (404, _) => HubError::RepoNotFound { subject, endpoint, had_token },
            (408 | 429 | 500..=599, _) => HubError::Busy { subject, endpoint, status, tries },
            _ => self.nonsense(subject, format!("status {status}")),
        }
    }
}
