//! The run whose weights a run begins with.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::choices::Choice;
use super::declared::{Changes, Counts, Setting};
use records::record::{InitSeed, RunRecord};

impl Choice for InitSeed {
    const NAMES: &'static [(&'static str, Self)] = &[("same", Self::Same), ("best", Self::Best)];
}

/// The run whose weights a run begins with, in place of those of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct InitFromSettings {
    /// Its task.
    pub task: String,
    /// Which of the task's runs.
    pub which: InitSeed,
    /// What was asked for of it: its `plain_request_hash`.
    pub request: String,
    /// The run itself, once it is done: nothing begins before.
    pub run: Option<FinishedRun>,
}

/// A finished run, and where it left its model.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// Its output folder.
    pub folder: PathBuf,
    /// Its record.
    pub record: Box<RunRecord>,
    /// Where it is the best of several: the seeds of all of them.
    pub among: Vec<u64>,
}

pub(super) fn declare(init_from: Option<&InitFromSettings>, all: &mut Vec<Setting>) {
    let [mut task, mut which, mut asked] = [Value::Null, Value::Null, Value::Null];
    if let Some(InitFromSettings { task: name, which: seed, request, run: _ }) = init_from {
        (task, which, asked) = (json!(name), json!(seed.name()), json!(request));
    }
    all.extend([
        Setting::new("init_from", task, Changes::Steps),
        Setting::new("init_from_seed", which, Changes::Steps),
        // The record has the run itself.
        Setting::new("init_from_request", asked, Changes::Steps).counting(Counts::InRequest),
    ]);
}
