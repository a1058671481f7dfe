//! The machine of a run, so that seconds in a record mean something.

use serde::{Deserialize, Serialize};

/// The machine a run was made on and how it was used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Host {
    /// Name of the processor, where it is known.
    pub cpu_model: Option<String>,
    /// Logical processors that the process might use.
    pub logical_cores: usize,
    /// Threads the run computed with.
    pub threads: usize,
    /// Main memory in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// Operating system: the distribution and kernel on Linux, else its family.
    pub os: String,
    /// Processor architecture, e.g. `x86_64`.
    pub arch: String,
    /// Vector instruction sets the processor has, of those that matter here.
    pub simd: Vec<String>,
    /// Burn backend: `flex`, `ndarray`, `cuda` or `wgpu`.
    pub backend: String,
    /// Device: `cpu`, or the name of the accelerator.
    pub device: String,
}
