//! The commit itself.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::file::UploadFile;
use super::lfs;
use super::target::{JSON, UploadTarget};
use crate::error::HubError;
use crate::http::RequestError;
use crate::hub::Hub;
use crate::progress::escaped;
use crate::repo::RepoId;

/// Bytes of a file by which the Hub tells text from binary.
const SAMPLE_BYTES: u64 = 512;

/// What the Hub says to the files that are announced.
#[derive(Deserialize)]
struct Preupload {
    files: Vec<UploadMode>,
}

/// How a file is to be sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadMode {
    path: String,
    /// `lfs` or `regular`.
    upload_mode: String,
    /// The repository's `.gitignore` names it.
    #[serde(default)]
    should_ignore: bool,
}

/// What the Hub says to a commit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Committed {
    commit_url: Option<String>,
}

impl Hub {
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
        let target = UploadTarget { session: &self.session, repo, revision };
        target.check()?;
        let unreadable = |error| target.error("read a file for it", error, 1);
        let modes = upload_modes(&target, files)?;
        let mut lines = vec![json!({"key": "header", "value": {"summary": message, "description": ""}})];
        let mut large = Vec::new();
        for file in files {
            let mode = modes.get(file.path());
            if mode.is_some_and(|mode| mode.should_ignore) {
                continue;
            }
            // The store takes no empty files.
            if file.size() > 0 && mode.is_some_and(|mode| mode.upload_mode == "lfs") {
                let oid = file.sha256().map_err(unreadable)?;
                let value = json!({"path": file.path(), "algo": "sha256", "oid": oid, "size": file.size()});
                lines.push(json!({"key": "lfsFile", "value": value}));
                large.push((file, oid));
            } else {
                let content = BASE64_STANDARD.encode(file.head(u64::MAX).map_err(unreadable)?);
                let value = json!({"content": content, "path": file.path(), "encoding": "base64"});
                lines.push(json!({"key": "file", "value": value}));
            }
        }
        lfs::store(&target, &large)?;
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let committed: Result<Committed, _> =
            target.post("commit", &target.api_url("commit"), "application/x-ndjson", body.as_bytes());
        let committed = committed.map_err(|(error, tries)| target.error("commit the files", error, tries))?;
        Ok(committed.commit_url.as_deref().map(escaped))
    }
}

/// Asks how each file is to be sent; by its path.
fn upload_modes(target: &UploadTarget<'_>, files: &[UploadFile]) -> Result<BTreeMap<String, UploadMode>, HubError> {
    let mut modes = BTreeMap::new();
    // As many as Python asks about at once.
    for chunk in files.chunks(256) {
        let rows = chunk.iter().map(|file| {
            let sample = BASE64_STANDARD.encode(file.head(SAMPLE_BYTES)?);
            Ok(json!({"path": file.path(), "sample": sample, "size": file.size()}))
        });
        let rows = rows.collect::<Result<Vec<Value>, RequestError>>();
        let rows = rows.map_err(|error| target.error("read a file for it", error, 1))?;
        let body = json!({ "files": rows }).to_string();
        let reply: Result<Preupload, _> =
            target.post("announce the files", &target.api_url("preupload"), JSON, body.as_bytes());
        let reply = reply.map_err(|(error, tries)| target.error("announce the files", error, tries))?;
        modes.extend(reply.files.into_iter().map(|mode| (mode.path.clone(), mode)));
    }
    Ok(modes)
}
