//! JSON as Python's `json` module writes and reads it.
//!
//! It differs from strict JSON in three ways that show in run_glue.py's files: floats are printed as `repr` prints them
//! (`1e-05`, `2.0`), `NaN` and the infinities are bare words (a collapsed STS-B run has a `NaN` Pearson), and text
//! outside ASCII is escaped. Integers and floats are different things and stay so through a round trip.

mod number;
mod read;
mod serde_glue;
mod value;
mod write;

pub use number::{float_repr, round_decimals};
pub use read::{ParseError, parse};
pub use serde_glue::{ConvertError, from_value};
pub use value::{Object, Value};
pub use write::{dumps, dumps_line};
