//! A search for the settings of one model and task: which settings are tried, with how much training, and which is chosen.
//!
//! Every trial is a run like any other, with a record that says that it is one. What was chosen follows from the records
//! alone, so a search that was killed goes on, and several workers agree.

mod definition;
mod file;
pub mod options;
mod planning;
mod ranking;
mod rungs;
pub(super) mod search_state;
pub mod space;

pub use self::definition::Search;
pub(super) use self::file::Tried;
pub use self::options::{SearchKind, SearchOptions};
pub(super) use self::ranking::best_of;
pub use self::rungs::Unit;
