//! Where a product of low rank goes.

/// `y[:, first..first + out] += scaling h bᵀ`: h `[rows, rank]`, b `[out, rank]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowRankSpec {
    /// The first column of y that is added to.
    pub first_column: usize,
    /// The product is multiplied with it.
    pub scaling: f64,
}
