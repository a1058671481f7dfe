//! A Hugging Face Hub on this machine, for tests: it serves folders as repositories, misbehaves on demand, and writes
//! down every request. Large files (by their ending, as on the Hub) are redirected to a second port, the "CDN".
//!
//! Use it from the `main.rs` of a folder in another crate's `tests/` so, and point the program to it with `HF_ENDPOINT`:
//! ```text
//! #[path = "../../../hub/tests/support/loopback_hub/mod.rs"]
//! mod loopback_hub;
//! let hub = LoopbackHub::start();
//! hub.add_repo(RepoKind::Model, "owner/tiny", &"a".repeat(40), Path::new("folder"));
//! command.env("HF_ENDPOINT", hub.endpoint());
//! ```

#![allow(dead_code, unused_imports, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test server that fails fails its test")]

mod answer;
mod repos;
mod upload;
pub(crate) mod wire;

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use repos::{Repo, RepoFiles, RepoKind, etag, git_sha1, sha256};
pub(crate) use wire::Request;

/// What goes wrong. `times` counts the answers that are spoilt; `None` is all of them.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// The connection breaks after so many bytes of a body (GET only).
    CutAfter { bytes: usize, times: Option<u32> },
    /// A status in place of the answer.
    Status { status: u16, retry_after: Option<u64>, code: Option<&'static str>, times: Option<u32> },
    /// The right number of wrong bytes (GET only).
    WrongBytes { times: Option<u32> },
    /// More bytes than announced in the headers of the file (GET only).
    TooLong { times: Option<u32> },
    /// `Range` is passed over: always the whole file.
    NoRange,
    /// `Range` is answered with another range than was asked for.
    WrongRange { times: Option<u32> },
    /// A pause before the body (GET only).
    Slow(Duration),
    /// In place of a file so many MiB of spaces, and nowhere how many.
    NoLength { mebibytes: usize },
    /// No answer until the flag is set.
    HoldAnswer(Arc<AtomicBool>),
    /// Half of a body, and the other half when the flag is set (GET only).
    HoldBody(Arc<AtomicBool>),
}

impl Behaviour {
    fn times(&mut self) -> Option<&mut u32> {
        match self {
            Self::CutAfter { times, .. }
            | Self::Status { times, .. }
            | Self::WrongBytes { times }
            | Self::TooLong { times }
            | Self::WrongRange { times } => times.as_mut(),
            Self::NoRange | Self::Slow(_) | Self::NoLength { .. } | Self::HoldAnswer(_) | Self::HoldBody(_) => None,
        }
    }

    fn concerns(&self, request: &Request) -> bool {
        // Only bytes can be spoilt, and those of a large file come from the CDN.
        let has_bytes = request.method == "GET" && (request.cdn || !repos::is_large(&request.path));
        matches!(self, Self::Status { .. } | Self::NoLength { .. } | Self::HoldAnswer(_)) || has_bytes
    }
}

pub(crate) struct Shared {
    repos: Mutex<Vec<Repo>>,
    aliases: Mutex<Vec<(String, String)>>,
    faults: Mutex<Vec<(String, Behaviour)>>,
    requests: Mutex<Vec<Request>>,
    uploads: Mutex<upload::Uploads>,
    cdn: SocketAddr,
    stopped: AtomicBool,
}

/// The server. It stops when dropped.
pub(crate) struct LoopbackHub {
    shared: Arc<Shared>,
    hub: SocketAddr,
}

