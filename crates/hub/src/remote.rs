//! What the Hub is asked: what a revision is, what a file is, and for its bytes. hf-hub makes the addresses and the request
//! about a revision; the answers, and what it has no words for (statuses, parts of files), are [`Http`]'s.

use std::io::Read;
use std::sync::Arc;

use hf_hub::Cache;
use hf_hub::api::sync::{Api, ApiBuilder};
use serde::Deserialize;

use crate::blob::BlobInfo;
use crate::cancel::Cancel;
use crate::config::HubConfig;
use crate::error::{HubError, Subject};
use crate::http::{FileRequest, FileResponse, Http, RequestError};
use crate::listing::RemoteFile;
use crate::progress::{Progress, escaped};
use crate::repo::{RepoId, is_commit, percent_encode};

/// No list of files is longer; it bounds what a broken server can make us read.
const MAX_INFO_BYTES: u64 = 64 << 20;

/// A Hub that is asked over the network.
pub(crate) struct Remote {
    api: Api,
    pub(crate) http: Http,
    config: HubConfig,
}

/// What a branch, tag or commit is.
pub(crate) struct RevisionInfo {
    /// The commit that it is.
    pub(crate) commit: String,
    /// The files of that commit.
    pub(crate) files: Vec<RemoteFile>,
}

/// What the server says a file is.
pub(crate) enum FileStatus {
    /// It is there, with these bytes.
    Present(BlobInfo),
    /// The commit has no such file. `certain` where the server used the Hub's own word for it.
    Absent { certain: bool },
}

