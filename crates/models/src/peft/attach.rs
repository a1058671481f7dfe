//! Puts what a plan asks for beside a model's layers, and makes it part of their weights.

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;

use super::method::{BiasTraining, Method};
use super::plan::AdapterPlan;
use crate::head::SequenceClassifier;
use crate::layers::{Ia3, Linear, Lora, LoraSpec};
use crate::ops::EncoderOps;
use crate::torch_rng::TorchRng;

/// The model with the plan's layers beside its own, drawn from `rng` as `peft` draws them after the model was made.
#[must_use]
pub fn attach<B: EncoderOps>(
    mut model: SequenceClassifier<B>,
    plan: &AdapterPlan,
    rng: &mut TorchRng,
    device: &B::Device,
) -> SequenceClassifier<B> {
    let mut linears = linears_mut(&mut model);
    for site in &plan.sites {
        let Some((_, linear)) = linears.iter_mut().find(|(path, _)| *path == site.linear) else {
            unreachable!("a plan names `{}`, which the model has not", site.linear)
        };
        let [stacked, inputs] = linear.weight.dims();
        let rows = site.piece.rows(stacked);
        let outputs = rows.len();
        match &plan.method {
            Method::Lora(config) => {
                let spec = LoraSpec { rank: config.r, scaling: config.scaling(), dropout: config.lora_dropout };
                let mut lora = Lora::zeros(spec, inputs, outputs, rows.start, device);
                let a = rng.lora_a(config.r, inputs, outputs);
                lora.a = lora.a.map(|a_zeros| {
                    Tensor::from_data(TensorData::new(a, a_zeros.dims()), device).set_require_grad(true)
                });
                linear.lora.push(lora);
            }
            Method::Ia3(_) => {
                let columns = if site.is_feedforward { inputs } else { outputs };
                linear.ia3.push(Ia3::ones(site.is_feedforward, columns, rows.start, device));
            }
            Method::BitFit | Method::Head => unreachable!("nothing stands beside a layer"),
        }
    }
    if matches!(&plan.method, Method::Lora(config) if config.bias == BiasTraining::LoraOnly) {
        linears
            .iter_mut()
            .filter(|(_, linear)| !linear.lora.is_empty())
            .for_each(|(_, linear)| linear.train_adapted_bias());
    }
    model
}

/// The model with what stands beside its layers made part of their weights (`merge_and_unload`).
#[must_use]
pub fn merged<B: EncoderOps>(mut model: SequenceClassifier<B>) -> SequenceClassifier<B> {
    for (_, linear) in linears_mut(&mut model) {
        *linear = linear.clone().merged();
    }
    model
}

/// Every linear layer with its path.
fn linears_mut<B: Backend>(model: &mut SequenceClassifier<B>) -> Vec<(String, &mut Linear<B>)> {
    let encoder = &mut model.encoder;
    let mut all: Vec<(String, &mut Linear<B>)> = Vec::new();
    all.extend(encoder.embedding_projection.as_mut().map(|linear| ("encoder.embedding_projection".to_owned(), linear)));
    for (i, layer) in encoder.layers.iter_mut().enumerate() {
        let path = |part: &str| format!("encoder.layers.{i}.{part}");
        all.push((path("qkv"), &mut layer.qkv));
        all.extend(layer.position_queries.as_mut().map(|linear| (path("position_queries"), linear)));
        all.extend(layer.position_keys.as_mut().map(|linear| (path("position_keys"), linear)));
        all.push((path("attention_output"), &mut layer.attention_output));
        if let Some(cross) = &mut layer.cross {
            all.push((path("cross.queries"), &mut cross.queries));
            all.push((path("cross.keys_values"), &mut cross.keys_values));
            all.push((path("cross.output"), &mut cross.output));
        }
        all.push((path("intermediate"), &mut layer.intermediate));
        all.push((path("output"), &mut layer.output));
    }
    all.extend(model.dense.as_mut().map(|linear| ("dense".to_owned(), linear)));
    all.push(("classifier".to_owned(), &mut model.classifier));
    all
}