impl LoopbackHub {
    pub(crate) fn start() -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (hub, cdn) = (bind(), bind());
        let shared = Arc::new(Shared {
            repos: Mutex::default(),
            aliases: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
            uploads: Mutex::default(),
            cdn: cdn.local_addr().unwrap(),
            stopped: AtomicBool::new(false),
        });
        let address = hub.local_addr().unwrap();
        for (listener, is_cdn) in [(hub, false), (cdn, true)] {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || serve(&listener, &shared, is_cdn));
        }
        Self { shared, hub: address }
    }

    /// For `HF_ENDPOINT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.hub)
    }

    /// A repository at a commit, which becomes its `main`; older commits stay.
    pub(crate) fn add_repo(&self, kind: RepoKind, id: &str, commit: &str, files: impl Into<RepoFiles>) {
        self.add_revision(kind, id, "main", commit, files);
    }

    /// As [`Self::add_repo`], for another branch or tag.
    pub(crate) fn add_revision(
        &self,
        kind: RepoKind,
        id: &str,
        revision: &str,
        commit: &str,
        files: impl Into<RepoFiles>,
    ) {
        let mut repos = self.shared.repos.lock().unwrap();
        let at = repos.iter().position(|repo| repo.kind == kind && repo.id == id).unwrap_or_else(|| {
            repos.push(Repo::new(kind, id));
            repos.len() - 1
        });
        repos[at].set(revision, commit, files.into());
    }

    /// The repository answers 401 to whoever does not send this token.
    pub(crate) fn require_token(&self, id: &str, token: &str) {
        let mut repos = self.shared.repos.lock().unwrap();
        for repo in repos.iter_mut().filter(|repo| repo.id == id) {
            repo.token = Some(token.to_owned());
        }
    }

    /// Whoever sends this token may write to `owner`'s repositories, and make some.
    pub(crate) fn add_account(&self, token: &str, owner: &str) {
        self.shared.uploads.lock().unwrap().accounts.insert(token.to_owned(), owner.to_owned());
    }

    /// The token may write, and not make repositories.
    pub(crate) fn narrow_token(&self, token: &str) {
        self.shared.uploads.lock().unwrap().narrow_tokens.push(token.to_owned());
    }

    /// Large files are wanted in parts.
    pub(crate) fn upload_in_parts(&self, chunk_size: usize) {
        self.shared.uploads.lock().unwrap().chunk_size = Some(chunk_size);
    }

    /// The store takes no large file, in these words.
    pub(crate) fn refuse_large_files(&self, words: &str) {
        self.shared.uploads.lock().unwrap().refusal = Some(words.to_owned());
    }

    /// The addresses of commits end so.
    pub(crate) fn end_addresses(&self, words: &str) {
        self.shared.uploads.lock().unwrap().address_end = words.to_owned();
    }

    /// Repository, branch and message of the commits that were uploaded.
    pub(crate) fn commits(&self) -> Vec<(String, String, String)> {
        self.shared.uploads.lock().unwrap().commits.clone()
    }

    /// The requests for new repositories.
    pub(crate) fn created(&self) -> Vec<serde_json::Value> {
        self.shared.uploads.lock().unwrap().created.clone()
    }

    /// The files of a model's branch.
    pub(crate) fn model_files(&self, id: &str, revision: &str) -> RepoFiles {
        let repos = self.shared.repos.lock().unwrap();
        let repo = repos.iter().find(|repo| repo.kind == RepoKind::Model && repo.id == id);
        repo.and_then(|repo| Some(repo.commit(revision)?.1.clone())).unwrap_or_default()
    }

    /// A name that redirects to another, as the Hub does with models that were moved to an owner.
    pub(crate) fn add_alias(&self, old: &str, new: &str) {
        self.shared.aliases.lock().unwrap().push((old.to_owned(), new.to_owned()));
    }

    /// Requests whose path ends with `path_suffix` meet `behaviour`. `"GET x"` and `"HEAD x"` concern that method only.
    pub(crate) fn misbehave(&self, path_suffix: &str, behaviour: Behaviour) {
        self.shared.faults.lock().unwrap().push((path_suffix.to_owned(), behaviour));
    }

    pub(crate) fn behave(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// All requests so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.requests.lock().unwrap())
    }

    /// From now on nobody answers.
    pub(crate) fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Each listener waits in `accept`, and looks at the flag after it.
        for address in [self.hub, self.shared.cdn] {
            let _ = TcpStream::connect(address);
        }
        for address in [self.hub, self.shared.cdn] {
            for _ in 0..200 {
                if TcpStream::connect(address).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for LoopbackHub {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for address in [self.hub, self.shared.cdn] {
            let _ = TcpStream::connect(address);
        }
    }
}

impl Shared {
    /// The first fault that concerns the request, counted down.
    fn fault(&self, request: &Request) -> Option<Behaviour> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(suffix, behaviour)| {
            let path = suffix.split_once(' ').map_or_else(
                || request.path.ends_with(suffix),
                |(method, path)| request.method == method && request.path.ends_with(path),
            );
            path && behaviour.concerns(request)
        })?;
        let found = faults[at].1.clone();
        if let Some(times) = faults[at].1.times() {
            *times -= 1;
            if *times == 0 {
                faults.remove(at);
            }
        }
        Some(found)
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>, is_cdn: bool) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(mut stream), shared) = (stream, Arc::clone(shared)) else { continue };
        std::thread::spawn(move || {
            // A client that goes away is its own business.
            if let Some(request) = wire::read_request(&mut stream, is_cdn) {
                shared.requests.lock().unwrap().push(request.clone());
                let _ = answer::answer(&shared, &request, &mut stream).and_then(|()| stream.flush());
            }
        });
    }
}
