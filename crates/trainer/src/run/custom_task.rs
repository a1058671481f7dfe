//! What a custom dataset is: its columns, its labels, and what is measured, as far as flags do not say it.
//!
//! run_glue.py takes the first two columns that are not called `label` for a pair of texts, an `id` among them; here
//! only columns with a usual name are taken unasked.

use glue_tasks::dataset::{DelimitedFormat, LabelKind, column_names};
use glue_tasks::metrics::Metric;
use glue_tasks::slices::Slice;
use glue_tasks::task::{TaskKind, TaskSpec};
use models::config::Config;

use super::label_names::NamedLabels;
use super::task_labels::{LabelColumn, task_labels};
use crate::error::Error;
use crate::settings::{CustomData, Settings, known_metric};
use crate::source::SourceFiles;

/// Names of a pair of texts, the first that is there is taken.
const PAIRS: [(&str, &str); 9] = [
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("sentence_a", "sentence_b"),
    ("query", "document"),
    ("text", "text_pair"),
];

/// Names of a single text.
const TEXTS: [&str; 9] = ["sentence", "text", "review", "content", "document", "body", "comment", "tweet", "sentence1"];

/// Names of a label.
const LABELS: [&str; 6] = ["label", "labels", "score", "class", "category", "target"];

/// Names of columns that only number the rows; pandas writes one without a name.
const ROW_NUMBERS: [&str; 6] = ["id", "idx", "index", "guid", "Unnamed: 0", ""];

/// The task that data and flags make together.
///
/// # Errors
/// Names the flag that is missing, and the columns, configurations or labels that there are.
pub(super) fn resolve(
    settings: &Settings,
    own: &CustomData,
    files: &SourceFiles,
    config: &Config,
) -> Result<TaskSpec, Error> {
    let folder = files.config(own.config.as_deref())?;
    let splits = Splits::of(settings);
    let mut present = Vec::new();
    for split in splits.all() {
        present.extend(files.split_files(&folder, &split)?.unwrap_or_default());
    }
    let Some(first) = present.first() else {
        return Err(Error::usage(format!(
            "{}: there is none of the splits {}{}",
            files.id,
            splits.all().join(", "),
            files.there_are(&folder)
        )));
    };
    let delimiter = own.delimiter.or(files.delimiter(&folder)?);
    let format = DelimitedFormat { delimiter, ..DelimitedFormat::default() };
    let columns = column_names(first, format)?;
    let label_column = own.label_column.clone().or_else(|| named(&columns, &LABELS));
    let text_columns = match &own.text_columns {
        Some(given) => given.clone(),
        None => text_columns(&columns, label_column.as_deref()).ok_or_else(|| {
            Error::usage(format!(
                "{}: which column is the text? Give --text_column_names A, or A,B for a pair; the columns are {}",
                first.display(),
                columns.join(", ")
            ))
        })?,
    };
    if !splits.labelled.is_empty() {
        check_columns(&text_columns, label_column.as_deref())?;
    }
    let column = LabelColumn {
        files,
        folder: &folder,
        splits: &splits.labelled,
        trained: &splits.trained,
        name: label_column.as_deref(),
        format,
    };
    let Some(NamedLabels { kind: labels, spellings }) = task_labels(settings, own, config, &column)? else {
        return Err(Error::usage(format!(
            "{}: which column is the label? Give --label_column_name; the columns are {}",
            first.display(),
            columns.join(", ")
        )));
    };
    if settings.do_train && matches!(&labels, LabelKind::Classes(names) if names.len() < 2) {
        return Err(Error::usage(format!(
            "{}: all rows have the label {}; training needs at least two",
            files.id,
            labels.names().join("")
        )));
    }
    let kind = labels.task_kind();
    let metrics = match own.metrics.as_slice() {
        [] => Metric::defaults(kind).to_vec(),
        given => given.to_vec(),
    };
    if let Some(metric) = metrics.iter().find(|metric| !metric.fits(kind, labels.names().len())) {
        return Err(Error::usage(format!(
            "--metric_name {} does not fit {}; leave it out for {}",
            metric.key(),
            described(&labels),
            Metric::defaults(kind).iter().map(|metric| metric.key()).collect::<Vec<_>>().join(", ")
        )));
    }
    let task = TaskSpec {
        config: folder,
        format,
        // Only predictions do without one, and they do not look at it.
        label_column: label_column.unwrap_or_else(|| LABELS[0].to_owned()),
        metrics,
        spellings,
        ..TaskSpec::new(&own.name, text_columns, labels)
    };
    if let Some(best) = &settings.evaluation.best {
        known_metric(&task, best.metric.strip_prefix("eval_").unwrap_or(&best.metric))?;
    }
    match settings.training.for_classes().filter(|_| task.kind != TaskKind::Classification) {
        Some(flag) => Err(Error::usage(format!(
            "--{flag} is for one class a row, and here there are {}",
            kind_in_words(task.kind)
        ))),
        None => Ok(task),
    }
}

