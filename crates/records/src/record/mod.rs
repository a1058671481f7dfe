//! One JSON record a run: strict JSON with a schema, documented in `docs/results-format.md`.
//!
//! [`RunRecord`] is the record and [`parts`] are what it is made of; [`path`] says where it lies under the results folder,
//! [`predictions`] what lies beside it, and [`read_folder`] reads all that a folder has.

mod adapter_settings;
mod candidate;
pub mod class_table;
mod dataset_info;
mod error;
mod final_evaluation;
mod folder;
mod host;
mod init_from;
mod json_files;
mod kept;
mod other_evaluation;
pub mod parts;
pub mod path;
pub mod predictions;
mod repeat;
mod replaced_field;
mod role;
mod run_record;
mod version;
mod write;

pub use self::adapter_settings::OF_ADAPTERS;
pub use self::dataset_info::{DatasetInfo, SHARED_BY_DESIGN, SplitRows, SplitUse};
pub use self::error::RecordError;
pub use self::final_evaluation::FinalEvaluation;
pub use self::folder::{RecordFile, Records, read_folder, read_paths};
pub use self::host::Host;
pub use self::init_from::{InitFrom, InitSeed};
pub use self::other_evaluation::OtherEvaluation;
pub use self::parts::{
    Baseline, EndWeights, ModelInfo, PlaceInfo, Predictor, Profile, Program, Scores, SearchMark, SearchRole, Source,
    Throughput, Timings, TrainingInfo,
};
pub use self::run_record::{RunKey, RunRecord, is_same_number, without_mark};
pub use self::version::FORMAT_VERSION;
