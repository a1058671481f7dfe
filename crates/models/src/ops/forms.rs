//! Descriptions of operations that come in several forms.

use std::sync::Arc;

use crate::batch::Sequences;

/// An activation that is its input times a factor F of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActivationForm {
    /// `x Φ(x)`, exactly by erf (Hendrycks & Gimpel 2016): `gelu`.
    Gelu,
    /// The same by tanh: `gelu_new`, `gelu_pytorch_tanh` (section 2 there).
    GeluTanh,
    /// `x σ(x)` (Elfwing et al. 2017): `silu`, `swish`.
    Silu,
    /// `max(x, 0)`.
    Relu,
}

/// Which columns of `[rows, queries + keys + values]` are normalised head by head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadNormSpec {
    /// Columns of queries, the first ones.
    pub queries: usize,
    /// Columns of keys, behind them.
    pub keys: usize,
    /// Added to the mean square.
    pub epsilon: f64,
}

/// Rotary positions (Su et al. 2021): which columns of a head turn, and how fast.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// Radians a position, of each pair of columns. Twice as many columns of each head turn, the first ones; the others stay.
    pub frequencies: Arc<[f32]>,
    /// What cosines and sines are multiplied with: 1, but for YaRN.
    pub factor: f32,
    /// Pairs are neighbours; else a column of the first half of those that turn and one of the second.
    pub interleaved: bool,
}

impl Rotary {
    /// Of `dim` columns of each head: pair i turns by `position theta^(-2 i / dim)` radians. Rounded where PyTorch rounds to f32.
    #[must_use]
    pub fn new(theta: f64, dim: usize) -> Self {
        let half = dim / 2;
        let frequency = |i: usize| 1.0 / theta.powf(f64::from(i as f32 / half as f32)) as f32;
        Self { frequencies: (0..half).map(frequency).collect(), factor: 1.0, interleaved: false }
    }
}

/// Rotary positions of the queries and keys of a batch.
#[derive(Clone, Debug)]
pub struct RotarySpec {
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys, and of values.
    pub key_value_heads: usize,
    /// How they turn.
    pub rotary: Rotary,
    /// Where the sequences lie among the rows; positions are counted from 0 in each.
    pub sequences: Arc<Sequences>,
    /// Turns by the negative angles, which undoes the turn but for the factor: the backward pass.
    pub inverse: bool,
}

impl RotarySpec {
    /// Pairs of columns that turn in each head.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.rotary.frequencies.len()
    }

    /// Columns of a head, in qkv of `width` columns.
    #[must_use]
    pub fn head_dim(&self, width: usize) -> usize {
        width / (self.heads + 2 * self.key_value_heads)
    }

    /// Heads that turn: queries and keys.
    #[must_use]
    pub fn turned_heads(&self) -> usize {
        self.heads + self.key_value_heads
    }

    /// Cosine and sine of position p and pair i at `p pairs + i`. Rounded where PyTorch rounds to f32: the product of frequency and
    /// position, and the two.
    #[must_use]
    pub fn angles(&self) -> Vec<[f32; 2]> {
        let sign = if self.inverse { -1.0 } else { 1.0 };
        let Rotary { frequencies, factor, .. } = &self.rotary;
        let rows = self.sequences.padded_len().unwrap_or(self.sequences.max_len());
        let angle = |p: usize, f: f32| f64::from(p as f32 * f);
        (0..rows)
            .flat_map(|p| frequencies.iter().map(move |&f| angle(p, f)))
            .map(|angle| [angle.cos() as f32 * factor, (sign * angle.sin()) as f32 * factor])
            .collect()
    }
}
