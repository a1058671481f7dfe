//! The backends that the crate was built with, and where those of GPUs keep what they learn.

#[cfg(feature = "cube")]
mod kept;
#[cfg(feature = "wgpu")]
mod vulkan;

#[cfg(feature = "cuda")]
pub use burn_cuda::{Cuda, CudaDevice};
#[cfg(feature = "flex")]
pub use burn_flex::Flex;
#[cfg(feature = "ndarray")]
pub use burn_ndarray::NdArray;
#[cfg(feature = "wgpu")]
pub use burn_wgpu::{Wgpu, WgpuDevice};

#[cfg(feature = "cube")]
pub use self::kept::{KernelCount, count_kernels, keep_in};
#[cfg(feature = "wgpu")]
pub use self::vulkan::wgpu_names;
