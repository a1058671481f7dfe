//! Descriptions of operations that come in several forms.

use std::sync::Arc;

use crate::batch::Sequences;

/// How the normal distribution function of GELU is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeluForm {
    /// Exactly, by erf: `gelu`.
    Erf,
    /// By tanh: `gelu_new`, `gelu_pytorch_tanh` (Hendrycks & Gimpel 2016, section 2).
    Tanh,
}

/// Rotary positions of the queries and keys of a batch (Su et al. 2021).
#[derive(Clone, Debug)]
pub struct RotarySpec {
    /// Heads; each has an even number of columns.
    pub heads: usize,
    /// Base of the wave lengths, `rope_theta`: pair i of `half` turns by `position theta^(-i / half)` radians.
    pub theta: f64,
    /// Where the sequences lie among the rows; positions are counted from 0 in each.
    pub sequences: Arc<Sequences>,
    /// Turns by the negative angles, which undoes the turn: the backward pass.
    pub inverse: bool,
}

impl RotarySpec {
    /// Cosine and sine of position p and pair i at `p half + i`. Rounded where PyTorch rounds to f32: the frequency
    /// `theta^(-i / half)`, and its product with the position.
    #[must_use]
    pub fn angles(&self, half: usize) -> Vec<[f32; 2]> {
        let sign = if self.inverse { -1.0 } else { 1.0 };
        let frequency = |i: usize| 1.0 / self.theta.powf(f64::from(i as f32 / half as f32)) as f32;
        let frequencies: Vec<f32> = (0..half).map(frequency).collect();
        let rows = self.sequences.padded_len().unwrap_or(self.sequences.max_len());
        let angle = |p: usize, f: f32| f64::from(p as f32 * f);
        (0..rows)
            .flat_map(|p| frequencies.iter().map(move |&f| angle(p, f)))
            .map(|angle| [angle.cos() as f32, (sign * angle.sin()) as f32])
            .collect()
    }
}
