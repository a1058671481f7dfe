//! The files of results that a run was asked for: which of them are in its folder, and are its own.

use std::path::Path;

use crate::grid::run_spec::RunSpec;
use records::files::final_eval::FinalTable;
use records::record::{RunRecord, SplitRows, SplitUse};
use trainer::finished_run::{FinishedRuns, MadeFile, Whose, predicted_rows};

const PREDICTIONS: &str = "predict_results_*.txt";

/// What there is of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileIs {
    /// It is the run's, as far as the folder says.
    There,
    Missing,
    /// It is another run's, or about other rows.
    OfAnother,
}

/// A file that is not there, or is not the run's.
pub(super) struct MissingFile {
    /// Its name, or what names of its kind are like.
    pub(super) name: String,
    /// The flags that an evaluation writes it with.
    pub(super) flags: &'static str,
    /// Whether only a training writes it.
    pub(super) is_of_training: bool,
    /// What there is in its place.
    found: FileIs,
}

impl MissingFile {
    /// Its name, and whether another run's is in its place.
    pub(super) fn in_words(&self) -> String {
        match self.found {
            FileIs::OfAnother => format!("{} (one of another run or other rows is there)", self.name),
            FileIs::There => format!("{} (one is there, and the folder does not say whose)", self.name),
            FileIs::Missing => self.name.clone(),
        }
    }
}

