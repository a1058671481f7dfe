//! Which split a file belongs to by its name or its folders.
//!
//! <https://huggingface.co/docs/hub/datasets-file-names-and-splits>; in huggingface/datasets `src/datasets/data_files.py`
//! (`_get_data_files_patterns`) and `src/datasets/load.py` (`infer_module_for_data_files`).

use std::collections::{BTreeMap, BTreeSet};

use super::patterns::{Pattern, is_hidden};

/// Splits by the words that stand for them, in the order in which files are taken.
const KEYWORDS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "dev", "val"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// What is between words.
const SEPARATORS: &str = "[-._ 0-9]";

/// A word (`{}`) in the name of a folder, with separators (`@`) around.
const IN_FOLDER: [&str; 4] = ["**/{}/**", "**/{}@*/**", "**/*@{}/**", "**/*@{}@*/**"];

/// The same in the name of a file.
const IN_NAME: [&str; 2] = ["**/{}@*", "**/*@{}@*"];

/// The endings of the formats that can be read, each with its format; of as many files of two the first is taken.
const ENDINGS: [(&str, Format); 7] = [
    ("parquet", Format::Parquet),
    ("arrow", Format::Arrow),
    ("jsonl", Format::Json),
    ("json", Format::Json),
    ("csv", Format::Delimited),
    ("tsv", Format::Delimited),
    ("ndjson", Format::Json),
];

/// What is read by one reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Parquet,
    Arrow,
    Json,
    Delimited,
}

/// Files that describe a dataset.
const NO_DATA: [&str; 6] =
    ["README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"];

/// What the splits of a dataset were told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToldBy {
    Folders,
    Names,
    /// By nothing: all files are for training.
    Nothing,
}

/// The files of each split among the paths of a dataset: by their folders, else by their names, else all are for training. None
/// where there are no data files.
pub(super) fn splits_by_name(names: &[&str]) -> Option<(ToldBy, BTreeMap<&'static str, Vec<String>>)> {
    let data: Vec<&str> = names.iter().copied().filter(|name| is_data(name) && !is_hidden(name)).collect();
    if data.is_empty() {
        return None;
    }
    let data = sorted(data);
    let by = |patterns: &[&str]| {
        let splits = KEYWORDS.iter().map(|(split, words)| {
            let patterns = words.iter().flat_map(|word| {
                patterns.iter().map(move |pattern| pattern.replace("{}", word).replace('@', SEPARATORS))
            });
            let patterns = patterns.filter_map(|pattern| Pattern::new(&pattern).ok());
            (*split, once(of_one_format(matching(&data, patterns))))
        });
        splits.filter(|(_, files)| !files.is_empty()).collect::<BTreeMap<_, _>>()
    };
    let (folders, files) = (by(&IN_FOLDER), by(&IN_NAME));
    Some(match (folders.is_empty(), files.is_empty()) {
        (false, _) => (ToldBy::Folders, folders),
        (true, false) => (ToldBy::Names, files),
        (true, true) => {
            let all = data.iter().map(|&file| file.to_owned()).collect();
            (ToldBy::Nothing, BTreeMap::from([("train", of_one_format(all))]))
        }
    })
}

pub(super) fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

/// The files that patterns name, one pattern's after the other's, those that several name as often.
pub(super) fn matching(data: &[&str], patterns: impl Iterator<Item = Pattern>) -> Vec<String> {
    let of_pattern =
        |pattern: Pattern| data.iter().filter(move |file| pattern.matches(file)).map(|&file| file.to_owned());
    patterns.flat_map(of_pattern).collect()
}

/// Each file once, where it stands first. `datasets` would give its rows again.
pub(super) fn once(mut files: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    files
}

/// Whether a file may hold rows, by its name.
pub(super) fn is_data(name: &str) -> bool {
    !NO_DATA.contains(&file_of(name)) && ending_of(name).is_some()
}

fn file_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The last part of a name that says a format: `csv` of `train.csv.gz`, and, as in `datasets`, of `train.csv.bak`, so that a file which
/// may be a part of the split is not left out; who reads it refuses what it cannot. Capital letters say nothing.
fn ending_of(name: &str) -> Option<(&'static str, Format)> {
    let known = |part: &str| ENDINGS.into_iter().find(|(ending, _)| *ending == part);
    let mut parts = file_of(name).split('.');
    parts.next();
    parts.rev().find_map(known)
}

/// The files of the format that most of a split's files have, each ending counted for itself, and a file that stands there twice as two.
fn of_one_format(mut files: Vec<String>) -> Vec<String> {
    let count =
        |wanted: &str| files.iter().filter(|name| ending_of(name).is_some_and(|(ending, _)| ending == wanted)).count();
    // Of equal counts the first: `max_by_key` would take the last.
    let most = ENDINGS.into_iter().rev().max_by_key(|(ending, _)| count(ending)).map(|(_, format)| format);
    files.retain(|name| ending_of(name).map(|(_, format)| format) == most);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_those_of_datasets() {
        let of = |names: &[&str]| {
            let splits = splits_by_name(names).map(|(_, splits)| splits).unwrap_or_default();
            splits.into_iter().map(|(split, files)| format!("{split}: {}", files.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&["test.csv", "train.csv", "dev.csv", "README.md"]),
            ["test: test.csv", "train: train.csv", "validation: dev.csv"]
        );
        assert_eq!(of(&["train.csv", "valid.csv"]), ["train: train.csv", "validation: valid.csv"]);
        assert_eq!(
            of(&["validation/part1.csv", "train/part2.csv", "train/part1.csv", "train/.hidden.csv"]),
            ["train: train/part1.csv train/part2.csv", "validation: validation/part1.csv"]
        );
        assert_eq!(
            of(&["my_test_data.csv", "my_train_data.csv"]),
            ["test: my_test_data.csv", "train: my_train_data.csv"]
        );
        assert_eq!(of(&["reviews.csv"]), ["train: reviews.csv"]);
        // A word within a word is none.
        assert_eq!(of(&["trainer.csv", "contest.csv"]), ["train: contest.csv trainer.csv"]);
        assert_eq!(of(&["a/devset/x.csv", "b-dev/x.csv"]), ["validation: b-dev/x.csv"]);
        // Names that begin with the word come first.
        assert_eq!(of(&["a_train.csv", "train_2.csv"]), ["train: train_2.csv a_train.csv"]);
        // The format that most files have.
        assert_eq!(of(&["train.json", "train-1.csv", "train-2.csv"]), ["train: train-1.csv train-2.csv"]);
        assert_eq!(of(&["train.json", "train-1.csv"]), ["train: train.json"]);
        assert_eq!(of(&["train.ndjson", "train-1.csv"]), ["train: train-1.csv"]);
        assert_eq!(
            of(&["train.csv", "train_2.csv", "train.jsonl", "test.jsonl"]),
            ["test: test.jsonl", "train: train.csv train_2.csv"]
        );
        assert_eq!(of(&["train_train.csv", "train.jsonl"]), ["train: train_train.csv"]);
        assert_eq!(of(&["train.csv", "train.csv.bak", "train.CSV"]), ["train: train.csv train.csv.bak"]);
        assert!(of(&["README.md", "notes.txt", "config.json"]).is_empty());
    }
}
