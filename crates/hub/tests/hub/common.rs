//! What the tests begin with.

use std::path::Path;
use std::sync::Arc;

use hub::{Cancel, Hub, HubConfig, HubError, RepoId, Silent, Snapshot};

use crate::loopback_hub::LoopbackHub;

pub(crate) const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Asks `hub`, keeps files in `cache`, and waits for nothing.
pub(crate) fn config(hub: &LoopbackHub, cache: &Path) -> HubConfig {
    let mut config = HubConfig::from_env(|name| match name {
        "HF_ENDPOINT" => Some(hub.endpoint()),
        "HF_HUB_CACHE" => Some(cache.display().to_string()),
        _ => None,
    })
    .unwrap();
    config.retry.sleep = Arc::new(|_, _| {});
    config
}

pub(crate) fn open(config: HubConfig, repo: &RepoId, revision: &str) -> Result<Snapshot, HubError> {
    Hub::new(config, Arc::new(Silent), Cancel::never()).unwrap().open(repo, revision)
}

/// The error of what must fail.
pub(crate) fn error<T>(result: Result<T, HubError>) -> HubError {
    result.err().unwrap()
}
