//! What a run is told, as plain types with defaults: they know no flags, check themselves, and each setting is declared
//! once, with its name, its value as JSON, and what it can change.
//!
//! The hash of a request, the settings of a record, the check before a run goes on from a checkpoint and the table in
//! docs/flags.md all follow from [`Settings::declared`]. A setting that is not declared does not compile.

// Settings are taken apart without `..` where they are declared: one that is not declared is a variable that is not used.
#![deny(unused_variables)]

mod checkpoints;
mod choices;
mod data;
mod declared;
mod distillation;
mod evaluation;
mod final_eval;
mod hub;
mod init_from;
mod label_names;
mod logging;
pub mod lr_scheduler;
mod machine;
mod model;
mod peft;
mod places;
mod request;
mod run;
mod task;
#[cfg(test)]
mod tests;
mod training;

pub use self::checkpoints::{CheckpointSettings, SaveStrategy};
pub use self::choices::{Choice, named};
pub use self::data::{CustomData, DataSettings, DatasetChoice, MissingLabels, ShuffleLike, SplitChoice};
pub(crate) use self::declared::said;
pub use self::declared::{Changes, Counts, Setting, at_least_one, check, interval};
pub use self::distillation::DistillationSettings;
pub use self::evaluation::{BestSettings, EarlyStopping, EvaluationSettings, IntervalStrategy, known_metric};
pub use self::final_eval::FinalSplit;
pub use self::hub::{HubAccess, HubStrategy, PublishSettings, repository_name};
pub use self::init_from::{FinishedRun, InitFromSettings};
pub use self::label_names::LabelNames;
pub use self::logging::{LogLevel, LoggingSettings};
pub use self::machine::{BackendChoice, DeviceChoice, MachineSettings};
pub use self::model::{DropoutSettings, ModelChoice, ModelSettings};
pub(crate) use self::peft::check_training;
pub use self::peft::{PeftMethod, PeftSettings};
pub use self::places::PlaceSettings;
pub use self::request::{plain_request_hash, record_request_hash, request_hash};
pub use self::run::Settings;
pub use self::task::TaskChoice;
pub use self::training::{ClassWeights, DropoutStream, OptimizerKind, SamplingStrategy, TrainingSettings};
