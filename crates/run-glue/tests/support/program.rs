//! The real program on the demo's model and data, in a folder of its own, cut off from the user's Hub settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder with a checkpoint `m`, datasets `g`, and room for `results` and `out`. The program runs inside it, so that
/// messages name short paths.
pub(crate) struct Bench {
    root: TempDir,
}

/// How a run of the program ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Flags of a run that would take one step.
pub(crate) const RUN: [&str; 10] =
    ["--model", "m", "--dataset_dir", "g", "--max_steps", "1", "--results_dir", "results", "--output_dir", "out"];

/// The demo's files in the repository.
pub(crate) fn demo(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/demo").join(part)
}

impl Bench {
    pub(crate) fn new() -> Self {
        let this = Self { root: tempfile::tempdir().unwrap() };
        copy(&demo("model"), &this.path("m"));
        for task in ["rte", "cola", "stsb"] {
            copy(&demo("glue").join(task), &this.path("g").join(task));
        }
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Keeps the first bytes of a file.
    pub(crate) fn cut(&self, name: &str, length: usize) {
        let bytes = std::fs::read(self.path(name)).unwrap();
        assert!(length < bytes.len(), "{name} has only {} bytes", bytes.len());
        self.write(name, &bytes[..length]);
    }

    /// A command that runs the program here.
    pub(crate) fn command(&self) -> Command {
        self.within(Command::new(env!("CARGO_BIN_EXE_run-glue")))
    }

    /// A command in this folder, without what the environment says about the Hub or the way to it.
    pub(crate) fn within(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_uppercase();
            if ["HF_", "MLFLOW_", "TRANSFORMERS_", "HUGGING"].iter().any(|p| upper.starts_with(p))
                || upper.ends_with("_PROXY")
            {
                command.env_remove(name);
            }
        }
        // Nobody listens on port 1: a test that goes there by mistake fails and goes no further.
        command.current_dir(self.root.path()).env("HF_HOME", self.path("hf")).env("HF_ENDPOINT", "http://127.0.0.1:1");
        command
    }

    /// Runs the program with these flags.
    pub(crate) fn run<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> Ended {
        end(self.command().args(flags))
    }

    /// All files below a folder, with the folder's name; none where it is not there.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.path(folder)).into_iter().flatten() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            if self.path(&name).is_dir() {
                files.extend(self.files(&name));
            } else {
                files.push(name);
            }
        }
        files.sort();
        files
    }

    /// The records of `results`; tables and predictions lie there too.
    pub(crate) fn record_files(&self) -> Vec<String> {
        let is_record = |file: &String| file.ends_with(".json") && !file.ends_with(".predictions.json");
        self.files("results").into_iter().filter(is_record).collect()
    }

    /// The folder of a run in a sweep: a hash stands behind its name.
    pub(crate) fn run_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let start = format!("{}-", path.file_name().unwrap().to_str().unwrap());
        let entries = std::fs::read_dir(path.parent().unwrap()).into_iter().flatten().flatten();
        let mut found = entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with(&start));
        found.next().map_or(path, |entry| entry.path())
    }

    /// The only record of `results`.
    pub(crate) fn record(&self) -> serde_json::Value {
        let files = self.record_files();
        let [file] = files.as_slice() else { panic!("not one record: {files:?}") };
        serde_json::from_slice(&std::fs::read(self.path(file)).unwrap()).unwrap()
    }

    /// Makes folders in `results_dir` where the records of `like` would lie, under their usual and their long names, so that these runs end
    /// without a record there.
    pub(crate) fn block_records(&self, like: &str, results_dir: &str) {
        let is_record = |file: &String| file.ends_with(".json") && !file.ends_with(".predictions.json");
        for file in self.files(like).into_iter().filter(is_record) {
            let record: serde_json::Value = serde_json::from_slice(&std::fs::read(self.path(&file)).unwrap()).unwrap();
            let usual = file.replacen(like, results_dir, 1);
            let (folder, _) = usual.rsplit_once('/').unwrap();
            let long = format!("{folder}/seed-{}-{}.json", record["seed"], record["settings_hash"].as_str().unwrap());
            for name in [&usual, &long] {
                std::fs::create_dir_all(self.path(name)).unwrap();
            }
        }
    }

    /// Fails unless nothing was written.
    pub(crate) fn assert_clean(&self, case: &str) {
        for folder in ["results", "out"] {
            assert_eq!(self.files(folder), [""; 0], "{case}: {folder} is not empty");
        }
    }
}

