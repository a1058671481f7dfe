//! What an optimizer knows of each parameter, and which parameters are not trained.

use std::collections::HashMap;

use burn::module::Module;
use burn::tensor::backend::Backend;
use models::parameter_specs::{ParameterSpec, Piece};
use models::peft::AdapterPlan;

use crate::settings::TrainingSettings;

/// A parameter besides its values.
#[derive(Clone, Debug)]
pub(super) struct ParameterInfo {
    /// Path in the module.
    pub(super) path: String,
    pub(super) shape: Vec<usize>,
    /// 0 for biases and normalisation.
    pub(super) weight_decay: f64,
    /// What the learning rate is multiplied with.
    pub(super) learning_rate_scale: f64,
    /// The tensors of a checkpoint that are stacked in it along the first axis.
    pub(super) stacked: Vec<Piece>,
}

impl ParameterInfo {
    /// All parameters of a module, in its order. A parameter decays unless it is a bias or belongs to a normalisation; with
    /// `--layerwise_lr_decay` the rate falls from the head down.
    pub(super) fn of_module<B: Backend, M: Module<B>>(
        module: &M,
        names: &[ParameterSpec],
        settings: &TrainingSettings,
    ) -> Vec<Self> {
        let names: HashMap<&str, &ParameterSpec> = names.iter().map(|name| (name.parameter.as_str(), name)).collect();
        let shapes = models::parameters::shapes(module);
        let layers = shapes.iter().filter_map(|(path, _)| layer_of(path)).max().map_or(0, |last| last + 1);
        let info = shapes.into_iter().map(|(path, shape)| {
            let name = names.get(path.as_str());
            Self {
                weight_decay: if name.is_some_and(|name| name.decay) { settings.weight_decay } else { 0.0 },
                learning_rate_scale: settings
                    .layerwise_lr_decay
                    .powi((layers + 1 - depth(&path, layers, name.is_some_and(|name| name.in_encoder))) as i32),
                stacked: name.map_or_else(|| vec![Piece::WHOLE], |name| name.pieces()),
                path,
                shape,
            }
        });
        info.collect()
    }
}

/// The model with the parts that are not trained (`--peft`, `--freeze_layers`, `--freeze_embeddings`) taken out of the gradients.
pub(crate) fn frozen<B: Backend, M: Module<B>>(model: M, settings: &TrainingSettings, peft: Option<&AdapterPlan>) -> M {
    let is_frozen = |path: &str| match (peft, layer_of(path)) {
        (Some(plan), _) => !plan.is_trained(path),
        (None, Some(layer)) => layer < settings.freeze_layers,
        (None, None) => is_embedding(path) && (settings.freeze_embeddings || settings.freeze_layers > 0),
    };
    models::parameters::freeze(model, is_frozen)
}

/// The number of the layer that a parameter belongs to.
fn layer_of(path: &str) -> Option<usize> {
    let mut parts = path.split('.').skip_while(|part| *part != "layers").skip(1);
    parts.next()?.parse().ok()
}

/// Whether a parameter outside the layers belongs to the embeddings, their normalisation included.
fn is_embedding(path: &str) -> bool {
    path.contains("embedding")
}

/// How high a parameter stands: embeddings 0, layer i at i + 1, all that follows the layers above them.
fn depth(path: &str, layers: usize, in_encoder: bool) -> usize {
    match layer_of(path) {
        Some(layer) => layer + 1,
        None if in_encoder && is_embedding(path) => 0,
        None => layers + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_rise_from_the_embeddings_to_the_head() {
        let depth_of = |path: &str, in_encoder| depth(path, 12, in_encoder);
        assert_eq!(depth_of("encoder.word_embeddings", true), 0);
        assert_eq!(depth_of("encoder.embedding_norm.bias", true), 0);
        assert_eq!(depth_of("encoder.layers.0.qkv.weight", true), 1);
        assert_eq!(depth_of("encoder.layers.11.qkv.weight", true), 12);
        assert_eq!(depth_of("encoder.pooler.weight", true), 13);
        assert_eq!(depth_of("classifier.weight", false), 13);
    }
}
