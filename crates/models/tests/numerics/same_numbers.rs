//! What saves memory or compilations changes no number, in any family: layers that are computed again give the undivided
//! backward pass's loss and gradients bit for bit, rows of no sequence those of the batch without them.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use models::batch::{Sequences, TokenBatch};
use models::config::Config;
use models::encoder::architecture::{Architecture, Dropouts};
use models::encoder::family;
use models::gradient_checkpointing::loss_and_gradients;
use models::head::{LossOptions, SequenceClassifier, Targets, loss};
use models::ops::DropoutPlan;
use models::parameters;

use crate::support::{Ad, fixture, fixtures_in, random_model};

type Grads = <Ad as AutodiffBackend>::Gradients;

/// Gradient values by parameter path, each part's added to those before it.
#[derive(Default)]
struct Sums {
    path: Vec<String>,
    grads: Option<Grads>,
    found: BTreeMap<String, Vec<f32>>,
}

impl Sums {
    fn take(&mut self, model: &SequenceClassifier<Ad>, grads: Grads) {
        self.grads = Some(grads);
        model.visit(self);
    }
}

impl ModuleVisitor<Ad> for Sums {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Ad, D>>) {
        let Some(gradient) = param.val().grad(self.grads.as_ref().unwrap()) else { return };
        let values: Vec<f32> = gradient.to_data().iter::<f32>().collect();
        match self.found.get_mut(&self.path.join(".")) {
            Some(sum) => sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
            None => {
                self.found.insert(self.path.join("."), values);
            }
        }
    }
}

/// The families' fixtures, with dropout everywhere, and weights as large as a trained encoder's.
fn cases() -> Vec<(String, Architecture)> {
    let case = |name: String| {
        let config = Config::read(&fixture(&format!("families/{name}/config.json"))).expect(&name);
        let mut architecture = (family(&config).expect(&name).architecture)(&config).expect(&name);
        architecture.dropout =
            Dropouts { embeddings: 0.1, attention: 0.2, attention_output: 0.15, inner: 0.1, output: 0.25 };
        architecture.head.dropout = 0.3;
        architecture.decoder.iter_mut().for_each(|decoder| decoder.output_dropout = 0.2);
        // Sums of more than two terms have an order.
        let layers = match &mut architecture.decoder {
            // A second stack without layers keeps none.
            Some(decoder) if decoder.first_layer == architecture.num_layers => {
                decoder.first_layer = 4;
                4
            }
            Some(decoder) => decoder.first_layer + 3,
            None => 4,
        };
        if architecture.num_layers < layers && architecture.layer_order.len() == architecture.num_layers {
            architecture.num_layers = layers;
            architecture.layer_order = (0..layers).collect();
            let last = architecture.attention.layers.last().cloned().unwrap();
            architecture.attention.layers.resize(layers, last);
        }
        assert!(architecture.layer_order.len() > 2, "{name}");
        (name, architecture)
    };
    fixtures_in("families").into_iter().map(case).collect()
}

/// Packed, padded, or packed and rounded up.
#[derive(Clone, Copy)]
enum Layout {
    Packed,
    Padded(usize),
    Rounded(usize),
}

fn batch(layout: Layout) -> TokenBatch {
    let rows: Vec<Vec<u32>> =
        [9usize, 3, 14, 6].iter().map(|&n| (0..n as u32).map(|i| 4 + i * 5 % 23).collect()).collect();
    let types: Vec<Vec<u8>> = rows.iter().map(|row| vec![0; row.len()]).collect();
    let rows: Vec<(&[u32], &[u8])> = rows.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
    let lengths = rows.iter().map(|(ids, _)| ids.len()).collect();
    let sequences = match layout {
        Layout::Packed => Sequences::packed(lengths),
        Layout::Padded(to) => Sequences::padded(lengths, to),
        Layout::Rounded(multiple) => Sequences::packed(lengths).rounded(multiple),
    };
    TokenBatch::laid_out(&rows, 1, sequences.with_first_example(3))
}

