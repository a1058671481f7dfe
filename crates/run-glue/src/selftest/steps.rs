//! A whole training step of an encoder with dropout: its loss, every gradient, and what AdamW makes of them.

use burn_autodiff::Autodiff;
use models::config::Config;
use models::ops::{EncoderOps, Precision};
use models::parameters;

use super::cases::{Cases, Cpu, Part};
use super::comparison::{Difference, largest};
use super::limits::limits;
use crate::synthetic;
use trainer::error::Error;
use trainer::settings::TrainingSettings;
use trainer::training::StepBatches;
use trainer::training::optimizer::Optimizer;
use trainer::training::step::TrainingStep;

/// Families that together use every operation, in small.
const CONFIGS: [(&str, &str); 4] = [
    (
        "BERT",
        r#"{"model_type": "bert", "vocab_size": 500, "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
            "intermediate_size": 512, "max_position_embeddings": 128, "type_vocab_size": 2,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}"#,
    ),
    (
        "DeBERTa",
        r#"{"model_type": "deberta-v2", "vocab_size": 500, "hidden_size": 96, "num_hidden_layers": 2,
            "num_attention_heads": 3, "intermediate_size": 384, "max_position_embeddings": 128, "type_vocab_size": 0,
            "relative_attention": true, "position_buckets": 32, "share_att_key": true, "norm_rel_ebd": "layer_norm",
            "pos_att_type": ["p2c", "c2p"], "position_biased_input": false,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}"#,
    ),
    (
        "ModernBERT",
        r#"{"model_type": "modernbert", "vocab_size": 500, "hidden_size": 96, "num_hidden_layers": 3,
            "num_attention_heads": 3, "intermediate_size": 192, "pad_token_id": 0, "local_attention": 16,
            "attention_dropout": 0.1, "mlp_dropout": 0.1, "embedding_dropout": 0.1, "classifier_dropout": 0.1}"#,
    ),
    (
        "Qwen 3",
        r#"{"model_type": "qwen3", "vocab_size": 500, "hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 192, "max_position_embeddings": 128,
            "pad_token_id": 0, "attention_dropout": 0.1}"#,
    ),
];

/// Lengths of the batch's sequences.
const LENGTHS: [usize; 6] = [40, 7, 19, 64, 1, 33];
const VOCABULARY: usize = 500;

/// AdamW's. A gradient that is 0 but for rounding (a key's bias has one) would be blown up to a whole step by the usual
/// 1e-8; this tells such noise from gradients.
const EPSILON: f64 = 1e-6;
const LEARNING_RATE: f64 = 1e-3;

/// A step's numbers on the host.
struct StepNumbers {
    loss: f32,
    gradients: Vec<Vec<f32>>,
    /// What is added to each parameter, one after another.
    update: Vec<f32>,
    names: Vec<String>,
}

pub(super) fn compare<B: EncoderOps>(cases: &mut Cases, device: &B::Device) -> Result<(), Error> {
    cases.announce("training steps");
    let precision = cases.precision;
    for (name, config) in CONFIGS {
        cases.case(
            "step",
            &format!("{name}'s training step"),
            "the CPU in f32",
            || step::<B>(config, precision, device),
            |computed| Ok(parts(&computed, &step::<Cpu>(config, Precision::F32, &Default::default())?, precision)),
        )?;
    }
    Ok(())
}

fn step<B: EncoderOps>(config: &str, precision: Precision, device: &B::Device) -> Result<StepNumbers, Error> {
    let config = Config::from_fields(serde_json::from_str(config).map_err(Error::failure)?);
    let model = synthetic::model::<Autodiff<B>>(&config, precision, device).map_err(Error::failure)?;
    let pad_to = (!B::capabilities().prefers_packed).then_some(0);
    let batch = synthetic::batch(&LENGTHS, VOCABULARY, pad_to);
    // The seed is dropout's.
    let settings = TrainingSettings { adam_epsilon: EPSILON, seed: 1, ..TrainingSettings::default() };
    let before = parameters::read(&model);
    let mut optimizer = Optimizer::new(&model, &[], &settings);
    let batches = StepBatches::single(1, batch, synthetic::targets(LENGTHS.len()));
    let mut gradients = Vec::new();
    let (model, outcome) = TrainingStep::new(&settings).run(model, &mut optimizer, &batches, LEARNING_RATE, |all| {
        gradients = all.values();
    })?;
    let loss = outcome.loss().map_or(f32::NAN, |loss| loss.into_data().iter::<f32>().sum());
    let after = parameters::read(&model);
    let update =
        after.iter().zip(&before).flat_map(|((_, a), (_, b))| a.values.iter().zip(&b.values).map(|(a, b)| a - b));
    let update = update.collect();
    Ok(StepNumbers { loss, gradients, update, names: before.into_iter().map(|(name, _)| name).collect() })
}

fn parts(computed: &StepNumbers, expected: &StepNumbers, precision: Precision) -> Vec<Part> {
    let limits = limits(precision);
    let all = expected.gradients.iter().map(|values| largest(values)).fold(0.0, f64::max);
    // Gradients that are a thousandth of the largest are rounding noise as likely as not.
    let of_each = computed.gradients.iter().zip(&expected.gradients).map(|(a, b)| Difference::of(a, b, 1e-3 * all));
    let worst = of_each.zip(&expected.names).max_by(|(a, _), (b, _)| a.relative.total_cmp(&b.relative));
    let (gradients, name) = worst.map_or((Difference::NONE, ""), |(difference, name)| (difference, name.as_str()));
    vec![
        Part::new("loss", Difference::of(&[computed.loss], &[expected.loss], 0.0), limits.loss),
        Part::new(format!("{} gradients, worst of {name}", computed.gradients.len()), gradients, limits.gradients),
        Part::new("update of all parameters", by_norm(&computed.update, &expected.update), limits.update),
    ]
}

/// The norm of the difference relative to the norm: single elements of AdamW's first step are signs of gradients, and
/// small ones may turn.
fn by_norm(values: &[f32], expected: &[f32]) -> Difference {
    let elements = Difference::of(values, expected, 0.0);
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let difference = squares(&mut values.iter().zip(expected).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    let whole = squares(&mut expected.iter().map(|&value| f64::from(value)));
    Difference {
        relative: (difference / whole).sqrt().max(if elements.absolute.is_finite() { 0.0 } else { f64::INFINITY }),
        ..elements
    }
}
