//! Files to a Hub on this machine: what is there afterwards, and what is refused.

use std::sync::Arc;

use hub::{Cancel, Hub, HubConfig, HubError, RepoId, Silent, UploadFile};

use crate::common::{COMMIT, config, error};
use crate::loopback_hub::{Behaviour, LoopbackHub, RepoKind};

const TOKEN: &str = "hf_write";
const FILES: [(&str, &[u8]); 3] =
    [("config.json", b"{}"), ("sub/model.safetensors", b"the weights"), ("empty.bin", b"")];

/// A Hub where the token may write to ada's repositories, a client of it, and files to send.
struct Scene {
    hub: LoopbackHub,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (hub, folder) = (LoopbackHub::start(), tempfile::tempdir().unwrap());
        hub.add_account(TOKEN, "ada");
        for (path, bytes) in FILES {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        Self { hub, folder }
    }

    fn config(&self) -> HubConfig {
        HubConfig { token: Some(TOKEN.to_owned()), ..config(&self.hub, self.folder.path()) }
    }

    fn client(&self) -> Hub {
        client(self.config())
    }

    fn upload(&self, repo: &RepoId, revision: &str) -> Result<Option<String>, HubError> {
        let files = FILES.map(|(path, _)| UploadFile::open(path.to_owned(), &self.folder.path().join(path)).unwrap());
        self.client().upload(repo, revision, &files, "a message")
    }

    fn puts(&self) -> usize {
        self.hub.take_requests().iter().filter(|request| request.method == "PUT").count()
    }
}

fn client(config: HubConfig) -> Hub {
    Hub::new(config, Arc::new(Silent), Cancel::never()).unwrap()
}

#[test]
fn files_are_there_afterwards_in_one_piece_or_in_parts() {
    for (chunk_size, puts) in [(None, 1), (Some(4), 3)] {
        let scene = Scene::new();
        chunk_size.into_iter().for_each(|size| scene.hub.upload_in_parts(size));
        let repo = scene.client().create_model("tiny", Some(true), "main").unwrap();
        assert_eq!(repo.id(), "ada/tiny");
        assert_eq!(scene.hub.created()[0]["visibility"], "private");
        let page = scene.upload(&repo, "main").unwrap().unwrap();
        assert!(page.starts_with(&scene.hub.endpoint()) && page.contains("ada/tiny/commit/"), "{page}");
        let there = scene.hub.model_files("ada/tiny", "main").0;
        for (path, bytes) in FILES {
            assert_eq!(there[path], bytes, "{path}");
        }
        assert_eq!(scene.hub.commits(), [("ada/tiny".into(), "main".into(), "a message".into())]);
        assert_eq!(scene.puts(), puts);

        // The store has the large file already; the repository is there already.
        let again = scene.client().create_model("ada/tiny", None, "main").unwrap();
        scene.upload(&again, "main").unwrap();
        assert_eq!(scene.puts(), 0);
    }
}

#[test]
fn a_store_in_trouble_is_asked_again() {
    let scene = Scene::new();
    let repo = scene.client().create_model("ada/tiny", None, "main").unwrap();
    let trouble = Behaviour::Status { status: 503, retry_after: None, code: None, times: Some(2) };
    scene.hub.misbehave("PUT /1", trouble);
    scene.upload(&repo, "main").unwrap();
    assert_eq!(scene.puts(), 3);
}

#[test]
fn what_must_fail_fails_before_any_request() {
    let scene = Scene::new();
    let without_token = error(client(config(&scene.hub, scene.folder.path())).create_model("x", None, "main"));
    assert!(without_token.is_usage() && without_token.to_string().contains("HF_TOKEN"), "{without_token}");
    let offline = HubConfig { offline: Some("HF_HUB_OFFLINE=1".to_owned()), ..scene.config() };
    let offline = error(client(offline).create_model("x", None, "main"));
    assert!(offline.is_usage() && offline.to_string().contains("HF_HUB_OFFLINE=1"), "{offline}");
    assert!(matches!(error(scene.client().create_model("a b", None, "main")), HubError::BadRepoId { .. }));
    assert_eq!(scene.hub.requests().len(), 0);
}

#[test]
fn another_owners_repository_and_absent_branches() {
    let scene = Scene::new();
    let denied = error(scene.client().create_model("bob/tiny", None, "main"));
    assert!(denied.is_usage() && denied.to_string().contains("403"), "{denied}");

    let absent = error(scene.client().create_model("tiny", None, "dev"));
    assert!(matches!(absent, HubError::RevisionNotFound { .. }), "{absent:?}");
    let repo = RepoId::model("ada/tiny").unwrap();
    let absent = error(scene.upload(&repo, "dev"));
    assert!(absent.is_usage() && absent.to_string().contains("ada/tiny at dev"), "{absent}");
    assert!(scene.hub.commits().is_empty());

    // A token for one repository may not make any, and may write to that one.
    scene.hub.add_repo(RepoKind::Model, "ada/mine", COMMIT, [("README.md", b"".as_slice())]);
    scene.hub.narrow_token(TOKEN);
    assert_eq!(scene.client().create_model("ada/mine", None, "main").unwrap().id(), "ada/mine");
}

#[test]
fn what_a_server_says_moves_no_cursor() {
    let scene = Scene::new();
    let repo = scene.client().create_model("ada/tiny", None, "main").unwrap();
    scene.hub.end_addresses("#\u{1b}[2J\r");
    let page = scene.upload(&repo, "main").unwrap().unwrap();
    assert!(page.ends_with(r"#\u{1b}[2J\r"), "{page}");

    let scene = Scene::new();
    let repo = scene.client().create_model("ada/tiny", None, "main").unwrap();
    scene.hub.refuse_large_files("too large\u{1b}]0;owned\u{7}\u{202e}");
    let error = error(scene.upload(&repo, "main")).to_string();
    assert!(error.contains(r#"(status 422, "too large\u{1b}]0;owned\u{7}\u{202e}")"#), "{error}");
    assert!(scene.hub.commits().is_empty());
}
