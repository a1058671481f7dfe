//! How far a backend may be from the reference, by precision, and why.

use models::ops::Precision;
use models::ops::cases::Case;

/// Largest relative differences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    precision: Precision,
    /// Why they are what they are.
    pub(super) reason: &'static str,
    /// Of operations that are made of products, relative to the largest element.
    products: f64,
    /// Of a step's loss.
    pub(super) loss: f64,
    /// Of a step's gradients, relative to the largest of the tensor.
    pub(super) gradients: f64,
    /// Of what a step adds to the parameters, by norm.
    pub(super) update: f64,
    /// Of each loss of a run.
    pub(super) losses: f64,
    /// Of each gradient norm of a run.
    pub(super) norms: f64,
}

/// Of operations that are f32 in every precision: sums are taken in another order.
const F32: f64 = 2e-5;

const LIMITS: [Limits; 4] = [
    Limits {
        precision: Precision::F32,
        reason: "f32: sums are taken in another order",
        products: F32,
        loss: 1e-5,
        gradients: 2e-4,
        update: 2e-3,
        losses: 1e-4,
        norms: 5e-4,
    },
    Limits {
        precision: Precision::Tf32,
        reason: "tf32: each factor is rounded to 11 bits, 2^-12 at most on average",
        products: 2e-3,
        loss: 1e-3,
        gradients: 2e-2,
        update: 5e-2,
        losses: 1e-2,
        norms: 5e-2,
    },
    Limits {
        precision: Precision::Bf16,
        reason: "bf16: each factor is rounded to 8 bits, 2^-9 at most on average",
        products: 1.5e-2,
        loss: 1e-2,
        gradients: 0.1,
        update: 0.15,
        losses: 5e-2,
        norms: 0.15,
    },
    Limits {
        precision: Precision::Fp16,
        reason: "fp16: each factor is rounded to 11 bits, and small gradients to fewer",
        products: 2e-3,
        loss: 1e-3,
        gradients: 2e-2,
        update: 5e-2,
        losses: 1e-2,
        norms: 5e-2,
    },
];

/// Those of a precision.
pub(super) fn limits(precision: Precision) -> Limits {
    LIMITS.into_iter().find(|limits| limits.precision == precision).unwrap_or(LIMITS[0])
}

impl Limits {
    /// Of an operation.
    pub(super) fn operation(&self, case: &Case) -> f64 {
        if case.has_products() { self.products } else { F32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_has_its_own() {
        for precision in Precision::ALL {
            assert_eq!(limits(precision).precision, precision);
            assert!(limits(precision).reason.starts_with(precision.name()));
        }
    }
}
