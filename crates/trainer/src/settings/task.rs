//! What a run is about.

use glue_tasks::task::TaskSpec;
use serde_json::{Value, json};

use super::data::CustomData;

/// A task of a benchmark, or data of one's own.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskChoice {
    /// A benchmark's.
    Known(Box<TaskSpec>),
    /// A dataset of no benchmark, whose task is found in its data.
    Custom(CustomData),
}

impl TaskChoice {
    /// Its name in flags and records.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(task) => &task.name,
            Self::Custom(data) => &data.name,
        }
    }

    /// The name as a part of a file's name: `super_glue--rte`.
    #[must_use]
    pub fn file_stem(&self) -> String {
        self.name().replace('/', "--")
    }

    /// The benchmark's task.
    #[must_use]
    pub fn known(&self) -> Option<&TaskSpec> {
        match self {
            Self::Known(task) => Some(task),
            Self::Custom(_) => None,
        }
    }

    /// The data of one's own.
    #[must_use]
    pub fn custom(&self) -> Option<&CustomData> {
        match self {
            Self::Known(_) => None,
            Self::Custom(data) => Some(data),
        }
    }

    /// As a request has it: what is known of a benchmark's task is in the program.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Known(task) => json!(task.name),
            Self::Custom(data) => data.to_json(),
        }
    }
}
