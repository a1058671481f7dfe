//! A benchmark as data: its tasks, where they lie, and how their scores become one number.

use crate::task::TaskSpec;

/// Several tasks that are reported together.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    /// The name in flags, before a task's: `glue`, as in `glue/mrpc`.
    pub name: String,
    /// The name as papers write it: `GLUE`.
    pub display_name: String,
    /// The dataset's repository on the Hub.
    pub repository: String,
    /// The language of its texts, as two letters.
    pub language: String,
    /// The tasks in the order in which results list them. Of the first benchmark they are called by their short names, of
    /// every other one `benchmark/task`, so that no two tasks have one name.
    pub tasks: Vec<TaskSpec>,
    /// The numbers of the whole benchmark; the first is the usual one.
    pub averages: Vec<AverageSpec>,
}

/// A mean over tasks of a benchmark, each of which counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AverageSpec {
    /// The name in files: `glue_without_wnli`.
    pub key: String,
    /// The name for people: `GLUE without WNLI`.
    pub display_name: String,
    /// The names of the tasks that it leaves out.
    pub left_out: Vec<String>,
}

impl AverageSpec {
    /// Whether a task of the benchmark counts in it.
    pub fn counts(&self, task: &TaskSpec) -> bool {
        !self.left_out.contains(&task.name)
    }
}

impl Benchmark {
    /// The task of exactly this name, as records have it.
    pub fn task(&self, name: &str) -> Option<&TaskSpec> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The diagnostic sets of its tasks.
    pub fn diagnostics(&self) -> impl Iterator<Item = &TaskSpec> {
        self.tasks.iter().filter_map(|task| task.diagnostic.as_deref())
    }

    /// The tasks that count in an average.
    pub fn tasks_of<'a>(&'a self, average: &'a AverageSpec) -> impl Iterator<Item = &'a TaskSpec> {
        self.tasks.iter().filter(|task| average.counts(task))
    }
}
