//! The hash of what was asked for: how a sweep knows a run before it has run.

use sha2::{Digest, Sha256};

use super::declared::SEED;
use super::run::Settings;
use records::hex;

/// SHA-256, in hexadecimal, of what was asked for: task, model, data and settings, all but the seed. Settings that were
/// left out (`null`) do not count, so that later versions, which know more of them, give the same hash.
#[must_use]
pub fn request_hash(settings: &Settings) -> String {
    let mut asked = settings.values(|setting| setting.changes.is_measured() && setting.name != SEED);
    asked.retain(|_, value| !value.is_null());
    let digest = Sha256::digest(serde_json::to_string(&asked).unwrap_or_default().as_bytes());
    hex(&digest)
}
