//! Files to a repository of the Hub as one commit, as Python's `HfApi.create_commit` does it: the Hub says of each file
//! whether it goes into git or into the store of large files, the large ones are stored, then one request commits all.
//! <https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/_commit_api.py>

mod lfs;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::HubError;
use super::http::{Failure, Http, Reply};
use super::repo::{RepoId, percent_encode};
use super::{Hub, Inner};

const JSON: &str = "application/json";
/// Bytes of a file by which the Hub tells text from binary.
const SAMPLE_BYTES: u64 = 512;

/// A file that goes to the Hub. It is open, so that it may lose its name meanwhile.
pub struct UploadFile {
    path: String,
    file: File,
    size: u64,
}

impl UploadFile {
    /// `place` on this machine as `path` in the repository.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(path: String, place: &Path) -> std::io::Result<Self> {
        let file = File::open(place)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size })
    }

    /// Path in the repository.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first `limit` bytes.
    fn head(&self, limit: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        let read = file.rewind().and_then(|()| file.take(limit).read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|error| Failure::Unreadable(format!("{}: {error}", self.path)))
    }
}

/// What is done, and with which repository: for requests and for messages.
struct Target<'a> {
    inner: &'a Inner,
    repo: &'a RepoId,
    revision: &'a str,
}

#[derive(Deserialize)]
struct Created {
    url: String,
}

