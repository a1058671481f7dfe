//! Large files to the store behind the Hub, by git-lfs' batch protocol with the Hub's own transfer in parts.
//! <https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md>,
//! <https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/lfs.py>

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::file::UploadFile;
use super::target::{JSON, UploadTarget};
use crate::error::HubError;
use crate::http::{FilePart, RequestError};
use crate::progress::{Direction, Transfer};

const LFS_JSON: &str = "application/vnd.git-lfs+json";

/// What the store says to the files that it is to take.
#[derive(Deserialize)]
struct BatchResponse {
    objects: Vec<LfsObject>,
}

#[derive(Deserialize)]
struct LfsObject {
    /// The sha256 in hexadecimal.
    oid: String,
    /// Absent where the store has the bytes already.
    actions: Option<LfsActions>,
    error: Option<ObjectError>,
}

#[derive(Deserialize)]
struct ObjectError {
    code: u16,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct LfsActions {
    upload: Option<LfsAction>,
    verify: Option<LfsAction>,
}

#[derive(Deserialize)]
struct LfsAction {
    href: String,
    /// For a transfer in parts: `chunk_size`, and an address under each part's number.
    #[serde(default)]
    header: Map<String, Value>,
}

/// Puts the bytes of `files`, each with its sha256, into the store, unless they are there.
pub(super) fn store(target: &UploadTarget<'_>, files: &[(&UploadFile, String)]) -> Result<(), HubError> {
    const DOING: &str = "store the large files";
    if files.is_empty() {
        return Ok(());
    }
    let objects: Vec<Value> = files.iter().map(|(file, oid)| json!({"oid": oid, "size": file.size()})).collect();
    let body = json!({
        "operation": "upload",
        "transfers": ["basic", "multipart"],
        "objects": objects,
        "hash_algo": "sha256",
        "ref": {"name": target.revision},
    });
    let url = format!("{}/{}.git/info/lfs/objects/batch", target.session.config.endpoint, target.repo.id());
    let failed = |(error, tries)| target.error(DOING, error, tries);
    let batch: BatchResponse = target.post(DOING, &url, LFS_JSON, body.to_string().as_bytes()).map_err(failed)?;
    for object in batch.objects {
        if let Some(ObjectError { code, message }) = object.error {
            let error = RequestError::Status {
                status: code,
                retry_after: None,
                code: None,
                message: Some(message),
                body: Vec::new(),
            };
            return Err(failed((error, 1)));
        }
        let found = files.iter().find(|(_, oid)| *oid == object.oid);
        let (Some((file, oid)), Some(actions)) = (found, object.actions) else { continue };
        if let Some(upload) = actions.upload {
            let mut transfer = target.http().progress.start(Direction::Upload, file.path(), Some(file.size()));
            send(target, file, oid, &upload, transfer.as_mut()).map_err(failed)?;
            transfer.finish();
        }
        if let Some(verify) = actions.verify {
            let body = json!({"oid": oid, "size": file.size()}).to_string();
            let what = format!("{}: verify", file.path());
            let http = target.http();
            http.retrying(&what, |_| http.post(&verify.href, JSON, body.as_bytes())).map_err(failed)?;
        }
    }
    Ok(())
}

/// The bytes of one file, in one piece or in the parts that the server wants.
fn send(
    target: &UploadTarget<'_>,
    file: &UploadFile,
    oid: &str,
    upload: &LfsAction,
    transfer: &mut dyn Transfer,
) -> Result<(), (RequestError, u32)> {
    let http = target.http();
    let mut put = |url: &str, from: u64, length: u64| {
        http.retrying(file.path(), |watch| {
            http.put(url, FilePart { file: file.file(), from, length }, transfer, watch).inspect_err(|_| {
                transfer.restart();
                transfer.advance(from);
            })
        })
    };
    let Some(chunk_size) = upload.header.get("chunk_size") else {
        return put(&upload.href, 0, file.size()).map(drop);
    };
    let nonsense = |what: &str| (RequestError::BadResponse(what.to_owned()), 1);
    let text = chunk_size.as_str().map_or_else(|| chunk_size.to_string(), str::to_owned);
    let chunk_size = text.parse().ok().filter(|&size: &u64| size > 0);
    let chunk_size = chunk_size.ok_or_else(|| nonsense(&format!("a chunk_size of {text}")))?;
    let numbered = |(name, url): (&String, &Value)| Some((name.parse::<u64>().ok()?, url.as_str()?.to_owned()));
    let mut urls: Vec<(u64, String)> = upload.header.iter().filter_map(numbered).collect();
    urls.sort();
    if urls.len() as u64 != file.size().div_ceil(chunk_size) {
        return Err(nonsense("another number of parts than the file has"));
    }
    let mut parts = Vec::new();
    for (index, (_, url)) in urls.iter().enumerate() {
        let from = index as u64 * chunk_size;
        let reply = put(url, from, chunk_size.min(file.size() - from))?;
        let etag = reply.header("etag").ok_or_else(|| nonsense("a part without an ETag"))?;
        parts.push(json!({"partNumber": index + 1, "etag": etag}));
    }
    let body = json!({"oid": oid, "parts": parts}).to_string();
    http.retrying(file.path(), |_| http.post_signed(&upload.href, LFS_JSON, body.as_bytes())).map(drop)
}
