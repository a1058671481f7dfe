//! Models with random weights and batches with made-up tokens: what the self-test and the benchmark compute on.

use std::collections::HashMap;

use burn::tensor::backend::AutodiffBackend;
use models::batch::TokenBatch;
use models::config::{Config, ConfigError};
use models::encoder::family;
use models::head::{SequenceClassifier, Targets};
use models::ops::Precision;
use models::{parameters, torch_rng::TorchRng};

/// A classifier of two classes with weights of N(0, 0.02), and normalisations that scale by about 1.
///
/// # Errors
/// When the configuration is of no known family, or asks for what is not supported.
pub fn model<B: AutodiffBackend>(
    config: &Config,
    precision: Precision,
    device: &B::Device,
) -> Result<SequenceClassifier<B>, ConfigError> {
    let architecture = (family(config)?.architecture)(config)?;
    let model = SequenceClassifier::<B>::zeros(architecture, 2, precision, device);
    let mut rng = TorchRng::new(0);
    let values: HashMap<_, _> = parameters::shapes(&model)
        .into_iter()
        .map(|(path, shape)| {
            let mut values = rng.normal(shape.iter().product(), 0.02);
            if path.ends_with("norm.weight") {
                values.iter_mut().for_each(|value| *value += 1.0);
            }
            (path, values)
        })
        .collect();
    Ok(parameters::write(model, values))
}

/// Sequences of these lengths, tokens from 5 up to `vocabulary`, or all of a smaller one. `pad_to` as in [`TokenBatch::new`].
#[must_use]
pub fn batch(lengths: &[usize], vocabulary: usize, pad_to: Option<usize>) -> TokenBatch {
    let first = if vocabulary > 5 { 5 } else { 0 };
    let words = (vocabulary - first).max(1);
    let ids: Vec<Vec<u32>> = lengths
        .iter()
        .enumerate()
        .map(|(i, &length)| (0..length).map(|j| first as u32 + ((i * 131 + j) * 7919 % words) as u32).collect())
        .collect();
    let types: Vec<Vec<u8>> = lengths.iter().map(|&length| vec![0; length]).collect();
    let rows: Vec<(&[u32], &[u8])> = ids.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
    TokenBatch::new(&rows, 0, pad_to, 0)
}

/// Both classes in turn.
#[must_use]
pub fn targets(examples: usize) -> Targets {
    Targets::Classes((0..examples).map(|i| i % 2).collect())
}
