//! The backends that the crate was built with.

#[cfg(feature = "cuda")]
pub use burn_cuda::Cuda;
#[cfg(feature = "flex")]
pub use burn_flex::Flex;
#[cfg(feature = "ndarray")]
pub use burn_ndarray::NdArray;

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
