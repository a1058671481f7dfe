//! What computes, and how exactly.

use models::ops::Precision;
use serde_json::Value;

use super::choices::Choice;
use super::declared::{Changes, Counts, Setting};

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendChoice {
    /// A GPU where the program has its backend and one is there, else the CPU.
    #[default]
    Auto,
    /// CPU, with the program's own kernels.
    Flex,
    /// CPU, Burn's ndarray backend.
    Ndarray,
    /// NVIDIA GPUs.
    Cuda,
    /// GPUs through Vulkan, Metal or DirectX 12.
    Wgpu,
}

impl Choice for BackendChoice {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("flex", Self::Flex),
        ("ndarray", Self::Ndarray),
        ("cuda", Self::Cuda),
        ("wgpu", Self::Wgpu),
    ];
}

impl BackendChoice {
    /// Whether its devices have numbers.
    #[must_use]
    pub fn is_gpu(self) -> bool {
        matches!(self, Self::Cuda | Self::Wgpu)
    }

    /// The CPU's backend: this one, or that which `auto` means there.
    #[must_use]
    pub fn on_cpu(self) -> Self {
        match self {
            Self::Auto if cfg!(feature = "flex") => Self::Flex,
            Self::Auto => Self::Ndarray,
            other => other,
        }
    }
}

/// A backend, and which of its devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceChoice {
    /// The backend.
    pub backend: BackendChoice,
    /// The number of a GPU among those that the process sees; `None`: the first.
    pub index: Option<usize>,
}

/// What computes, and how exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineSettings {
    /// The backend and its device.
    pub device: DeviceChoice,
    /// What the factors of matrix products are rounded to; sums, weights and all else stay f32.
    pub precision: Precision,
}

impl Default for MachineSettings {
    fn default() -> Self {
        Self { device: DeviceChoice::default(), precision: Precision::F32 }
    }
}

impl MachineSettings {
    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self { device: DeviceChoice { backend, index }, precision } = self;
        let is = |wanted: Precision| (*precision == wanted).then_some(true);
        all.extend([
            // The record says which backend `auto` came to.
            Setting::new("backend", backend.name(), Changes::Steps).counting(Counts::InRequest),
            Setting::new("device", index.map_or(Value::Null, Value::from), Changes::Nothing),
            Setting::new("bf16", *precision == Precision::Bf16, Changes::Steps),
            // Absent where off: runs of versions that did not know them are the same runs.
            Setting::new("fp16", is(Precision::Fp16), Changes::Steps),
            Setting::new("tf32", is(Precision::Tf32), Changes::Steps),
        ]);
    }
}
