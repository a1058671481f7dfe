//! Splits and their parts, as the settings ask for them: shuffled before they are cut, without the rows that have no label.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use glue_tasks::dataset::{DataError, DelimitedFormat, Example, Schema, column_names, read_first_texts};
use glue_tasks::slices::Slice;
use glue_tasks::task::TaskSpec;

use crate::error::Error;
use crate::permutation;
use crate::settings::{MissingLabels, Settings, ShuffleLike, SplitChoice};
use crate::source::SourceFiles;

/// Examples before tokenizing.
pub(super) struct Rows {
    /// The split, or the parts of splits.
    pub(super) split: String,
    pub(super) examples: Vec<Example>,
    /// Rows that the splits have, of which these are all or a part.
    pub(super) of_split: usize,
    /// The most that were asked for.
    pub(super) limit: Option<usize>,
    /// The files that the splits were read from, in order.
    pub(super) files: Vec<PathBuf>,
}

impl Rows {
    /// Whether every row has a label.
    pub(super) fn is_labelled(&self) -> bool {
        self.examples.iter().all(|example| example.label.is_some())
    }

    pub(super) fn first(mut self, limit: Option<usize>) -> Self {
        self.examples.truncate(limit.unwrap_or(usize::MAX));
        Self { limit, ..self }
    }
}

/// A task's diagnostic set, and the name of its only split.
pub(super) fn diagnostic_of(task: &TaskSpec) -> Option<(&TaskSpec, &str)> {
    let set = task.diagnostic.as_deref()?;
    Some((set, set.test_splits.first()?.name.as_str()))
}

/// The parts that are predicted, each by itself.
pub(super) fn test_slices(settings: &Settings, task: &TaskSpec) -> Vec<Vec<Slice>> {
    match &settings.data.splits.test {
        Some(slices) => vec![slices.clone()],
        None => task.test_splits.iter().map(|split| vec![Slice::all(&split.name)]).collect(),
    }
}

/// Rows in the order that the settings ask for.
pub(super) fn shuffled<T>(rows: Vec<T>, choice: &SplitChoice) -> Vec<T> {
    let mut rows: Vec<Option<T>> = rows.into_iter().map(Some).collect();
    let order = match choice.shuffle_like {
        ShuffleLike::Datasets => permutation::datasets(rows.len(), choice.shuffle_seed),
        ShuffleLike::Pandas => permutation::pandas(rows.len(), choice.shuffle_seed as u32),
    };
    order.into_iter().filter_map(|row| rows[row].take()).collect()
}

/// Rows as files have them.
struct ReadRows {
    examples: Vec<Example>,
    /// Of each row, whether a mark says that it has no label.
    marked: Vec<bool>,
}

impl ReadRows {
    fn shuffled(self, choice: &SplitChoice) -> Self {
        // The order depends on the number of rows alone.
        Self { examples: shuffled(self.examples, choice), marked: shuffled(self.marked, choice) }
    }
}

/// Parts of splits, one after the other.
struct ReadParts {
    rows: Rows,
    /// Of each row, whether a mark says that it has no label.
    marked: Vec<bool>,
    /// How many of the first rows have their texts.
    text_rows: usize,
}

/// Reads splits.
pub(super) struct SplitReader<'a> {
    pub(super) settings: &'a Settings,
    pub(super) dataset: &'a SourceFiles,
    pub(super) warnings: &'a mut Vec<String>,
    /// The files that were read.
    pub(super) files: BTreeSet<PathBuf>,
}

