//! Folders that `save_to_disk` wrote: which files of arrow are which split.
//!
//! In huggingface/datasets `src/datasets/arrow_dataset.py` and `dataset_dict.py` (`save_to_disk`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::folders::join;

const DICTIONARY: &str = "dataset_dict.json";
const STATE: &str = "state.json";

/// The files that say what the folder is, those among the paths of it that are there.
pub(super) fn descriptions(names: &[String]) -> Vec<&String> {
    let is_state =
        |name: &str| name == STATE || name.strip_suffix(STATE).is_some_and(|folder| folder.matches('/').count() == 1);
    let is_saved = names.iter().any(|name| name == DICTIONARY || name == STATE);
    names.iter().filter(|name| is_saved && (*name == DICTIONARY || is_state(name))).collect()
}

/// The files of each split, from the contents of the [`descriptions`]. Empty where the folder is another one.
///
/// # Errors
/// The file, and what is wrong with it.
pub(super) fn splits(texts: &BTreeMap<String, String>) -> Result<BTreeMap<String, Vec<String>>, (String, String)> {
    let json = |name: &str| -> Result<Option<Value>, (String, String)> {
        let text = texts.get(name).map(|text| serde_json::from_str(text));
        text.transpose().map_err(|error| (name.to_owned(), error.to_string()))
    };
    let files = |folder: &str| -> Result<(String, Vec<String>), (String, String)> {
        let name = join(folder, STATE);
        let state = json(&name)?.ok_or_else(|| (name.clone(), "there is no such file".to_owned()))?;
        let filename = |file: &Value| Some(join(folder, file.get("filename")?.as_str()?));
        let files = state.get("_data_files").and_then(Value::as_array);
        let files = files.and_then(|files| files.iter().map(filename).collect::<Option<Vec<String>>>());
        let split = state.get("_split").and_then(Value::as_str).unwrap_or("train").to_owned();
        Ok((split, files.ok_or((name, "it names no `_data_files`".to_owned()))?))
    };
    let Some(dictionary) = json(DICTIONARY)? else {
        return if texts.contains_key(STATE) { Ok([files("")?].into()) } else { Ok(BTreeMap::new()) };
    };
    let names = dictionary.get("splits").and_then(Value::as_array);
    let names = names.and_then(|names| names.iter().map(Value::as_str).collect::<Option<Vec<&str>>>());
    let names = names.ok_or((DICTIONARY.to_owned(), "it names no `splits`".to_owned()))?;
    names.into_iter().map(|split| Ok((split.to_owned(), files(split)?.1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_those_that_the_state_names() {
        let texts = |texts: &[(&str, &str)]| {
            texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let state = r#"{"_data_files": [{"filename": "b.arrow"}, {"filename": "a.arrow"}], "_split": "test"}"#;
        let one = splits(&texts(&[("state.json", state)])).unwrap();
        assert_eq!(one, [("test".to_owned(), vec!["b.arrow".to_owned(), "a.arrow".to_owned()])].into());
        let both = texts(&[("dataset_dict.json", r#"{"splits": ["train"]}"#), ("train/state.json", state)]);
        assert_eq!(splits(&both).unwrap()["train"], ["train/b.arrow", "train/a.arrow"]);
        assert!(splits(&texts(&[])).unwrap().is_empty());
        let error = splits(&texts(&[("dataset_dict.json", r#"{"splits": ["train"]}"#)])).unwrap_err();
        assert_eq!(error, ("train/state.json".to_owned(), "there is no such file".to_owned()));
        let names = ["state.json", "a.arrow", "x/y/state.json"].map(str::to_owned);
        assert_eq!(descriptions(&names), ["state.json"]);
        assert!(descriptions(&["x/state.json".to_owned()]).is_empty());
    }
}
