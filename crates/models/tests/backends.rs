//! Training steps of a tiny BERT, dropout included, on each backend that the crate is built with, beside the CPU's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(all(feature = "flex", any(feature = "wgpu", feature = "ndarray")))]

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorPrimitive};
use burn_autodiff::Autodiff;
use models::backends::Flex;
use models::batch::TokenBatch;
use models::checkpoint::{CheckpointError, LoadOptions, load, locate};
use models::config::Config;
use models::encoder::architecture::Dropouts;
use models::encoder::family;
use models::head::{LossOptions, SequenceClassifier, Targets, loss};
use models::ops::adamw::zero_moments;
use models::ops::{AdamWSlot, AdamWStep, DropoutPlan, EncoderOps, Gradient, Precision};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../run-glue/tests/fixtures/logits/uncased_2")
}

fn model<B: AutodiffBackend + EncoderOps>(precision: Precision) -> SequenceClassifier<B> {
    let dir = folder();
    let config = Config::read(&dir.join("config.json")).expect("config.json");
    let family = family(&config).expect("a known family");
    let names = (family.tensor_names)(&config).expect("names");
    let mut architecture = (family.architecture)(&config).expect("a BERT");
    architecture.dropout = Dropouts { embeddings: 0.1, attention: 0.2, attention_output: 0.1, inner: 0.0, output: 0.5 };
    let model = SequenceClassifier::zeros(architecture, 2, precision, &Default::default());
    let files = locate(|name| Ok::<_, CheckpointError>(Some(dir.join(name)).filter(|path| path.is_file()))).unwrap();
    let options = LoadOptions {
        model_type: "bert".to_owned(),
        prefix: family.prefix,
        initializer_range: 0.02,
        seed: 42,
        ignore_mismatched_sizes: false,
    };
    load(model, &names, &files, &options).unwrap().0
}

/// Parameters and gradients without autodiff, in the module's order.
struct Collect<'a, B: AutodiffBackend> {
    grads: &'a B::Gradients,
    batch: &'a TokenBatch,
    found: Vec<(FloatTensor<B::InnerBackend>, Gradient<FloatTensor<B::InnerBackend>>)>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Collect<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let gradient = value.grad(self.grads).expect("every parameter has a gradient");
        let rows = (gradient.dims() != value.dims()).then(|| self.batch.words().ids.clone());
        let gradient = Gradient { values: gradient.into_primitive().tensor(), rows };
        self.found.push((value.inner().into_primitive().tensor(), gradient));
    }
}

/// Puts parameters back, in the module's order.
struct PutBack<I>(I);

impl<B: AutodiffBackend, I: Iterator<Item = FloatTensor<B::InnerBackend>>> ModuleMapper<B> for PutBack<I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let value = self.0.next().expect("a value for each parameter");
        param.map(|_| Tensor::from_inner(Tensor::from_primitive(TensorPrimitive::Float(value))).require_grad())
    }
}

/// Numbers of a primitive of any shape.
fn numbers<B: burn::tensor::backend::Backend>(x: &FloatTensor<B>) -> Vec<f32> {
    let n = burn::tensor::TensorMetadata::shape(x).num_elements();
    let flat = B::float_reshape(x.clone(), [n].into());
    Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(flat)).into_data().iter().collect()
}

/// What a step gives: the loss, the gradient's norm, and all parameters after it.
type Facts = (f64, f64, Vec<Vec<f32>>);

