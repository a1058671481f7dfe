//! Files from a Hub on this machine: what is asked for, where it lands, what is not asked for again.

use std::path::Path;

use hub::RepoId;

use crate::common::{COMMIT, config, open};
use crate::loopback_hub::{Behaviour, LoopbackHub, RepoKind, git_sha1, sha256};

const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const WEIGHTS: &[u8] = b"the weights of a very small model";

fn served() -> (LoopbackHub, tempfile::TempDir, RepoId) {
    let hub = LoopbackHub::start();
    let files = [("config.json", b"{}".as_slice()), ("sub/model.safetensors", WEIGHTS), ("empty.txt", b"")];
    hub.add_repo(RepoKind::Model, "tiny-bert", COMMIT, files);
    (hub, tempfile::tempdir().unwrap(), RepoId::model("tiny-bert").unwrap())
}

#[test]
fn a_branch_is_resolved_once_and_lands_in_pythons_layout() {
    let (hub, cache, repo) = served();
    let snapshot = open(config(&hub, cache.path()), &repo, "main").unwrap();
    assert_eq!(snapshot.commit(), COMMIT);
    let path = snapshot.fetch("sub/model.safetensors").unwrap();
    let small = snapshot.fetch("config.json").unwrap();

    let folder = cache.path().join("models--tiny-bert");
    assert_eq!(path, folder.join("snapshots").join(COMMIT).join("sub/model.safetensors"));
    assert_eq!(std::fs::read(&path).unwrap(), WEIGHTS);
    assert_eq!(std::fs::read(&small).unwrap(), b"{}");
    assert_eq!(std::fs::read(folder.join("blobs").join(sha256(WEIGHTS))).unwrap(), WEIGHTS);
    assert_eq!(std::fs::read_to_string(folder.join("refs/main")).unwrap(), COMMIT);
    #[cfg(unix)]
    {
        let blob = format!("../../../blobs/{}", sha256(WEIGHTS));
        assert_eq!(std::fs::read_link(&path).unwrap(), Path::new(&blob));
        let blob = format!("../../blobs/{}", git_sha1(b"{}"));
        assert_eq!(std::fs::read_link(&small).unwrap(), Path::new(&blob));
    }
    // Nothing but whole blobs is left, and nothing in the snapshot but the files.
    assert_eq!(std::fs::read_dir(folder.join("blobs")).unwrap().count(), 2);
    assert_eq!(std::fs::read_dir(folder.join("snapshots").join(COMMIT)).unwrap().count(), 2);

    // The second run asks what `main` is, and nothing else.
    hub.take_requests();
    let snapshot = open(config(&hub, cache.path()), &repo, "main").unwrap();
    snapshot.fetch("sub/model.safetensors").unwrap();
    assert_eq!(snapshot.try_fetch("vocab.txt").unwrap(), None);
    let asked: Vec<_> = hub.take_requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/api/models/tiny-bert/revision/main"]);
}

#[test]
fn a_pinned_revision_makes_no_request_on_the_second_run() {
    let (hub, cache, repo) = served();
    let run = || {
        let snapshot = open(config(&hub, cache.path()), &repo, COMMIT).unwrap();
        snapshot.fetch("config.json").unwrap();
        assert_eq!(snapshot.try_fetch("absent.json").unwrap(), None);
        let files = snapshot.files().unwrap();
        assert_eq!(files.len(), 3);
        assert_eq!(files[2].path, "sub/model.safetensors");
        assert_eq!(files[2].size, Some(WEIGHTS.len() as u64));
        assert_eq!(files[2].sha256.as_deref(), Some(sha256(WEIGHTS).as_str()));
        assert_eq!(files[0].sha256, None);
    };
    run();
    assert!(!hub.take_requests().is_empty());
    assert!(cache.path().join("models--tiny-bert/.no_exist").join(COMMIT).join("absent.json").is_file());
    run();
    assert_eq!(hub.take_requests().len(), 0);
    // No branch was named, so none is remembered.
    assert!(!cache.path().join("models--tiny-bert/refs").exists());
}

