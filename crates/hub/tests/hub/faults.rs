//! A Hub that misbehaves: nothing half or wrong is ever taken for a file, and each error says what to do.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hub::{Cancel, Direction, Hub, HubError, Progress, RepoId, Silent, Snapshot, Transfer};

use crate::common::{COMMIT, config, open};
use crate::loopback_hub::{Behaviour, LoopbackHub, RepoKind, git_sha1, sha256};

const FILE: &str = "model.safetensors";
const SIZE: usize = 300_000;

/// A Hub with one large and one small file, a cache, and the waits that were asked for.
struct Scene {
    hub: LoopbackHub,
    cache: tempfile::TempDir,
    waits: Arc<Mutex<Vec<Duration>>>,
}

fn weights() -> Vec<u8> {
    (0..SIZE).map(|i| (i * 31 % 251) as u8).collect()
}

impl Scene {
    fn new() -> Self {
        let hub = LoopbackHub::start();
        let files = [(FILE, weights()), ("config.json", b"{}".to_vec())];
        let files = [(files[0].0, files[0].1.as_slice()), (files[1].0, files[1].1.as_slice())];
        hub.add_repo(RepoKind::Model, "tiny", COMMIT, files);
        Self { hub, cache: tempfile::tempdir().unwrap(), waits: Arc::default() }
    }

    fn open_as(&self, id: &str, revision: &str) -> Result<Snapshot, HubError> {
        let mut config = config(&self.hub, self.cache.path());
        let waits = Arc::clone(&self.waits);
        config.retry.sleep = Arc::new(move |wait, _| waits.lock().unwrap().push(wait));
        open(config, &RepoId::model(id).unwrap(), revision)
    }

    fn fetch(&self, file: &str) -> Result<PathBuf, HubError> {
        self.open_as("tiny", COMMIT).unwrap().fetch(file)
    }

    fn fetch_whole(&self) {
        assert!(std::fs::read(self.fetch(FILE).unwrap()).unwrap() == weights());
        assert_eq!(self.blobs(), [sha256(&weights())]);
    }

    fn blob_folder(&self) -> PathBuf {
        self.cache.path().join("models--tiny/blobs")
    }

    /// Plants what an earlier run left.
    fn leave(&self, bytes: &[u8]) {
        std::fs::create_dir_all(self.blob_folder()).unwrap();
        std::fs::write(self.blob_folder().join(format!("{}.incomplete", sha256(&weights()))), bytes).unwrap();
    }

    fn blobs(&self) -> Vec<String> {
        std::fs::read_dir(self.blob_folder())
            .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default()
    }

    /// The first bytes that the CDN was asked for, one for each request.
    fn starts(&self) -> Vec<usize> {
        let requests = self.hub.requests();
        requests.iter().filter(|request| request.cdn).map(|request| request.range_start().unwrap_or(0)).collect()
    }

    fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }

    fn no_file(&self) {
        assert!(!self.cache.path().join("models--tiny/snapshots").join(COMMIT).join(FILE).exists());
        assert!(!Path::new(&self.blob_folder()).join(sha256(&weights())).exists());
    }
}

fn all_in(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "\"{part}\" is not in: {text}");
    }
}

#[test]
fn a_cut_connection_goes_on_where_it_stopped() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::CutAfter { bytes: 200_000, times: Some(1) });
    scene.fetch_whole();
    assert_eq!(scene.starts(), [0, 200_000]);
    assert_eq!(scene.waits().len(), 1);
}

#[test]
fn a_later_run_goes_on_where_an_earlier_one_stopped() {
    let scene = Scene::new();
    scene.leave(&weights()[..123_456]);
    scene.fetch_whole();
    assert_eq!(scene.starts(), [123_456]);
}

#[test]
fn only_the_renaming_was_missing() {
    let scene = Scene::new();
    scene.leave(&weights());
    scene.fetch_whole();
    assert_eq!(scene.starts().len(), 0);
}