/// What was asked for, which is what a 404 without further words is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
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
    pub(crate) fn new(config: &HubConfig, progress: Arc<dyn Progress>, cancel: Cancel) -> Result<Self, HubError> {
        // Looks for a token beside the cache; which one is sent, or none, is `config`'s.
        let api = ApiBuilder::from_cache(Cache::new(config.cache_dir.clone()))
            .with_endpoint(config.endpoint.clone())
            .with_token(config.token.clone())
            .with_user_agent("run-glue", env!("CARGO_PKG_VERSION"))
            .with_progress(false)
            .build()
            .map_err(|error| HubError::BadSetting { name: "The Hub's client".to_owned(), why: error.to_string() })?;
        Ok(Self { api, http: Http::new(config, progress, cancel), config: config.clone() })
    }

    /// Asks what `revision` is, and which files it has.
    pub(crate) fn revision_info(&self, repo: &RepoId, revision: &str) -> Result<RevisionInfo, HubError> {
        let subject = repo.subject(revision, None);
        let handle = self.api.repo(repo.at(revision));
        let result = self.http.retrying(&subject.to_string(), |watch| {
            let response = self.http.get_prepared(handle.info_request().query("blobs", "true"))?;
            let body = response.body.into_with_config().limit(MAX_INFO_BYTES).reader();
            let mut bytes = Vec::new();
            watch.reader(body).read_to_end(&mut bytes).map_err(ureq::Error::from)?;
            serde_json::from_slice::<InfoBody>(&bytes).map_err(|error| RequestError::BadResponse(error.to_string()))
        });
        let body = result.map_err(|(error, tries)| self.explain(error, tries, Asked::Revision, subject.clone()))?;
        if !is_commit(&body.sha) {
            return Err(self.bad_response(subject, format!("\"{}\" is no commit", body.sha.escape_debug())));
        }
        let files = body.siblings.into_iter().map(|sibling| RemoteFile {
            path: sibling.rfilename,
            size: sibling.size,
            sha256: sibling.lfs.and_then(|lfs| lfs.sha256),
        });
        Ok(RevisionInfo { commit: body.sha, files: files.collect() })
    }

    /// Asks what a file is. `subject` is for messages.
    pub(crate) fn file_status(
        &self,
        repo: &RepoId,
        commit: &str,
        file: &str,
        subject: &Subject,
    ) -> Result<FileStatus, HubError> {
        let url = self.file_url(repo, commit, file);
        let result = self.http.retrying(&subject.to_string(), |_| self.http.get(FileRequest::Headers, &url));
        let response = match result {
            Ok(response) => response,
            Err((error, tries)) => {
                let certain = matches!(&error, RequestError::Status { code: Some(_), .. });
                return match self.explain(error, tries, Asked::File, Box::new(subject.clone())) {
                    HubError::FileNotFound { .. } => Ok(FileStatus::Absent { certain }),
                    error => Err(error),
                };
            }
        };
        let refuse = |what| Err(self.bad_response(Box::new(subject.clone()), what));
        if let Some(other) = response.header("x-repo-commit").filter(|other| *other != commit) {
            return refuse(format!("it is about commit {}", other.escape_debug()));
        }
        let Some(etag) = response.header("x-linked-etag").or_else(|| response.header("etag")) else {
            return refuse("it has no ETag, by which the file's bytes are named".to_owned());
        };
        let etag = etag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        // The ETag becomes a file's name.
        if etag.is_empty() || etag.len() > 128 || !etag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return refuse(format!("its ETag \"{}\" cannot name a file", etag.escape_debug()));
        }
        // The length of a redirect's own body is not the file's.
        let length = if response.status == 200 { response.last_header("content-length") } else { None };
        let size = response.header("x-linked-size").or(length).and_then(|size| size.trim().parse().ok());
        Ok(FileStatus::Present(BlobInfo { etag, size }))
    }

    /// The bytes of a file without the first `from`: one try.
    pub(crate) fn file_bytes(
        &self,
        repo: &RepoId,
        commit: &str,
        file: &str,
        from: u64,
    ) -> Result<FileResponse, RequestError> {
        self.http.get(FileRequest::Bytes { from }, &self.file_url(repo, commit, file))
    }

    /// The address of a file, `https://huggingface.co/owner/name/resolve/COMMIT/FILE`.
    fn file_url(&self, repo: &RepoId, commit: &str, file: &str) -> String {
        self.api.repo(repo.at(commit)).url(&percent_encode(file, true))
    }

    /// A failure to get a file's bytes, in words for a person.
    pub(crate) fn explain_file(&self, error: RequestError, tries: u32, subject: &Subject) -> HubError {
        self.explain(error, tries, Asked::File, Box::new(subject.clone()))
    }

    fn bad_response(&self, subject: Box<Subject>, what: String) -> HubError {
        HubError::BadResponse { subject, endpoint: self.config.endpoint.clone(), what: escaped(&what) }
    }

    fn explain(&self, error: RequestError, tries: u32, asked: Asked, subject: Box<Subject>) -> HubError {
        let endpoint = self.config.endpoint.clone();
        let had_token = self.config.token.is_some();
        let (status, code) = match error {
            RequestError::Cancelled => return HubError::cancelled_download(&subject),
            RequestError::NoConnection(reason) | RequestError::Broken(reason) => {
                let reason = escaped(&reason);
                return HubError::Network { subject, endpoint, reason, cache: self.config.cache_dir.clone() };
            }
            RequestError::BadResponse(what) | RequestError::Unreadable(what) => {
                return self.bad_response(subject, what);
            }
            RequestError::Status { status, code, .. } => (status, code),
        };
        match (status, code.as_deref()) {
            (401 | 403, Some("GatedRepo")) => HubError::Denied { subject, endpoint, status, gated: true, had_token },
            (_, Some("RepoNotFound")) => HubError::RepoNotFound { subject, endpoint, had_token },
            (_, Some("RevisionNotFound")) => HubError::RevisionNotFound { subject },
            (_, Some("EntryNotFound")) => HubError::FileNotFound { subject },
            (401 | 403, _) => HubError::Denied { subject, endpoint, status, gated: false, had_token },
            (404, _) if asked == Asked::File => HubError::FileNotFound { subject },
            (404, _) => HubError::RepoNotFound { subject, endpoint, had_token },
            (408 | 429 | 500..=599, _) => HubError::Busy { subject, endpoint, status, tries },
            _ => self.bad_response(subject, format!("status {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn addresses_of_files() {
        let config = HubConfig::from_env(|name| match name {
            "HF_ENDPOINT" => Some("https://hub".to_owned()),
            "HF_HUB_CACHE" => Some("/nowhere/hub".to_owned()),
            _ => None,
        });
        let remote = Remote::new(&config.unwrap(), Arc::new(Silent), Cancel::never()).unwrap();
        let (model, data) = (RepoId::model("bert").unwrap(), RepoId::dataset("nyu-mll/glue").unwrap());
        assert_eq!(remote.file_url(&model, "main", "a/b c"), "https://hub/bert/resolve/main/a/b%20c");
        assert_eq!(remote.file_url(&data, "pr/1", "x"), "https://hub/datasets/nyu-mll/glue/resolve/pr%2F1/x");
    }
}
