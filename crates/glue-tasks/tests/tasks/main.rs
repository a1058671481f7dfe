//! The crate from outside: files in every format, metrics beside scikit-learn's and scipy's, real data.

// A test crate: functions outside `#[test]` may panic as well.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod delimited_and_json;
mod labels_of_columns;
mod large_files;
mod metrics_goldens;
mod metrics_properties;
mod parquet_files;
mod python_tables;
mod real_files;
