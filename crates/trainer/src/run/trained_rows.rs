//! Which rows a model was trained on, whatever run did it: kept beside the model as the hashes of their texts, so that an evaluation of
//! it knows which of its rows are no new ones.

use std::collections::BTreeMap;
use std::path::Path;

use glue_tasks::dataset::Example;
use rayon::prelude::*;
use records::atomic::write_whole;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rows::Rows;
use crate::error::Error;
use crate::file_hash::{FileHashes, sha256};
use crate::model_places::TENSORS;
use crate::source::SourceFiles;
use records::record::Source;

/// The file beside config.json.
pub const FILE_NAME: &str = crate::trained_weights::FILE_NAME;

/// The file has all rows that the model was trained on.
const ALL: &str = "training-rows-1";

/// The model may have been trained on others before, which nobody knows. A format of its own, so that no older reader takes them for all.
const KNOWN: &str = "training-rows-2";

/// Bytes of a row's hash that are kept. Among 400 thousand training rows and as many others chance finds one pair of equal hashes in
/// 1800 models.
const KEPT: usize = 6;

/// A row by the hash of its texts.
type RowKey = [u8; KEPT];

/// The rows that a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrainedRows {
    /// Of a row as it is, and as the model sees it, should its tokenizer drop upper case: ascending, each once.
    keys: Vec<RowKey>,
    /// Whether rows that differ in upper case alone are the same rows to the model.
    drops_case: bool,
    /// Whether they are all; else the model was trained on rows before that are unknown.
    pub(super) are_all: bool,
}

/// What is known of the rows that a model was trained on before this run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// It was pretrained, and saw no labels.
    Pretrained,
    /// It says them.
    Rows(TrainedRows),
    /// It has a classifier's head, and does not say what that was trained on; or what it says cannot be used.
    Unknown,
}

impl Before {
    /// The rows, where they are known.
    pub(super) fn rows(self) -> Option<TrainedRows> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Pretrained | Self::Unknown => None,
        }
    }
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    format: String,
    /// Of the weights that it goes with: others in the same folder are another model's.
    weights_sha256: BTreeMap<String, String>,
    /// The hashes in hexadecimal, one behind the other.
    rows: String,
}

impl TrainedRows {
    /// These rows, and those of the model that the training starts from.
    pub(super) fn of(rows: &Rows, before: &Before, drops_case: bool) -> Self {
        let (mut keys, are_all) = match before {
            Before::Rows(before) => (before.keys.clone(), before.are_all),
            Before::Pretrained => (Vec::new(), true),
            Before::Unknown => (Vec::new(), false),
        };
        keys.par_extend(rows.examples.par_iter().map(key));
        if drops_case {
            keys.par_extend(rows.examples.par_iter().filter_map(lower_key));
        }
        keys.par_sort_unstable();
        keys.dedup();
        keys.shrink_to_fit();
        Self { keys, drops_case, are_all }
    }

    /// How many of the rows are among them; at least so many, where they are not all.
    pub(super) fn count(&self, rows: &Rows) -> u64 {
        let has = |key: &RowKey| self.keys.binary_search(key).is_ok();
        rows.examples
            .par_iter()
            .filter(|row| has(&key(row)) || self.drops_case && lower_key(row).is_some_and(|key| has(&key)))
            .count() as u64
    }