/// What is broken, how, and what the message must say.
pub(crate) type Case = (&'static str, fn(&Bench), &'static [&'static str]);

/// Fails unless the `rte` task refuses every one of the cases in one line, and writes nothing.
pub(crate) fn check(cases: &[Case]) {
    for (case, spoil, parts) in cases {
        let bench = Bench::new();
        spoil(&bench);
        let ended = bench.run(["--task", "rte"].into_iter().chain(RUN));
        ended.assert_one_line(case, parts);
        bench.assert_clean(case);
    }
}

/// Runs a command to its end.
pub(crate) fn end(command: &mut Command) -> Ended {
    let output = assert_cmd::Command::from_std(std::mem::replace(command, Command::new("")))
        .timeout(std::time::Duration::from_secs(120))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Ended {
    /// Standard output as `--format tsv` has it: the cells of each row by their column.
    pub(crate) fn table(&self) -> Vec<BTreeMap<String, String>> {
        let mut lines = self.stdout.lines().map(|line| line.split('\t').map(str::to_owned));
        let header: Vec<String> = lines.next().into_iter().flatten().collect();
        lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
    }

    /// Fails unless the program said one thing on standard error, with all of `parts` in it, and nothing else.
    pub(crate) fn assert_refused(&self, case: &str, code: i32, parts: &[&str]) {
        let Self { stdout, stderr, .. } = self;
        assert_eq!(self.code, Some(code), "{case}: {stderr}");
        assert_eq!(stdout, "", "{case}");
        assert!(self.complaint().starts_with("error: "), "{case}: {stderr}");
        self.assert_says(case, parts);
    }

    /// Standard error without the line in which a program built for GPUs says why it computes on the CPU.
    fn complaint(&self) -> &str {
        match self.stderr.split_once('\n') {
            Some((first, rest)) if first.starts_with("computing on the CPU (") => rest,
            _ => &self.stderr,
        }
    }

    /// As [`Self::assert_refused`], and in one line.
    pub(crate) fn assert_one_line(&self, case: &str, parts: &[&str]) {
        self.assert_refused(case, 2, parts);
        assert_eq!(self.complaint().lines().count(), 1, "{case}: {}", self.stderr);
    }

    /// Fails unless there is one error and no panic, with all of `parts` somewhere on standard error.
    pub(crate) fn assert_says(&self, case: &str, parts: &[&str]) {
        let stderr = &self.stderr;
        assert_eq!(stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{case}: {stderr}");
        for sign in ["panicked", "backtrace", "\u{1b}", "\r"] {
            assert!(!stderr.contains(sign), "{case}: {stderr}");
        }
        for part in parts {
            assert!(stderr.contains(part), "{case}: `{part}` is not in: {stderr}");
        }
    }

    pub(crate) fn assert_done(&self, case: &str) {
        assert_eq!(self.code, Some(0), "{case}: {}", self.stderr);
        assert!(!self.stderr.contains("error: "), "{case}: {}", self.stderr);
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// How many rows of each split a record is of.
pub(crate) fn rows_of(record: &serde_json::Value) -> serde_json::Value {
    let splits = record["dataset"]["splits"].as_array().unwrap().iter();
    splits.map(|split| (split["split"].as_str().unwrap().to_owned(), split["rows"].clone())).collect()
}
