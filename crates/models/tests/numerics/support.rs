//! What the tests share: places of fixtures, batches and labels out of JSON, weights and gradients by the parameters' paths.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use models::encoder::architecture::Architecture;
use models::head::{LossOptions, SequenceClassifier, Targets};
use models::ops::Precision;
use models::{parameters, torch_rng::TorchRng};
use serde_json::Value;

/// The backend of all tests that take gradients.
pub(crate) type Ad = Autodiff<Flex>;

/// A file or folder among the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../run-glue/tests/fixtures").join(name)
}

/// The names in a folder of fixtures, sorted.
pub(crate) fn fixtures_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(fixture(folder)).expect(folder);
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A fixture's JSON.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(name)).expect(name)).expect(name)
}

/// Rows of whole numbers.
pub(crate) fn integers(value: &Value) -> Vec<Vec<u32>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

/// All numbers of an array of any depth, in order.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

/// The labels of a fixture's batch: scores for one logit, else classes.
pub(crate) fn targets(batch: &Value, num_labels: usize) -> Targets {
    let labels = batch["labels"].as_array().unwrap().iter();
    if num_labels == 1 {
        Targets::Scores(labels.map(|v| v.as_f64().unwrap() as f32).collect())
    } else {
        Targets::Classes(labels.map(|v| v.as_u64().unwrap() as usize).collect())
    }
}

/// The mean over the batch.
pub(crate) fn mean(targets: &Targets) -> LossOptions {
    LossOptions { divisor: targets.len() as f64, label_smoothing_factor: 0.0, class_weights: None, soft_targets: None }
}

/// A classifier of two labels whose weights, as large as a trained encoder's, depend on the parameters' shapes alone.
pub(crate) fn random_model<B: Backend>(architecture: Architecture) -> SequenceClassifier<B> {
    let model = SequenceClassifier::zeros(architecture, 2, Precision::F32, &Default::default());
    let mut rng = TorchRng::new(7);
    let values: HashMap<_, _> = parameters::shapes(&model)
        .into_iter()
        .map(|(path, shape)| (path, rng.normal(shape.iter().product(), 0.2)))
        .collect();
    parameters::write(model, values)
}

/// The gradients by parameter path; a parameter without one is left out.
pub(crate) fn gradients(
    model: &SequenceClassifier<Ad>,
    grads: &<Ad as AutodiffBackend>::Gradients,
) -> HashMap<String, Vec<f32>> {
    let mut collect = Collect { grads, path: Vec::new(), found: HashMap::new() };
    model.visit(&mut collect);
    collect.found
}

struct Collect<'a> {
    grads: &'a <Ad as AutodiffBackend>::Gradients,
    path: Vec<String>,
    found: HashMap<String, Vec<f32>>,
}

impl ModuleVisitor<Ad> for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Ad, D>>) {
        if let Some(gradient) = param.val().grad(self.grads) {
            self.found.insert(self.path.join("."), gradient.to_data().iter::<f32>().collect());
        }
    }
}
