//! PyTorch's CPU random stream: the generator, `randperm`, `normal_` and the masks of dropout, so that row order, new heads and what is
//! dropped are torch's.
//!
//! Sources: `aten/src/ATen/core/MT19937RNGEngine.h`, `aten/src/ATen/native/TensorFactories.cpp` (`randperm_cpu`),
//! `aten/src/ATen/native/cpu/DistributionTemplates.h` (`normal_fill`) and
//! `aten/src/ATen/core/DistributionsHelper.h` (`normal_distribution`) of pytorch/pytorch.

mod bernoulli;
mod mathfun;
mod state;

const N: usize = 624;
const M: usize = 397;

/// `torch.Generator(device="cpu")`: MT19937 (Matsumoto & Nishimura 1998).
#[derive(Clone, Debug, PartialEq)]
pub struct TorchRng {
    /// What it was seeded with.
    seed: u64,
    state: [u32; N],
    /// The word of the state that is given next; `N`: none is left.
    next: usize,
    /// Whether a word was given since it was seeded.
    is_begun: bool,
    /// The second half of a scalar Box-Muller pair.
    cached_normal: Option<f64>,
}

impl TorchRng {
    /// `torch.manual_seed(seed)`: the low 32 bits seed the generator.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = [0u32; N];
        state[0] = seed as u32;
        for i in 1..N {
            let previous = state[i - 1];
            state[i] = 1_812_433_253u32.wrapping_mul(previous ^ (previous >> 30)).wrapping_add(i as u32);
        }
        Self { seed, state, next: N, is_begun: false, cached_normal: None }
    }

    fn refill(&mut self) {
        let twist = |y: u32| (y >> 1) ^ (0x9908_b0df & (y & 1).wrapping_neg());
        let join = |high: u32, low: u32| (high & 0x8000_0000) | (low & 0x7fff_ffff);
        let old = self.state;
        // In three runs, of which each reads nothing that it writes, so that they are made by vectors.
        for (i, word) in self.state[..N - M].iter_mut().enumerate() {
            *word = old[i + M] ^ twist(join(old[i], old[i + 1]));
        }
        let mut start = N - M;
        while start < N - 1 {
            let end = (start + N - M).min(N - 1);
            let (new, words) = self.state.split_at_mut(start);
            for (i, word) in words[..end - start].iter_mut().enumerate() {
                *word = new[start + i - (N - M)] ^ twist(join(old[start + i], old[start + i + 1]));
            }
            start = end;
        }
        self.state[N - 1] = self.state[M - 1] ^ twist(join(old[N - 1], self.state[0]));
        self.next = 0;
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        let mut word = [0];
        self.fill(&mut word);
        word[0]
    }

    /// The next words, 32 bits each.
    fn fill(&mut self, mut words: &mut [u32]) {
        self.is_begun |= !words.is_empty();
        while !words.is_empty() {
            if self.next == N {
                self.refill();
            }
            let len = words.len().min(N - self.next);
            let (now, later) = words.split_at_mut(len);
            for (word, &state) in now.iter_mut().zip(&self.state[self.next..]) {
                let mut y = state;
                y ^= y >> 11;
                y ^= (y << 7) & 0x9d2c_5680;
                y ^= (y << 15) & 0xefc6_0000;
                *word = y ^ (y >> 18);
            }
            self.next += len;
            words = later;
        }
    }

    /// The next 64 bits: the first draw is the high half.
    pub fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        (high << 32) | u64::from(self.next_u32())
    }

    /// Uniform f32 on [0, 1) with 24 bits.
    fn uniform_f32(&mut self) -> f32 {
        (self.next_u32() & 0x00ff_ffff) as f32 / 16_777_216.0
    }

    /// Uniform f64 on [0, 1) with 53 bits.
    fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() & ((1 << 53) - 1)) as f64 / (1u64 << 53) as f64
    }

    /// `torch.randperm(n, generator=self)`.
    pub fn randperm(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in 0..n.saturating_sub(1) {
            let offset = self.next_u32() as usize % (n - i);
            order.swap(i, i + offset);
        }
        order
    }

    /// `torch.empty(n).normal_(0, std, generator=self)` in f32.
    pub fn normal(&mut self, n: usize, std: f64) -> Vec<f32> {
        if n < 16 {
            return (0..n).map(|_| (self.normal_f64() * std) as f32).collect();
        }
        let std = std as f32;
        let mut values: Vec<f32> = (0..n).map(|_| self.uniform_f32()).collect();
        for block in values.chunks_exact_mut(16) {
            box_muller_16(block, std);
        }
        if !n.is_multiple_of(16) {
            // The last 16 values are drawn again, so that every block is whole.
            let tail = &mut values[n - 16..];
            for value in tail.iter_mut() {
                *value = self.uniform_f32();
            }
            box_muller_16(tail, std);
        }
        values
    }

    /// `torch.nn.init.trunc_normal_(torch.empty(n), 0, std, -cut, cut)` for a cut that leaves more than 0.3 of the mass:
    /// all values are drawn again until each has been in range once (torch 2.13 and later).
    pub fn truncated_normal(&mut self, n: usize, std: f64, cut: f64) -> Vec<f32> {
        let cut = cut as f32;
        let outside = |value: f32| !(-cut..=cut).contains(&value);
        let mut values = self.normal(n, std);
        while values.iter().any(|&value| outside(value)) {
            let others = self.normal(n, std);
            values
                .iter_mut()
                .zip(others)
                .filter(|(value, _)| outside(**value))
                .for_each(|(value, other)| *value = other);
        }
        values
    }

    /// `torch.empty(n).uniform_(-bound, bound, generator=self)` in f32, rounded once as PyTorch's kernels for AVX2 and AVX-512 are compiled.
    pub fn uniform(&mut self, n: usize, bound: f64) -> Vec<f32> {
        let (from, to) = (-bound as f32, bound as f32);
        (0..n).map(|_| self.uniform_f32().mul_add(to - from, from)).collect()
    }

    /// `lora_A` of a new layer of peft's, `[rank, inputs]`: two linear layers are made, each drawn by torch, and the first one is drawn again
    /// (`peft.tuners.lora.layer.LoraLayer.update_layer`, `reset_lora_parameters`). `kaiming_uniform_(a=sqrt(5))` is U(+-1 / sqrt(inputs)).
    pub fn lora_a(&mut self, rank: usize, inputs: usize, outputs: usize) -> Vec<f32> {
        let gain = (2.0f64 / (1.0 + 5.0f64.sqrt().powi(2))).sqrt();
        let bound = 3.0f64.sqrt() * (gain / (inputs as f64).sqrt());
        for _ in 0..rank * (inputs + outputs) {
            self.next_u32();
        }
        self.uniform(rank * inputs, bound)
    }

    /// Standard normal by Box & Muller (1958), in pairs.
    fn normal_f64(&mut self) -> f64 {
        if let Some(value) = self.cached_normal.take() {
            return value;
        }
        let (u1, u2) = (self.uniform_f64(), self.uniform_f64());
        let radius = (-2.0 * (-u2).ln_1p()).sqrt();
        let theta = 2.0 * std::f64::consts::PI * u1;
        self.cached_normal = Some(radius * theta.sin());
        radius * theta.cos()
    }
}

/// Uniforms to normals within a block of 16: pairs are (j, j + 8).
fn box_muller_16(block: &mut [f32], std: f32) {
    for j in 0..8 {
        let radius = (-2.0 * mathfun::log(1.0 - block[j])).sqrt();
        let (sine, cosine) = mathfun::sin_cos(2.0 * std::f32::consts::PI * block[j + 8]);
        block[j] = (radius * cosine) * std;
        block[j + 8] = (radius * sine) * std;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_mt19937() {
        // init_genrand(5489), the reference implementation's first and thousandth outputs.
        let mut rng = TorchRng::new(5489);
        assert_eq!(rng.next_u32(), 3_499_211_612);
        let last = (1..1000).map(|_| rng.next_u32()).last();
        assert_eq!(last, Some(1_341_017_984));
    }

    #[test]
    fn randperm_is_a_permutation() {
        for n in [0, 1, 2, 17, 1000] {
            let mut order = TorchRng::new(42).randperm(n);
            order.sort_unstable();
            assert!(order.iter().enumerate().all(|(i, &v)| i == v as usize));
        }
    }
}
