//! What a training began from: the model itself, or the end of another task's run. Scores of the two do not stand in one column.

use glue_tasks::find_task;
use records::record::RunRecord;

/// What a run began from: `mnli`; `rte, from mnli` of a chain. Empty where that is the model itself.
pub(crate) fn start_of(record: &RunRecord) -> String {
    record.init_from.as_ref().map(|from| from.tasks()).unwrap_or_default()
}

/// The same of a number that was published, as far as it says: a task by its short name, anything else in the words of whoever published it.
pub(crate) fn published_start(words: Option<&str>) -> String {
    let parts = words.unwrap_or_default().trim().split(", from ");
    let parts = parts.map(|part| find_task(part).map_or(part, |task| &task.name));
    parts.collect::<Vec<_>>().join(", from ")
}

/// As papers write it: `MNLI`.
pub(crate) fn start_in_words(start: &str) -> String {
    let parts = start.split(", from ").map(|part| find_task(part).map_or(part, |task| &task.display_name));
    parts.collect::<Vec<_>>().join(", from ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_has_one_spelling() {
        for (words, start) in [
            ("MNLI", "mnli"),
            ("mnli", "mnli"),
            ("RTE, from MNLI", "rte, from mnli"),
            ("a checkpoint of MNLI", "a checkpoint of MNLI"),
            ("", ""),
        ] {
            assert_eq!(published_start(Some(words)), start, "{words}");
        }
        assert_eq!(published_start(None), "");
        assert_eq!(start_in_words("rte, from mnli"), "RTE, from MNLI");
        assert_eq!(start_in_words("a checkpoint"), "a checkpoint");
    }
}
