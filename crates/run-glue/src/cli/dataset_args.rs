//! Flags of which dataset is used: a benchmark's from elsewhere, or data that are of no benchmark.

use std::path::{Path, PathBuf};

use clap::Args;
use glue_tasks::metrics::Metric;
use glue_tasks::packed::unpacked_name;
use glue_tasks::task::TaskSpec;
use glue_tasks::{GLUE, benchmark_of, find_tasks};

use super::value_parsers::{BoolFlag, plain_path};
use trainer::error::Error;
use trainer::settings::{CustomData, DatasetChoice, LabelNames};

/// Flags of where a dataset lies.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct DatasetArgs {
    /// Folder laid out as the Hub's nyu-mll/glue (CONFIG/SPLIT-*.parquet), or GLUE's own download (MRPC/train.tsv), or a task's folder
    /// of it
    #[arg(long, alias = "data_dir", value_name = "DIR", help_heading = "Data")]
    pub dataset_dir: Option<PathBuf>,
    /// Branch, tag or commit of the dataset's repository [default: main]
    #[arg(long, value_name = "REV", help_heading = "Data")]
    pub dataset_revision: Option<String>,
}

/// Flags of data that are of no benchmark.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct OwnDataArgs {
    /// A dataset of the Hub instead of a GLUE task, such as imdb
    #[arg(long, value_name = "NAME", help_heading = "Data of your own")]
    pub dataset_name: Option<String>,
    /// Its configuration, which is a folder of its repository [default: the only one]
    #[arg(long, value_name = "NAME", help_heading = "Data of your own")]
    pub dataset_config_name: Option<String>,
    /// Training rows: csv, tsv, json, jsonl or parquet; several files, or a pattern such as 'data/*.csv', are one split
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Data of your own")]
    pub train_file: Vec<PathBuf>,
    /// Rows to evaluate on
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Data of your own")]
    pub validation_file: Vec<PathBuf>,
    /// Rows to predict
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Data of your own")]
    pub test_file: Vec<PathBuf>,
    /// Column of the text, or of first and second text: A or A,B [default: sentence1,sentence2, text, and the like]
    #[arg(long, value_name = "NAMES", help_heading = "Data of your own")]
    pub text_column_names: Option<String>,
    /// Column of the label [default: label, or labels]
    #[arg(long, value_name = "NAME", help_heading = "Data of your own")]
    pub label_column_name: Option<String>,
    /// Names of the classes: NEG,POS in the order of the labels, or each with its label, 0=NEG,1=POS [default: what the data have]
    #[arg(
        long,
        allow_hyphen_values = true,
        value_name = "NAMES",
        value_delimiter = ',',
        help_heading = "Data of your own"
    )]
    pub label_names: Vec<String>,
    /// Take labels as numbers to come near to [default: where they are floats]
    #[arg(long, bool_flag(), help_heading = "Data of your own")]
    pub do_regression: Option<bool>,
    /// What stands between the cells of csv and tsv files, such as ";" or tab [default: what the first lines show]
    #[arg(long, value_parser = delimiter, value_name = "CHAR", help_heading = "Data of your own")]
    pub delimiter: Option<u8>,
    /// What to measure, with commas, the one that counts first [default: by the kind of label]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Data of your own")]
    pub metric_name: Vec<String>,
}

impl OwnDataArgs {
    /// The dataset that is asked for instead of a task. `tasks`: those that are named.
    pub(super) fn custom(&self, tasks: &[String]) -> Result<Option<CustomData>, Error> {
        let files = [&self.train_file, &self.validation_file, &self.test_file];
        let stem =
            files.into_iter().flatten().find_map(|file| Some(stem(&file.file_name()?.to_string_lossy()).to_owned()));
        let named = self.dataset_name.as_ref().map(|name| match &self.dataset_config_name {
            Some(config) => format!("{}-{config}", last_part(name)),
            None => last_part(name).to_owned(),
        });
        let flags = [
            ("text_column_names", self.text_column_names.is_some()),
            ("label_column_name", self.label_column_name.is_some()),
            ("label_names", self.label_names()?.is_some()),
            ("do_regression", self.do_regression.is_some()),
            ("delimiter", self.delimiter.is_some()),
            ("metric_name", !self.metric_name.is_empty()),
        ];
        let Some(name) = named.or(stem) else {
            return match flags.into_iter().find(|(_, given)| *given) {
                Some(("metric_name", _)) => Err(Error::usage(
                    "--metric_name is about data of your own: a task of a benchmark is measured by the metrics that its score is made of, and \
                     by no others; its rows as --dataset_name, or --train_file and its like, are measured by any",
                )),
                Some((flag, _)) => Err(Error::usage(format!(
                    "--{flag} is about data of your own, and there are none: give --dataset_name, or --train_file and its like"
                ))),
                None => Ok(None),
            };
        };
        // A name that no task has is what these data are called in results.
        let name = match tasks {
            [] => name,
            [given] if find_tasks(given).is_err() && !given.trim().is_empty() => given.trim().to_owned(),
            _ => {
                return Err(Error::usage(format!(
                    "--task {} and --dataset_name or --train_file exclude each other: leave one out, or give one name that no \
                     task has, by which the data go in results",
                    tasks.join(",")
                )));
            }
        };
        let metric = |key: &String| {
            Metric::from_key(key.trim()).ok_or_else(|| {
                let known = Metric::ALL.map(Metric::key).join(", ");
                Error::usage(format!("--metric_name is {key}, expected one of {known}"))
            })
        };
        Ok(Some(CustomData {
            name,
            config: self.dataset_config_name.clone(),
            text_columns: self.text_column_names.as_deref().map(text_columns).transpose()?,
            label_column: self.label_column_name.clone(),
            label_names: self.label_names()?,
            do_regression: self.do_regression,
            delimiter: self.delimiter,
            metrics: self.metric_name.iter().map(metric).collect::<Result<_, _>>()?,
        }))
    }

