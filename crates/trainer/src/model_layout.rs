//! Folders and repositories that hold a model in another form than its files side by side.

use serde_json::Value;

use crate::error::Error;
use crate::source::SourceFiles;

/// Weights of other frameworks.
const FOREIGN_WEIGHTS: [(&str, &str, &str); 3] = [
    ("tf_model.h5", "TensorFlow", "from_tf"),
    ("flax_model.msgpack", "Flax", "from_flax"),
    ("model.ckpt.index", "TensorFlow", "from_tf"),
];

/// Where the model's files are: in the folder that sentence-transformers' `modules.json` names, where there is no `config.json`
/// beside it. With what is to be said of that.
///
/// # Errors
/// When a file cannot be had.
pub(crate) fn find_model(files: SourceFiles) -> Result<(SourceFiles, Option<String>), Error> {
    if files.try_fetch("config.json")?.is_some() {
        return Ok((files, None));
    }
    let Some(path) = files.try_fetch("modules.json")? else { return Ok((files, None)) };
    let modules = read_json(&path)?;
    let is_transformer = |module: &&Value| module["type"].as_str().is_some_and(|kind| kind.ends_with(".Transformer"));
    let folder = modules.as_array().and_then(|modules| modules.iter().find(is_transformer)?["path"].as_str());
    match folder.filter(|folder| !folder.is_empty() && !folder.split('/').any(|part| part == "..")) {
        Some(folder) => {
            let said = format!("{}: the model is the one in {folder}, as modules.json says", files.id);
            Ok((files.in_subfolder(folder), Some(said)))
        }
        None => Ok((files, None)),
    }
}

/// Says why there are no weights that can be read, where other ones are there.
pub(crate) fn explain(files: &SourceFiles, error: Error) -> Error {
    let found = FOREIGN_WEIGHTS.into_iter().find(|(name, ..)| matches!(files.try_fetch(name), Ok(Some(_))));
    found.map_or(error, |(name, framework, flag)| {
        Error::usage(format!(
            "{}: its weights are {framework}'s ({name}), which are not read. With transformers 4 and {framework}, \
             AutoModel.from_pretrained(MODEL, {flag}=True).save_pretrained(FOLDER) writes model.safetensors",
            files.id
        ))
    })
}

fn read_json(path: &std::path::Path) -> Result<Value, Error> {
    let wrong = |reason: String| Error::usage(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}
