//! Optimizers made of Burn's own operations, one parameter at a time.

use std::ops::Range;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorPrimitive};
use models::ops::adamw::dense;
use models::ops::{EncoderOps, Gradient, scale};
use models::parameters::HostTensor;

use super::adamw::AdamW;
use super::parameter_info::ParameterInfo;
use super::rule::{Rule, StateDict, UpdateNumbers};
use super::tensors::{from_host, host_values};
use crate::settings::{OptimizerKind, TrainingSettings};

/// The rule of `--optim`.
pub(super) fn rule_of<B: EncoderOps>(settings: &TrainingSettings) -> Box<dyn Rule<B>> {
    match settings.optim {
        OptimizerKind::AdamW => Box::new(AdamW::new(settings)),
        OptimizerKind::Sgd => Box::new(Composed::new(Sgd)),
        OptimizerKind::Lion => Box::new(Composed::new(Lion { beta1: settings.adam_beta1, beta2: settings.adam_beta2 })),
        OptimizerKind::Adafactor => Box::new(Composed::new(Adafactor)),
    }
}

/// A parameter, or one of those that are stacked in it.
struct Slot<B: Backend> {
    /// `[rows, columns]`; a vector is one row.
    value: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
    /// It has one axis.
    is_vector: bool,
    learning_rate: f64,
    weight_decay: f64,
    step: i32,
}

/// A rule for one parameter.
trait ParameterRule {
    /// Whether parameters that are stacked must be told apart.
    const UNSTACKS: bool;

    /// Shapes of what is kept of a parameter of `rows` and `columns`, zeros at first.
    fn kept(rows: usize, columns: usize, is_vector: bool) -> Vec<[usize; 2]>;

    /// The parameter after the step; `kept` changes.
    fn step<B: Backend>(&self, slot: Slot<B>, kept: &mut [Tensor<B, 2>]) -> Tensor<B, 2>;
}

/// `torch.optim.SGD` without momentum, as transformers makes it: the weight decay is added to the gradient.
struct Sgd;

impl ParameterRule for Sgd {
    const UNSTACKS: bool = false;

    fn kept(_: usize, _: usize, _: bool) -> Vec<[usize; 2]> {
        Vec::new()
    }

    fn step<B: Backend>(&self, slot: Slot<B>, _: &mut [Tensor<B, 2>]) -> Tensor<B, 2> {
        let gradient = slot.gradient + slot.value.clone() * slot.weight_decay;
        slot.value - gradient * slot.learning_rate
    }
}

/// Lion (Chen et al. 2023, <https://arxiv.org/abs/2302.06675>, algorithm 2), with decoupled weight decay.
struct Lion {
    beta1: f64,
    beta2: f64,
}

impl ParameterRule for Lion {
    const UNSTACKS: bool = false;

    fn kept(rows: usize, columns: usize, _: bool) -> Vec<[usize; 2]> {
        vec![[rows, columns]]
    }

    fn step<B: Backend>(&self, slot: Slot<B>, kept: &mut [Tensor<B, 2>]) -> Tensor<B, 2> {
        let moment = kept[0].clone();
        let direction = (moment.clone() * self.beta1 + slot.gradient.clone() * (1.0 - self.beta1)).sign();
        kept[0] = moment * self.beta2 + slot.gradient * (1.0 - self.beta2);
        slot.value * (1.0 - slot.learning_rate * slot.weight_decay) - direction * slot.learning_rate
    }
}

/// Adafactor (Shazeer & Stern 2018, <https://arxiv.org/abs/1804.04235>) as transformers' `Trainer` makes it:
/// `scale_parameter` and `relative_step` off, no first moment, clip threshold 1, decay rate -0.8.
struct Adafactor;

impl ParameterRule for Adafactor {
    const UNSTACKS: bool = true;

    fn kept(rows: usize, columns: usize, is_vector: bool) -> Vec<[usize; 2]> {
        if is_vector { vec![[rows, columns]] } else { vec![[rows, 1], [1, columns]] }
    }

    fn step<B: Backend>(&self, slot: Slot<B>, kept: &mut [Tensor<B, 2>]) -> Tensor<B, 2> {
        let beta2 = 1.0 - f64::from(slot.step).powf(-0.8);
        let square = slot.gradient.clone() * slot.gradient.clone() + 1e-30;
        let mean = |old: &Tensor<B, 2>, new: Tensor<B, 2>| old.clone() * beta2 + new * (1.0 - beta2);
        let update = if slot.is_vector {
            kept[0] = mean(&kept[0], square);
            slot.gradient / kept[0].clone().sqrt()
        } else {
            kept[0] = mean(&kept[0], square.clone().mean_dim(1));
            kept[1] = mean(&kept[1], square.mean_dim(0));
            let rows = (kept[0].clone() / kept[0].clone().mean_dim(0)).sqrt().recip();
            slot.gradient * rows * kept[1].clone().sqrt().recip()
        };
        let count = update.shape().num_elements() as f64;
        let root_mean_square = ((update.clone() * update.clone()).sum() / count).sqrt();
        let update = update / root_mean_square.clamp_min(1.0).unsqueeze() * slot.learning_rate;
        slot.value.clone() - slot.value * (slot.weight_decay * slot.learning_rate) - update
    }
}

