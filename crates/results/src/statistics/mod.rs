//! Several runs of one thing, condensed: mean, spread and confidence intervals; and whether two things differ.

mod bootstrap;
mod difference;
mod draw;
mod level;
mod paired;
mod student_t;
mod summary;

pub use bootstrap::{RESAMPLES, bootstrap_interval, bootstrap_mean_interval};
pub use difference::{Difference, Sample};
pub use draw::Draw;
pub use level::{DEFAULT_LEVEL, is_level};
pub use paired::{approximate_randomization, mcnemar, permutation_test};
pub use student_t::{normal_quantile, student_t_quantile};
pub use summary::Summary;
