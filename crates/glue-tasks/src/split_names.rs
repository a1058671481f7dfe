//! Which split a file belongs to by its name or its folders, where it is not named as the Hub's own datasets are.
//!
//! <https://huggingface.co/docs/hub/datasets-file-names-and-splits>; in huggingface/datasets `src/datasets/data_files.py`
//! (`_get_data_files_patterns`) and `src/datasets/load.py` (`infer_module_for_data_files`).

use std::collections::BTreeMap;

/// Splits by the words that stand for them, in the order in which files are taken.
const KEYWORDS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "dev", "val"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// Formats that are read by one reader, the one that is taken where there are as many files of another first.
const READERS: [&[&str]; 3] = [&["parquet"], &["csv", "tsv"], &["jsonl", "json"]];

/// Files that describe a dataset.
const NO_DATA: [&str; 6] =
    ["README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"];

/// The files of each split among the paths of a dataset: by their folders, else by their names, else all are for training.
pub(crate) fn splits_by_name(names: &[String]) -> BTreeMap<&'static str, Vec<String>> {
    let mut data: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_data(name)).collect();
    data.sort_unstable();
    let Some(reader) = most_common_reader(&data) else { return BTreeMap::new() };
    data.retain(|name| reader.contains(&extension(name)));
    let by = |belongs: fn(&str, &str) -> bool| {
        let of_split = |words: &[&str]| {
            let mut files: Vec<String> = Vec::new();
            for file in words.iter().flat_map(|word| data.iter().filter(move |file| belongs(file, word))) {
                if !files.iter().any(|known| known == file) {
                    files.push((*file).to_owned());
                }
            }
            files
        };
        let splits = KEYWORDS.iter().map(|(split, words)| (*split, of_split(words)));
        splits.filter(|(_, files)| !files.is_empty()).collect::<BTreeMap<_, _>>()
    };
    let found = [by(is_in_folder), by(is_named)].into_iter().find(|splits| !splits.is_empty());
    found.unwrap_or_else(|| BTreeMap::from([("train", data.iter().map(|file| (*file).to_owned()).collect())]))
}

fn is_data(name: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') || part.starts_with("__");
    let file = name.rsplit('/').next().unwrap_or(name);
    !name.split('/').any(is_hidden)
        && !NO_DATA.contains(&file)
        && READERS.iter().any(|reader| reader.contains(&extension(name)))
}

/// Endings of packed files, which are unpacked while they are read.
pub(crate) const PACKED: [&str; 2] = [".gz", ".zst"];

/// The name of a file as it would be unpacked.
pub(crate) fn unpacked_name(name: &str) -> &str {
    PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn extension(name: &str) -> &str {
    unpacked_name(name).rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn most_common_reader(data: &[&str]) -> Option<&'static [&'static str]> {
    let count = |reader: &[&str]| data.iter().filter(|name| reader.contains(&extension(name))).count();
    // Of equal counts the first: `max_by_key` would take the last.
    READERS.into_iter().rev().max_by_key(|reader| count(reader)).filter(|reader| count(reader) > 0)
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '-' | '.' | '_' | ' ') || letter.is_ascii_digit()
}

/// Whether `word` stands in a text with separators around it. `ends`: whether the end of the text is one.
fn has_word(text: &str, word: &str, ends: bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, behind) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        before.is_none_or(is_separator) && behind.map_or(ends, is_separator)
    })
}

fn is_in_folder(path: &str, word: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|folder| has_word(folder, word, true)))
}

fn is_named(path: &str, word: &str) -> bool {
    has_word(path.rsplit('/').next().unwrap_or(path), word, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_those_of_datasets() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            splits_by_name(&names)
                .into_iter()
                .map(|(split, files)| format!("{split}: {}", files.join(" ")))
                .collect::<Vec<_>>()
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
        // The format that most files have.
        assert_eq!(of(&["train.json", "train-1.csv", "train-2.csv"]), ["train: train-1.csv train-2.csv"]);
        assert!(of(&["README.md", "notes.txt", "config.json"]).is_empty());
    }
}
