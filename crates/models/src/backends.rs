//! The backends that the crate was built with.

#[cfg(feature = "cuda")]
pub use burn_cuda::{Cuda, CudaDevice};
#[cfg(feature = "flex")]
pub use burn_flex::Flex;
#[cfg(feature = "ndarray")]
pub use burn_ndarray::NdArray;
