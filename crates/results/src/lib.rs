//! What runs leave behind, and what is made of it: records, run_glue.py's files, statistics over seeds, tables, comparison
//! and verification. No Burn, no network, no command line; messages that are no result go to the `log` crate.
//!
//! Rooms, from the ground up; none imports from one that comes later:
//!
//! * [`atomic`] writes files whole or not at all, [`utc`] says when, [`python_json`] speaks JSON as Python does;
//! * [`statistics`] condenses several runs into one number with its uncertainty;
//! * [`metrics`] are the numbers of a run by run_glue.py's names;
//! * [`record`] is this program's own format, one JSON file a run: strict JSON with a schema, documented in
//!   `docs/results-format.md`;
//! * [`files`] are what run_glue.py and its Trainer write, to the byte, so that scripts which read them keep working;
//! * [`table`] is printed at the end of a run over several tasks;
//! * [`compare`] puts models beside each other, as text, CSV, JSON, Markdown, LaTeX or a page with charts;
//! * [`verify`] tells whether results reproduce given numbers.
//!
//! ```
//! use results::compare::{self, CompareOptions, Format};
//! use results::record::read_folder;
//! use results::statistics::Summary;
//!
//! let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/rte");
//!
//! // The runs one by one: three seeds of a model.
//! let records = read_folder(&folder)?.records;
//! let scores: Vec<f64> = records.iter().filter_map(|(_, record)| record.score).collect();
//! let summary = Summary::of(&scores).ok_or("no runs")?;
//! assert_eq!(summary.count, 3);
//! let (low, high) = summary.confidence_interval(0.95).ok_or("one run only")?;
//! assert!(low <= summary.mean && summary.mean <= high);
//!
//! // The same as a table.
//! let options = CompareOptions { paths: vec![folder], format: Format::Markdown, ..CompareOptions::default() };
//! let compared = compare::run(&options)?;
//! assert!(compared.text.starts_with("| model | rte |"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod atomic;
mod columns;
pub mod compare;
pub mod error;
pub mod files;
pub mod metrics;
pub mod python_json;
pub mod record;
pub mod statistics;
pub mod table;
pub mod utc;
pub mod verify;

pub use error::Error;
