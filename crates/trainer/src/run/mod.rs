//! One task with one model: prepare, train, evaluate, write.

mod announcement;
mod best_checkpoint;
mod callbacks;
mod checkpoints;
mod class_chart;
mod context;
mod criterion;
mod custom_task;
mod end_weights;
mod final_evaluation;
mod final_rows;
mod fine_tuning;
pub mod hooks;
mod identity;
mod init_from;
mod label_names;
mod left_files;
mod older_run;
mod outcome;
pub mod output;
mod output_lock;
mod predictions;
mod prepare;
pub mod rehearsal;
mod result_files;
mod row_info;
mod rows;
mod run_record;
mod run_task;
mod same_place;
mod saved_model;
mod score;
mod split_reader;
mod state_file;
mod task_labels;
mod teacher;
#[cfg(test)]
mod tests;
mod tokenized;
pub mod trained_rows;
mod training_setup;
mod unfinished;
mod warnings;
mod write_results;

pub use self::identity::{FileHashes, ModelPart};
pub use self::run_task::{CompletedRun, run_task};
