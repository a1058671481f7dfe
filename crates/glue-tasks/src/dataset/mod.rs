//! A split as examples, from parquet, arrow, csv, tsv or json files.
//!
//! Every row is checked while it is read: a label outside the label set or a missing text stops here, with file and
//! row, and not on the device an hour later. [`read_split`] is the way in; which files make a split is found by
//! [`Layout`](crate::layout::Layout).

mod arrow;
mod arrow_columns;
mod arrow_rows;
mod collect;
mod delimited;
mod delimited_format;
mod dialect;
mod error;
mod example;
mod format;
mod growth;
mod infer;
mod json_lines;
mod json_tables;
mod json_values;
mod label_values;
mod labels;
mod parquet;
mod quotes;
mod raw;
mod read;
mod schema;

pub use delimited_format::DelimitedFormat;
pub use error::{DataError, Warning};
pub use example::{Example, Label, Split};
pub use infer::{column_names, infer_label_kind, infer_labels};
pub use read::{read_first_texts, read_split, read_unlabelled_split};
pub use schema::{InferredLabels, LabelKind, Schema};
