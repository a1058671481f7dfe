//! Which rows a run uses, by their content: what makes its data the same as another's, whatever files and splits are called.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use glue_tasks::dataset::{Example, Label};
use glue_tasks::task::TaskSpec;
use records::hex;
use records::record::{SHARED_BY_DESIGN, SplitRows, SplitUse};
use sha2::{Digest, Sha256};

use super::final_rows::RowsOf;
use super::rows::{AllRows, Rows};
use super::trained_rows::{self, TrainedRows};
use crate::error::Error;
use crate::file_hash::sha256;
use crate::settings::Settings;
use crate::source::SourceFiles;

/// Classes that a warning names.
const NAMED: usize = 5;

/// What a record says of rows, by their content.
pub(super) struct RowInfo<'a> {
    all: &'a AllRows,
    task: &'a TaskSpec,
    dataset: &'a SourceFiles,
    /// The rows that the model has been trained on at the end of the run, where any are known.
    trained: Option<&'a TrainedRows>,
    /// The texts that this run trains on.
    own: Option<HashSet<(&'a str, Option<&'a str>)>>,
}

impl<'a> RowInfo<'a> {
    /// `trained`: the rows that the model has been trained on at the end of the run, where any are known.
    pub(super) fn new(
        all: &'a AllRows,
        task: &'a TaskSpec,
        dataset: &'a SourceFiles,
        trained: Option<&'a TrainedRows>,
    ) -> Self {
        let own = all.train.as_ref().map(|rows| rows.examples.iter().map(texts).collect());
        Self { all, task, dataset, trained, own }
    }

    /// Of the rows of the run, the training's first.
    pub(super) fn of_run(&self) -> Vec<SplitRows> {
        let AllRows { train, eval, test, .. } = self.all;
        let train = train.iter().map(|rows| self.describe(rows, SplitUse::Training, ""));
        let eval = eval.iter().map(|(rows, suffix)| {
            // The Hub's diagnostic set has no labels, and so no scores.
            self.describe(rows, if rows.is_labelled() { SplitUse::Evaluation } else { SplitUse::Prediction }, suffix)
        });
        let test = test.iter().map(|(rows, _)| self.describe(rows, SplitUse::Prediction, ""));
        train.chain(eval).chain(test).collect()
    }

    /// Of the rows that are evaluated at the end.
    pub(super) fn at_the_end(&self) -> Vec<SplitRows> {
        let AllRows { train, eval, test, last, .. } = self.all;
        let rows = last.iter().filter_map(|part| match &part.rows {
            RowsOf::Train => Some((train.as_ref()?, "")),
            RowsOf::Eval(at) => eval.get(*at).map(|(rows, suffix)| (rows, suffix.as_str())),
            RowsOf::Test(at) => Some((&test.get(*at)?.0, "")),
            RowsOf::Own(rows) => Some((rows, "")),
        });
        rows.map(|(rows, suffix)| self.describe(rows, SplitUse::Evaluation, suffix)).collect()
    }

    fn describe(&self, rows: &Rows, used_for: SplitUse, key_suffix: &str) -> SplitRows {
        let is_new = used_for != SplitUse::Training;
        let exactly = |own: &HashSet<_>| rows.examples.iter().filter(|row| own.contains(&texts(row))).count() as u64;
        // Of a part of what it was trained on, only that it is too many says something.
        let count = |trained: &TrainedRows| {
            let known = trained.count(rows);
            let is_said = trained.are_all || known as f64 > SHARED_BY_DESIGN * rows.examples.len() as f64;
            is_said.then_some(known)
        };
        SplitRows {
            split: rows.split.clone(),
            used_for: Some(used_for),
            key_suffix: key_suffix.to_owned(),
            rows: rows.examples.len() as u64,
            rows_of_split: Some(rows.of_split as u64),
            limit: rows.limit.map(|limit| limit as u64),
            sha256: Some(rows_sha256(&rows.examples, &self.task.labels)),
            trained_on: self.trained.filter(|_| is_new).and_then(count),
            trained_on_exactly: self.own.as_ref().filter(|_| is_new).map(exactly),
            files: rows.files.iter().map(|file| self.dataset.name_of(file)).collect(),
        }
    }
}