/// The folder of a run, seen as one of a record.
pub(super) struct Folder<'a> {
    spec: &'a RunSpec,
    dir: &'a Path,
    runs: &'a FinishedRuns,
    record: &'a RunRecord,
    names: Vec<String>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(spec: &'a RunSpec, dir: &'a Path, runs: &'a FinishedRuns, record: &'a RunRecord) -> Self {
        Self { spec, dir, runs, record, names: names_in(dir) }
    }

    /// The predictions that are asked for. Those of the run's model that an evaluation made in the same way are as good.
    pub(super) fn predictions(&self) -> FileIs {
        if !self.spec.settings.do_predict {
            return FileIs::There;
        }
        worst(predicted_rows(self.record).map(|rows| self.file(PREDICTIONS, Some(rows))))
    }

    /// Of an evaluation alone the file that tells whose it is.
    pub(super) fn evaluation(&self) -> FileIs {
        let settings = &self.spec.settings;
        match () {
            () if settings.do_eval => self.file("eval_results.json", None),
            () if !settings.data.splits.final_eval.is_empty() => self.file("final_eval.json", None),
            () => self.predictions(),
        }
    }

    /// What of the files that are asked for is not there. More may be asked of a finished run than it wrote.
    pub(super) fn missing(&self) -> Vec<MissingFile> {
        let settings = &self.spec.settings;
        let (saves_logits, predicts) = (settings.places.save_logits, settings.do_predict);
        let evaluated: Vec<&SplitRows> = self.record.dataset.used_for(SplitUse::Evaluation).collect();
        let predicted: Vec<&SplitRows> = predicted_rows(self.record).collect();
        let each = |rows: &[&'a SplitRows]| rows.iter().map(|rows| Some(*rows)).collect::<Vec<_>>();
        let mut missing = Vec::new();
        let mut expect = |is_asked: bool, name: &str, rows: &[Option<&SplitRows>], flags: &'static str| {
            let worst = worst(rows.iter().filter(|_| is_asked).map(|rows| self.file(name, *rows)));
            if worst != FileIs::There || is_asked && self.is_of_unknown(name) {
                missing.push(MissingFile { name: name.to_owned(), flags, is_of_training: false, found: worst });
            }
        };
        expect(predicts, PREDICTIONS, &each(&predicted), "--do_predict");
        let scored = predicts && self.record.test_metrics.is_some();
        expect(scored, "predict_results.json", &each(&predicted), "--do_predict");
        expect(settings.do_eval && saves_logits, "eval_logits*.jsonl", &each(&evaluated), "--do_eval --save_logits");
        let logits = "predict_logits_*.jsonl";
        expect(predicts && saves_logits, logits, &each(&predicted), "--do_predict --save_logits");
        if let Some(task) = settings.task.known().filter(|_| settings.places.glue_submission && predicts) {
            let sets = std::iter::once(task).chain(task.diagnostic.as_deref());
            for split in sets.flat_map(|task| &task.test_splits) {
                let rows = predicted.iter().find(|rows| rows.split == split.name).copied();
                if let Some(file) = &split.leaderboard_file {
                    expect(true, &file.file_name, &[rows], "--do_predict --glue_submission");
                }
            }
        }
        let parts = &settings.data.splits.final_eval;
        let of_parts = parts.iter().map(|part| {
            let part = self.record.final_eval.iter().find(|known| known.name == part.to_string());
            part.map(|part| &part.data)
        });
        let of_parts: Vec<Option<&SplitRows>> = of_parts.collect();
        for file in FinalTable::FILES {
            expect(!parts.is_empty(), file, &of_parts, "--do_eval --final_eval ...");
        }
        // Whose these are is said of them all together.
        for file in ["all_results.json", "eval_results.json"] {
            if settings.do_eval && !self.dir.join(file).is_file() {
                missing.push(MissingFile {
                    name: file.to_owned(),
                    flags: "--do_eval",
                    is_of_training: false,
                    found: FileIs::Missing,
                });
            }
        }
        let logging = &settings.logging;
        let has_events = self.dir.join("runs").is_dir() || logging.logging_dir.is_some();
        if settings.do_train && logging.tensorboard && !has_events {
            let name = "runs (--report_to tensorboard)".to_owned();
            missing.push(MissingFile { name, flags: "", is_of_training: true, found: FileIs::Missing });
        }
        missing
    }

    /// The file of a name, or of any name that is like it, about these rows.
    fn file(&self, name: &str, rows: Option<&SplitRows>) -> FileIs {
        let mut found = FileIs::Missing;
        for there in self.names.iter().filter(|there| is_like(there, name)) {
            match self.runs.maker_of(there) {
                Whose::Unknown => return FileIs::There,
                Whose::Of(made) if self.is_own(made) && rows.is_none_or(|rows| made.has_rows(rows)) => {
                    return FileIs::There;
                }
                // A file about other rows of the run has a name of its own.
                Whose::Of(made) if self.is_own(made) && self.is_about_others(made) => {}
                Whose::Of(_) | Whose::Nobodys => found = FileIs::OfAnother,
            }
        }
        found
    }

    /// Whether nobody listed the files of a name, or like it, in a folder that lists its files: something else put them there.
    fn is_of_unknown(&self, name: &str) -> bool {
        let mut there = self.names.iter().filter(|there| is_like(there, name)).peekable();
        self.runs.lists_files()
            && there.peek().is_some()
            && there.all(|there| self.runs.maker_of(there) == Whose::Unknown)
    }

    fn is_own(&self, made: &MadeFile) -> bool {
        made.is_of(self.record, self.spec.settings.do_train)
    }

    /// Whether it is about any rows of the run.
    fn is_about_others(&self, made: &MadeFile) -> bool {
        let of_run = self.record.dataset.splits.iter().filter(|rows| rows.used_for != Some(SplitUse::Training));
        of_run.into_iter().any(|rows| made.has_rows(rows))
    }
}

fn worst(files: impl Iterator<Item = FileIs>) -> FileIs {
    files.max().unwrap_or(FileIs::There)
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a name is this one, `*` standing for any part of it.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => name.len() >= pattern.len() - 1 && name.starts_with(start) && name.ends_with(end),
        None => name == pattern,
    }
}

/// Whether there are predictions in a folder, of whichever run.
pub(super) fn has_predictions(dir: &Path) -> bool {
    names_in(dir).iter().any(|name| is_like(name, PREDICTIONS))
}
