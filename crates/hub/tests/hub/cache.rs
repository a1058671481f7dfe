//! The cache in place of the network: offline, when the Hub is down, and as Python left it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use hub::{Cancel, Direction, Hub, HubConfig, HubError, Progress, RepoId, Silent, Transfer};

use crate::common::{COMMIT, error, open};
use crate::loopback_hub::{LoopbackHub, RepoKind, git_sha1};

fn config(hub: &LoopbackHub, cache: &Path, offline: bool) -> HubConfig {
    let mut config = crate::common::config(hub, cache);
    config.offline = offline.then(|| "HF_HUB_OFFLINE=1".to_owned());
    config
}

/// Keeps the notes.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Progress for Notes {
    fn start(&self, _: Direction, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
        Box::new(Silent)
    }

    fn note(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

/// A cache as Python's huggingface_hub leaves it after `config.json` and `vocab.txt` were loaded.
fn python_cache(cache: &Path) {
    let folder = cache.join("models--bert-base-cased");
    let snapshot = folder.join("snapshots").join(COMMIT);
    for sub in ["blobs", "refs"] {
        std::fs::create_dir_all(folder.join(sub)).unwrap();
    }
    std::fs::create_dir_all(&snapshot).unwrap();
    std::fs::create_dir_all(folder.join(".no_exist").join(COMMIT)).unwrap();
    std::fs::write(folder.join("refs/main"), COMMIT).unwrap();
    std::fs::write(folder.join(".no_exist").join(COMMIT).join("added_tokens.json"), "").unwrap();
    for (name, bytes) in [("config.json", b"{}".as_slice()), ("vocab.txt", b"[PAD]")] {
        let blob = git_sha1(bytes);
        std::fs::write(folder.join("blobs").join(&blob), bytes).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(format!("../../blobs/{blob}"), snapshot.join(name)).unwrap();
        #[cfg(not(unix))]
        std::fs::write(snapshot.join(name), bytes).unwrap();
    }
    // A file that Python began and did not end, and a link that leads nowhere.
    std::fs::write(folder.join("blobs/123.incomplete"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../blobs/gone", snapshot.join("model.safetensors")).unwrap();
}

#[test]
fn a_cache_that_python_made_is_used_offline_by_branch_and_by_commit() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    let repo = RepoId::model("bert-base-cased").unwrap();
    for revision in ["main", COMMIT] {
        let snapshot = open(config(&hub, cache.path(), true), &repo, revision).unwrap();
        assert_eq!(snapshot.commit(), COMMIT);
        assert_eq!(std::fs::read(snapshot.fetch("vocab.txt").unwrap()).unwrap(), b"[PAD]");
        assert_eq!(snapshot.try_fetch("added_tokens.json").unwrap(), None);
        let names: Vec<_> = snapshot.files().unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(names, ["config.json", "vocab.txt"]);
        // Nobody knows whether this one exists: absent for who can do without, an error for who cannot.
        assert_eq!(snapshot.try_fetch("tokenizer.json").unwrap(), None);
        let error = error(snapshot.fetch("model.safetensors"));
        let text = error.to_string();
        assert!(matches!(error, HubError::Offline { .. }) && error.is_usage(), "{text}");
        for part in ["model.safetensors", "bert-base-cased", revision, "HF_HUB_OFFLINE=1"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
    assert_eq!(hub.requests().len(), 0);
}

#[test]
fn a_commit_that_python_cached_needs_no_request() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    let repo = RepoId::model("bert-base-cased").unwrap();
    let snapshot = open(config(&hub, cache.path(), false), &repo, COMMIT).unwrap();
    snapshot.fetch("config.json").unwrap();
    assert_eq!(snapshot.try_fetch("added_tokens.json").unwrap(), None);
    assert_eq!(hub.requests().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_fetched_again() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    hub.add_repo(RepoKind::Model, "bert-base-cased", COMMIT, [("model.safetensors", b"weights".as_slice())]);
    let repo = RepoId::model("bert-base-cased").unwrap();
    let snapshot = open(config(&hub, cache.path(), false), &repo, COMMIT).unwrap();
    assert_eq!(std::fs::read(snapshot.fetch("model.safetensors").unwrap()).unwrap(), b"weights");
}

#[test]
fn offline_with_nothing_cached_says_so_and_asks_nobody() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    hub.add_repo(RepoKind::Model, "tiny", COMMIT, [("config.json", b"{}".as_slice())]);
    for revision in ["main", COMMIT] {
        let error = error(open(config(&hub, cache.path(), true), &RepoId::model("tiny").unwrap(), revision));
        let text = error.to_string();
        assert!(error.is_usage() && text.contains("HF_HUB_OFFLINE=1") && text.contains("model tiny"), "{text}");
    }
    assert_eq!(hub.requests().len(), 0);
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[test]
fn a_stored_list_tells_offline_what_exists_and_is_missing() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    let files = [("a.parquet", b"one".as_slice()), ("b.parquet", b"two")];
    hub.add_repo(RepoKind::Dataset, "owner/data", COMMIT, files);
    let repo = RepoId::dataset("owner/data").unwrap();
    open(config(&hub, cache.path(), false), &repo, "main").unwrap().fetch("a.parquet").unwrap();
    hub.take_requests();

    let snapshot = open(config(&hub, cache.path(), true), &repo, "main").unwrap();
    assert_eq!(snapshot.files().unwrap().len(), 2);
    assert_eq!(snapshot.try_fetch("c.parquet").unwrap(), None);
    assert!(matches!(error(snapshot.try_fetch("b.parquet")), HubError::Offline { .. }));
    assert_eq!(hub.requests().len(), 0);
}

#[test]
fn a_hub_that_is_down_is_replaced_by_the_cache_with_a_note() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    hub.stop();
    let repo = RepoId::model("bert-base-cased").unwrap();
    let notes = Arc::new(Notes::default());
    let opened =
        Hub::new(config(&hub, cache.path(), false), Arc::clone(&notes) as Arc<dyn Progress>, Cancel::never()).unwrap();
    let snapshot = opened.open(&repo, "main").unwrap();
    snapshot.fetch("config.json").unwrap();
    assert_eq!(snapshot.try_fetch("tokenizer.json").unwrap(), None);
    assert_eq!(snapshot.try_fetch("merges.txt").unwrap(), None);
    assert_eq!(snapshot.files().unwrap().len(), 2);
    let notes = notes.0.lock().unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("cannot be reached") && notes[0].contains(COMMIT), "{notes:?}");
    assert!(notes[1].contains("count as absent"), "{notes:?}");

    let missing = error(snapshot.fetch("model.safetensors"));
    assert!(matches!(missing, HubError::Network { .. }) && !missing.is_usage(), "{missing}");
    let nothing = error(opened.open(&RepoId::model("other").unwrap(), "main"));
    assert!(nothing.to_string().contains("model other at revision main"), "{nothing}");
}

#[test]
fn an_interrupted_first_download_does_not_hide_the_older_commit() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    let newer = "b".repeat(40);
    hub.add_repo(RepoKind::Model, "bert-base-cased", &newer, [("config.json", b"{1}".as_slice())]);
    let repo = RepoId::model("bert-base-cased").unwrap();
    assert_eq!(open(config(&hub, cache.path(), false), &repo, "main").unwrap().commit(), newer);
    assert_eq!(open(config(&hub, cache.path(), true), &repo, "main").unwrap().commit(), COMMIT);
}

