//! A client of the Hugging Face Hub: models and datasets by repository, revision and file, and files to a repository.
//!
//! The cache is the one that Python's huggingface_hub keeps: files that a person already has are used as they are, and
//! files that are fetched here are found by Python. Downloads are resumed where they stopped and checked by size and hash
//! before they take their name; a pinned commit that is cached needs no request; the waits that the server asks for are
//! kept; of several processes one writes a file; each error says what to do.
//!
//! The crate writes nothing to standard error and listens to no signal: its caller hands in a [`Progress`], which is told
//! of each file on its way, and a [`Cancel`], which is asked whether to stop.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use hub::{Cancel, Hub, HubConfig, HubError, RepoId, Silent};
//!
//! # fn main() -> Result<(), HubError> {
//! let config = HubConfig::from_env(|name| std::env::var(name).ok())?;
//! let hub = Hub::new(config, Arc::new(Silent), Cancel::never())?;
//! let snapshot = hub.open(&RepoId::model("bert-base-cased")?, "main")?;
//! println!("{} is in {}", snapshot.commit(), snapshot.fetch("config.json")?.display());
//! # Ok(())
//! # }
//! ```
//!
//! Files import downwards: `hub` and `upload` stand on `snapshot` and `download`, those on `session` and `remote` (what the
//! Hub is asked), those on `http` (one request, its redirects and repetitions) and `cache` (what is on the disk).

mod blob;
mod cache;
mod cancel;
mod config;
mod download;
mod error;
mod http;
mod hub;
mod listing;
mod partial;
mod progress;
mod remote;
mod repo;
mod retry;
mod scratch;
mod session;
mod snapshot;
mod upload;
mod write_whole;

pub use cancel::Cancel;
pub use config::{HubConfig, Overrides};
pub use error::{HubError, Subject};
pub use hub::Hub;
pub use listing::RemoteFile;
pub use progress::{Direction, Progress, Silent, Transfer};
pub use repo::RepoId;
pub use retry::{RetryPolicy, Sleep};
pub use snapshot::Snapshot;
pub use upload::UploadFile;
