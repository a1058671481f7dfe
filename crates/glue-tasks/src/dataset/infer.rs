//! What a file that is no GLUE task's holds: its columns, and what kind of label.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::DataError;
use super::format::{columns_of, read_rows};
use super::raw::{ListItem, RawLabel, WantedColumns};
use super::schema::LabelKind;

/// The columns of a file, in its order.
///
/// # Errors
/// A file that cannot be read.
pub fn column_names(file: &Path) -> Result<Vec<String>, DataError> {
    columns_of(file)
}

/// What the label column of a training split holds, by `run_glue.py`'s rule: floats make a regression, anything else
/// the sorted set of its values. Names that a parquet file declares come first.
///
/// Unlike there, an empty cell does not turn a column of integers into one of floats, and integers are sorted as
/// numbers. A -1 counts as a class of its own, as in labels of -1 and 1.
///
/// # Errors
/// A file that cannot be read, or without the column, or files without a single label.
pub fn infer_label_kind(files: &[PathBuf], label_column: &str) -> Result<LabelKind, DataError> {
    if files.is_empty() {
        return Err(DataError::NoFiles);
    }
    let wanted = WantedColumns { texts: Vec::new(), label: Some(label_column.to_owned()) };
    let mut seen = Seen::default();
    let mut declared = None;
    for file in files {
        let names = read_rows(file, &wanted, &mut |row| {
            seen.add(row.label);
            Ok(())
        })?;
        declared = declared.or(names);
    }
    match declared {
        Some(names) if seen.lists => Ok(LabelKind::ClassLists(names)),
        Some(names) => Ok(LabelKind::Classes(names)),
        None => seen.kind().ok_or_else(|| DataError::EmptySplit { files: files.to_vec() }),
    }
}

/// The values of a label column, as far as they decide what it holds.
#[derive(Debug, Default)]
struct Seen {
    integers: BTreeSet<i64>,
    words: BTreeSet<String>,
    floats: bool,
    lists: bool,
}

impl Seen {
    fn add(&mut self, label: RawLabel<'_>) {
        match label {
            RawLabel::Missing => {}
            RawLabel::Integer(integer) => {
                self.integers.insert(integer);
            }
            RawLabel::Float(_) => self.floats = true,
            RawLabel::List(items) => {
                self.lists = true;
                items.iter().for_each(|item| match item {
                    ListItem::Integer(integer) => drop(self.integers.insert(*integer)),
                    ListItem::Text(text) => self.add(RawLabel::Text(text)),
                });
            }
            // A delimited file has only text, so what a cell looks like must decide, as it does for pandas.
            RawLabel::Text(text) => {
                if let Ok(integer) = text.trim().parse::<i64>() {
                    self.integers.insert(integer);
                } else if text.trim().parse::<f64>().is_ok() {
                    self.floats = true;
                } else if !self.words.contains(text) {
                    self.words.insert(text.to_owned());
                }
            }
        }
    }

    fn kind(self) -> Option<LabelKind> {
        let kind = if self.lists { LabelKind::ClassLists } else { LabelKind::Classes };
        let integers = self.integers.into_iter().map(|integer| integer.to_string());
        if !self.words.is_empty() {
            // One word makes all of them words.
            let all: BTreeSet<String> = self.words.into_iter().chain(integers).collect();
            return Some(kind(all.into_iter().collect()));
        }
        if self.floats {
            return Some(LabelKind::Score);
        }
        let names: Vec<String> = integers.collect();
        (!names.is_empty()).then(|| kind(names))
    }
}
