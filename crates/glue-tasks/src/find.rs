//! From a name to a task: as people type it, and as records have it.

use crate::benchmark::Benchmark;
use crate::benchmarks::{GLUE, benchmarks};
use crate::near::{nearest, quoted};
use crate::task::TaskSpec;

/// A name that is no task's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no task `{name}` ({hint}); the tasks are {all}", all = quoted(&all_names()))]
pub struct UnknownTask {
    /// The name that was asked for.
    pub name: String,
    /// The task with the nearest name.
    pub nearest: String,
    hint: String,
}

/// The names of all tasks, the first benchmark's first.
fn all_names() -> Vec<&'static str> {
    benchmarks().flat_map(|benchmark| &benchmark.tasks).map(|task| task.name.as_str()).collect()
}

/// The task of a name: `mrpc`, `glue/mrpc`, `super_glue/rte`. Case does not matter, and papers' spellings are known too:
/// `SST-2`, `sts-b`. A name without its benchmark is looked for in GLUE first, then in the others, where it must be of one
/// of them only.
///
/// # Errors
/// [`UnknownTask`], which names the nearest task and lists them all. Diagnostic sets are not among them: they cannot be
/// trained or evaluated.
pub fn find_task(name: &str) -> Result<&'static TaskSpec, UnknownTask> {
    let wanted = name.trim().to_lowercase();
    let failed =
        |nearest: &str, hint: String| Err(UnknownTask { name: name.to_owned(), nearest: nearest.to_owned(), hint });
    let (of, short) = match wanted.split_once('/') {
        Some((benchmark, short)) => (Some(benchmark), short),
        None => (None, wanted.as_str()),
    };
    let found: Vec<&TaskSpec> = benchmarks()
        .filter(|benchmark| of.is_none_or(|of| benchmark.name == of))
        .flat_map(|benchmark| &benchmark.tasks)
        .filter(|task| task.short_name() == short || task.display_name.to_lowercase() == short)
        .collect();
    match found.as_slice() {
        [] => {}
        [one, ..] if found.len() == 1 || GLUE.task(&one.name).is_some() => return Ok(one),
        [one, ..] => {
            let names: Vec<&str> = found.iter().map(|task| task.name.as_str()).collect();
            return failed(&one.name, format!("it is one of {}", quoted(&names)));
        }
    }
    let diagnosed = |task: &&TaskSpec| task.diagnostic.as_ref().is_some_and(|set| set.short_name() == short);
    if let Some(task) = benchmarks().flat_map(|benchmark| &benchmark.tasks).find(diagnosed) {
        let hint = format!("`{short}` has only a test split and is predicted with a model of `{}`", task.name);
        return failed(&task.name, hint);
    }
    // With and without the benchmark's name: `glue/mrcp` is near to `glue/mrpc`, and `bolq` to `boolq`.
    let spellings = benchmarks().flat_map(|benchmark| {
        let of = |task: &'static TaskSpec| {
            let short = task.short_name();
            [(short.to_owned(), task), (format!("{}/{short}", benchmark.name), task)]
        };
        benchmark.tasks.iter().flat_map(of)
    });
    let spellings: Vec<(String, &TaskSpec)> = spellings.collect();
    let near = nearest(&wanted, spellings.iter().map(|(spelling, _)| spelling.as_str())).unwrap_or_default();
    let near = spellings.iter().find(|(spelling, _)| spelling == near).map_or(near, |(_, task)| task.name.as_str());
    failed(near, format!("did you mean `{near}`?"))
}

/// The tasks of a word of `--task`: one task's name, `all` for GLUE's, or a benchmark's name with or without `/all` behind it.
///
/// # Errors
/// As [`find_task`].
pub fn find_tasks(name: &str) -> Result<Vec<&'static TaskSpec>, UnknownTask> {
    let wanted = name.trim().to_lowercase();
    let of = wanted.strip_suffix("/all").unwrap_or(&wanted);
    let whole = if wanted == "all" { Some(&*GLUE) } else { benchmarks().find(|benchmark| benchmark.name == of) };
    match whole {
        Some(benchmark) => Ok(benchmark.tasks.iter().collect()),
        None => find_task(name).map(|task| vec![task]),
    }
}