impl SplitReader<'_> {
    /// A whole split; `None` where there is none.
    pub(super) fn whole(&mut self, task: &TaskSpec, split: &str) -> Result<Option<Rows>, Error> {
        let Some((files, schema)) = self.dataset.task_split(task, split)? else { return Ok(None) };
        let examples = self.examples(&files, &schema, false, usize::MAX)?.examples;
        Ok(Some(Rows { split: split.to_owned(), of_split: examples.len(), examples, limit: None, files }))
    }

    /// `text_rows`: how many of the first rows get their texts.
    fn examples(
        &mut self,
        files: &[PathBuf],
        schema: &Schema,
        needs_labels: bool,
        text_rows: usize,
    ) -> Result<ReadRows, Error> {
        let has_labels = needs_labels || has_column(files, &schema.label_column, schema.format)?;
        let read = match read_first_texts(files, schema, has_labels, text_rows) {
            // Whoever has the right labels spells unknown ones in some way: `?`, `unknown`.
            Err(error @ DataError::BadLabel { .. }) if !needs_labels && self.settings.task.custom().is_some() => {
                self.warnings.push(format!("{error}; the rows are predicted, and not scored"));
                read_first_texts(files, schema, false, text_rows)
            }
            read => read,
        }?;
        for warning in read.warnings.iter().map(ToString::to_string) {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.files.extend(files.iter().cloned());
        let mut marked = vec![false; read.examples.len()];
        read.marked.iter().for_each(|&at| marked[at] = true);
        Ok(ReadRows { examples: read.examples, marked })
    }

    /// Parts of splits that must be there, one after the other. Rows beyond `limit` may be absent.
    pub(super) fn parts(&mut self, task: &TaskSpec, slices: &[Slice], limit: Option<usize>) -> Result<Rows, Error> {
        let ReadParts { mut rows, text_rows, .. } = self.read_parts(task, slices, false, limit)?;
        rows.examples.truncate(text_rows);
        if self.settings.data.splits.shuffle_before_split && !slices.iter().all(Slice::is_all) {
            self.warnings.push(format!(
                "{}: its rows are shuffled (--shuffle_before_split), and the index of a prediction counts them in that order",
                rows.split
            ));
        }
        Ok(rows)
    }

    /// All rows; where they are those of one split, those beyond `limit` may be without their texts.
    fn read_parts(
        &mut self,
        task: &TaskSpec,
        slices: &[Slice],
        needs_labels: bool,
        limit: Option<usize>,
    ) -> Result<ReadParts, Error> {
        // Of a part, or of several splits, any row may be among the first.
        let is_whole = matches!(slices, [slice] if slice.is_all());
        let text_rows = limit.filter(|_| is_whole).unwrap_or(usize::MAX);
        let mut rows = ReadRows { examples: Vec::new(), marked: Vec::new() };
        let mut of_splits = BTreeMap::new();
        let mut read: Vec<PathBuf> = Vec::new();
        let mut last: Option<(&str, ReadRows)> = None;
        for (at, slice) in slices.iter().enumerate() {
            // Two parts of one split are read from its files once.
            let all = match last.take() {
                Some((split, all)) if split == slice.split => all,
                _ => {
                    let found = self.dataset.task_split(task, &slice.split)?;
                    let (files, schema) = found.ok_or_else(|| self.no_split(task, &slice.split))?;
                    let all = self.examples(&files, &schema, needs_labels, text_rows)?;
                    let is_new = !of_splits.contains_key(&slice.split);
                    read.extend(files.into_iter().filter(|_| is_new));
                    // A whole split keeps its order: predictions and uploads number its rows.
                    let is_cut = |other: &Slice| other.split == slice.split && !other.is_all();
                    let choice = &self.settings.data.splits;
                    if choice.shuffle_before_split && slices.iter().any(is_cut) { all.shuffled(choice) } else { all }
                }
            };
            let range = slice.range(all.examples.len());
            of_splits.insert(&slice.split, all.examples.len());
            rows.marked.extend_from_slice(&all.marked[range.clone()]);
            if slices.get(at + 1).is_some_and(|next| next.split == slice.split) {
                rows.examples.extend_from_slice(&all.examples[range]);
                last = Some((&slice.split, all));
            } else if rows.examples.is_empty() && range == (0..all.examples.len()) {
                // Texts may be most of the memory: a whole split is not copied.
                rows.examples = all.examples;
            } else {
                rows.examples.extend(all.examples.into_iter().take(range.end).skip(range.start));
            }
        }
        let split = slices.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
        let ReadRows { examples, marked } = rows;
        let rows = Rows { split, examples, of_split: of_splits.values().sum(), limit: None, files: read };
        Ok(ReadParts { rows, marked, text_rows })
    }

    pub(super) fn no_split(&self, task: &TaskSpec, split: &str) -> Error {
        let id = &self.dataset.id;
        if self.settings.task.custom().is_none() {
            let config = &task.config;
            return Error::usage(format!(
                "{id}: there is no split {split} of {config}; expected {config}/{split}-*.parquet (or csv, tsv, jsonl)"
            ));
        }
        let instead = match split {
            "validation" => {
                "give --validation_file or --validation_split_name, or hold out a part of the training rows by \
                 --validation_split_percentage, or turn the evaluation off by --do_train without --do_eval"
            }
            "test" => "give --test_file or --test_split_name",
            _ => "give --train_file or --train_split_name, or --do_eval or --do_predict alone",
        };
        let there_are = self.dataset.there_are(&task.config);
        Error::usage(format!("{id}: there is no split {split}{there_are}; {instead}"))
    }

    /// Parts of splits with a label in every row: what has none is left out, or an error, as `--missing_labels` says.
    pub(super) fn labelled(&mut self, task: &TaskSpec, slices: &[Slice]) -> Result<Rows, Error> {
        self.first_labelled(task, slices, None)
    }

    /// The same, of which rows beyond `limit` may be absent.
    pub(super) fn first_labelled(
        &mut self,
        task: &TaskSpec,
        slices: &[Slice],
        limit: Option<usize>,
    ) -> Result<Rows, Error> {
        let mut parts = self.read_parts(task, slices, true, limit)?;
        if let Some(limit) = limit {
            // Which rows have no label is known only now: for each that is left out, the texts of one more are needed.
            let examples = parts.rows.examples.iter().enumerate();
            let labelled = examples.filter(|(_, example)| example.label.is_some());
            let needed = labelled.take(limit).last().map_or(0, |(row, _)| row + 1);
            if needed > parts.text_rows {
                parts = self.read_parts(task, slices, true, Some(needed))?;
            }
        }
        let ReadParts { mut rows, marked, text_rows } = parts;
        let policy = self.settings.data.missing_labels;
        let is_left_out = |marked: bool| match policy {
            MissingLabels::Marked => marked,
            MissingLabels::Drop => true,
            MissingLabels::Error => false,
        };
        let config = if task.config.is_empty() { String::new() } else { format!(" of {}", task.config) };
        let place = format!("{}: split {}{config}", self.dataset.id, rows.split);
        let has_none = |row: &usize| rows.examples[*row].label.is_none();
        let unlabelled: Vec<usize> = (0..rows.examples.len()).filter(has_none).collect();
        // A split without any label is none to train on or to evaluate.
        let is_left_out = |row: usize| is_left_out(marked[row]) && unlabelled.len() < rows.examples.len();
        let missing: Vec<usize> = unlabelled.iter().copied().filter(|row| !is_left_out(*row)).collect();
        if let [row, others @ ..] = missing.as_slice() {
            let is_none_labelled = unlabelled.len() == rows.examples.len();
            let others = match others.len() {
                0 => String::new(),
                count => format!(", and {count} more have none"),
            };
            let advice = if is_none_labelled {
                ", and here no row has one"
            } else {
                ": fill it in, or leave such rows out by --missing_labels drop"
            };
            return Err(Error::usage(format!(
                "{place}, row {row} (from 0) has no label{others}; training and evaluation need one in every row{advice}"
            )));
        }
        let (all, left_out) = (rows.examples.len(), unlabelled.len());
        rows.examples.truncate(text_rows);
        rows.examples.retain(|example| example.label.is_some());
        if left_out > 0 {
            self.warnings
                .push(format!("{place}: {left_out} of {all} rows have no label and are left out (--missing_labels)"));
        }
        Ok(rows)
    }

    /// The diagnostic set with the suffix of its keys: labelled copies are scored, the Hub's unlabelled one only gives logits.
    pub(super) fn diagnostic(&mut self, task: &TaskSpec) -> Result<Option<(Rows, String)>, Error> {
        let Some((set, split)) = diagnostic_of(task) else { return Ok(None) };
        let rows = self.whole(set, split)?;
        let rows = rows.filter(|rows| self.settings.places.save_logits || rows.is_labelled());
        Ok(rows.map(|rows| (rows, task.diagnostic_suffix().unwrap_or_default().to_owned())))
    }
}

fn has_column(files: &[PathBuf], column: &str, format: DelimitedFormat) -> Result<bool, Error> {
    for file in files {
        if !column_names(file, format)?.iter().any(|name| name == column) {
            return Ok(false);
        }
    }
    Ok(true)
}