#[test]
fn a_connection_that_is_always_cut_is_an_error_and_no_file() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::CutAfter { bytes: 1000, times: None });
    let error = scene.fetch(FILE).unwrap_err();
    assert!(matches!(error, HubError::Cut { got: 6000, expected: Some(300_000), tries: 6, .. }), "{error:?}");
    assert!(!error.is_usage());
    all_in(&error.to_string(), &[FILE, "model tiny", COMMIT, "6000 of 300000"]);
    scene.no_file();
    // What arrived is used once the server behaves.
    scene.hub.behave();
    scene.hub.take_requests();
    scene.fetch_whole();
    assert_eq!(scene.starts(), [6000]);
}

#[test]
fn a_server_without_ranges_begins_again() {
    let scene = Scene::new();
    scene.leave(&weights()[..1000]);
    scene.hub.misbehave(FILE, Behaviour::NoRange);
    scene.fetch_whole();
    assert_eq!(scene.starts(), [1000]);
}

#[test]
fn a_range_that_was_not_asked_for_is_not_appended() {
    let scene = Scene::new();
    scene.leave(&weights()[..1000]);
    scene.hub.misbehave(FILE, Behaviour::WrongRange { times: Some(1) });
    scene.fetch_whole();
    assert_eq!(scene.starts(), [1000, 0]);
    // It was seen from the answer's headers, not from the size in the end, after which nothing is waited for.
    assert_eq!(scene.waits().len(), 1);
}

#[test]
fn a_part_that_the_server_does_not_have_is_thrown_away() {
    let scene = Scene::new();
    scene.leave(&weights()[..1000]);
    let unsatisfiable = Behaviour::Status { status: 416, retry_after: None, code: None, times: Some(1) };
    scene.hub.misbehave("GET model.safetensors", unsatisfiable);
    scene.fetch_whole();
    assert_eq!(scene.starts(), [0]);
}

#[test]
fn leftovers_that_are_no_part_of_the_file() {
    // Longer than the file.
    let scene = Scene::new();
    scene.leave(&vec![7; SIZE + 1]);
    scene.fetch_whole();
    assert_eq!(scene.starts(), [0]);
    // Shorter, and of other bytes: found out by the hash, then fetched from the start.
    let scene = Scene::new();
    scene.leave(b"not these");
    scene.fetch_whole();
    assert_eq!(scene.starts(), [9, 0]);
}

#[test]
fn wrong_bytes_once_are_fetched_again() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::WrongBytes { times: Some(1) });
    scene.fetch_whole();
    assert_eq!(scene.starts(), [0, 0]);
}

#[test]
fn wrong_bytes_always_are_an_error_with_both_hashes() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::WrongBytes { times: None });
    let error = scene.fetch(FILE).unwrap_err();
    let wrong: Vec<u8> = weights().iter().map(|byte| byte ^ 1).collect();
    all_in(&error.to_string(), &[FILE, "model tiny", "sha256", &sha256(&weights()), &sha256(&wrong)]);
    assert!(error.is_usage());
    assert_eq!(scene.starts(), [0, 0]);
    scene.no_file();
    assert_eq!(scene.blobs().len(), 0, "the wrong bytes are still there");
}

#[test]
fn small_files_are_checked_too() {
    let scene = Scene::new();
    scene.hub.misbehave("config.json", Behaviour::WrongBytes { times: None });
    let error = scene.fetch("config.json").unwrap_err();
    all_in(&error.to_string(), &["config.json", "git sha1", &git_sha1(b"{}")]);
}

#[test]
fn more_bytes_than_announced() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::TooLong { times: None });
    let error = scene.fetch(FILE).unwrap_err();
    all_in(&error.to_string(), &[FILE, "size must be 300000"]);
    scene.no_file();
}