/// # Errors
/// A column that is to be two things.
fn check_columns((first, second): &(String, Option<String>), label: Option<&str>) -> Result<(), Error> {
    let twice = if second.as_ref() == Some(first) {
        "both texts"
    } else if label == Some(first) || second.is_some() && second.as_deref() == label {
        "a text and the label"
    } else {
        return Ok(());
    };
    let name = if twice == "both texts" { first } else { label.unwrap_or(first) };
    Err(Error::usage(format!(
        "column {name} is taken for {twice}: name another by --text_column_names or --label_column_name"
    )))
}

/// The splits that a run reads, without their slices.
struct Splits {
    /// Trained on and evaluated.
    labelled: Vec<String>,
    /// Those of them that are trained on, which decide what labels are.
    trained: Vec<String>,
    test: Vec<String>,
}

impl Splits {
    fn of(settings: &Settings) -> Self {
        let choice = &settings.data.splits;
        let names = |slices: &Option<Vec<Slice>>, usual: &str| match slices {
            Some(slices) => slices.iter().map(|slice| slice.split.clone()).collect(),
            None => vec![usual.to_owned()],
        };
        let is_trained = settings.do_train || choice.held_out.is_some();
        let trained = if is_trained { names(&choice.train, "train") } else { Vec::new() };
        let mut labelled = trained.clone();
        if settings.do_eval && choice.held_out.is_none() {
            labelled.extend(names(&choice.validation, "validation"));
        }
        labelled.dedup();
        let test = if settings.do_predict { names(&choice.test, "test") } else { Vec::new() };
        Self { labelled, trained, test }
    }

    fn all(&self) -> Vec<String> {
        [self.labelled.as_slice(), &self.test].concat()
    }
}

fn named(columns: &[String], names: &[&str]) -> Option<String> {
    names.iter().find(|name| columns.iter().any(|column| column == *name)).map(|name| (*name).to_owned())
}

fn text_columns(columns: &[String], label: Option<&str>) -> Option<(String, Option<String>)> {
    let is_there = |name: &str| label != Some(name) && columns.iter().any(|column| column == name);
    if let Some((first, second)) = PAIRS.into_iter().find(|(first, second)| is_there(first) && is_there(second)) {
        return Some((first.to_owned(), Some(second.to_owned())));
    }
    if let Some(text) = TEXTS.into_iter().find(|name| is_there(name)) {
        return Some((text.to_owned(), None));
    }
    let rest: Vec<&String> = columns
        .iter()
        .filter(|column| label != Some(column.as_str()) && !ROW_NUMBERS.contains(&column.as_str()))
        .collect();
    match rest.as_slice() {
        [only] => Some(((*only).clone(), None)),
        _ => None,
    }
}

fn described(labels: &LabelKind) -> String {
    match labels {
        LabelKind::Score => "labels that are numbers".to_owned(),
        LabelKind::Classes(names) => format!("{} classes", names.len()),
        LabelKind::ClassLists(_) => "lists of labels".to_owned(),
    }
}

fn kind_in_words(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Classification => "classes",
        TaskKind::Regression => "numbers",
        TaskKind::MultiLabel => "lists of labels",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(columns: &[&str], label: Option<&str>) -> Option<(String, Option<String>)> {
        text_columns(&columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), label)
    }

    #[test]
    fn usual_columns_are_found_and_row_numbers_are_no_texts() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), Some(b.to_owned())));
        let one = |a: &str| Some((a.to_owned(), None));
        assert_eq!(found(&["idx", "sentence2", "sentence1", "label"], Some("label")), pair("sentence1", "sentence2"));
        assert_eq!(found(&["label", "text"], Some("label")), one("text"));
        assert_eq!(found(&["id", "haber", "kategori"], Some("kategori")), one("haber"));
        assert_eq!(found(&["text", "label"], Some("text")), one("label"));
        assert_eq!(found(&["a", "b", "label"], Some("label")), None);
    }
}
