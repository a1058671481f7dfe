//! Cases of every operation as data, and what is computed of them: `run-glue selftest` and the tests of kernels compare a
//! backend's own operations with bodies composed of Burn's, differentiated by Burn, on a backend of the CPU.

mod compute;
mod list;

pub use self::compute::Computed;
pub use self::list::{CASES, Case, Operation};