#[derive(Deserialize)]
struct Preupload {
    files: Vec<Mode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mode {
    path: String,
    upload_mode: String,
    #[serde(default)]
    should_ignore: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Committed {
    commit_url: Option<String>,
}

impl Hub {
    /// Makes sure that the model repository exists. `private`: for a new one; `None` is the owner's default. Without an
    /// owner in `id`, it is the token's. Then that it has the branch `revision`, which is not made.
    ///
    /// # Errors
    /// [`HubError::BadRepoId`], [`HubError::RevisionNotFound`], or [`HubError::Upload`] where the token may not, or nobody
    /// answers.
    pub fn create_model(&self, id: &str, private: Option<bool>, revision: &str) -> Result<RepoId, HubError> {
        let repo = self.create(RepoId::model(id)?, private)?;
        if revision != "main" {
            super::repo::check_revision(&repo, revision)?;
            self.inner.remote.info(&repo, revision)?;
        }
        Ok(repo)
    }

    fn create(&self, repo: RepoId, private: Option<bool>) -> Result<RepoId, HubError> {
        let id = repo.id();
        let target = Target { inner: &self.inner, repo: &repo, revision: "main" };
        target.check()?;
        let (owner, name) = id.split_once('/').map_or((None, id), |(owner, name)| (Some(owner), name));
        let mut body = json!({"name": name, "organization": owner, "type": "model"});
        if let Some(private) = private {
            body["visibility"] = json!(if private { "private" } else { "public" });
        }
        let url = format!("{}/api/repos/create", self.inner.config.endpoint);
        let created: Result<Created, _> = target.post("make the repository", &url, JSON, body.to_string().as_bytes());
        match created {
            Ok(created) => target.named_in(&created.url),
            // It is there already, and the answer says so.
            Err((Failure::Status { status: 409, body, .. }, _)) if serde_json::from_slice::<Created>(&body).is_ok() => {
                target.named_in(&serde_json::from_slice::<Created>(&body).map(|it| it.url).unwrap_or_default())
            }
            // A token for one repository may not make any, though that one is there.
            Err((Failure::Status { status: 401..=403, .. }, _))
                if owner.is_some() && self.inner.remote.info(&repo, "main").is_ok() =>
            {
                Ok(repo)
            }
            Err((failure, tries)) => Err(target.error("make the repository", failure, tries)),
        }
    }

    /// Commits `files` to a branch; what else is there stays. Returns the commit's page, where the Hub names one.
    ///
    /// # Errors
    /// [`HubError::Upload`]; the branch is as it was then.
    pub fn upload(
        &self,
        repo: &RepoId,
        revision: &str,
        files: &[UploadFile],
        message: &str,
    ) -> Result<Option<String>, HubError> {
        let target = Target { inner: &self.inner, repo, revision };
        target.check()?;
        let unreadable = |failure| target.error("read a file for it", failure, 1);
        let modes = target.modes(files)?;
        let mut lines = vec![json!({"key": "header", "value": {"summary": message, "description": ""}})];
        let mut large = Vec::new();
        for file in files {
            let mode = modes.get(file.path.as_str());
            if mode.is_some_and(|mode| mode.should_ignore) {
                continue;
            }
            // The store takes no empty files.
            if file.size > 0 && mode.is_some_and(|mode| mode.upload_mode == "lfs") {
                let oid = lfs::sha256(file).map_err(unreadable)?;
                let value = json!({"path": file.path, "algo": "sha256", "oid": oid, "size": file.size});
                lines.push(json!({"key": "lfsFile", "value": value}));
                large.push((file, oid));
            } else {
                let content = BASE64_STANDARD.encode(file.head(u64::MAX).map_err(unreadable)?);
                let value = json!({"content": content, "path": file.path, "encoding": "base64"});
                lines.push(json!({"key": "file", "value": value}));
            }
        }
        lfs::store(&target, &large)?;
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let committed: Result<Committed, _> =
            target.post("commit", &target.api("commit"), "application/x-ndjson", body.as_bytes());
        let committed = committed.map_err(|(failure, tries)| target.error("commit the files", failure, tries))?;
        Ok(committed.commit_url)
    }
}

impl Target<'_> {
    fn http(&self) -> &Http {
        &self.inner.remote.http
    }

    /// `…/api/models/ID/WHAT/REVISION`.
    fn api(&self, what: &str) -> String {
        let endpoint = &self.inner.config.endpoint;
        format!("{endpoint}/api/models/{}/{what}/{}", self.repo.id(), percent_encode(self.revision, false))
    }

    /// What can be known before any request.
    fn check(&self) -> Result<(), HubError> {
        let config = &self.inner.config;
        let refuse = |reason: String| {
            Err(HubError::Upload { repo: self.repo.to_string(), doing: "upload", reason, is_usage: true })
        };
        if let Some(because) = &config.offline {
            return refuse(format!("the network may not be used because of {because}"));
        }
        if config.token.is_none() {
            return refuse("there is no token; set HF_TOKEN, or give --token, to one that may write".to_owned());
        }
        Ok(())
    }

    /// Posts until it works, and reads the answer.
    fn post<T>(&self, what: &str, url: &str, content_type: &str, body: &[u8]) -> Result<T, (Failure, u32)>
    where
        T: serde::de::DeserializeOwned,
    {
        let what = format!("{}: {what}", self.repo);
        self.http().retrying(&what, || self.http().post(url, content_type, body).and_then(|reply: Reply| reply.json()))
    }

    /// Asks how each file is to be sent.
    fn modes(&self, files: &[UploadFile]) -> Result<BTreeMap<String, Mode>, HubError> {
        let mut modes = BTreeMap::new();
        // As many as Python asks about at once.
        for chunk in files.chunks(256) {
            let rows = chunk.iter().map(|file| {
                let sample = BASE64_STANDARD.encode(file.head(SAMPLE_BYTES)?);
                Ok(json!({"path": file.path, "sample": sample, "size": file.size}))
            });
            let rows = rows.collect::<Result<Vec<Value>, Failure>>();
            let rows = rows.map_err(|failure| self.error("read a file for it", failure, 1))?;
            let body = json!({ "files": rows }).to_string();
            let reply: Result<Preupload, _> =
                self.post("announce the files", &self.api("preupload"), JSON, body.as_bytes());
            let reply = reply.map_err(|(failure, tries)| self.error("announce the files", failure, tries))?;
            modes.extend(reply.files.into_iter().map(|mode| (mode.path.clone(), mode)));
        }
        Ok(modes)
    }

    /// The repository of an address such as `https://huggingface.co/owner/name`.
    fn named_in(&self, url: &str) -> Result<RepoId, HubError> {
        let mut parts = url.trim_end_matches('/').rsplit('/');
        let id = parts.next().zip(parts.next()).map(|(name, owner)| format!("{owner}/{name}"));
        let own = |id: &String| id.ends_with(&format!("/{}", self.repo.id())) || id == self.repo.id();
        match id.filter(own) {
            Some(id) => RepoId::model(&id),
            None => {
                let failure = Failure::Nonsense(format!("it made \"{}\"", url.escape_debug()));
                Err(self.error("make the repository", failure, 1))
            }
        }
    }

    /// A failure in words for a person.
    fn error(&self, doing: &'static str, failure: Failure, tries: u32) -> HubError {
        let endpoint = &self.inner.config.endpoint;
        let (reason, is_usage) = match failure {
            Failure::Unreadable(why) => (why, true),
            Failure::NoConnection(why) => (format!("{endpoint} cannot be reached: {why}"), true),
            Failure::Broken(why) => (format!("{endpoint}: {tries} tries, the last one ended with: {why}"), false),
            Failure::Nonsense(why) => (format!("{endpoint} gave an answer that cannot be used: {why}"), false),
            Failure::Status { status, message, code, .. } => {
                let words = message.or(code).map_or_else(String::new, |words| format!(", \"{words}\""));
                match status {
                    401 | 403 => (
                        format!(
                            "{endpoint} denies it (status {status}{words}); give a token that may write there with --token or \
                             HF_TOKEN"
                        ),
                        true,
                    ),
                    404 => (
                        format!(
                            "{endpoint} knows no such repository or branch, {} at {} (status 404{words})",
                            self.repo.id(),
                            self.revision
                        ),
                        true,
                    ),
                    408 | 429 | 500..=599 => {
                        (format!("{endpoint} still answers {status} after {tries} tries; try again later"), false)
                    }
                    _ => (format!("{endpoint} refuses it (status {status}{words})"), true),
                }
            }
        };
        HubError::Upload { repo: self.repo.to_string(), doing, reason, is_usage }
    }
}
