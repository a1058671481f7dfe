//! What backends say of themselves.

/// Memory of a device that this process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceMemory {
    /// Bytes of living tensors.
    pub in_use: u64,
    /// Bytes taken from the device, those kept for later tensors included.
    pub reserved: u64,
}

/// What sizes of batches are rounded up to a multiple of, so that few are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Rows of a packed batch.
    pub rows: usize,
    /// Rows of each sequence of a padded one.
    pub length: usize,
}

/// What a backend is like to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether an operation is done when its call returns. Where it is only handed over, the time of the call says nothing.
    pub synchronous: bool,
    /// Whether batches should be laid out without padding rows: true where attention works by sequence.
    pub prefers_packed: bool,
    /// What sizes of batches are rounded up to: more than 1 where kernels are compiled or tuned for each size.
    pub bucket: Bucket,
    /// Whether a lack of memory is an error of the operation, or of the next one that waits for it, rather than the end of
    /// the process.
    pub reports_out_of_memory: bool,
}

impl Capabilities {
    /// Those of a backend that computes with Burn's own operations on the CPU.
    pub const CPU: Self = Self {
        synchronous: true,
        prefers_packed: false,
        bucket: Bucket { rows: 1, length: 1 },
        reports_out_of_memory: false,
    };
}