    /// Those of a model on this machine, as far as it says them: models of others do not, and what is of other weights than its own,
    /// `weights`, says nothing. The Hub is not asked: the file is not uploaded. What cannot be read goes into `warnings`.
    ///
    /// # Errors
    /// When the model's files cannot be had.
    pub(super) fn read(
        model: &SourceFiles,
        weights: &FileHashes,
        has_head: bool,
        drops_case: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Before, Error> {
        let path = if model.source == Source::Hub { None } else { model.try_fetch(FILE_NAME)? };
        let Some(path) = path else { return Ok(if has_head { Before::Unknown } else { Before::Pretrained }) };
        match read(&path) {
            Ok((of_weights, keys, are_all)) if of_weights == *weights => {
                Ok(Before::Rows(Self { keys, drops_case, are_all }))
            }
            // Another model beside the adapter, which was said when it was read.
            Ok((of_weights, ..)) if of_weights.get(TENSORS).is_some_and(|own| weights.get(TENSORS) == Some(own)) => {
                Ok(Before::Unknown)
            }
            Ok(_) => {
                warnings.push(format!(
                    "{} is of other weights: which rows this model was trained on is unknown",
                    path.display()
                ));
                Ok(Before::Unknown)
            }
            Err(reason) => {
                warnings.push(format!(
                    "{}: {reason}; whether the model was trained on rows that are evaluated now is unknown",
                    path.display()
                ));
                Ok(Before::Unknown)
            }
        }
    }

    /// Writes them beside the weights that a model was saved with; `beside`: of an adapter, those of the model that it stands beside.
    ///
    /// # Errors
    /// Names the file that could not be read or written.
    pub(super) fn write(&self, dir: &Path, weights: &str, beside: FileHashes) -> Result<(), Error> {
        let path = dir.join(weights);
        let hash = sha256(&path).map_err(|error| Error::failure(format!("{}: {error}", path.display())))?;
        let mut rows = String::with_capacity(2 * KEPT * self.keys.len());
        self.keys.iter().for_each(|key| rows.push_str(&records::hex(key)));
        let weights_sha256 = beside.into_iter().chain([(weights.to_owned(), hash)]).collect();
        let format = if self.are_all { ALL } else { KNOWN }.to_owned();
        let written = Written { format, weights_sha256, rows };
        let text = serde_json::to_string(&written).map_err(Error::failure)? + "\n";
        Ok(write_whole(dir.join(FILE_NAME), text.as_bytes())?)
    }
}

fn read(path: &Path) -> Result<(FileHashes, Vec<RowKey>, bool), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let Written { format, weights_sha256, rows } = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if ![ALL, KNOWN].contains(&format.as_str()) {
        return Err(format!("its format is {format}, expected {ALL} or {KNOWN}"));
    }
    let wrong = || format!("its rows are no hashes of {} hexadecimal digits each", 2 * KEPT);
    let (keys, rest) = rows.as_bytes().as_chunks::<{ 2 * KEPT }>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    let mut keys = keys.iter().map(from_hex).collect::<Option<Vec<RowKey>>>().ok_or_else(wrong)?;
    keys.sort_unstable();
    keys.dedup();
    Ok((weights_sha256, keys, format == ALL))
}

fn from_hex(digits: &[u8; 2 * KEPT]) -> Option<RowKey> {
    let mut key = RowKey::default();
    for (byte, pair) in key.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| (digit as char).to_digit(16));
        *byte = u8::try_from(16 * high? + low?).ok()?;
    }
    Some(key)
}

/// The beginning of SHA-256 over the texts, each behind its length in bytes. White space does not count: tokenizers drop most of it,
/// and a copied row that has a blank more is a copied row.
fn key(row: &Example) -> RowKey {
    let mut hasher = Sha256::new();
    let mut words = String::new();
    let mut text = |text: &str| {
        words.clear();
        for word in text.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        hasher.update((words.len() as u64).to_le_bytes());
        hasher.update(words.as_bytes());
    };
    text(&row.text);
    // No second text is another thing than an empty one.
    row.text_pair.iter().for_each(|pair| text(pair));
    let mut key = RowKey::default();
    key.copy_from_slice(&hasher.finalize()[..KEPT]);
    key
}

