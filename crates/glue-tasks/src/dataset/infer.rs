//! What a file that is no GLUE task's holds: its columns, and what kind of label.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::delimited_format::DelimitedFormat;
use super::error::DataError;
use super::format::{columns_of, read_rows};
use super::label_values::{Lists, NO_AGREEMENT, Number, number, plain};
use super::raw::{ListItem, RawLabel, WantedColumns};
use super::schema::{InferredLabels, LabelKind};

/// The columns of a file, in its order.
///
/// # Errors
/// A file that cannot be read.
pub fn column_names(file: &Path, format: DelimitedFormat) -> Result<Vec<String>, DataError> {
    columns_of(file, format)
}

/// What the label column of the labelled splits holds. It is typed as a whole: one word makes all of them words as they stand, `001`
/// and `2E3` among them; numbers with a fraction make a regression; whole numbers are classes in the order of the numbers. Strings
/// of JSON and parquet stay strings, where they are not all numbers with a fraction among them. Names that a parquet file declares
/// come first. An empty cell does not turn a column of whole numbers into fractions, unlike in pandas. `True` and `TRUE` are one class of
/// a csv column in which all is true or false.
///
/// A -1 counts as a class of its own, as in labels of -1 and 1, but not beside 0, 1, 2 and on; a `-` not beside words. Lists of equal
/// length of nothing but 0 and 1 are one yes or no each.
///
/// # Errors
/// A file that cannot be read, or without the column, or files without a single row or label.
pub fn infer_label_kind(
    files: &[PathBuf],
    label_column: &str,
    format: DelimitedFormat,
) -> Result<LabelKind, DataError> {
    infer_labels(files, label_column, format).map(|labels| labels.kind)
}

/// The same, with how the files spell the labels.
///
/// # Errors
/// As [`infer_label_kind`].
pub fn infer_labels(
    files: &[PathBuf],
    label_column: &str,
    format: DelimitedFormat,
) -> Result<InferredLabels, DataError> {
    if files.is_empty() {
        return Err(DataError::NoFiles);
    }
    let wanted = WantedColumns { texts: Vec::new(), label: Some(label_column.to_owned()), format, text_rows: 0 };
    let mut seen = Seen::default();
    let mut declared = None;
    for file in files {
        let facts = read_rows(file, &wanted, &mut |row| {
            seen.add(row.label);
            Ok(())
        })?;
        declared = declared.or(facts.label_names);
    }
    if declared.is_none() && seen.has_lists_as_texts() {
        return Err(DataError::ColumnType {
            file: files[0].clone(),
            column: label_column.to_owned(),
            found: "lists that are written as texts, such as `[0, 1]`".to_owned(),
            expected: "a word or a number (lists of labels can be read of JSON and parquet files)",
        });
    }
    let (whole_numbers, is_plain) = (seen.whole_numbers(), seen.is_plain());
    let are_indices = declared.is_some() && seen.has_whole_numbers_alone();
    let kind = match declared {
        Some(names) if seen.lists.is_some() => LabelKind::ClassLists(names),
        Some(names) => LabelKind::Classes(names),
        None if !seen.has_rows => return Err(DataError::EmptySplit { files: files.to_vec() }),
        None => {
            seen.kind().ok_or_else(|| DataError::NoLabels { files: files.to_vec(), column: label_column.to_owned() })?
        }
    };
    Ok(InferredLabels { kind, are_indices, whole_numbers, is_plain })
}

/// The values of a label column, as far as they decide what it holds.
#[derive(Debug, Default)]
struct Seen {
    has_rows: bool,
    /// Of 64 bits, with or without a sign.
    integers: BTreeSet<i128>,
    /// Of files that tell strings from numbers.
    strings: BTreeSet<String>,
    /// Of csv and tsv, where what all cells look like must decide, as it does for pandas.
    cells: BTreeSet<String>,
    has_floats: bool,
    /// Floats that are whole numbers.
    whole_floats: BTreeSet<i128>,
    /// Floats that are not.
    has_fractions: bool,
    /// Where there are lists of labels.
    lists: Option<Lists>,
}

impl Seen {
    fn add(&mut self, label: RawLabel<'_>) {
        self.has_rows = true;
        match label {
            RawLabel::Missing => {}
            RawLabel::Integer(integer) => drop(self.integers.insert(integer.into())),
            RawLabel::Float(float) if float.is_nan() => self.has_floats = true,
            RawLabel::Float(float) => {
                self.has_floats = true;
                match whole(float) {
                    Some(integer) => drop(self.whole_floats.insert(integer)),
                    None => self.has_fractions = true,
                }
            }
            RawLabel::Text(text) => insert(&mut self.strings, text),
            RawLabel::Cell(text) => insert(&mut self.cells, text),
            RawLabel::List(items) => {
                self.lists.get_or_insert_default().add(items);
                items.iter().for_each(|item| match item {
                    ListItem::Integer(integer) => drop(self.integers.insert((*integer).into())),
                    ListItem::Text(text) => insert(&mut self.strings, text),
                });
            }
        }
    }