/// Applies a rule to all parameters.
struct Composed<B: Backend, R> {
    rule: R,
    /// A list a parameter, of what each of its parts keeps; empty before the first step.
    kept: Vec<Vec<Vec<Tensor<B, 2>>>>,
}

impl<B: Backend, R: ParameterRule> Composed<B, R> {
    fn new(rule: R) -> Self {
        Self { rule, kept: Vec::new() }
    }

    /// Where the parts lie that are stacked in a parameter: rows of a matrix, columns of a vector.
    fn parts(info: &ParameterInfo) -> Vec<Range<usize>> {
        match R::UNSTACKS {
            true => info.stacked.iter().map(|piece| piece.rows(info.shape[0])).collect(),
            false => std::iter::once(0..info.shape[0]).collect(),
        }
    }

    /// The whole as a matrix, a vector as one row, and whether it is a vector.
    fn shape(info: &ParameterInfo) -> ([usize; 2], bool) {
        match info.shape.as_slice() {
            [n] => ([1, *n], true),
            shape => ([shape[0], shape[1..].iter().product()], false),
        }
    }

    /// The shapes of what is kept of each part.
    fn shapes(info: &ParameterInfo) -> Vec<Vec<[usize; 2]>> {
        let ([_, columns], is_vector) = Self::shape(info);
        let of_part = |part: Range<usize>| match is_vector {
            true => R::kept(1, part.len(), true),
            false => R::kept(part.len(), columns, false),
        };
        Self::parts(info).into_iter().map(of_part).collect()
    }

    fn name(info: &ParameterInfo, part: usize, number: usize) -> String {
        format!("state.{part}.{number}.{}", info.path)
    }
}

fn matrix<B: Backend>(x: FloatTensor<B>, shape: [usize; 2]) -> Tensor<B, 2> {
    Tensor::from_primitive(TensorPrimitive::Float(B::float_reshape(x, shape.into())))
}

impl<B: Backend, R: ParameterRule> Rule<B> for Composed<B, R> {
    fn update(
        &mut self,
        parameters: &[ParameterInfo],
        values: Vec<FloatTensor<B>>,
        gradients: Vec<Option<Gradient<FloatTensor<B>>>>,
        numbers: &UpdateNumbers<FloatTensor<B>>,
    ) -> Vec<FloatTensor<B>> {
        if self.kept.is_empty() {
            let device = values.first().map(B::float_device).unwrap_or_default();
            let zeros = |info: &ParameterInfo| {
                let zeros =
                    |shapes: Vec<[usize; 2]>| shapes.iter().map(|&shape| Tensor::zeros(shape, &device)).collect();
                Self::shapes(info).into_iter().map(zeros).collect()
            };
            self.kept = parameters.iter().map(zeros).collect();
        }
        let mut after = Vec::with_capacity(values.len());
        for (((value, gradient), info), kept) in values.into_iter().zip(gradients).zip(parameters).zip(&mut self.kept) {
            let Some(gradient) = gradient else {
                after.push(value);
                continue;
            };
            let (shape, is_vector) = Self::shape(info);
            let gradient = scale::<B>(dense::<B>(gradient, info.shape[0]), numbers.clip.as_ref());
            let (value, gradient) = (matrix::<B>(value, shape), matrix::<B>(gradient, shape) * numbers.gradient_scale);
            let axis = usize::from(is_vector);
            let stepped = kept.iter_mut().zip(Self::parts(info)).map(|(kept, part)| {
                let cut = |x: &Tensor<B, 2>| x.clone().narrow(axis, part.start, part.len());
                let slot = Slot {
                    value: cut(&value),
                    gradient: cut(&gradient),
                    is_vector,
                    learning_rate: numbers.learning_rate * info.learning_rate_scale,
                    weight_decay: info.weight_decay,
                    step: numbers.step,
                };
                self.rule.step(slot, kept)
            });
            let whole = Tensor::cat(stepped.collect(), axis).into_primitive().tensor();
            after.push(B::float_reshape(whole, info.shape.clone().into()));
        }
        after
    }

    fn tensors(&self, parameters: &[ParameterInfo]) -> Vec<(String, HostTensor)> {
        let mut tensors = Vec::new();
        for (parts, info) in self.kept.iter().zip(parameters) {
            for (part, kept) in parts.iter().enumerate() {
                tensors.extend(kept.iter().enumerate().map(|(number, tensor)| {
                    let shape = tensor.dims().to_vec();
                    let values = host_values::<B>(tensor.clone().into_primitive().tensor());
                    (Self::name(info, part, number), HostTensor { shape, values })
                }));
            }
        }
        tensors
    }