#[test]
fn datasets_tags_branches_with_a_slash_and_odd_file_names() {
    let (hub, cache, _) = served();
    let files = [("stsb/train-00000-of-00001.parquet", b"rows".as_slice()), ("a b/ü#%.txt", b"odd")];
    hub.add_revision(RepoKind::Dataset, "nyu-mll/glue", "refs/convert/parquet", OTHER, files);
    let repo = RepoId::dataset("nyu-mll/glue").unwrap();
    let snapshot = open(config(&hub, cache.path()), &repo, "refs/convert/parquet").unwrap();
    assert_eq!(snapshot.commit(), OTHER);
    let path = snapshot.fetch("stsb/train-00000-of-00001.parquet").unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"rows");
    assert_eq!(std::fs::read(snapshot.fetch("a b/ü#%.txt").unwrap()).unwrap(), b"odd");
    let folder = cache.path().join("datasets--nyu-mll--glue");
    assert_eq!(std::fs::read_to_string(folder.join("refs/refs/convert/parquet")).unwrap(), OTHER);
    assert!(hub.requests().iter().any(|r| r.target.contains("/revision/refs%2Fconvert%2Fparquet")));
}

#[test]
fn a_moved_branch_keeps_the_old_commit_and_shares_its_blobs() {
    let (hub, cache, repo) = served();
    open(config(&hub, cache.path()), &repo, "main").unwrap().fetch("sub/model.safetensors").unwrap();
    hub.add_repo(RepoKind::Model, "tiny-bert", OTHER, [("sub/model.safetensors", WEIGHTS)]);
    hub.take_requests();
    let snapshot = open(config(&hub, cache.path()), &repo, "main").unwrap();
    assert_eq!(snapshot.commit(), OTHER);
    snapshot.fetch("sub/model.safetensors").unwrap();
    let gets = hub.requests().iter().filter(|r| r.method == "GET" && r.path.contains("resolve")).count();
    assert_eq!(gets, 0, "the same bytes were fetched again");
    let snapshots = cache.path().join("models--tiny-bert/snapshots");
    assert!(snapshots.join(COMMIT).is_dir() && snapshots.join(OTHER).is_dir());
}

#[test]
fn a_renamed_repository_is_followed() {
    let (hub, cache, _) = served();
    hub.add_alias("old-bert", "tiny-bert");
    let snapshot = open(config(&hub, cache.path()), &RepoId::model("old-bert").unwrap(), "main").unwrap();
    assert_eq!(std::fs::read(snapshot.fetch("sub/model.safetensors").unwrap()).unwrap(), WEIGHTS);
    assert_eq!(std::fs::read(snapshot.fetch("config.json").unwrap()).unwrap(), b"{}");
    assert!(cache.path().join("models--old-bert").is_dir());
}

#[test]
fn an_empty_file_is_a_file() {
    let (hub, cache, repo) = served();
    let path = open(config(&hub, cache.path()), &repo, "main").unwrap().fetch("empty.txt").unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"");
}

#[test]
fn two_threads_fetch_one_file_once() {
    let (hub, cache, repo) = served();
    hub.misbehave("model.safetensors", Behaviour::Slow(std::time::Duration::from_millis(100)));
    // Two programs, as it were: nothing is shared but the cache.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let snapshot = open(config(&hub, cache.path()), &repo, COMMIT).unwrap();
                assert_eq!(std::fs::read(snapshot.fetch("sub/model.safetensors").unwrap()).unwrap(), WEIGHTS);
            });
        }
    });
    assert_eq!(hub.requests().iter().filter(|request| request.cdn).count(), 1);
}

#[test]
fn the_token_goes_to_the_endpoint_and_nowhere_else() {
    let (hub, cache, repo) = served();
    hub.require_token("tiny-bert", "hf_secret");
    let mut config = config(&hub, cache.path());
    config.token = Some("hf_secret".to_owned());
    let snapshot = open(config, &repo, "main").unwrap();
    snapshot.fetch("sub/model.safetensors").unwrap();
    snapshot.fetch("config.json").unwrap();
    let requests = hub.requests();
    assert!(requests.iter().any(|request| request.cdn));
    for request in requests {
        assert_eq!(request.header("authorization").is_some(), !request.cdn, "{request:?}");
    }
}

#[test]
fn a_whole_folder_is_served() {
    let hub = LoopbackHub::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rte")).unwrap();
    std::fs::write(folder.path().join("rte/test.parquet"), b"rows").unwrap();
    hub.add_repo(RepoKind::Dataset, "owner/data", COMMIT, folder.path());
    let cache = tempfile::tempdir().unwrap();
    let snapshot = open(config(&hub, cache.path()), &RepoId::dataset("owner/data").unwrap(), "main").unwrap();
    assert_eq!(std::fs::read(snapshot.fetch("rte/test.parquet").unwrap()).unwrap(), b"rows");
}
