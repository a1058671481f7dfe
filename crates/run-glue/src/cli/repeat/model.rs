//! Where a record's model is, as flags: a folder that is there, or a repository at the commit that it was at.

use std::path::Path;

use super::flags::Flags;
use super::typed::Typed;
use records::record::{RunRecord, Source};

/// The flag of the model's place.
pub(super) const PLACE: &str = "model_name_or_path";

/// The model, and its parts and teacher where they came from other places.
///
/// # Errors
/// A folder that is not here.
pub(super) fn add(record: &RunRecord, typed: &Typed, flags: &mut Flags) -> Result<(), String> {
    let model = &record.model;
    let parts = [
        ("tokenizer_name", model.tokenizer_from.as_ref().map(|place| (place.source, &place.id)), "tokenizer"),
        ("config_name", model.config_from.as_ref().map(|place| (place.source, &place.id)), "config.json"),
        ("teacher", record.teacher.as_ref().map(|teacher| (teacher.source, &teacher.id)), "teacher"),
    ];
    let places = [(PLACE, Some((model.source, &model.id)), "model")].into_iter().chain(parts);
    for (flag, place, what) in places.filter(|(flag, ..)| !typed.has(flag)) {
        let Some((source, id)) = place else { continue };
        match source {
            Source::Embedded => {}
            Source::Folder if !Path::new(id).is_dir() => {
                return Err(format!(
                    "its {what} lay in the folder {id}, which is not here: repeat it where the run was made, or say by --{flag} where the \
                     folder is now"
                ));
            }
            Source::Folder | Source::Hub => flags.add(flag, id.as_str()),
        }
    }
    if model.source == Source::Hub {
        // The flag is of all repositories that are named, so commits of several cannot be asked for; whether one has moved is looked at
        // before the run.
        let others = [&model.tokenizer_from, &model.config_from];
        let is_alone = !others.into_iter().flatten().any(|place| place.source == Source::Hub);
        let revision = model.commit.as_ref().filter(|_| is_alone).or(model.revision.as_ref());
        if let Some(revision) = revision {
            flags.add("model_revision", revision.as_str());
        }
    }
    Ok(())
}
