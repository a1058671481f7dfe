//! What the Hub answers to who brings something: repositories, announcements, large files, commits.

use std::collections::BTreeMap;
use std::io::Result;
use std::net::TcpStream;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Shared;
use super::repos::{Repo, RepoKind, git_sha1, is_large, sha256};
use super::wire::{Request, write_answer};

/// Who may write, and what was stored.
#[derive(Default)]
pub(crate) struct Uploads {
    /// Owners by token.
    pub(crate) accounts: BTreeMap<String, String>,
    /// A token of these may not make repositories.
    pub(crate) narrow_tokens: Vec<String>,
    /// Large files are wanted in parts of so many bytes.
    pub(crate) chunk_size: Option<usize>,
    /// No large file is taken, in these words.
    pub(crate) refusal: Option<String>,
    /// Behind the address of each commit.
    pub(crate) address_end: String,
    /// Large files by their sha256.
    store: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<(String, usize), Vec<u8>>,
    /// Repository, branch and message of each commit.
    pub(crate) commits: Vec<(String, String, String)>,
    /// Bodies of the requests for a repository.
    pub(crate) created: Vec<Value>,
}

/// Answers, if the request is one of these.
pub(crate) fn answer(shared: &Shared, request: &Request, stream: &mut TcpStream) -> Option<Result<()>> {
    let reply = |stream: &mut TcpStream, status, body: Value| {
        let body = body.to_string();
        write_answer(stream, status, &[], body.len(), body.as_bytes())
    };
    let mut uploads = shared.uploads.lock().unwrap();
    if request.cdn && request.method == "PUT" {
        let (oid, part) = request.path.strip_prefix("/store/")?.split_once('/')?;
        uploads.parts.insert((oid.to_owned(), part.parse().unwrap()), request.body.clone());
        let etag = format!("\"{}\"", git_sha1(&request.body));
        return Some(write_answer(stream, 200, &[("ETag", etag)], 0, b""));
    }
    if request.method != "POST" {
        return None;
    }
    if request.path.contains("/complete/") {
        assert!(request.header("authorization").is_none());
        let oid = request.path.rsplit('/').next()?;
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        for part in body["parts"].as_array().unwrap() {
            let number = part["partNumber"].as_u64().unwrap() as usize;
            let bytes = &uploads.parts[&(oid.to_owned(), number)];
            assert_eq!(part["etag"], format!("\"{}\"", git_sha1(bytes)));
        }
        return Some(reply(stream, 200, json!({"success": true})));
    }
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let Some(owner) = uploads.accounts.get(token).cloned() else {
        return Some(reply(stream, 401, json!({"error": "Invalid credentials in Authorization header"})));
    };
    let path = request.path.as_str();
    let endpoint = format!("http://{}", request.header("host").unwrap());
    if path == "/api/repos/create" {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let given = body["organization"].as_str().unwrap_or(&owner);
        let id = format!("{given}/{}", body["name"].as_str().unwrap());
        uploads.created.push(body.clone());
        if given != owner || uploads.narrow_tokens.iter().any(|narrow| narrow == token) {
            return Some(reply(stream, 403, json!({"error": "You don't have the rights to create a model there"})));
        }
        let url = format!("{endpoint}/{id}");
        let mut repos = shared.repos.lock().unwrap();
        if repos.iter().any(|repo| repo.kind == RepoKind::Model && repo.id == id) {
            return Some(reply(stream, 409, json!({"error": "You already created this model repo", "url": url})));
        }
        let mut repo = Repo::new(RepoKind::Model, &id);
        repo.set("main", &"0".repeat(40), [(".gitattributes", b"".as_slice())].into());
        repos.push(repo);
        return Some(reply(stream, 200, json!({"url": url, "name": id})));
    }
    let mut repos = shared.repos.lock().unwrap();
    let Some(repo) = repos.iter_mut().find(|repo| path.contains(&repo.id)) else {
        return Some(reply(stream, 404, json!({"error": "Repository not found"})));
    };
    let rest = path.split_once(&repo.id)?.1;
    if rest == ".git/info/lfs/objects/batch" {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["operation"], &body["hash_algo"]), (&json!("upload"), &json!("sha256")));
        let objects: Vec<Value> = body["objects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|object| {
                let oid = object["oid"].as_str().unwrap();
                if let Some(words) = &uploads.refusal {
                    return json!({"oid": oid, "error": {"code": 422, "message": words}});
                }
                if uploads.store.contains_key(oid) {
                    return object.clone();
                }
                let place = |part| format!("http://{}/store/{oid}/{part}?signature=x", shared.cdn);
                let complete = format!("{endpoint}/api/models/{}/complete/{oid}", repo.id);
                let upload = match uploads.chunk_size {
                    None => json!({"href": place(1)}),
                    Some(chunk) => {
                        let parts = object["size"].as_u64().unwrap().div_ceil(chunk as u64);
                        let mut header = json!({"chunk_size": chunk.to_string()});
                        (1..=parts).for_each(|part| header[format!("{part:05}")] = json!(place(part)));
                        json!({"href": complete, "header": header})
                    }
                };
                let verify = format!("{endpoint}/api/models/{}/verify/{oid}", repo.id);
                json!({"oid": oid, "size": object["size"], "actions": {"upload": upload, "verify": {"href": verify}}})
            })
            .collect();
        return Some(reply(stream, 200, json!({"objects": objects})));
    }
    let mut words = rest.split('/').skip(1);
    let what = words.next()?;
    // What was sent, in which a `/` of a branch's own is encoded.
    let name = request.target.rsplit('/').next()?.replace("%2F", "/");
    let name = name.as_str();
    match what {
        "verify" => {
            let keys: Vec<_> = uploads.parts.keys().filter(|(oid, _)| oid == name).cloned().collect();
            let bytes: Vec<u8> = keys.iter().flat_map(|key| uploads.parts.remove(key).unwrap()).collect();
            let status = if sha256(&bytes) == name { 200 } else { 404 };
            uploads.store.insert(name.to_owned(), bytes);
            Some(reply(stream, status, json!({"message": "the stored bytes are others"})))
        }
        "preupload" => {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let files: Vec<Value> = body["files"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| {
                    assert!(BASE64_STANDARD.decode(file["sample"].as_str().unwrap()).unwrap().len() <= 512);
                    let mode = if is_large(file["path"].as_str().unwrap()) { "lfs" } else { "regular" };
                    json!({"path": file["path"], "uploadMode": mode, "shouldIgnore": false})
                })
                .collect();
            Some(reply(stream, 200, json!({"files": files})))
        }
        "commit" => {
            let Some((_, before)) = repo.commit(name) else {
                return Some(write_answer(stream, 404, &[("X-Error-Code", "RevisionNotFound".to_owned())], 0, b""));
            };
            let mut files = before.clone();
            let lines: Vec<Value> = request
                .body
                .split(|&byte| byte == b'\n')
                .filter_map(|line| serde_json::from_slice(line).ok())
                .collect();
            let summary = lines[0]["value"]["summary"].as_str().unwrap().to_owned();
            for line in &lines[1..] {
                let value = &line["value"];
                let bytes = match line["key"].as_str().unwrap() {
                    "file" => BASE64_STANDARD.decode(value["content"].as_str().unwrap()).unwrap(),
                    _ => uploads.store[value["oid"].as_str().unwrap()].clone(),
                };
                files.0.insert(value["path"].as_str().unwrap().to_owned(), bytes);
            }
            let commit = git_sha1(&request.body);
            repo.set(name, &commit, files);
            uploads.commits.push((repo.id.clone(), name.to_owned(), summary));
            let url = format!("{endpoint}/{}/commit/{commit}{}", repo.id, uploads.address_end);
            Some(reply(stream, 200, json!({"commitOid": commit, "commitUrl": url})))
        }
        _ => None,
    }
}
