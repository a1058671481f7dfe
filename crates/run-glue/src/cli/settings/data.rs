//! Flags of which rows and columns are used, and of data that are of no benchmark.

use glue_tasks::metrics::Metric;
use glue_tasks::slices::Slice;
use glue_tasks::task::TaskSpec;

use super::places::dataset;
use crate::cli::args::RunArgs;
use crate::error::Error;
use crate::settings::{CustomData, DataSettings, SplitChoice};

/// The dataset that is asked for instead of a task.
pub(super) fn custom_data(args: &RunArgs) -> Result<Option<CustomData>, Error> {
    let data = &args.data;
    let files = [&data.train_file, &data.validation_file, &data.test_file];
    let stem = files.into_iter().flatten().find_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned()));
    let named = data.dataset_name.as_ref().map(|name| match &data.dataset_config_name {
        Some(config) => format!("{}-{config}", last_part(name)),
        None => last_part(name).to_owned(),
    });
    let flags = [
        ("text_column_names", data.text_column_names.is_some()),
        ("label_column_name", data.label_column_name.is_some()),
        ("do_regression", data.do_regression.is_some()),
        ("metric_name", !data.metric_name.is_empty()),
    ];
    let Some(name) = named.or(stem) else {
        return match flags.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Error::usage(format!(
                "--{flag} is about data of your own, and there are none: give --dataset_name, or --train_file and its like"
            ))),
            None => Ok(None),
        };
    };
    if !args.task_name.is_empty() {
        return Err(Error::usage(format!(
            "--task {} and --dataset_name or --train_file exclude each other: leave one out",
            args.task_name.join(",")
        )));
    }
    let metric = |key: &String| {
        Metric::from_key(key.trim()).ok_or_else(|| {
            let known = Metric::ALL.map(Metric::key).join(", ");
            Error::usage(format!("--metric_name is {key}, expected one of {known}"))
        })
    };
    Ok(Some(CustomData {
        name,
        config: data.dataset_config_name.clone(),
        text_columns: data.text_column_names.as_deref().map(text_columns).transpose()?,
        label_column: data.label_column_name.clone(),
        do_regression: data.do_regression,
        metrics: data.metric_name.iter().map(metric).collect::<Result<_, _>>()?,
    }))
}

fn last_part(name: &str) -> &str {
    name.trim_end_matches('/').rsplit('/').next().unwrap_or(name)
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

/// The leaderboard wants every row of GLUE's own test splits.
pub(super) fn check_submission(args: &RunArgs) -> Result<(), Error> {
    let data = &args.data;
    let others = [
        ("max_predict_samples", args.max_predict_samples.is_some()),
        ("test_split_name", data.test_split_name.is_some()),
        ("test_file", data.test_file.is_some()),
        ("train_file", data.train_file.is_some()),
        ("dataset_name", data.dataset_name.is_some()),
    ];
    match others.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::usage(format!(
            "--glue_submission and --{flag} exclude each other: the leaderboard wants every row of GLUE's test splits"
        ))),
        None if args.output_dir.is_none() => {
            Err(Error::usage("--glue_submission writes into --output_dir, which is not given"))
        }
        None => Ok(()),
    }
}

/// Which dataset, rows and tokens are used.
pub(super) fn data(args: &RunArgs, task: Option<&TaskSpec>, embedded: bool) -> Result<DataSettings, Error> {
    let usual = DataSettings::default();
    Ok(DataSettings {
        dataset: dataset(args, task, embedded)?,
        splits: splits(args)?,
        max_seq_length: args.max_seq_length.unwrap_or(usual.max_seq_length),
        pad_to_max_length: args.pad_to_max_length.unwrap_or(usual.pad_to_max_length),
        max_train_samples: args.max_train_samples,
        max_eval_samples: args.max_eval_samples,
        max_predict_samples: args.max_predict_samples,
    })
}

fn splits(args: &RunArgs) -> Result<SplitChoice, Error> {
    let data = &args.data;
    let parse = |flag: &str, text: &Option<String>| {
        let parsed = text.as_deref().map(Slice::parse).transpose();
        parsed.map_err(|error| Error::usage(format!("--{flag}: {error}")))
    };
    if data.validation_split_percentage.is_some() && data.validation_file.is_some() {
        return Err(Error::usage(
            "--validation_split_percentage and --validation_file exclude each other: leave one out",
        ));
    }
    let usual = SplitChoice::default();
    Ok(SplitChoice {
        train: parse("train_split_name", &data.train_split_name)?,
        validation: parse("validation_split_name", &data.validation_split_name)?,
        test: parse("test_split_name", &data.test_split_name)?,
        held_out: data.validation_split_percentage,
        shuffle: data.shuffle_train_dataset.unwrap_or(usual.shuffle),
        shuffle_seed: data.shuffle_seed.unwrap_or(usual.shuffle_seed),
    })
}