    fn restore(
        &mut self,
        parameters: &[ParameterInfo],
        state: &mut StateDict,
        device: &B::Device,
    ) -> Result<(), String> {
        let mut all = Vec::new();
        for info in parameters {
            let mut of_parameter = Vec::new();
            for (part, shapes) in Self::shapes(info).into_iter().enumerate() {
                let mut kept = Vec::new();
                for (number, &shape) in shapes.iter().enumerate() {
                    let values = state.take(Self::name(info, part, number), shape[0] * shape[1])?;
                    kept.push(matrix::<B>(from_host::<B>(values, &shape, device), shape));
                }
                of_parameter.push(kept);
            }
            all.push(of_parameter);
        }
        self.kept = all;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use models::parameter_specs::Piece;
    use serde_json::Value;

    use super::*;

    /// So many parts of one size.
    fn alike(of: usize) -> Vec<Piece> {
        (0..of).map(|first| Piece { first, count: 1, of }).collect()
    }

    /// Written by scripts/fixtures/optimizers.py.
    const FIXTURE: &str = include_str!("../../../tests/fixtures/optimizers.json");

    fn numbers(value: &Value) -> Vec<f32> {
        value.as_array().expect("numbers").iter().map(|v| v.as_f64().expect("a number") as f32).collect()
    }

    fn info(path: &str, shape: &[usize]) -> ParameterInfo {
        let (path, shape) = (path.to_owned(), shape.to_vec());
        ParameterInfo { path, shape, weight_decay: 0.01, learning_rate_scale: 0.5, stacked: alike(1) }
    }

    /// Three steps; after the first the state goes through what a checkpoint keeps.
    fn check<R: ParameterRule>(name: &str, rule: fn() -> R) {
        let fixture: Value = serde_json::from_str(FIXTURE).expect("json");
        let device = Default::default();
        let parameters = [info("w", &[4, 3]), info("b", &[5])];
        let load = |lists: &Value| -> Vec<FloatTensor<Flex>> {
            parameters
                .iter()
                .enumerate()
                .map(|(i, f)| from_host::<Flex>(numbers(&lists[i]), &f.shape, &device))
                .collect()
        };
        let mut values = load(&fixture["start"]);
        let mut composed: Composed<Flex, R> = Composed::new(rule());
        for (i, gradients) in fixture["gradients"].as_array().expect("steps").iter().enumerate() {
            let gradients = load(gradients).into_iter().map(|values| Some(Gradient { values, rows: None })).collect();
            // Half of it, see `info`.
            let numbers = UpdateNumbers { step: i as i32 + 1, learning_rate: 0.2, gradient_scale: 1.0, clip: None };
            values = composed.update(&parameters, values, gradients, &numbers);
            let kept = composed.tensors(&parameters).into_iter().collect();
            composed = Composed::new(rule());
            composed.restore(&parameters, &mut StateDict(kept), &device).expect("what was kept");
        }
        for (i, value) in values.into_iter().enumerate() {
            let expected = numbers(&fixture["after"][name][i]);
            for (a, b) in host_values::<Flex>(value).iter().zip(&expected) {
                assert!((a - b).abs() <= 2e-6 * b.abs().max(1.0), "{name}: {a} instead of {b}");
            }
        }
    }

    #[test]
    fn steps_are_those_of_the_references() {
        check("sgd", || Sgd);
        check("lion", || Lion { beta1: 0.9, beta2: 0.99 });
        check("adafactor", || Adafactor);
    }

    #[test]
    fn adafactor_tells_stacked_tensors_apart() {
        let device = Default::default();
        let values: Vec<f32> = (0..12).map(|i| ((i * 7) % 5) as f32 - 2.0).collect();
        let numbers = UpdateNumbers { step: 1, learning_rate: 0.1, gradient_scale: 1.0, clip: None };
        let run = |values: &[f32], rows: usize, stacked: &[Piece]| {
            let parameters = [ParameterInfo { stacked: stacked.to_vec(), ..info("w", &[rows, 3]) }];
            let tensor = || from_host::<Flex>(values.to_vec(), &[rows, 3], &device);
            let gradient = Gradient { values: tensor(), rows: None };
            let mut rule: Composed<Flex, _> = Composed::new(Adafactor);
            let mut after = rule.update(&parameters, vec![tensor()], vec![Some(gradient)], &numbers);
            host_values::<Flex>(after.remove(0))
        };
        let whole = alike(1);
        let halves = [run(&values[..6], 2, &whole), run(&values[6..], 2, &whole)].concat();
        assert_eq!(run(&values, 4, &alike(2)), halves);
        // As the keys of heads that are shared: fewer rows than queries.
        let shares = [Piece { first: 0, count: 3, of: 4 }, Piece { first: 3, count: 1, of: 4 }];
        let parts = [run(&values[..9], 3, &whole), run(&values[9..], 1, &whole)].concat();
        assert_eq!(run(&values, 4, &shares), parts);
    }
}