/// Two steps with packed rows and two with padded ones.
fn steps<T: EncoderOps>(precision: Precision) -> Vec<Facts> {
    let mut model = model::<Autodiff<T>>(precision);
    let rows: [(&[u32], &[u8]); 4] = [
        (&[2, 7, 9, 11, 3, 8, 12, 3], &[0, 0, 0, 0, 0, 1, 1, 1]),
        (&[2, 3], &[0, 0]),
        (&[2, 15, 9, 9, 4, 3], &[0, 0, 0, 1, 1, 1]),
        (&[2, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 3], &[0; 19]),
    ];
    let targets = Targets::Classes(vec![0, 1, 1, 0]);
    let mut moments: Option<Vec<_>> = None;
    let mut facts = Vec::new();
    for (n, pad_to) in [None, None, Some(0), Some(24)].into_iter().enumerate() {
        let batch = TokenBatch::new(&rows, 0, pad_to, 0);
        let logits = model.forward(&batch, &mut DropoutPlan::train(1, n as u64));
        let options = LossOptions { divisor: 4.0, label_smoothing_factor: 0.0, class_weights: None };
        let loss = loss(logits, &targets, options);
        let value = loss.clone().inner().into_data().iter::<f64>().sum();
        let grads = loss.backward();
        let mut collect = Collect::<Autodiff<T>> { grads: &grads, batch: &batch, found: Vec::new() };
        model.visit(&mut collect);
        let found = collect.found;
        let norm = T::eo_gradient_norm(found.iter().map(|(_, gradient)| gradient.values.clone()).collect());
        let (scale, clip) = norm.clip_factor::<T>(1.0).split();
        let step = AdamWStep {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            step: n as i32 + 1,
            gradient_scale: scale as f32,
        };
        let kept = moments.take().unwrap_or_else(|| found.iter().map(|(p, _)| zero_moments::<T>(p)).collect());
        let slots = found.into_iter().zip(kept).map(|((parameter, gradient), moments)| AdamWSlot {
            touched: vec![false; burn::tensor::TensorMetadata::shape(&parameter)[0]],
            parameter,
            gradient: Some(gradient),
            moments,
            learning_rate_scale: 1.0,
            weight_decay: 0.01,
        });
        let slots = T::eo_adamw(slots.collect(), &step, clip);
        facts.push((value, norm.value::<T>(), slots.iter().map(|slot| numbers::<T>(&slot.parameter)).collect()));
        let (parameters, kept): (Vec<_>, Vec<_>) = slots.into_iter().map(|slot| (slot.parameter, slot.moments)).unzip();
        moments = Some(kept);
        model = model.map(&mut PutBack(parameters.into_iter()));
    }
    facts
}

fn agrees_with_the_cpu<T: EncoderOps>(name: &str) {
    let (ours, cpu) = (steps::<T>(Precision::F32), steps::<Flex>(Precision::F32));
    for (n, ((loss, norm, parameters), (cpu_loss, cpu_norm, cpu_parameters))) in ours.iter().zip(&cpu).enumerate() {
        println!("{name}, step {n}: loss {loss} and {cpu_loss}, norm {norm} and {cpu_norm}");
        assert!((loss - cpu_loss).abs() <= 1e-4 * cpu_loss.abs(), "{name}, loss of step {n}");
        assert!((norm - cpu_norm).abs() <= 1e-4 * cpu_norm, "{name}, norm of step {n}");
        for (i, (a, b)) in parameters.iter().zip(cpu_parameters).enumerate() {
            // Adam makes a step of the learning rate from a gradient that is rounding noise, as that of a key's bias is: so the
            // parameters as a whole are compared.
            let length = |x: &mut dyn Iterator<Item = f32>| x.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            let difference = length(&mut a.iter().zip(b).map(|(a, b)| a - b));
            let size = length(&mut b.iter().copied());
            let noise = if is_noisy(b.len()) { 1e-2 } else { 1e-4 };
            assert!(difference <= noise * size + 1e-6, "{name}, parameter {i} of step {n}: {difference} of {size}");
        }
    }
}

/// Biases of stacked queries, keys and values: a third of them, the keys', has no gradient but noise.
fn is_noisy(len: usize) -> bool {
    len == 3 * hidden()
}

fn hidden() -> usize {
    let config = Config::read(&folder().join("config.json")).expect("config.json");
    let family = family(&config).expect("a known family");
    (family.architecture)(&config).expect("a BERT").hidden_size
}

#[cfg(feature = "wgpu")]
#[test]
fn wgpu_makes_the_cpus_steps() {
    match models::backends::wgpu_names() {
        Ok(_) => agrees_with_the_cpu::<models::backends::Wgpu>("wgpu"),
        Err(reason) => println!("not tested: {reason}"),
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_makes_the_cpus_steps() {
    agrees_with_the_cpu::<models::backends::NdArray>("ndarray");
}
