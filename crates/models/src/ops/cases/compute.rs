//! What is computed of a case: by a backend's own operations, and by the composed bodies differentiated by Burn.

use std::sync::Arc;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;

use super::list::{Case, Operation};
use crate::batch::{Sequences, TokenBatch};
use crate::ops::adamw::{AdamWSlot, AdamWStep, Gradient, zero_moments};
use crate::ops::attention::{AttentionSpec, RelativeKind, RelativeSpec};
use crate::ops::class_targets::ClassTargets;
use crate::ops::dropout::{Dropout, RowDropout};
use crate::ops::encoder_ops::EncoderOps;
use crate::ops::forms::{HeadNormSpec, Rotary, RotarySpec};
use crate::ops::low_rank::LowRankSpec;
use crate::ops::precision::Precision;
use crate::ops::primitive::{raw, wrap};
use crate::ops::{composed, composed_activation, composed_attention, composed_head_norm, functions};

/// A tensor that a case gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Computed {
    /// What it is.
    pub name: &'static str,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// Repeatable values from -1.5 to 1.5.
fn values(n: usize, seed: u32) -> Vec<f32> {
    let stream = Dropout::new(0.5, u64::from(seed)).stream(1);
    (0..n).map(|i| (stream.draw(i as u32) as f32 / u32::MAX as f32 - 0.5) * 3.0).collect()
}

fn matrix<B: Backend>([rows, columns]: [usize; 2], seed: u32, device: &B::Device) -> Tensor<B, 2> {
    Tensor::from_data(TensorData::new(values(rows * columns, seed), [rows, columns]), device)
}

fn vector<B: Backend>(x: &Tensor<B, 2>) -> Tensor<B, 1> {
    x.clone().reshape([-1])
}

