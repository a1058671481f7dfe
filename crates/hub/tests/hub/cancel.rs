//! The caller wants to stop: what is under way ends soon, nothing half is taken for whole, and a later call goes on.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hub::{Cancel, Direction, Hub, HubConfig, HubError, Progress, RepoId, RetryPolicy, Transfer, UploadFile};

use crate::common::{COMMIT, config, error, open};
use crate::loopback_hub::{Behaviour, LoopbackHub, RepoKind, sha256};

const FILE: &str = "model.safetensors";

/// What is sent at once is far less.
fn weights() -> Vec<u8> {
    (0..1_000_000_u32).map(|i| (i * 31 % 251) as u8).collect()
}

/// Wants to stop as soon as bytes come or go, or something is noted.
#[derive(Default)]
struct Stopper {
    wants_to_stop: Arc<AtomicBool>,
    notes: Mutex<Vec<String>>,
}

struct StopperTransfer(Arc<AtomicBool>);

impl Progress for Stopper {
    fn start(&self, _: Direction, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
        Box::new(StopperTransfer(Arc::clone(&self.wants_to_stop)))
    }

    fn note(&self, message: &str) {
        self.notes.lock().unwrap().push(message.to_owned());
        self.wants_to_stop.store(true, Ordering::SeqCst);
    }
}

impl Transfer for StopperTransfer {
    fn advance(&mut self, bytes: u64) {
        self.0.fetch_or(bytes > 0, Ordering::SeqCst);
    }

    fn restart(&mut self) {}

    fn finish(self: Box<Self>) {}
}

/// A client that is stopped by its first bytes or its first note, and waits as long as it is asked to.
fn stopped(config: HubConfig) -> (Hub, Arc<Stopper>) {
    let stopper = Arc::new(Stopper::default());
    let wants_to_stop = Arc::clone(&stopper.wants_to_stop);
    let cancel = Cancel::when(move || wants_to_stop.load(Ordering::SeqCst));
    let config = HubConfig { retry: RetryPolicy::default(), ..config };
    (Hub::new(config, Arc::clone(&stopper) as Arc<dyn Progress>, cancel).unwrap(), stopper)
}

fn served() -> (LoopbackHub, tempfile::TempDir, RepoId) {
    let hub = LoopbackHub::start();
    hub.add_repo(RepoKind::Model, "tiny", COMMIT, [(FILE, weights().as_slice())]);
    (hub, tempfile::tempdir().unwrap(), RepoId::model("tiny").unwrap())
}

fn assert_cancelled(error: &HubError, about: &str) {
    assert!(matches!(error, HubError::Cancelled { .. }) && !error.is_usage(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(about) && text.contains("stopped on request"), "{text}");
}

fn incomplete(cache: &Path) -> std::path::PathBuf {
    cache.join("models--tiny/blobs").join(format!("{}.incomplete", sha256(&weights())))
}

#[test]
fn a_download_stops_between_two_reads_and_goes_on_later() {
    let (hub, cache, repo) = served();
    let (client, _) = stopped(config(&hub, cache.path()));
    let error = error(client.open(&repo, COMMIT).unwrap().fetch(FILE));
    assert_cancelled(&error, "model.safetensors of model tiny");
    assert!(error.to_string().contains("goes on from there"), "{error}");
    let arrived = std::fs::metadata(incomplete(cache.path())).unwrap().len() as usize;
    assert!(arrived > 0 && arrived < weights().len(), "{arrived}");
    assert!(!cache.path().join("models--tiny/snapshots").exists());

    hub.take_requests();
    let path = open(config(&hub, cache.path()), &repo, COMMIT).unwrap().fetch(FILE).unwrap();
    assert!(std::fs::read(path).unwrap() == weights());
    let starts: Vec<_> = hub.requests().iter().filter(|r| r.cdn).map(|r| r.range_start().unwrap_or(0)).collect();
    assert_eq!(starts, [arrived]);
}

#[test]
fn a_wait_that_the_server_asks_for_is_cut_short() {
    for request in ["revision/main", "HEAD model.safetensors", "GET model.safetensors"] {
        let (hub, cache, repo) = served();
        hub.misbehave(request, Behaviour::Status { status: 429, retry_after: Some(100), code: None, times: None });
        let (client, stopper) = stopped(config(&hub, cache.path()));
        let began = Instant::now();
        let result = client.open(&repo, "main").and_then(|snapshot| snapshot.fetch(FILE));
        assert_cancelled(&error(result), "model tiny");
        assert!(began.elapsed() < Duration::from_secs(50), "{request}");
        assert!(stopper.notes.lock().unwrap()[0].contains("trying again in 100 s"), "{request}");
    }
}

#[test]
fn a_wait_for_another_download_is_cut_short() {
    let (hub, cache, repo) = served();
    let locks = cache.path().join(".locks/models--tiny");
    std::fs::create_dir_all(&locks).unwrap();
    let other = std::fs::File::create(locks.join(format!("{}.lock", sha256(&weights())))).unwrap();
    other.lock().unwrap();
    let (client, stopper) = stopped(config(&hub, cache.path()));
    assert_cancelled(&error(client.open(&repo, COMMIT).unwrap().fetch(FILE)), FILE);
    assert!(stopper.notes.lock().unwrap()[0].contains("waiting for another download"));
    assert!(!incomplete(cache.path()).exists());
}

#[test]
fn nobody_is_asked_once_the_caller_wants_to_stop() {
    let (hub, cache, repo) = served();
    let (client, stopper) = stopped(config(&hub, cache.path()));
    stopper.wants_to_stop.store(true, Ordering::SeqCst);
    assert_cancelled(&error(client.open(&repo, "main")), "model tiny at revision main");
    assert_eq!(hub.requests().len(), 0);
}

#[test]
fn an_upload_stops_and_commits_nothing() {
    for chunk_size in [None, Some(600_000)] {
        let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
        hub.add_account("hf_write", "ada");
        hub.add_repo(RepoKind::Model, "ada/tiny", COMMIT, [("README.md", b"old".as_slice())]);
        chunk_size.into_iter().for_each(|size| hub.upload_in_parts(size));
        let local = cache.path().join(FILE);
        std::fs::write(&local, weights()).unwrap();
        let config = HubConfig { token: Some("hf_write".to_owned()), ..config(&hub, cache.path()) };
        let (client, stopper) = stopped(config);
        let repo = client.create_model("ada/tiny", None, "main").unwrap();
        let file = UploadFile::open(FILE.to_owned(), &local).unwrap();
        let error = error(client.upload(&repo, "main", &[file], "message"));
        assert_cancelled(&error, "model ada/tiny");
        assert!(error.to_string().contains("not complete"), "{error}");
        assert!(hub.commits().is_empty() && stopper.notes.lock().unwrap().is_empty());
    }
}