#[test]
fn paths_that_leave_the_snapshot_are_refused() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    let inner = cache.path().join("cache");
    let files = [("../../../../evil.txt", b"evil".as_slice()), ("/evil.txt", b"evil"), ("good.txt", b"good")];
    hub.add_repo(RepoKind::Model, "tiny", COMMIT, files);
    let snapshot = open(config(&hub, &inner, false), &RepoId::model("tiny").unwrap(), "main").unwrap();
    let names: Vec<_> = snapshot.files().unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(names, ["good.txt"]);
    for path in ["../../../../evil.txt", "/evil.txt", "a/../../x", "", ".."] {
        assert!(matches!(error(snapshot.fetch(path)), HubError::UnsafePath { .. }), "{path}");
    }
    snapshot.fetch("good.txt").unwrap();
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1);
    let outside = open(config(&hub, &inner, false), &RepoId::model("tiny").unwrap(), "../../x");
    assert!(error(outside).is_usage());
}

#[cfg(unix)]
#[test]
fn a_cache_that_may_only_be_read_is_used() {
    use std::os::unix::fs::PermissionsExt;
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    hub.add_repo(RepoKind::Model, "bert-base-cased", COMMIT, [("config.json", b"{}".as_slice())]);
    let folder = cache.path().join("models--bert-base-cased");
    let set = |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let snapshot = open(config(&hub, cache.path(), false), &RepoId::model("bert-base-cased").unwrap(), "main");
    let fetched = snapshot.and_then(|snapshot| snapshot.fetch("config.json"));
    set(0o755);
    assert_eq!(std::fs::read(fetched.unwrap()).unwrap(), b"{}");
}

#[cfg(unix)]
#[test]
fn scratch_files_of_a_killed_run_are_removed_and_those_of_a_live_one_are_no_files() {
    let (hub, cache) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
    python_cache(cache.path());
    let folder = cache.path().join("models--bert-base-cased");
    let (link, writing) =
        (folder.join("snapshots").join(COMMIT).join(".linking-a1B2c3"), folder.join("refs/.writing-a1B2c3.tmp"));
    std::os::unix::fs::symlink(format!("../../blobs/{}", git_sha1(b"{}")), &link).unwrap();
    std::fs::write(&writing, COMMIT).unwrap();
    let locks = cache.path().join(".locks/models--bert-base-cased");
    std::fs::create_dir_all(&locks).unwrap();
    let lock = std::fs::File::create(locks.join(".scratch.lock")).unwrap();
    let repo = RepoId::model("bert-base-cased").unwrap();
    let names = || {
        let snapshot = open(config(&hub, cache.path(), true), &repo, "main").unwrap();
        snapshot.files().unwrap().into_iter().map(|file| file.path).collect::<Vec<_>>()
    };
    // Another run is writing them.
    lock.lock_shared().unwrap();
    assert_eq!(names(), ["config.json", "vocab.txt"]);
    assert!(link.is_symlink() && writing.exists());
    // It was killed.
    drop(lock);
    assert_eq!(names(), ["config.json", "vocab.txt"]);
    assert!(!link.is_symlink() && !writing.exists());
    assert!(folder.join("blobs/123.incomplete").exists());
}