/// Warnings of rows that are trained on and looked at again, which makes every score too good: in this run, or before it where the
/// model says so (`is_trained_before`).
pub(super) fn overlap_warnings<'a>(
    splits: impl Iterator<Item = &'a SplitRows>,
    settings: &Settings,
    is_trained_before: bool,
) -> Vec<String> {
    let limit = shared_by_design(settings);
    // Where an earlier training is unknown, there are at least those of this one.
    let trained_on = |split: &SplitRows| split.trained_on.or(split.trained_on_exactly).unwrap_or_default();
    let too_many = |split: &SplitRows| trained_on(split) as f64 > limit * split.rows as f64;
    let words = |split: &SplitRows| {
        let what = if split.used_for == Some(SplitUse::Evaluation) { "evaluated" } else { "predicted" };
        let (trained_on, SplitRows { rows, split: name, .. }) = (trained_on(split), split);
        let how = match split.trained_on_exactly {
            None => format!("have been trained on, says {} of the model, and are {what}", trained_rows::FILE_NAME),
            // Of rows that an earlier training had there are no texts to compare.
            Some(exactly) if exactly < trained_on && is_trained_before => format!(
                "are trained on and {what} too ({exactly} with the very same texts in this run, the others but for white space or case, or before \
                 it, says {} of the model)",
                trained_rows::FILE_NAME
            ),
            Some(exactly) if exactly < trained_on => {
                format!(
                    "are trained on and {what} too ({exactly} with the very same texts, the others but for white space or case)"
                )
            }
            Some(_) => format!("are trained on and {what} too"),
        };
        format!("{trained_on} of the {rows} rows of {name} {how}: scores on them say nothing of other rows")
    };
    splits.filter(|split| too_many(split)).map(words).collect()
}

/// The share of evaluated rows that may have been trained on without a word: some are in both splits of GLUE as it is divided.
fn shared_by_design(settings: &Settings) -> f64 {
    let choice = &settings.data.splits;
    let chosen = [&choice.train, &choice.validation, &choice.test].into_iter().any(Option::is_some);
    if settings.task.custom().is_none() && !chosen { SHARED_BY_DESIGN } else { 0.0 }
}

/// Warnings of rows that are evaluated and that the teacher, `id`, was trained on, as far as it says.
pub(super) fn teacher_warnings<'a>(
    (id, trained): (&str, Option<&TrainedRows>),
    rows: impl Iterator<Item = &'a Rows>,
    settings: &Settings,
) -> Vec<String> {
    let limit = shared_by_design(settings);
    let counted = rows.map(|rows| (rows, trained.map_or(0, |trained| trained.count(rows))));
    let too_many = counted.filter(|(rows, count)| *count as f64 > limit * rows.examples.len() as f64);
    let words = |(rows, count): (&Rows, u64)| {
        format!(
            "the teacher {id} was trained on {count} of the {} rows of {}, says its {}: scores on them say nothing of other rows",
            rows.examples.len(),
            rows.split,
            trained_rows::FILE_NAME
        )
    };
    too_many.map(words).collect()
}

/// Warnings of classes that are evaluated and never trained on, and of those that are trained on and not evaluated: a sorted file that
/// was cut in two has both.
pub(super) fn class_warnings(all: &AllRows, task: &TaskSpec) -> Vec<String> {
    let Some(train) = &all.train else { return Vec::new() };
    let classes = |rows: &Rows| {
        let classes = rows.examples.iter().filter_map(|row| match &row.label {
            Some(Label::Class(class)) => Some(*class),
            _ => None,
        });
        classes.collect::<BTreeSet<usize>>()
    };
    let trained = classes(train);
    let names = |classes: Vec<usize>| {
        let names = classes.iter().take(NAMED).map(|class| task.labels[*class].as_str()).collect::<Vec<_>>().join(", ");
        if classes.len() > NAMED { format!("{names} and {} more", classes.len() - NAMED) } else { names }
    };
    let mut warnings = Vec::new();
    let at_the_end = all.last.iter().filter_map(|part| match &part.rows {
        RowsOf::Own(rows) => Some(rows),
        _ => None,
    });
    for rows in all.eval.iter().map(|(rows, _)| rows).chain(at_the_end) {
        let evaluated = classes(rows);
        let new: Vec<usize> = evaluated.difference(&trained).copied().collect();
        if !new.is_empty() {
            warnings.push(format!("{} has rows of classes that are not trained on: {}", rows.split, names(new)));
        }
        let absent: Vec<usize> = trained.difference(&evaluated).copied().collect();
        if !absent.is_empty() && !evaluated.is_empty() {
            warnings.push(format!("{} has no row of classes that are trained on: {}", rows.split, names(absent)));
        }
    }
    warnings
}

