//! Flags to the runs that they ask for.

mod build;
mod file;
mod flag_factory;
mod point;
mod recipe;
mod search;
mod searchable;

pub use self::build::{from_file, from_flags};