fn host<B: Backend, const D: usize>(x: Tensor<B, D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

/// Words, positions and segments of the embeddings' tables.
const TABLES: [usize; 3] = [50, 130, 2];
const EPSILON: f64 = 1e-12;

impl Case {
    /// Whether the precision of products changes its results.
    #[must_use]
    pub fn has_products(&self) -> bool {
        matches!(
            self.operation,
            Operation::Linear { .. } | Operation::Attention { .. } | Operation::RelativeAttention { .. }
        )
    }

    /// Results of the backend's own operations, forward and backward, with products in `precision`.
    #[must_use]
    pub fn compute<B: EncoderOps>(&self, precision: Precision, device: &B::Device) -> Vec<Computed> {
        match self.operation {
            Operation::AdamW { weight_decay } => {
                self.adamw::<B>(weight_decay, device, |slots, step| B::fused_adamw(slots, step, None))
            }
            Operation::GradientNorm => {
                let tensors = self.matrices::<B>(device).map(raw);
                norm(B::gradient_norm(tensors.to_vec()).value::<B>())
            }
            _ => self.differentiated::<Autodiff<B>>(device, |t| self.fused(t, precision)),
        }
    }

    /// Results of bodies composed of Burn's operations, in f32 and differentiated by Burn.
    #[must_use]
    pub fn reference<B: EncoderOps>(&self, device: &B::Device) -> Vec<Computed> {
        match self.operation {
            Operation::AdamW { weight_decay } => self.adamw::<B>(weight_decay, device, |slots, step| {
                slots.into_iter().map(|slot| composed::adamw::<B>(slot, step, None)).collect()
            }),
            Operation::GradientNorm => {
                let tensors = self.matrices::<B>(device).map(raw);
                norm(composed::sum_of_squares::<B>(tensors.to_vec()).sqrt())
            }
            _ => self.differentiated::<Autodiff<B>>(device, |t| self.composed(t)),
        }
    }

    fn sequences(&self) -> Arc<Sequences> {
        let lengths = self.lengths.to_vec();
        Arc::new(match self.pad_to {
            None => Sequences::packed(lengths),
            Some(n) => Sequences::padded(lengths, n),
        })
    }

    fn batch(&self) -> TokenBatch {
        let ids: Vec<Vec<u32>> = self
            .lengths
            .iter()
            .enumerate()
            .map(|(i, &n)| (0..n).map(|j| ((i * 131 + j * 17) % (TABLES[0] - 5)) as u32 + 1).collect())
            .collect();
        let types: Vec<Vec<u8>> = self.lengths.iter().map(|&n| (0..n).map(|j| u8::from(j > n / 2)).collect()).collect();
        let rows: Vec<(&[u32], &[u8])> = ids.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
        TokenBatch::new(&rows, 0, self.pad_to, 0)
    }

    /// Names and shapes of what goes in.
    fn inputs(&self) -> Vec<(&'static str, [usize; 2])> {
        let (rows, [columns, out]) = (self.sequences().rows(), self.columns);
        let x = ("gradient of x", [rows, columns]);
        let bias = ("gradient of the bias", [1, columns]);
        let norm = [("gradient of gamma", [1, columns]), ("gradient of beta", [1, columns])];
        match self.operation {
            Operation::Linear { bias } => {
                let mut inputs = vec![x, ("gradient of w", [out, columns])];
                inputs.extend(bias.then_some(("gradient of the bias", [1, out])));
                inputs
            }
            Operation::Matmul => vec![x, ("gradient of the second factor", [columns, out])],
            Operation::AddLowRank(rank) => {
                vec![x, ("gradient of the first factor", [rows, rank]), ("gradient of the second factor", [out, rank])]
            }
            Operation::BiasActivation(_) => vec![x, bias],
            Operation::LayerNorm => vec![x, norm[0], norm[1]],
            Operation::RmsNorm => vec![x, norm[0]],
            Operation::HeadNorm(group) => {
                let head = self.head_dim(group);
                vec![x, ("gradient of the queries' gamma", [1, head]), ("gradient of the keys' gamma", [1, head])]
            }
            Operation::AddNorm(_) => vec![x, ("gradient of the residual", [rows, columns]), norm[0], norm[1], bias],
            Operation::Embed => ["gradient of words", "gradient of positions", "gradient of segments"]
                .into_iter()
                .zip(TABLES.map(|rows| [rows, columns]))
                .collect(),
            Operation::Attention { .. } => vec![("gradient of qkv", [rows, columns])],
            Operation::RelativeAttention { kind, .. } => {
                let width = if kind == RelativeKind::Bias { self.heads } else { 2 * out };
                vec![("gradient of qkv", [rows, columns]), ("gradient of the table", [DISTANCES, width])]
            }
            Operation::CrossEntropy { .. } => vec![("gradient of the logits", [rows, columns])],
            _ => vec![x],
        }
    }

    /// What `operation`, one of attention, is described by.
    fn attention(&self) -> AttentionSpec {
        let (window, causal, group, softcap, dropout) = match self.operation {
            Operation::Attention { window, causal, group, softcap, dropout } => {
                (window, causal, group, softcap, dropout)
            }
            Operation::RelativeAttention { dropout, .. } => (None, false, 1, None, dropout),
            _ => (None, false, 1, None, 0.0),
        };
        let head_dim = self.columns[1] / self.heads;
        let dropout = if dropout > 0.0 { Dropout::new(dropout, 11) } else { Dropout::OFF };
        let scale = 1.0 / (head_dim as f64).sqrt();
        let (heads, key_value_heads, sequences) = (self.heads, self.heads / group, self.sequences());
        AttentionSpec { heads, key_value_heads, scale, window, causal, softcap, sequences, dropout }
    }

    fn relative(&self, kind: RelativeKind) -> RelativeSpec {
        let n = self.sequences().max_len() as i64;
        let middle = DISTANCES as i64 / 2;
        let row = |distance: i64| (middle + distance.clamp(-3, 3) + distance / 9).clamp(0, DISTANCES as i64 - 1) as u32;
        RelativeSpec { kind, rows: (1 - n..n).map(row).collect() }
    }

    /// Columns of a head of what goes in, with `group` heads of queries for each one of keys.
    fn head_dim(&self, group: usize) -> usize {
        self.columns[0] / (self.heads + 2 * (self.heads / group))
    }

    fn head_norm(&self, group: usize) -> HeadNormSpec {
        let head_dim = self.head_dim(group);
        HeadNormSpec { queries: self.heads * head_dim, keys: self.heads / group * head_dim, epsilon: EPSILON }
    }

    fn rotary(&self, inverse: bool, interleaved: bool, group: usize) -> RotarySpec {
        let (heads, key_value_heads) = (self.heads, self.heads / group);
        let head_dim = self.head_dim(group);
        // An even number of columns.
        let turned = if interleaved { head_dim / 2 / 2 * 2 } else { head_dim };
        let rotary = Rotary { interleaved, ..Rotary::new(10_000.0, turned) };
        RotarySpec { heads, key_value_heads, rotary, sequences: self.sequences(), inverse }
    }

    fn low_rank(&self) -> LowRankSpec {
        let [columns, out] = self.columns;
        LowRankSpec { first_column: columns - out, scaling: 0.7 }
    }

    fn row_dropout(&self, probability: f64) -> RowDropout {
        let dropout = if probability > 0.0 { Dropout::new(probability, 7) } else { Dropout::OFF };
        RowDropout { dropout, sequences: self.sequences() }
    }

    fn targets(&self, label_smoothing: f64, weighted: bool) -> ClassTargets {
        let (rows, classes) = (self.sequences().rows(), self.columns[0]);
        ClassTargets {
            classes: (0..rows).map(|i| (i * 7 % classes) as u32).collect(),
            divisor: rows as f64,
            label_smoothing,
            class_weights: weighted.then(|| (0..classes).map(|class| 0.5 + class as f64).collect()),
        }
    }

    /// The backend's own operation.
    fn fused<B: EncoderOps>(&self, t: &[Tensor<B, 2>], precision: Precision) -> Tensor<B, 2> {
        let x = t[0].clone();
        match self.operation {
            Operation::Linear { .. } => functions::linear(x, t[1].clone(), t.get(2).map(vector), precision),
            Operation::Matmul => functions::matmul(x, t[1].clone()),
            Operation::AddLowRank(_) => functions::add_low_rank(x, t[1].clone(), t[2].clone(), self.low_rank()),
            Operation::BiasActivation(form) => functions::bias_activation(x, vector(&t[1]), form),
            Operation::GatedActivation(form) => functions::gated_activation(x, form),
            Operation::Rotary { inverse, interleaved, group } => {
                functions::rotary(x, &self.rotary(inverse, interleaved, group))
            }
            Operation::Dropout(p) => functions::dropout(x, self.row_dropout(p).dropout, &self.sequences()),
            Operation::RmsNorm => functions::rms_norm(x, vector(&t[1]), EPSILON),
            Operation::HeadNorm(group) => {
                functions::head_norm(x, [vector(&t[1]), vector(&t[2])], self.head_norm(group))
            }
            Operation::LayerNorm => functions::layer_norm(x, vector(&t[1]), vector(&t[2]), EPSILON),
            Operation::AddNorm(p) => {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| vector(&t[i]));
                functions::add_norm(x, bias, t[1].clone(), gamma, beta, EPSILON, &self.row_dropout(p))
            }
            Operation::Embed => functions::embed(x, t[1].clone(), t[2].clone(), &self.batch()),
            Operation::Attention { .. } => self.tokens_only(functions::attention(x, &self.attention())),
            Operation::RelativeAttention { kind, .. } => {
                let spec = self.attention();
                self.tokens_only(functions::relative_attention(x, t[1].clone(), &self.relative(kind), &spec))
            }
            Operation::CrossEntropy { label_smoothing, weighted } => {
                functions::cross_entropy(x, &self.targets(label_smoothing, weighted)).unsqueeze()
            }
            Operation::AdamW { .. } | Operation::GradientNorm => x,
        }
    }

    /// The composed body.
    fn composed<B: EncoderOps>(&self, t: &[Tensor<B, 2>]) -> Tensor<B, 2> {
        let x = raw(t[0].clone());
        let vector = |i: usize| raw(vector(&t[i]));
        wrap(match self.operation {
            Operation::Linear { .. } => composed::linear::<B>(x, raw(t[1].clone()), t.get(2).map(|_| vector(2))),
            Operation::Matmul => return t[0].clone().matmul(t[1].clone()),
            Operation::AddLowRank(_) => {
                composed::add_low_rank::<B>(x, raw(t[1].clone()), raw(t[2].clone()), self.low_rank())
            }
            Operation::BiasActivation(form) => composed_activation::bias_activation::<B>(x, vector(1), form).0,
            Operation::GatedActivation(form) => composed_activation::gated_activation::<B>(x, form),
            Operation::Rotary { inverse, interleaved, group } => {
                composed::rotary::<B>(x, &self.rotary(inverse, interleaved, group))
            }
            Operation::Dropout(p) => composed::dropout::<B>(x, &self.row_dropout(p)),
            Operation::RmsNorm => composed::rms_norm::<B>(x, vector(1), EPSILON),
            Operation::HeadNorm(group) => {
                let gammas = [vector(1), vector(2)];
                composed_head_norm::head_norm::<B>(x, gammas, self.head_norm(group), |x, gamma| {
                    composed::rms_norm::<B>(x, gamma, EPSILON)
                })
            }
            Operation::LayerNorm => composed::layer_norm::<B>(x, vector(1), vector(2), EPSILON),
            Operation::AddNorm(p) => {
                let residual = raw(t[1].clone());
                let dropout = self.row_dropout(p);
                composed::add_norm::<B>(x, vector(4), residual, vector(2), vector(3), EPSILON, &dropout).0
            }
            Operation::Embed => composed::embed::<B>(x, raw(t[1].clone()), raw(t[2].clone()), &self.batch()),
            Operation::Attention { .. } => {
                let out = composed_attention::forward::<B>(x, &self.attention());
                return self.tokens_only(wrap(out));
            }
            Operation::RelativeAttention { kind, .. } => {
                let (relative, spec) = (self.relative(kind), self.attention());
                let out = composed_attention::relative_forward::<B>(x, raw(t[1].clone()), &relative, &spec);
                return self.tokens_only(wrap(out));
            }
            Operation::CrossEntropy { label_smoothing, weighted } => {
                let targets = self.targets(label_smoothing, weighted);
                return wrap::<B, 1>(composed::cross_entropy::<B>(x, &targets)).unsqueeze();
            }
            Operation::AdamW { .. } | Operation::GradientNorm => x,
        })
    }

    /// Zeroes padding rows, whose attention output is not defined.
    fn tokens_only<B: Backend>(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let sequences = self.sequences();
        let mut token = vec![0.0f32; sequences.rows()];
        for i in 0..sequences.len() {
            token[sequences.start(i)..][..sequences.length(i)].fill(1.0);
        }
        let device = x.device();
        x * Tensor::<B, 2>::from_data(TensorData::new(token, [sequences.rows(), 1]), &device)
    }

    /// The output, and the gradients of `sum(output * r)` for all inputs.
    fn differentiated<B: AutodiffBackend>(
        &self,
        device: &B::Device,
        f: impl Fn(&[Tensor<B, 2>]) -> Tensor<B, 2>,
    ) -> Vec<Computed> {
        let named = self.inputs();
        let inputs: Vec<Tensor<B, 2>> = (1..)
            .zip(&named)
            .map(|(seed, (_, shape))| {
                Tensor::<B, 2>::from_inner(matrix::<B::InnerBackend>(*shape, seed, device)).require_grad()
            })
            .collect();
        let output = f(&inputs);
        let weights = Tensor::<B, 2>::from_inner(matrix::<B::InnerBackend>(output.dims(), 99, device));
        let grads = (output.clone() * weights).sum().backward();
        let mut results = vec![Computed { name: "output", values: host(output.inner()) }];
        for ((name, [rows, columns]), input) in named.into_iter().zip(&inputs) {
            let gradient = input.grad(&grads).map(host).unwrap_or_default();
            results.push(Computed { name, values: self.whole(gradient, rows, columns) });
        }
        results
    }

    /// A gradient of the batch's words alone, as the whole table.
    fn whole(&self, gradient: Vec<f32>, rows: usize, columns: usize) -> Vec<f32> {
        if self.operation != Operation::Embed || gradient.len() == rows * columns {
            return gradient;
        }
        let mut table = vec![0.0; rows * columns];
        for (&id, row) in self.batch().distinct_tokens().ids.iter().zip(gradient.chunks_exact(columns)) {
            table[id as usize * columns..][..columns].copy_from_slice(row);
        }
        table
    }

    fn matrices<B: Backend>(&self, device: &B::Device) -> [Tensor<B, 2>; 3] {
        let rows = self.sequences().rows();
        [([rows, self.columns[0]], 1), ([1, 1], 2), ([7, 9], 3)].map(|(shape, seed)| matrix(shape, seed, device))
    }

    /// Parameters and moments after four steps.
    fn adamw<B: Backend>(
        &self,
        weight_decay: f64,
        device: &B::Device,
        step: impl Fn(
            Vec<AdamWSlot<burn::tensor::ops::FloatTensor<B>>>,
            &AdamWStep,
        ) -> Vec<AdamWSlot<burn::tensor::ops::FloatTensor<B>>>,
    ) -> Vec<Computed> {
        let (rows, columns) = (self.sequences().rows(), self.columns[0]);
        let slot = |seed| {
            let parameter = raw(matrix::<B>([rows, columns], seed, device));
            let moments = zero_moments::<B>(&parameter);
            let touched = vec![false; rows];
            AdamWSlot { parameter, gradient: None, moments, weight_decay, learning_rate_scale: 0.5, touched }
        };
        let mut slots = vec![slot(1), slot(2)];
        let by_rows: [&[u32]; 4] = [&[2, 5], &[5, 6], &[0], &[1, 2, 7]];
        for (n, ids) in (1..).zip(by_rows) {
            let gradient = |rows: usize, seed| raw(matrix::<B>([rows, columns], seed, device));
            slots[0].gradient = Some(Gradient { values: gradient(rows, 10 + n), rows: None });
            slots[1].gradient = Some(Gradient { values: gradient(ids.len(), 20 + n), rows: Some(ids.into()) });
            let numbers = AdamWStep {
                learning_rate: 1e-2,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                step: n as i32,
                gradient_scale: 0.5,
            };
            slots = step(slots, &numbers);
        }
        let names = [
            ["parameter", "first moment", "second moment"],
            ["parameter of rows", "first moment of rows", "second moment of rows"],
        ];
        slots
            .into_iter()
            .zip(names)
            .flat_map(|(slot, names)| {
                let tensors = [slot.parameter, slot.moments.0, slot.moments.1];
                names.into_iter().zip(tensors.map(|x| host::<B, 2>(wrap(x))))
            })
            .map(|(name, values)| Computed { name, values })
            .collect()
    }
}

/// Rows of a table of relative positions.
const DISTANCES: usize = 13;

fn norm(value: f64) -> Vec<Computed> {
    vec![Computed { name: "norm", values: vec![value as f32] }]
}
