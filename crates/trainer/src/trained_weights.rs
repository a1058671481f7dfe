//! The weights that a model in a folder was left with: what lies there now may be others, and of an adapter the model beside it.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;
use crate::file_hash::{FileHashes, hashes_by_name};
use crate::model_places::{ModelPlaces, TENSORS};
use models::checkpoint::WeightFiles;
use records::record::Source;

/// The file beside config.json that says them, before the rows that the model was trained on.
pub(crate) const FILE_NAME: &str = "training_rows.json";

#[derive(Deserialize)]
struct OfWeights {
    weights_sha256: FileHashes,
}

/// The weights that the model in a folder was left with; `None` where it does not say, or nothing that can be understood.
pub(crate) fn trained_weights(path: &Path) -> Option<FileHashes> {
    let file = std::io::BufReader::new(std::fs::File::open(path).ok()?);
    serde_json::from_reader::<_, OfWeights>(file).ok().map(|of| of.weights_sha256)
}

/// What is to be said where the model that an adapter stands beside has other `weights` than when the adapter was trained. Of a model on
/// the Hub it is known by its commit.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn base_change(places: &ModelPlaces, weights: &WeightFiles) -> Result<Option<String>, Error> {
    let (Some(adapter), Some(base)) = (&places.adapter, &places.base) else { return Ok(None) };
    if places.files.source == Source::Hub {
        return Ok(None);
    }
    let then = places.files.try_fetch(FILE_NAME)?.and_then(|path| trained_weights(&path));
    let Some(mut then) = then else { return Ok(None) };
    // Of another adapter it says nothing of this one.
    if then.remove(TENSORS) != hashes_by_name([&adapter.tensors].into_iter())?.remove(TENSORS) {
        return Ok(None);
    }
    let now = hashes_by_name(weights.files.iter())?;
    Ok((then != now).then(|| {
        format!(
            "{}: the model that the adapter stands beside, {}, has other weights than when the adapter was trained: what they give together is \
             not what was trained",
            places.files.id, base.id
        )
    }))
}
