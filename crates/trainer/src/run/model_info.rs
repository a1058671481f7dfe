//! What a record says of a model.

use super::identity::ModelIdentity;
use crate::model_files::ModelFiles;
use crate::source::SourceFiles;
use records::record::parts::{ModelInfo, PlaceInfo};

/// What a record says of a model.
pub(super) fn model_info(
    model: &ModelFiles,
    identity: &ModelIdentity,
    parameters: usize,
    trainable: Option<usize>,
) -> ModelInfo {
    let files = model.files();
    ModelInfo {
        id: files.id.clone(),
        source: files.source,
        revision: files.revision.clone(),
        commit: files.commit.clone(),
        architecture: model.family.classifier_architecture.to_owned(),
        parameters: parameters as u64,
        trainable_parameters: trainable.map(|count| count as u64),
        weights_sha256: identity.weights.clone(),
        config_sha256: Some(identity.config.clone()),
        tokenizer_sha256: identity.tokenizer.clone(),
        config_from: model.config_source.as_ref().map(place),
        base_from: model.base_source().map(place),
        tokenizer_from: model.tokenizer_source.as_ref().map(place),
    }
}

fn place(files: &SourceFiles) -> PlaceInfo {
    PlaceInfo {
        id: files.id.clone(),
        source: files.source,
        revision: files.revision.clone(),
        commit: files.commit.clone(),
    }
}
