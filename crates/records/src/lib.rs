//! What one run leaves behind: its record, and the files of run_glue.py. No Burn, no network, no command line; messages that
//! are no result go to the `log` crate.
//!
//! Rooms, from the ground up; none imports from one that comes later:
//!
//! * [`atomic`] writes files whole or not at all, [`utc`] says when, [`python_json`] speaks JSON as Python does,
//!   [`hex`] writes hashes, [`counted`] numbers of things, [`shown`] names and texts, whatever is in them;
//! * [`markdown`] and [`spreadsheet`] are how these stand in files of others;
//! * [`metrics`] are the numbers of a run by run_glue.py's names;
//! * [`record`] is this program's own format, one JSON file a run: strict JSON with a schema, documented in
//!   `docs/results-format.md`;
//! * [`files`] are what run_glue.py and its Trainer write, to the byte, so that scripts which read them keep working.
//!
//! ```
//! let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/rte");
//! let found = records::record::read_folder(&folder)?;
//! assert!(found.problems.is_empty());
//! for (path, record) in found.records {
//!     println!("{}: seed {}, score {:?}", path.display(), record.seed, record.score);
//!     assert_eq!(record.task, "rte");
//! }
//! # Ok::<(), records::record::RecordError>(())
//! ```

pub mod atomic;
mod counted;
pub mod error;
pub mod files;
mod hexadecimal;
pub mod markdown;
pub mod metrics;
pub mod python_json;
pub mod record;
mod shown;
pub mod spreadsheet;
pub mod utc;

pub use counted::counted;
pub use error::Error;
pub use hexadecimal::hex;
pub use shown::{shown, shown_lines};
