//! The real program, as its users start it: what it prints, what it writes, how it ends. One test program for all of it, since each
//! one links Burn; every test has a folder of its own and changes nothing of the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

#[path = "../support"]
mod support {
    pub(crate) mod chromium;
    pub(crate) mod json_schema;
    #[cfg(feature = "hub")]
    #[path = "../../../hub/tests/support/loopback_hub/mod.rs"]
    pub(crate) mod loopback_hub;
    #[cfg(feature = "hub")]
    pub(crate) mod loopback_mlflow;
    pub(crate) mod program;
}

mod adapters;
mod announcements;
mod bad_checkpoint;
mod bad_flags;
mod bad_input;
mod benchmarks;
mod best_weights;
mod checkpoints;
mod ci_files;
mod compare;
mod damaged_records;
mod distillation;
mod evaluate;
mod examples;
#[cfg(feature = "hub")]
mod examples_run;
mod final_eval;
mod finished_folders;
mod flags_table;
mod front;
mod full_output;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod gpu_absent;
mod grid;
mod house;
#[cfg(feature = "hub")]
mod hub;
mod identity;
mod init_from;
mod kept_tokens;
mod kills;
mod label_names;
mod labels_of_people;
mod layouts;
mod left_files;
#[cfg(feature = "hub")]
mod mlflow;
mod models;
mod optimizers;
mod output_folder;
mod outputs;
mod own_data;
mod pad_token;
mod page_in_chromium;
mod parity;
mod parts_of_models;
mod plan;
mod predict;
#[cfg(feature = "hub")]
mod push;
mod recipes;
mod repeat;
mod search;
mod search_roles;
mod selftest;
mod sentencepiece;
mod sizes_of_models;
mod submission;
mod system_limits;
mod trained_before;
mod verify;
mod version;
mod watch;
mod whose_files;
mod workers;
mod written_files;
