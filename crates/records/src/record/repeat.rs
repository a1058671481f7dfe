//! Whether a run can be made again from its record, and the command that does it.

use super::parts::SearchRole;
use super::run_record::RunRecord;
use super::version::FORMAT_VERSION;
use std::path::Path;

impl RunRecord {
    /// Why `run-glue RECORD.json` cannot make this run again, and what can, as far as the record alone tells; `None` where it can.
    #[must_use]
    pub fn why_not_repeated(&self) -> Option<String> {
        if self.format_version < FORMAT_VERSION {
            return Some(format!(
                "it is of format {}, which has neither all settings nor hashes of the files: make the run by its flags",
                self.format_version
            ));
        }
        if let Some(from) = &self.init_from {
            return Some(format!(
                "the run began with the model that a run of {} left (init_from), and a record does not hold that: run both, with \
                 --task {},{} --init_from {}",
                from.task, from.task, self.task, from.task
            ));
        }
        let trial = self.search.as_ref().filter(|search| search.role == SearchRole::Trial)?;
        Some(format!(
            "the run is a trial of the search {}, on rows and with a seed that are the search's: make the search again, or repeat a run of \
             the setting that it chose",
            trial.id.get(..12).unwrap_or(&trial.id)
        ))
    }
}

/// The command that makes the run of a record again, as a shell takes it. `record`: the record's file, from where the command is typed.
#[must_use]
pub fn repeat_command(record: &Path) -> String {
    let name = record.display().to_string();
    // A name that begins so would be a flag.
    let name = if name.starts_with('-') { format!("./{name}") } else { name };
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./=:,@%+".contains(letter));
    let word = if is_plain { name } else { format!("'{}'", name.replace('\'', "'\\''")) };
    format!("run-glue {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_what_a_shell_takes() {
        let command = |path: &str| repeat_command(Path::new(path));
        assert_eq!(
            command("results/rte/m/seed-42-3f9c02aa81d4.json"),
            "run-glue results/rte/m/seed-42-3f9c02aa81d4.json"
        );
        assert_eq!(command("it's mine/a.json"), "run-glue 'it'\\''s mine/a.json'");
        assert_eq!(command("-a.json"), "run-glue ./-a.json");
    }
}