#[test]
fn too_many_requests_waits_as_long_as_the_server_asks() {
    let scene = Scene::new();
    let busy = |times| Behaviour::Status { status: 429, retry_after: Some(7), code: None, times };
    scene.hub.misbehave("revision/main", busy(Some(1)));
    scene.hub.misbehave("HEAD model.safetensors", busy(Some(1)));
    scene.hub.misbehave("GET model.safetensors", busy(Some(2)));
    scene.open_as("tiny", "main").unwrap().fetch(FILE).unwrap();
    assert_eq!(scene.waits(), [Duration::from_secs(7); 4]);

    let scene = Scene::new();
    scene.hub.misbehave(FILE, busy(None));
    let error = scene.fetch(FILE).unwrap_err();
    all_in(&error.to_string(), &["429", "6 tries", "HF_TOKEN"]);
    assert_eq!(scene.waits().len(), 5);

    // A wait that nobody would sit through is capped.
    let scene = Scene::new();
    let hours = Behaviour::Status { status: 429, retry_after: Some(36_000), code: None, times: Some(1) };
    scene.hub.misbehave(FILE, hours);
    scene.fetch_whole();
    assert_eq!(scene.waits(), [Duration::from_secs(120)]);
}

#[test]
fn a_server_in_trouble_is_asked_again_with_growing_waits() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::Status { status: 503, retry_after: None, code: None, times: Some(3) });
    scene.fetch_whole();
    assert_eq!(scene.waits(), [500, 1000, 2000].map(Duration::from_millis));

    let scene = Scene::new();
    scene.hub.misbehave(
        "GET model.safetensors",
        Behaviour::Status { status: 500, retry_after: None, code: None, times: None },
    );
    let error = scene.fetch(FILE).unwrap_err();
    assert!(matches!(error, HubError::Busy { status: 500, tries: 6, .. }), "{error:?}");
    scene.no_file();
}

#[test]
fn no_such_repository_revision_file() {
    let scene = Scene::new();
    let open = |id, revision| scene.open_as(id, revision).err().unwrap();
    let error = open("tinny", "main");
    assert!(matches!(error, HubError::RepoNotFound { .. }) && error.is_usage(), "{error:?}");
    all_in(&error.to_string(), &["model tinny", "main", "no such repository", "HF_TOKEN", &scene.hub.endpoint()]);

    let error = open("tiny", "v9");
    assert!(matches!(error, HubError::RevisionNotFound { .. }) && error.is_usage(), "{error:?}");
    all_in(&error.to_string(), &["model tiny", "v9"]);
    // A pinned commit is only asked about with its first file.
    let unknown = "c".repeat(40);
    let error = scene.open_as("tiny", &unknown).unwrap().fetch(FILE).unwrap_err();
    assert!(matches!(error, HubError::RevisionNotFound { .. }), "{error:?}");

    let error = scene.fetch("absent.json").unwrap_err();
    assert!(matches!(error, HubError::FileNotFound { .. }) && error.is_usage(), "{error:?}");
    all_in(&error.to_string(), &["absent.json", "model tiny", COMMIT]);
    // Bad news about one file is remembered, and not asked for twice.
    scene.hub.take_requests();
    assert!(scene.fetch("absent.json").is_err());
    assert_eq!(scene.hub.requests().len(), 0);
}

#[test]
fn a_404_without_the_hubs_words_is_not_remembered() {
    let scene = Scene::new();
    scene.hub.misbehave(FILE, Behaviour::Status { status: 404, retry_after: None, code: None, times: Some(1) });
    assert_eq!(scene.open_as("tiny", COMMIT).unwrap().try_fetch(FILE).unwrap(), None);
    scene.fetch_whole();
}

#[test]
fn private_and_gated_repositories() {
    let scene = Scene::new();
    scene.hub.require_token("tiny", "hf_right");
    let error = scene.open_as("tiny", "main").err().unwrap();
    assert!(matches!(error, HubError::Denied { status: 401, .. }) && error.is_usage(), "{error:?}");
    all_in(&error.to_string(), &["private", "does not exist", "HF_TOKEN"]);

    let scene = Scene::new();
    let gated = Behaviour::Status { status: 403, retry_after: None, code: Some("GatedRepo"), times: None };
    scene.hub.misbehave(FILE, gated);
    let error = scene.fetch(FILE).unwrap_err();
    all_in(&error.to_string(), &["terms", "accept", "HF_TOKEN", FILE]);
    assert_eq!(scene.waits().len(), 0, "a refusal is not tried again");
}