fn targets() -> Targets {
    Targets::Classes(vec![0, 1, 1, 0])
}

fn options() -> LossOptions {
    LossOptions { divisor: 4.0, label_smoothing_factor: 0.1, class_weights: None, soft_targets: None }
}

fn undivided(model: &SequenceClassifier<Ad>, layout: Layout) -> (f32, Sums) {
    let mut whole = Sums::default();
    let mut plan = DropoutPlan::train(5, 2);
    let value = loss(model.forward(&batch(layout), &mut plan), &targets(), options());
    whole.take(model, value.backward());
    (value.inner().into_scalar(), whole)
}

fn both(model: &SequenceClassifier<Ad>, layout: Layout) -> [(f32, Sums); 2] {
    let mut parts = Sums::default();
    let mut plan = DropoutPlan::train(5, 2);
    let take = |grads| parts.take(model, grads);
    let value = loss_and_gradients(model, &batch(layout), &targets(), options(), &mut plan, take);
    [undivided(model, layout), (value.into_scalar(), parts)]
}

fn assert_same(name: &str, [(loss, whole), (again, parts)]: [(f32, Sums); 2]) {
    assert_eq!(loss.to_bits(), again.to_bits(), "{name}: loss");
    assert_eq!(whole.found.keys().collect::<Vec<_>>(), parts.found.keys().collect::<Vec<_>>(), "{name}");
    for (path, values) in &whole.found {
        assert!(values.iter().any(|v| *v != 0.0) || path.contains("token_type"), "{name}: {path} learns nothing");
        let same = values.iter().zip(&parts.found[path]).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{name}: gradients of {path} differ");
    }
}

#[test]
fn loss_and_gradients_are_those_of_the_undivided_pass_bit_for_bit() {
    let cases = cases();
    assert!(cases.len() >= 10, "{} cases", cases.len());
    for (name, architecture) in cases {
        let model = random_model(architecture);
        for layout in [Layout::Packed, Layout::Padded(20), Layout::Rounded(16)] {
            assert_same(&name, both(&model, layout));
        }
    }
}

#[test]
fn frozen_parts_have_no_gradients_here_either() {
    for (name, architecture) in cases() {
        let frozen: [&dyn Fn(&str) -> bool; 3] = [
            &|path| path.contains("embedding"),
            &|path| path.contains("embedding") || path.contains("layers.0."),
            &|path| path.starts_with("encoder."),
        ];
        for frozen in frozen {
            let model = parameters::freeze(random_model(architecture.clone()), frozen);
            let both = both(&model, Layout::Packed);
            assert!(!both[1].1.found.keys().any(|path| frozen(path)), "{name}");
            assert_same(&name, both);
        }
    }
}

#[test]
fn rows_of_no_sequence_change_nothing() {
    for (name, architecture) in cases() {
        let model = random_model(architecture);
        let (loss, plain) = undivided(&model, Layout::Packed);
        for multiple in [7, 16, 100] {
            let (rounded_loss, rounded) = undivided(&model, Layout::Rounded(multiple));
            assert!((loss - rounded_loss).abs() <= 1e-6 * loss.abs(), "{name}: {loss} and {rounded_loss}");
            for (path, values) in plain.found.iter().filter(|(path, _)| *path != "encoder.word_embeddings") {
                let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
                let pairs = values.iter().zip(&rounded.found[path]);
                let gap = pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
                assert!(gap <= 1e-5 * norm.max(1e-3), "{name}, {multiple}: {path} differs by {gap} of {norm}");
            }
            // The padding token is a word of the batch now; what it learns is nothing.
            let words = |sums: &Sums| -> f32 { sums.found["encoder.word_embeddings"].iter().map(|v| v * v).sum() };
            let (a, b) = (words(&plain), words(&rounded));
            assert!((a - b).abs() <= 1e-5 * a, "{name}, {multiple}: words {a} and {b}");
        }
    }
}
