//! Where a checkpoint is, by the name that people give it.

use std::path::PathBuf;

use crate::error::Error;
use crate::settings::ModelChoice;

/// Where the checkpoint is: in a folder of this name where there is one, else on the Hub. `embedded`: without a name it is the
/// one inside the program.
///
/// # Errors
/// No name, a path that is no folder, or a revision of something that has none.
pub(super) fn model_choice(name: Option<&str>, revision: Option<&str>, embedded: bool) -> Result<ModelChoice, Error> {
    let revision_of = |what: &str| {
        Err(Error::usage(format!(
            "--model_revision is of a repository on the Hub, and {what} has no revision: leave it out"
        )))
    };
    let Some(name) = name else {
        return if embedded && revision.is_some() {
            revision_of("the demo's model")
        } else if embedded {
            Ok(ModelChoice::Embedded)
        } else {
            Err(Error::usage("--model is missing: give a folder or a Hub repository such as bert-base-cased"))
        };
    };
    let path = PathBuf::from(name);
    if path.is_dir() {
        return match revision {
            Some(_) => revision_of(&format!("the folder --model {name}")),
            None => Ok(ModelChoice::Folder(path)),
        };
    }
    if path.is_absolute() || name.starts_with('.') || name.starts_with('~') || path.is_file() {
        return Err(Error::usage(format!(
            "--model {name}: there is no such folder; expected one with config.json, weights and a tokenizer"
        )));
    }
    Ok(ModelChoice::Hub { id: name.to_owned(), revision: revision.unwrap_or("main").to_owned() })
}
