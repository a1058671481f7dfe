//! What the Hub answers, and what it answers when told to misbehave.

use std::io::{Result, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::repos::{Repo, RepoFiles, etag, git_sha1, is_large, sha256};
use super::wire::{Request, write_answer, write_without_length};
use super::{Behaviour, Shared};

pub(crate) fn answer(shared: &Shared, request: &Request, stream: &mut TcpStream) -> Result<()> {
    let fault = shared.fault(request);
    if let Some(Behaviour::HoldAnswer(flag)) = &fault {
        wait_for(flag);
    }
    if let Some(Behaviour::Status { status, retry_after, code, .. }) = &fault {
        let mut headers = Vec::new();
        headers.extend(retry_after.map(|seconds| ("Retry-After", seconds.to_string())));
        headers.extend(code.map(|code| ("X-Error-Code", code.to_owned())));
        return write_answer(stream, *status, &headers, 0, b"");
    }
    if let Some((old, new)) = shared.aliases.lock().unwrap().iter().find(|(old, _)| is_below(&request.target, old)) {
        let location = request.target.replacen(old.as_str(), new, 1);
        return write_answer(stream, 307, &[("Location", location)], 0, b"");
    }
    if let Some(answered) = super::upload::answer(shared, request, stream) {
        return answered;
    }
    let repos = shared.repos.lock().unwrap();
    let Some((repo, rest)) = repos.iter().find_map(|repo| Some((repo, rest_of(repo, request)?))) else {
        return refuse(stream, 404, "RepoNotFound");
    };
    let authorized = repo
        .token
        .as_ref()
        .is_none_or(|token| request.cdn || request.header("authorization") == Some(format!("Bearer {token}").as_str()));
    if !authorized {
        return refuse(stream, 401, "");
    }
    let (revision, file) = match rest {
        Rest::Info(revision) => (revision, None),
        Rest::File(revision, file) => (revision, Some(file)),
    };
    let Some((commit, files)) = repo.commit(&revision) else {
        return refuse(stream, 404, "RevisionNotFound");
    };
    let Some(file) = file else {
        let body = info(repo, commit, files);
        return write_answer(stream, 200, &[], body.len(), body.as_bytes());
    };
    let Some(bytes) = files.0.get(&file).cloned() else {
        let headers = [("X-Error-Code", "EntryNotFound".to_owned()), ("X-Repo-Commit", commit.to_owned())];
        return write_answer(stream, 404, &headers, 0, b"");
    };
    let headers = vec![
        ("X-Repo-Commit", commit.to_owned()),
        ("ETag", format!("\"{}\"", etag(&file, &bytes))),
        ("Accept-Ranges", "bytes".to_owned()),
    ];
    let cdn = format!("http://{}{}?signature=x", shared.cdn, request.target);
    drop(repos);
    if is_large(&file) && !request.cdn {
        let mut headers = headers;
        headers.push(("X-Linked-Etag", format!("\"{}\"", sha256(&bytes))));
        headers.push(("X-Linked-Size", bytes.len().to_string()));
        headers.push(("Location", cdn));
        return write_answer(stream, 302, &headers, 0, b"");
    }
    send_file(request, fault, headers, &bytes, stream)
}

/// Not for ever: a client that nothing tells is to fail its own test alone.
fn wait_for(flag: &AtomicBool) {
    for _ in 0..6000 {
        if flag.load(Ordering::SeqCst) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

enum Rest {
    Info(String),
    File(String, String),
}

/// What of the path follows the repository's name.
fn rest_of(repo: &Repo, request: &Request) -> Option<Rest> {
    let path = &request.path;
    if let Some(revision) = path.strip_prefix(&format!("/api/{}/revision/", repo.api_name())) {
        return Some(Rest::Info(revision.to_owned()));
    }
    // The revision is cut out of what was sent, in which a `/` of its own is encoded.
    let prefix = format!("/{}/resolve/", repo.page_name());
    let revision = request.target.strip_prefix(&prefix)?.split('/').next()?.replace("%2F", "/");
    let file = path.strip_prefix(&prefix)?.strip_prefix(&revision)?.strip_prefix('/')?;
    Some(Rest::File(revision, file.to_owned()))
}

fn is_below(target: &str, id: &str) -> bool {
    ["/api/models/", "/api/datasets/", "/datasets/", "/"].iter().any(|prefix| {
        target.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(id)).is_some_and(|rest| rest.starts_with('/'))
    })
}

fn refuse(stream: &mut TcpStream, status: u16, code: &str) -> Result<()> {
    let headers: Vec<_> = (!code.is_empty()).then(|| ("X-Error-Code", code.to_owned())).into_iter().collect();
    write_answer(stream, status, &headers, 0, b"")
}

fn info(repo: &Repo, commit: &str, files: &RepoFiles) -> String {
    let siblings: Vec<_> = files
        .0
        .iter()
        .map(|(path, bytes)| {
            let mut file = json!({"rfilename": path, "size": bytes.len(), "blobId": git_sha1(bytes)});
            if is_large(path) {
                file["lfs"] = json!({"sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 134});
            }
            file
        })
        .collect();
    json!({"id": repo.id, "sha": commit, "siblings": siblings}).to_string()
}

fn send_file(
    request: &Request,
    fault: Option<Behaviour>,
    mut headers: Vec<(&str, String)>,
    bytes: &[u8],
    stream: &mut TcpStream,
) -> Result<()> {
    if let Some(Behaviour::NoLength { mebibytes }) = &fault {
        return write_without_length(stream, &headers, if request.method == "HEAD" { 0 } else { *mebibytes });
    }
    if request.method == "HEAD" {
        return write_answer(stream, 200, &headers, bytes.len(), b"");
    }
    if let Some(Behaviour::Slow(pause)) = &fault {
        std::thread::sleep(*pause);
    }
    let asked = if matches!(fault, Some(Behaviour::NoRange)) { None } else { request.range_start() };
    let start = match (asked, &fault) {
        (Some(start), Some(Behaviour::WrongRange { .. })) => Some(start.saturating_sub(1)),
        _ => asked,
    };
    if start.is_some_and(|start| start >= bytes.len()) {
        return write_answer(stream, 416, &[("Content-Range", format!("bytes */{}", bytes.len()))], 0, b"");
    }
    let status = if start.is_some() { 206 } else { 200 };
    if let Some(start) = start {
        headers.push(("Content-Range", format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len())));
    }
    let mut body = bytes[start.unwrap_or(0)..].to_vec();
    match fault {
        Some(Behaviour::WrongBytes { .. }) => body.iter_mut().for_each(|byte| *byte ^= 1),
        Some(Behaviour::TooLong { .. }) => body.extend(b"and more"),
        _ => {}
    }
    if let Some(Behaviour::HoldBody(flag)) = &fault {
        let (first, rest) = body.split_at(body.len() / 2);
        write_answer(stream, status, &headers, body.len(), first)?;
        wait_for(flag);
        return stream.write_all(rest);
    }
    let sent = match fault {
        Some(Behaviour::CutAfter { bytes, .. }) => bytes.min(body.len()),
        _ => body.len(),
    };
    write_answer(stream, status, &headers, body.len(), &body[..sent])
}