/// Warnings of rows to predict of which only some have a label: they are predicted as if none had one.
pub(super) fn part_labelled_warnings(all: &AllRows) -> Vec<String> {
    let warning = |(rows, _): &(Rows, String)| {
        let labelled = rows.examples.iter().filter(|row| row.label.is_some()).count();
        let is_part = labelled > 0 && labelled < rows.examples.len();
        is_part.then(|| {
            format!(
                "{labelled} of the {} rows of {} have a label: all are predicted, and none is scored",
                rows.examples.len(),
                rows.split
            )
        })
    };
    all.test.iter().filter_map(warning).collect()
}

/// SHA-256 of the files that rows were read from, by their names in the dataset.
///
/// # Errors
/// When one cannot be read any more.
pub(super) fn files_sha256(
    dataset: &SourceFiles,
    files: &BTreeSet<PathBuf>,
) -> Result<BTreeMap<String, String>, Error> {
    let hash = |path: &PathBuf| {
        let hash = sha256(path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
        Ok((dataset.name_of(path), hash))
    };
    files.iter().map(hash).collect()
}

fn texts(row: &Example) -> (&str, Option<&str>) {
    (&row.text, row.text_pair.as_deref())
}

/// SHA-256, in hexadecimal, over texts and labels in their order. Each text stands behind its length in bytes (64 bits, the least
/// first), so that no two lists of rows are the same text; classes count by their names.
pub(super) fn rows_sha256(rows: &[Example], labels: &[String]) -> String {
    let mut hasher = Sha256::new();
    let mut text = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    let name = |class: usize| labels.get(class).map_or("", String::as_str);
    for row in rows {
        text(&row.text);
        // Neither is a text: no second one is another thing than an empty one.
        text(if row.text_pair.is_some() { "2" } else { "1" });
        text(row.text_pair.as_deref().unwrap_or_default());
        match &row.label {
            None => text("none"),
            Some(Label::Class(class)) => ["class", name(*class)].into_iter().for_each(&mut text),
            Some(Label::Score(score)) => ["score", &score.to_string()].into_iter().for_each(&mut text),
            Some(Label::Classes(classes)) => {
                text("classes");
                text(&classes.len().to_string());
                classes.iter().for_each(|class| text(name(*class)));
            }
        }
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, pair: Option<&str>, label: Option<Label>) -> Example {
        Example { text: text.to_owned(), text_pair: pair.map(str::to_owned), label }
    }

    /// By hand: `printf` of each length, text and word into `sha256sum`.
    #[test]
    fn the_hash_is_of_the_content_alone() {
        let labels = ["no".to_owned(), "yes".to_owned()];
        let rows = [row("a", Some("b"), Some(Label::Class(1)))];
        let mut by_hand = Sha256::new();
        for part in ["a", "2", "b", "class", "yes"] {
            by_hand.update((part.len() as u64).to_le_bytes());
            by_hand.update(part);
        }
        assert_eq!(rows_sha256(&rows, &labels), hex(&by_hand.finalize()));
        // Another order of the label names is no other data.
        let turned = ["yes".to_owned(), "no".to_owned()];
        assert_eq!(rows_sha256(&[row("a", Some("b"), Some(Label::Class(0)))], &turned), rows_sha256(&rows, &labels));
    }

    #[test]
    fn other_rows_have_another_hash() {
        let labels = ["no".to_owned(), "yes".to_owned()];
        let lists = [
            vec![],
            vec![row("ab", None, None)],
            vec![row("a", Some("b"), None)],
            vec![row("ab", Some(""), None)],
            vec![row("ab", None, Some(Label::Class(0)))],
            vec![row("ab", None, Some(Label::Class(1)))],
            vec![row("ab", None, Some(Label::Score(1.0)))],
            vec![row("ab", None, Some(Label::Classes(vec![0])))],
            vec![row("ab", None, Some(Label::Classes(vec![0, 1])))],
            vec![row("ab", None, Some(Label::Classes(vec![])))],
            vec![row("ab", None, None), row("c", None, None)],
            vec![row("c", None, None), row("ab", None, None)],
        ];
        let hashes: BTreeSet<String> = lists.iter().map(|rows| rows_sha256(rows, &labels)).collect();
        assert_eq!(hashes.len(), lists.len());
    }
}