/// The key of the row in lower case, letter by letter, as tokenizers do it; `None` where it is the row's own.
fn lower_key(row: &Example) -> Option<RowKey> {
    let lower = |text: &str| match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => text.chars().flat_map(char::to_lowercase).collect(),
    };
    let row_in_lower_case =
        Example { text: lower(&row.text), text_pair: row.text_pair.as_deref().map(lower), label: None };
    let is_other = (&row_in_lower_case.text, &row_in_lower_case.text_pair) != (&row.text, &row.text_pair);
    is_other.then(|| key(&row_in_lower_case))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::HubAccess;
    use crate::settings::ModelChoice;
    use crate::source::TransferHooks;

    fn rows(texts: &[(&str, Option<&str>)]) -> Rows {
        let example = |(text, pair): &(&str, Option<&str>)| Example {
            text: (*text).to_owned(),
            text_pair: pair.map(str::to_owned),
            label: None,
        };
        let examples: Vec<Example> = texts.iter().map(example).collect();
        Rows { split: "train".to_owned(), of_split: examples.len(), examples, limit: None, files: Vec::new() }
    }

    /// What a folder says of the model in it whose weights have these hashes.
    fn read_in(dir: &Path, weights: &FileHashes) -> (Before, Vec<String>) {
        let choice = ModelChoice::Folder(dir.to_owned());
        let files = SourceFiles::model(&choice, &HubAccess::default(), &TransferHooks::default()).unwrap();
        let mut warnings = Vec::new();
        (TrainedRows::read(&files, weights, true, false, &mut warnings).unwrap(), warnings)
    }

    #[test]
    fn white_space_makes_no_other_row_and_all_else_does() {
        let trained = TrainedRows::of(&rows(&[("a  b", Some("c"))]), &Before::Pretrained, false);
        for (same, row) in [
            (true, ("a b", Some("c"))),
            (true, (" a\tb ", Some("c\n"))),
            (false, ("ab", Some("c"))),
            (false, ("A b", Some("c"))),
            (false, ("a b", None)),
            (false, ("a b", Some(""))),
            (false, ("c", Some("a b"))),
            (false, ("a b c", None)),
        ] {
            assert_eq!(trained.count(&rows(&[row])), u64::from(same), "{row:?}");
        }
    }

    #[test]
    fn upper_case_makes_no_other_row_where_the_tokenizer_drops_it() {
        let texts = [("The Film", Some("Good"))];
        for (same, drops_case, row) in [
            (true, true, ("THE FILM", Some("GOOD"))),
            (true, true, ("the  film", Some("good"))),
            (false, true, ("the films", Some("good"))),
            (true, false, ("The Film ", Some("Good"))),
            (false, false, ("the film", Some("good"))),
        ] {
            let trained = TrainedRows::of(&rows(&texts), &Before::Pretrained, drops_case);
            assert_eq!(trained.count(&rows(&[row])), u64::from(same), "{drops_case} {row:?}");
        }
    }

    #[test]
    fn a_model_carries_its_rows_and_those_of_the_model_before() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("model.safetensors"), "weights").unwrap();
        let weights = FileHashes::from([(
            "model.safetensors".to_owned(),
            sha256(&dir.path().join("model.safetensors")).unwrap(),
        )]);
        assert_eq!(read_in(dir.path(), &weights), (Before::Unknown, Vec::new()), "models of others do not say");
        let first = TrainedRows::of(&rows(&[("a", None), ("b", None), ("a ", None)]), &Before::Pretrained, false);
        let both = TrainedRows::of(&rows(&[("c", None)]), &Before::Rows(first), false);
        both.write(dir.path(), "model.safetensors", FileHashes::new()).unwrap();
        assert_eq!(read_in(dir.path(), &weights), (Before::Rows(both.clone()), Vec::new()));
        assert_eq!(both.count(&rows(&[("a", None), ("c", None), ("d", None)])), 2);
        // By hand: `printf '\1\0\0\0\0\0\0\0c' | sha256sum`.
        let text = std::fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        let all = written["rows"].as_str().unwrap();
        assert!(all.len() == 36 && all.contains("eca8daf67b07"), "{all}");
    }

    #[test]
    fn what_is_unknown_once_stays_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("model.safetensors");
        std::fs::write(&file, "weights").unwrap();
        let weights = FileHashes::from([("model.safetensors".to_owned(), sha256(&file).unwrap())]);
        let first = TrainedRows::of(&rows(&[("a", None)]), &Before::Unknown, false);
        first.write(dir.path(), "model.safetensors", FileHashes::new()).unwrap();
        let text = std::fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
        assert!(text.contains(KNOWN), "{text}");
        let (before, warnings) = read_in(dir.path(), &weights);
        assert!(warnings.is_empty(), "{warnings:?}");
        let second = TrainedRows::of(&rows(&[("b", None)]), &before, false);
        assert_eq!((second.count(&rows(&[("a", None), ("b", None), ("c", None)])), second.are_all), (2, false));
        assert_eq!(before, Before::Rows(first));
    }

    #[test]
    fn what_is_said_of_other_weights_or_cannot_be_read_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("model.safetensors");
        std::fs::write(&file, "weights").unwrap();
        let trained = TrainedRows::of(&rows(&[("a", None)]), &Before::Pretrained, false);
        trained.write(dir.path(), "model.safetensors", FileHashes::new()).unwrap();
        let others = FileHashes::from([("model.safetensors".to_owned(), "0a".repeat(32))]);
        let (read, warnings) = read_in(dir.path(), &others);
        assert!(read == Before::Unknown && warnings.len() == 1, "{warnings:?}");
        assert!(warnings[0].contains("training_rows.json is of other weights: which rows"), "{warnings:?}");
        let own = FileHashes::from([("model.safetensors".to_owned(), sha256(&file).unwrap())]);
        for (text, part) in [
            ("{", "EOF"),
            (r#"{"format": "training-rows-9", "weights_sha256": {}, "rows": ""}"#, "training-rows-9"),
            (r#"{"format": "training-rows-1", "weights_sha256": {}, "rows": "0a0b"}"#, "12 hexadecimal digits"),
            (r#"{"format": "training-rows-1", "weights_sha256": {}, "rows": "0a0b0c0d0e0g"}"#, "12 hexadecimal digits"),
        ] {
            std::fs::write(dir.path().join(FILE_NAME), text).unwrap();
            let (read, warnings) = read_in(dir.path(), &own);
            assert!(read == Before::Unknown && warnings.len() == 1, "{text}: {warnings:?}");
            for part in [part, FILE_NAME, "is unknown"] {
                assert!(warnings[0].contains(part), "{text}: {warnings:?}");
            }
        }
    }
}
