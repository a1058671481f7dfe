//! The backends that the crate was built with, and where those of GPUs keep what they learn.

#[cfg(feature = "cube")]
mod cache;

#[cfg(feature = "cuda")]
pub use burn_cuda::{Cuda, CudaDevice};
#[cfg(feature = "flex")]
pub use burn_flex::Flex;
#[cfg(feature = "ndarray")]
pub use burn_ndarray::NdArray;
#[cfg(feature = "wgpu")]
pub use burn_wgpu::{Wgpu, WgpuDevice};

#[cfg(feature = "cube")]
pub use self::cache::{KernelCount, cache_in, count_kernels};
