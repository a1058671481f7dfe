//! Which split a file belongs to by its name or its folders.
//!
//! <https://huggingface.co/docs/hub/datasets-file-names-and-splits>; in huggingface/datasets `src/datasets/data_files.py`
//! (`_get_data_files_patterns`) and `src/datasets/load.py` (`infer_module_for_data_files`).

use std::collections::BTreeMap;

use super::patterns::{Pattern, is_hidden};
use crate::packed::extension;

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

/// The formats that can be read, the extensions of one beside each other; of as many files of two the first is taken.
const FORMATS: [&[&str]; 4] = [&["parquet"], &["arrow"], &["jsonl", "json", "ndjson"], &["csv", "tsv"]];

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
    let data = of_one_format(data);
    if data.is_empty() {
        return None;
    }
    let by = |patterns: &[&str]| {
        let splits = KEYWORDS.iter().map(|(split, words)| {
            let patterns = words.iter().flat_map(|word| {
                patterns.iter().map(move |pattern| pattern.replace("{}", word).replace('@', SEPARATORS))
            });
            let patterns = patterns.filter_map(|pattern| Pattern::new(&pattern).ok());
            (*split, matching(&data, patterns))
        });
        splits.filter(|(_, files)| !files.is_empty()).collect::<BTreeMap<_, _>>()
    };
    let (folders, files) = (by(&IN_FOLDER), by(&IN_NAME));
    Some(match (folders.is_empty(), files.is_empty()) {
        (false, _) => (ToldBy::Folders, folders),
        (true, false) => (ToldBy::Names, files),
        (true, true) => {
            (ToldBy::Nothing, BTreeMap::from([("train", data.iter().map(|&file| file.to_owned()).collect())]))
        }
    })
}

/// The files that patterns name, one pattern's after the other's, each of them once.
pub(super) fn matching(data: &[&str], patterns: impl Iterator<Item = Pattern>) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for pattern in patterns {
        for file in data.iter().filter(|file| pattern.matches(file)) {
            if !files.iter().any(|known| known == file) {
                files.push((*file).to_owned());
            }
        }
    }
    files
}

/// Whether a file may hold rows, by its name.
pub(super) fn is_data(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !NO_DATA.contains(&file) && format_of(name).is_some()
}

fn format_of(name: &str) -> Option<usize> {
    let extension = extension(name).to_ascii_lowercase();
    FORMATS.iter().position(|extensions| extensions.contains(&extension.as_str()))
}

/// In order, the files of the format that most of them have, the extensions counted each.
pub(super) fn of_one_format(mut data: Vec<&str>) -> Vec<&str> {
    data.sort_unstable();
    let count = |wanted: &str| data.iter().filter(|name| extension(name).eq_ignore_ascii_case(wanted)).count();
    let extensions = FORMATS.iter().enumerate().flat_map(|(at, format)| format.iter().map(move |ending| (at, *ending)));
    // Of equal counts the first: `max_by_key` would take the last.
    let counted: Vec<(usize, usize)> = extensions.map(|(at, ending)| (at, count(ending))).collect();
    let most = counted.into_iter().rev().max_by_key(|(_, count)| *count).map(|(at, _)| at);
    data.retain(|name| format_of(name) == most);
    data
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
        assert!(of(&["README.md", "notes.txt", "config.json"]).is_empty());
    }
}