#[test]
fn a_body_without_an_end_does_not_fill_the_disk() {
    let scene = Scene::new();
    scene.hub.misbehave("config.json", Behaviour::NoLength { mebibytes: 66 });
    let error = scene.fetch("config.json").unwrap_err();
    assert!(matches!(error, HubError::BadResponse { .. }) && !error.is_usage(), "{error:?}");
    all_in(&error.to_string(), &["config.json of model tiny", "more than 64 MiB", "not how long the file is"]);
    assert_eq!(scene.blobs().len(), 0, "what came is still there");
    assert_eq!(scene.waits().len(), 0, "it is not tried again");
    // The list of the files says how long it is.
    let error = scene.open_as("tiny", "main").unwrap().fetch("config.json").unwrap_err();
    all_in(&error.to_string(), &["config.json", "size must be 2, got"]);
    assert_eq!(scene.blobs().len(), 0);

    // A short one is taken as it comes.
    let scene = Scene::new();
    scene.hub.misbehave("config.json", Behaviour::NoLength { mebibytes: 1 });
    assert_eq!(std::fs::metadata(scene.fetch("config.json").unwrap()).unwrap().len(), 1 << 20);
}

/// Lets the Hub go on when a silence is noted of what is waited for.
#[derive(Default)]
struct Listener {
    awaited: &'static str,
    heard: Arc<AtomicBool>,
    notes: Mutex<Vec<String>>,
}

impl Progress for Listener {
    fn start(&self, _: Direction, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
        Box::new(Silent)
    }

    fn note(&self, message: &str) {
        self.notes.lock().unwrap().push(message.to_owned());
        self.heard.fetch_or(message.starts_with(self.awaited), Ordering::SeqCst);
    }
}

#[test]
fn a_silence_is_noted_while_it_lasts() {
    type Silence = fn(Arc<AtomicBool>) -> Behaviour;
    let silences: [(&str, &str, Silence); 4] = [
        ("revision/main", "model tiny at revision main: nothing has moved for", Behaviour::HoldAnswer),
        ("HEAD model.safetensors", "model.safetensors of model tiny at revision main: nothing", Behaviour::HoldAnswer),
        ("GET model.safetensors", "model.safetensors: nothing has moved for", Behaviour::HoldAnswer),
        ("GET model.safetensors", "model.safetensors: nothing has moved for", Behaviour::HoldBody),
    ];
    for (request, awaited, silent) in silences {
        let scene = Scene::new();
        let listener = Arc::new(Listener { awaited, ..Listener::default() });
        scene.hub.misbehave(request, silent(Arc::clone(&listener.heard)));
        let mut config = config(&scene.hub, scene.cache.path());
        config.retry.say_silence_after = Duration::from_millis(20);
        let hub = Hub::new(config, Arc::clone(&listener) as Arc<dyn Progress>, Cancel::never()).unwrap();
        let path = hub.open(&RepoId::model("tiny").unwrap(), "main").unwrap().fetch(FILE).unwrap();
        assert!(std::fs::read(path).unwrap() == weights());
        assert!(listener.heard.load(Ordering::SeqCst), "{request}: {:?}", listener.notes.lock().unwrap());
        assert_eq!(scene.starts(), [0], "{request}: it was not tried again");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_what_arrived_is_not_followed() {
    let scene = Scene::new();
    let mine = scene.cache.path().join("mine");
    std::fs::write(&mine, &weights()[..1000]).unwrap();
    std::fs::create_dir_all(scene.blob_folder()).unwrap();
    let incomplete = scene.blob_folder().join(format!("{}.incomplete", sha256(&weights())));
    std::os::unix::fs::symlink(&mine, incomplete).unwrap();
    scene.fetch_whole();
    assert_eq!(scene.starts(), [0]);
    assert_eq!(std::fs::read(mine).unwrap(), weights()[..1000]);
}
