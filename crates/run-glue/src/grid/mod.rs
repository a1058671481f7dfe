//! Many runs in one: models x tasks x seeds, and searches for the settings of them.
//!
//! What is to be run comes in as plain types: a [`Grid`] of [`RunSpec`]s, each with its settings, and a
//! [`SettingsFactory`] for those that are known only once others have run.

mod combination;
mod data_files;
mod definition;
mod disk;
mod done;
mod duration;
mod one_record;
mod options;
pub mod plan;
mod repeat;
mod rows;
mod run_lock;
mod run_spec;
pub mod search;
mod settings_factory;
pub mod shard;
mod shell_word;
mod sources;
mod sweep;

pub use self::combination::Combination;
pub use self::definition::{Grid, GridParts};
pub use self::options::{Gpus, PageChoice, SweepOptions, TableFormat};
pub use self::repeat::Repeated;
pub use self::run_spec::{RunSpec, Several};
pub use self::settings_factory::SettingsFactory;
pub use self::sources::change_of_folders;
pub use self::sweep::run;
