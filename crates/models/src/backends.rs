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

/// Whether an NVIDIA driver can be loaded: without one the CUDA runtime would panic when a device is made.
///
/// # Errors
/// What is missing, in words.
#[cfg(feature = "cuda")]
pub fn probe_cuda() -> Result<(), String> {
    const NAMES: &[&str] = if cfg!(windows) { &["nvcuda.dll"] } else { &["libcuda.so.1", "libcuda.so"] };
    // SAFETY: loading the driver's library runs its initialisers, as making a device would.
    if NAMES.iter().any(|name| unsafe { libloading::Library::new(name) }.is_ok()) {
        Ok(())
    } else {
        Err(format!("no NVIDIA driver was found ({} cannot be loaded)", NAMES.join(", ")))
    }
}
