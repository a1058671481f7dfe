//! Tables that others have published: what their files say, and rows of a comparison made of them.

mod fields;
mod file;
mod place;
mod range;
mod rows;
mod value;

pub(crate) use self::fields::check_reference;
pub use self::file::{Published, PublishedRow, read};
pub(crate) use self::range::{UNSTATED, is_margin};
pub(crate) use self::value::last_digit;
pub use self::value::{Circumstances, PublishedValue, Statistic};

/// What whoever reads such rows beside others should know.
pub(super) const PROTOCOLS_DIFFER: &str = "Published rows were made under protocols of their own: single runs, medians, the best \
    of a grid, the development or the test split.";
