//! The log of a run as it grows: `log.jsonl`, and TensorBoard's event files and a tracker where they are wanted.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::tensorboard::EventFile;
use super::tracker::Tracker;
use records::metrics::Metrics;
use records::python_json::{Value, dumps_line};

/// The log's name in the output folder.
pub const FILE_NAME: &str = "log.jsonl";

/// Where log rows go.
#[derive(Default)]
pub struct Journal {
    lines: Option<File>,
    events: Option<EventFile>,
    tracker: Option<Box<dyn Tracker>>,
    written: usize,
}

impl Journal {
    /// Writes to `log.jsonl` in `output_dir`, anew, and to an event file in `event_dir`, each where it is given. A file that
    /// cannot be written is no reason to end a run: it is said, and done without.
    #[must_use]
    pub fn open(output_dir: Option<&Path>, event_dir: Option<&Path>, host: &str) -> Self {
        let lines = output_dir.map(|dir| {
            std::fs::create_dir_all(dir)?;
            File::create(dir.join(FILE_NAME))
        });
        let events = event_dir.map(|dir| EventFile::create(dir, host));
        Self { lines: lines.and_then(or_without), events: events.and_then(or_without), tracker: None, written: 0 }
    }

    /// The same, and rows go to `tracker` too.
    #[must_use]
    pub fn tracked_by(self, tracker: Option<Box<dyn Tracker>>) -> Self {
        Self { tracker, ..self }
    }

    /// Who is still to be told of the end.
    pub fn take_tracker(&mut self) -> Option<Box<dyn Tracker>> {
        self.tracker.take()
    }

    /// Tells the tracker of a checkpoint.
    pub fn checkpoint(&mut self, folder: &Path) {
        if let Some(tracker) = &mut self.tracker {
            tracker.checkpoint(folder);
        }
    }

    /// Writes the rows of `history` that are new since the last call.
    pub fn catch_up(&mut self, history: &[Metrics]) {
        for row in history.iter().skip(self.written) {
            self.add(row);
        }
        self.written = self.written.max(history.len());
    }

    /// Writes one row.
    pub fn add(&mut self, row: &Metrics) {
        self.lines = self.lines.take().and_then(|mut file| {
            or_without(file.write_all(format!("{}\n", dumps_line(&Value::Object(row.clone()))).as_bytes()))?;
            Some(file)
        });
        self.events = self.events.take().and_then(|mut file| {
            or_without(file.scalars(row))?;
            Some(file)
        });
        if let Some(tracker) = &mut self.tracker {
            tracker.row(row);
        }
    }

    /// Writes a text, for TensorBoard.
    pub fn text(&mut self, tag: &str, text: &str) {
        self.events = self.events.take().and_then(|mut file| {
            or_without(file.text(tag, text))?;
            Some(file)
        });
    }
}

fn or_without<T>(result: io::Result<T>) -> Option<T> {
    result.inspect_err(|error| log::warn!("the log cannot be written any more: {error}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_once_as_lines() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(Some(dir.path()), None, "host");
        let row = |loss: f64| Metrics::from([("loss".to_owned(), loss.into())]);
        journal.catch_up(&[row(1.0)]);
        journal.catch_up(&[row(1.0), row(0.5)]);
        journal.add(&row(f64::NAN));
        let text = std::fs::read_to_string(dir.path().join(FILE_NAME)).expect("read");
        assert_eq!(text, "{\"loss\": 1.0}\n{\"loss\": 0.5}\n{\"loss\": NaN}\n");
    }
}
