//! What is made of many runs' records: statistics over seeds, tables, comparison and verification. No Burn, no network, no
//! command line; messages that are no result go to the `log` crate.
//!
//! Rooms, from the ground up; none imports from one that comes later:
//!
//! * [`statistics`] condenses several runs into one number with its uncertainty;
//! * [`table`] is printed at the end of a run over several tasks;
//! * [`compare`] puts models beside each other, as text, CSV, JSON, Markdown, LaTeX or a page with charts;
//! * [`verify`] tells whether results reproduce given numbers;
//! * [`parity`] puts a run beside the same run of transformers' Trainer, step for step.
//!
//! ```
//! use results::compare::{self, CompareOptions, Format};
//! use records::record::read_folder;
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

mod clipped;
mod columns;
pub mod compare;
mod credible;
mod fitted;
pub mod parity;
mod same_outcome;
mod scored_rows;
pub mod statistics;
pub mod table;
pub mod verify;
