//! From a file's rows to examples.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::{DataError, Warning};
use super::example::{Example, Label, Split};
use super::format::read_rows;
use super::label_values::{ColumnType, LabelValue};
use super::labels::{Decoded, LabelDecoder};
use super::raw::{RawRow, WantedColumns};
use super::schema::{LabelKind, Schema};

/// Gathers the examples of a split over all of its files.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    schema: &'a Schema,
    wanted: WantedColumns,
    /// With the number of examples before it.
    files: Vec<(PathBuf, usize)>,
    examples: Vec<Example>,
    /// The label of each example; none where no labels are read.
    values: Vec<LabelValue>,
    warnings: Vec<Warning>,
}

impl<'a> Collector<'a> {
    /// `text_rows`: how many of the first rows get their texts.
    pub(super) fn new(schema: &'a Schema, labelled: bool, text_rows: usize) -> Self {
        let (first, second) = &schema.text_columns;
        let wanted = WantedColumns {
            texts: [first].into_iter().chain(second).cloned().collect(),
            label: labelled.then(|| schema.label_column.clone()),
            format: schema.format,
            text_rows,
        };
        Self { schema, wanted, files: Vec::new(), examples: Vec::new(), values: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn read(&mut self, files: &[PathBuf]) -> Result<(), DataError> {
        for file in files {
            let first = self.examples.len();
            self.files.push((file.clone(), first));
            let text_rows = self.wanted.text_rows.saturating_sub(first);
            let wanted = WantedColumns { text_rows, ..self.wanted.clone() };
            let Self { examples, values, .. } = self;
            let facts = read_rows(file, &wanted, &mut |row| {
                examples.push(if row.index < text_rows { example(file, &wanted, &row)? } else { without_texts() });
                if wanted.label.is_some() {
                    values.push(LabelValue::from(row.label));
                }
                Ok(())
            })?;
            self.warnings.extend(facts.warnings);
            self.compare_names(file, facts.label_names);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Split, DataError> {
        if self.files.is_empty() {
            return Err(DataError::NoFiles);
        }
        if self.examples.is_empty() {
            return Err(DataError::EmptySplit { files: self.files.into_iter().map(|(file, _)| file).collect() });
        }
        let marked = self.decode()?;
        // GLUE marks STS-B's hidden scores with -1, but a custom score may well be -1: only a whole split of it is
        // unlabelled.
        if self.examples.iter().all(|example| matches!(example.label, Some(Label::Score(-1.0)) | None)) {
            self.examples.iter_mut().for_each(|example| example.label = None);
        }
        Ok(Split { examples: self.examples, marked, warnings: self.warnings })
    }

    /// Gives every example its label. Returns the rows with a mark that they have none.
    fn decode(&mut self) -> Result<BTreeSet<usize>, DataError> {
        let decoder = LabelDecoder::new(&self.schema.kind);
        let column = ColumnType::of(&self.values, self.schema.kind.names());
        if column.ignores_case
            && let Some((file, _)) = self.files.first()
        {
            self.warnings.push(Warning::Case { file: file.clone(), names: self.schema.kind.names().to_vec() });
        }
        let mut marked = BTreeSet::new();
        for (at, (example, value)) in self.examples.iter_mut().zip(&self.values).enumerate() {
            let decoded = decoder.decode(value, column).map_err(|bad| {
                let place = self.files.partition_point(|(_, first)| *first <= at).saturating_sub(1);
                let (file, first) = &self.files[place];
                DataError::BadLabel {
                    file: file.clone(),
                    row: at - first,
                    column: self.schema.label_column.clone(),
                    value: bad.value,
                    allowed: bad.allowed,
                }
            })?;
            match decoded {
                Decoded::Label(label) => example.label = Some(label),
                Decoded::Missing => {}
                Decoded::Marked => drop(marked.insert(at)),
            }
        }
        Ok(marked)
    }

    fn compare_names(&mut self, file: &Path, in_file: Option<Vec<String>>) {
        if let (LabelKind::Classes(expected), Some(in_file)) = (&self.schema.kind, in_file)
            && !is_same(expected, &in_file)
        {
            self.warnings.push(Warning::LabelNames { file: file.to_owned(), in_file, expected: expected.clone() });
        }
    }
}

/// Whether names are the same in the same order; capital letters count where names differ in nothing else.
fn is_same(names: &[String], others: &[String]) -> bool {
    let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
    let told_apart = lower(names).iter().collect::<BTreeSet<_>>().len() == names.len();
    names == others || told_apart && lower(names) == lower(others)
}

/// A row whose texts are not wanted.
fn without_texts() -> Example {
    Example { text: String::new(), text_pair: None, label: None }
}

fn example(file: &Path, wanted: &WantedColumns, row: &RawRow<'_>) -> Result<Example, DataError> {
    let text = |at: usize| match row.texts.get(at) {
        Some(Some(text)) => Ok((*text).to_owned()),
        _ => Err(DataError::NullText {
            file: file.to_owned(),
            row: row.index,
            column: wanted.texts.get(at).cloned().unwrap_or_default(),
        }),
    };
    let text_pair = if wanted.texts.len() > 1 { Some(text(1)?) } else { None };
    Ok(Example { text: text(0)?, text_pair, label: None })
}
