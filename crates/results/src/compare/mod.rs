//! Results side by side: models down, tasks across, with their uncertainty; and whether two models differ.
//!
//! [`run()`] goes from folders of records to the text of a form; [`Comparison`] is what all forms show.

mod average;
mod best;
mod column;
mod comparison;
mod configuration;
mod deciding_settings;
mod entry;
mod escape;
mod excerpt;
mod figures;
mod formats;
mod html;
mod known_rows;
mod lacking;
mod model_names;
mod once;
mod origin;
mod pairs;
pub mod published;
mod ranking;
mod remarks;
mod row;
mod row_test;
mod rows;
mod run;
mod short_names;
mod shown;
mod start;
mod swapped_counts;
mod task_names;
mod training;
mod verdict;

#[cfg(test)]
mod tests;

pub use self::average::Averages;
pub use self::column::Column;
pub(crate) use self::column::Columns;
pub use self::comparison::Comparison;
pub(crate) use self::deciding_settings::{is_method, methods_of, names_of, value_of};
pub use self::entry::Entry;
pub(crate) use self::figures::{Line, Look, lines};
pub use self::formats::{Format, UnknownFormat, render};
pub use self::lacking::{Lacking, LackingRuns};
pub(crate) use self::model_names::{is_same_model, is_same_name};
pub use self::pairs::Pair;
pub use self::row::Row;
pub(crate) use self::rows::rows;
pub use self::run::{CompareOptions, ComparedText, run, write_page};
pub(crate) use self::shown::is_loss;
pub(crate) use self::start::{published_start, start_in_words, start_of};
pub(crate) use self::task_names::check_task_names;
pub(crate) use self::training::{is_same_training, trained_rows};
