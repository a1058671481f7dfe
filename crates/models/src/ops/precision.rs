//! What the factors of products are rounded to.

/// What the factors of a linear layer's products are rounded to. Sums, and everything else, are f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Not rounded: 23 bits behind the point.
    #[default]
    F32,
    /// TF32: f32 with 10 bits behind the point, as NVIDIA's matrix units since Ampere read it.
    Tf32,
    /// bf16: 7 bits behind the point, f32's range.
    Bf16,
    /// IEEE half precision: 10 bits behind the point, numbers below 65 520. Losses must be scaled, so that gradients
    /// do not vanish.
    Fp16,
}

impl Precision {
    /// All of them, from the most exact to the least.
    pub const ALL: [Self; 4] = [Self::F32, Self::Tf32, Self::Bf16, Self::Fp16];

    /// Its name in results, which is also the flag's that asks for it: `f32`, `tf32`, `bf16`, `fp16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
        }
    }
}
