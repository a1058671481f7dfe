//! Whether a run can be made again from its record, and the command that does it.

use super::parts::SearchRole;
use super::run_record::RunRecord;
use super::version::FORMAT_VERSION;
use serde_json::Value;
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

    /// The command that makes this run again, as a shell takes it. `file`: the record's file, from where the command is typed.
    ///
    /// # Errors
    /// Why there is none.
    pub fn repeat_command(&self, file: &Path) -> Result<String, String> {
        if let Some(reason) = self.why_not_repeated() {
            return Err(reason);
        }
        let name = file.to_str().filter(|name| !name.chars().any(char::is_control)).ok_or_else(|| {
            "the path of its record has characters that cannot be shown; give it another name".to_owned()
        })?;
        // A name that begins so would be a flag.
        let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
        let mut command = format!("run-glue {}", shell_word(&name));
        if self.hyper_parameters.get("load_best_model_at_end").and_then(Value::as_bool) == Some(true) {
            let folder = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("run");
            // The best weights are kept on the way, each run's in a folder of its own.
            command += &format!(" --output_dir {}", shell_word(&format!("again/{folder}")));
        }
        Ok(command)
    }
}

/// A word as a shell takes it.
fn shell_word(text: &str) -> String {
    let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./=:,@%+".contains(letter));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_a_shell_takes() {
        assert_eq!(shell_word("results/rte/m/seed-42-3f9c02aa81d4.json"), "results/rte/m/seed-42-3f9c02aa81d4.json");
        assert_eq!(shell_word("it's mine/$(a).json"), "'it'\\''s mine/$(a).json'");
    }
}