    /// The names that classes are given. `none` is how other programs write that nothing is given.
    fn label_names(&self) -> Result<Option<LabelNames>, Error> {
        match self.label_names.as_slice() {
            [] => Ok(None),
            [none] if none.is_empty() || none.eq_ignore_ascii_case("none") => Ok(None),
            names => LabelNames::parse(names).map(Some),
        }
    }

    /// Where the rows are. `task`: whose they are, where it is no data of the user's own; `embedded`: the demo, which has its
    /// own.
    pub(super) fn dataset(
        &self,
        place: &DatasetArgs,
        task: Option<&TaskSpec>,
        embedded: bool,
    ) -> Result<DatasetChoice, Error> {
        if let Some(files) = self.files(place)? {
            return Ok(DatasetChoice::Files(files));
        }
        let named = self.dataset_name.as_deref();
        let repository = &task.and_then(benchmark_of).unwrap_or(&GLUE).repository;
        if named.is_some() && place.dataset_dir.is_some() {
            return Err(Error::usage(
                "--dataset_dir and --dataset_name exclude each other: a folder can be given as either",
            ));
        }
        let folder = place.dataset_dir.clone().or_else(|| named.map(PathBuf::from).filter(|folder| folder.is_dir()));
        match (folder, &place.dataset_revision) {
            (Some(_), Some(_)) => {
                Err(Error::usage("--dataset_dir and --dataset_revision exclude each other: a folder has no revision"))
            }
            (Some(dir), None) if dir.is_dir() => Ok(DatasetChoice::Folder(plain_path(&dir))),
            (Some(dir), None) => Err(Error::usage(format!(
                "--dataset_dir {}: there is no such folder; expected one with <config>/<split>-*.parquet, as {repository} has",
                dir.display()
            ))),
            (None, None) if embedded && named.is_none() => Ok(DatasetChoice::Embedded),
            (None, revision) => Ok(DatasetChoice::Hub {
                id: named.unwrap_or(repository).to_owned(),
                revision: revision.clone().unwrap_or_else(|| "main".into()),
            }),
        }
    }

    /// The files of `--train_file` and its like, where there is one.
    fn files(&self, place: &DatasetArgs) -> Result<Option<Vec<(&'static str, PathBuf)>>, Error> {
        let given = [
            ("train_file", "train", &self.train_file),
            ("validation_file", "validation", &self.validation_file),
            ("test_file", "test", &self.test_file),
        ];
        let mut files = Vec::new();
        for (flag, split, of_split) in given {
            let others = [("dataset_name", self.dataset_name.is_some()), ("dataset_dir", place.dataset_dir.is_some())];
            if let (Some((other, _)), false) = (others.into_iter().find(|(_, given)| *given), of_split.is_empty()) {
                return Err(Error::usage(format!("--{flag} and --{other} exclude each other: leave one out")));
            }
            for file in of_split.iter().map(|file| matching(flag, file)).collect::<Result<Vec<_>, _>>()?.concat() {
                let file = plain_path(&file);
                if files.contains(&(split, file.clone())) {
                    return Err(Error::usage(format!("--{flag}: {} is given twice", file.display())));
                }
                files.push((split, file));
            }
        }
        Ok((!files.is_empty()).then_some(files))
    }
}

/// The file of a path, or the files of a pattern, in order.
fn matching(flag: &str, path: &Path) -> Result<Vec<PathBuf>, Error> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let text = path.to_str().unwrap_or_default();
    let found = glob::glob(text).map(|found| found.flatten().filter(|file| file.is_file()).collect::<Vec<_>>());
    found.ok().filter(|files| !files.is_empty()).ok_or_else(|| {
        let what = if text.contains(['*', '?', '[']) { "there are no such files" } else { "there is no such file" };
        Error::usage(format!("--{flag} {}: {what}; expected csv, tsv, json, jsonl, parquet or arrow", path.display()))
    })
}

/// A file's name without its endings: `train` of `train.csv.gz`; of a pattern, what is before it.
fn stem(name: &str) -> &str {
    let name = unpacked_name(name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = stem.split(['*', '?', '[']).next().unwrap_or(stem).trim_end_matches(['-', '_', '.']);
    if plain.is_empty() { "files" } else { plain }
}

fn last_part(name: &str) -> &str {
    name.trim_end_matches('/').rsplit('/').next().unwrap_or(name)
}

/// One character that is one byte; a tab also by its name.
fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, &[byte]) if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') => {
            Ok(byte)
        }
        _ => Err("expected one character, such as \";\" or \"|\", or tab".to_owned()),
    }
}

fn text_columns(text: &str) -> Result<(String, Option<String>), Error> {
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    match names.as_slice() {
        [one] if !one.is_empty() => Ok(((*one).to_owned(), None)),
        [first, second] if !first.is_empty() && !second.is_empty() => {
            Ok(((*first).to_owned(), Some((*second).to_owned())))
        }
        _ => Err(Error::usage(format!("--text_column_names is {text}, expected one column, or two with a comma"))),
    }
}