    /// Whether every label is a text that looks like a list, as pandas' `to_csv` writes lists.
    fn has_lists_as_texts(&self) -> bool {
        let is_list = |text: &String| plain(text).starts_with('[') && plain(text).ends_with(']');
        let mut texts = self.cells.iter().chain(&self.strings).peekable();
        self.integers.is_empty()
            && !self.has_floats
            && self.lists.is_none()
            && texts.peek().is_some()
            && texts.all(is_list)
    }

    /// The classes, where all labels are whole numbers and none is a list.
    fn whole_numbers(&self) -> Option<Vec<String>> {
        let of_text = |text: &String| {
            let text = plain(text);
            text.parse::<i128>().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))
        };
        let texts: Option<BTreeSet<i128>> = self.strings.iter().chain(&self.cells).map(of_text).collect();
        let all: BTreeSet<i128> = texts?.iter().chain(&self.integers).chain(&self.whole_floats).copied().collect();
        let is_whole = !self.has_fractions && self.lists.is_none() && !all.is_empty();
        is_whole.then(|| all.iter().map(i128::to_string).collect())
    }

    /// Whether all of them are whole numbers that are spelled as such.
    fn is_plain(&self) -> bool {
        let is_canonical = |text: &String| text.parse::<i128>().is_ok_and(|number| number.to_string() == *text);
        !self.has_floats && self.lists.is_none() && self.strings.iter().chain(&self.cells).all(is_canonical)
    }

    fn has_whole_numbers_alone(&self) -> bool {
        let mut texts = self.strings.iter().chain(&self.cells);
        texts.all(|text| matches!(number(text), Some(Number::Whole)))
            && !(self.integers.is_empty() && self.cells.is_empty())
    }

    fn kind(self) -> Option<LabelKind> {
        if let Some(length) = self.lists.as_ref().and_then(Lists::multi_hot) {
            return Some(LabelKind::ClassLists((0..length).map(|class| class.to_string()).collect()));
        }
        let all_numbers = |texts: &BTreeSet<String>| texts.iter().all(|text| number(text).is_some());
        let some_fraction =
            |texts: &BTreeSet<String>| texts.iter().any(|text| matches!(number(text), Some(Number::Fraction)));
        let is_finite = |text: &String| plain(text).parse().is_ok_and(f64::is_finite);
        let strings_are_numbers =
            self.strings.is_empty() || self.strings.iter().all(is_finite) && some_fraction(&self.strings);
        let kind = if self.lists.is_some() { LabelKind::ClassLists } else { LabelKind::Classes };
        if self.strings.is_empty() && self.integers.is_empty() && has_one_truth_twice(&self.cells) {
            let truths: BTreeSet<bool> = self.cells.iter().filter_map(|cell| truth(cell)).collect();
            return Some(kind(
                truths.into_iter().map(|truth| if truth { "True" } else { "False" }.to_owned()).collect(),
            ));
        }
        if !(strings_are_numbers && all_numbers(&self.cells)) {
            let integers = self.integers.iter().map(i128::to_string);
            let mut names: BTreeSet<String> = self.cells.into_iter().chain(self.strings).chain(integers).collect();
            let is_word = |name: &&String| name.chars().count() > 1;
            if names.iter().filter(is_word).count() > 1
                && names.iter().filter(|name| *name != NO_AGREEMENT).all(|name| is_word(&name))
            {
                names.remove(NO_AGREEMENT);
            }
            return Some(kind(names.into_iter().collect()));
        }
        if self.has_floats || some_fraction(&self.cells) || !self.strings.is_empty() {
            return Some(LabelKind::Score);
        }
        let cells = self.cells.iter().filter_map(|cell| plain(cell).parse().ok());
        let mut integers: BTreeSet<i128> = self.integers.iter().copied().chain(cells).collect();
        let from_zero = integers.range(0..).copied().eq(0..integers.range(0..).count() as i128);
        if from_zero && integers.range(..0).eq(&[-1]) && integers.len() > 3 {
            integers.remove(&-1);
        }
        let names: Vec<String> = integers.iter().map(i128::to_string).collect();
        (!names.is_empty()).then(|| kind(names))
    }
}

/// A float that is a whole number, as one.
fn whole(float: f64) -> Option<i128> {
    // 2^53: from there on, not every whole number is a float.
    (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i128)
}

/// What pandas takes for true or false.
fn truth(cell: &str) -> Option<bool> {
    match cell {
        "True" | "TRUE" | "true" => Some(true),
        "False" | "FALSE" | "false" => Some(false),
        _ => None,
    }
}

/// Whether all of a column is true or false, and one of them is spelled in two ways, which are no two classes then.
fn has_one_truth_twice(cells: &BTreeSet<String>) -> bool {
    let truths: Option<BTreeSet<bool>> = cells.iter().map(|cell| truth(cell)).collect();
    truths.is_some_and(|truths| truths.len() < cells.len())
}

fn insert(texts: &mut BTreeSet<String>, text: &str) {
    if !texts.contains(text) {
        texts.insert(text.to_owned());
    }
}
