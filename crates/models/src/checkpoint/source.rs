//! What every format of weight files is read through.

use super::error::CheckpointError;

/// Tensors of one file.
pub(super) trait TensorSource {
    /// Names of all tensors of the file, in any order.
    fn names(&self) -> Vec<String>;
    /// Sizes of a tensor, outermost first; `None` where there is no such tensor.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
    /// Values of a tensor in row-major order, F16, BF16 and F64 as the nearest f32.
    ///
    /// # Errors
    /// When the tensor is not there or holds no floats.
    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError>;
}
