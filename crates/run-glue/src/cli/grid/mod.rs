//! Flags to the runs that they ask for.

mod build;
mod ending;
mod file;
mod filled_in;
mod flag_factory;
mod init_from;
mod point;
mod recipe;
mod search;
mod searchable;
mod yaml;

pub use self::build::{from_file, from_flags};
pub use self::ending::is_grid_file;
pub(super) use self::searchable::is_searchable;