/// The task of exactly this name, as records have it. A dataset of one's own that is called `boolq` is not
/// `super_glue/boolq`.
pub fn task_named(name: &str) -> Option<&'static TaskSpec> {
    benchmarks().find_map(|benchmark| benchmark.task(name))
}

/// The benchmark of a task; none of data of one's own, whatever they are called.
pub fn benchmark_of(task: &TaskSpec) -> Option<&'static Benchmark> {
    benchmarks().find(|benchmark| benchmark.task(&task.name) == Some(task))
}

/// The place of a task among those of all benchmarks, by its exact name; beyond all of them for data of one's own. Tables
/// list tasks in this order.
pub fn task_order(task: &str) -> usize {
    all_names().iter().position(|name| *name == task).unwrap_or(usize::MAX)
}

/// A metric's key without what says the split: `accuracy` of `accuracy_mm`. The suffixes are those of all tasks that are
/// known.
pub fn plain_key(key: &str) -> &str {
    let tasks = benchmarks().flat_map(|benchmark| &benchmark.tasks);
    let suffixes = tasks.flat_map(|task| &task.eval_splits).map(|split| split.key_suffix.as_str());
    suffixes.filter(|suffix| !suffix.is_empty()).find_map(|suffix| key.strip_suffix(suffix)).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::LabelKind;

    #[test]
    fn names_are_found_in_any_spelling() {
        for (spelling, name) in [
            ("cola", "cola"),
            ("CoLA", "cola"),
            ("SST-2", "sst2"),
            ("sts-b", "stsb"),
            ("RTE", "rte"),
            ("glue/rte", "rte"),
            ("GLUE/SST-2", "sst2"),
            ("boolq", "super_glue/boolq"),
            ("Super_GLUE/RTE", "super_glue/rte"),
        ] {
            assert_eq!(find_task(spelling).map(|task| task.name.as_str()), Ok(name));
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest_and_all() {
        let error = find_task("mrcp").unwrap_err();
        assert_eq!(error.nearest, "mrpc");
        assert_eq!(
            error.to_string(),
            "there is no task `mrcp` (did you mean `mrpc`?); the tasks are `cola`, `sst2`, `mrpc`, `stsb`, `qqp`, \
             `mnli`, `qnli`, `rte`, `wnli`, `super_glue/boolq`, `super_glue/cb`, `super_glue/rte`"
        );
        assert!(find_task("ax").unwrap_err().to_string().contains("predicted with a model of `mnli`"));
        for (wrong, nearest) in [
            ("glue/mrcp", "mrpc"),
            ("gleu/mrpc", "mrpc"),
            ("superglue/rte", "super_glue/rte"),
            ("bolq", "super_glue/boolq"),
        ] {
            assert_eq!(find_task(wrong).unwrap_err().nearest, nearest, "{wrong}");
        }
    }

    #[test]
    fn a_word_stands_for_a_task_or_a_whole_benchmark() {
        for whole in ["all", "ALL", "glue", "glue/all"] {
            assert_eq!(find_tasks(whole).unwrap().len(), GLUE.tasks.len(), "{whole}");
        }
        assert_eq!(find_tasks("glue/mrpc").unwrap()[0].name, "mrpc");
        assert_eq!(find_tasks("super_glue/all").unwrap().len(), 3);
        assert!(find_tasks("mrcp/all").is_err());
    }

    #[test]
    fn records_name_tasks_exactly() {
        assert!(task_named("mnli").is_some() && task_named("MNLI").is_none() && task_named("ax").is_none());
        let repository = |task: &TaskSpec| benchmark_of(task).map(|benchmark| benchmark.repository.as_str());
        assert_eq!(repository(find_task("mnli").unwrap()), Some("nyu-mll/glue"));
        let namesake = TaskSpec::new("mnli", ("text".to_owned(), None), LabelKind::Score);
        assert_eq!(repository(&namesake), None);
        assert!(task_order("cola") < task_order("sst2") && task_order("own") == usize::MAX);
        assert_eq!(
            (plain_key("accuracy_mm"), plain_key("f1_macro"), plain_key("loss_mm")),
            ("accuracy", "f1_macro", "loss")
        );
    }
}
