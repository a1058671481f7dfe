//! From a file's rows to examples.

use std::path::{Path, PathBuf};

use super::error::{DataError, Warning};
use super::example::{Example, Label, Split};
use super::format::read_rows;
use super::labels::LabelDecoder;
use super::raw::{RawRow, WantedColumns};
use super::schema::{LabelKind, Schema};

/// Gathers the examples of a split over all of its files.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    schema: &'a Schema,
    wanted: WantedColumns,
    labels: LabelDecoder<'a>,
    files: Vec<PathBuf>,
    examples: Vec<Example>,
    warnings: Vec<Warning>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(schema: &'a Schema, labelled: bool) -> Self {
        let (first, second) = &schema.text_columns;
        let wanted = WantedColumns {
            texts: [first].into_iter().chain(second).cloned().collect(),
            label: labelled.then(|| schema.label_column.clone()),
        };
        let labels = LabelDecoder::new(&schema.kind);
        Self { schema, wanted, labels, files: Vec::new(), examples: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn read(&mut self, files: &[PathBuf]) -> Result<(), DataError> {
        for file in files {
            self.files.push(file.clone());
            let Self { schema, wanted, labels, examples, .. } = self;
            let in_file = read_rows(file, wanted, &mut |row| {
                examples.push(example(file, schema, wanted, labels, &row)?);
                Ok(())
            })?;
            self.compare_names(file, in_file);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Split, DataError> {
        if self.files.is_empty() {
            return Err(DataError::NoFiles);
        }
        if self.examples.is_empty() {
            return Err(DataError::EmptySplit { files: self.files });
        }
        // GLUE marks STS-B's hidden scores with -1, but a custom score may well be -1: only a whole split of it is
        // unlabelled.
        if self.examples.iter().all(|example| matches!(example.label, Some(Label::Score(-1.0)) | None)) {
            self.examples.iter_mut().for_each(|example| example.label = None);
        }
        Ok(Split { examples: self.examples, warnings: self.warnings })
    }

    fn compare_names(&mut self, file: &Path, in_file: Option<Vec<String>>) {
        if let (LabelKind::Classes(expected), Some(in_file)) = (&self.schema.kind, in_file)
            && *expected != in_file
        {
            self.warnings.push(Warning::LabelNames { file: file.to_owned(), in_file, expected: expected.clone() });
        }
    }
}

fn example(
    file: &Path,
    schema: &Schema,
    wanted: &WantedColumns,
    labels: &LabelDecoder<'_>,
    row: &RawRow<'_>,
) -> Result<Example, DataError> {
    let text = |at: usize| match row.texts.get(at) {
        Some(Some(text)) => Ok((*text).to_owned()),
        _ => Err(DataError::NullText {
            file: file.to_owned(),
            row: row.index,
            column: wanted.texts.get(at).cloned().unwrap_or_default(),
        }),
    };
    let text_pair = if wanted.texts.len() > 1 { Some(text(1)?) } else { None };
    let label = labels.decode(row.label).map_err(|bad| DataError::BadLabel {
        file: file.to_owned(),
        row: row.index,
        column: schema.label_column.clone(),
        value: bad.value,
        allowed: bad.allowed,
    })?;
    Ok(Example { text: text(0)?, text_pair, label })
}
