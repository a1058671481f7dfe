//! From what is typed to the flags of this program: dashes, `--no_x`, one JSON file, and flags of other programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::CommandFactory;
use serde_json::{Map, Value};

use super::args::Cli;
use super::compat::{self, Verdict};
use super::grid::is_grid_file;
use super::home::expand_home;
use super::repeat::Repeat;
use records::record::without_mark;
use trainer::error::Error;

/// The arguments as the parser takes them, and what is to be said about flags that change nothing.
#[derive(Debug, Default)]
pub struct NormalizedArgs {
    /// Arguments, the program's name first.
    pub args: Vec<OsString>,
    /// One line a flag.
    pub notes: Vec<String>,
    /// A TOML or YAML file of many runs, which stood in front of the flags.
    pub grid_file: Option<PathBuf>,
    /// A record whose run is made again, which stood there.
    pub repeat: Option<Repeat>,
}

/// Names of all flags of a run, synonyms included.
#[must_use]
pub fn known_flags() -> BTreeSet<String> {
    let command = Cli::command();
    let names = |arg: &clap::Arg| -> Vec<String> {
        let aliases = arg.get_all_aliases().unwrap_or_default();
        arg.get_long().into_iter().chain(aliases).map(str::to_owned).collect()
    };
    command.get_arguments().flat_map(names).collect()
}

/// Rewrites what was typed.
///
/// # Errors
/// A flag that is refused, or a JSON file that cannot be read.
pub fn normalize_args(typed: impl Iterator<Item = OsString>) -> Result<NormalizedArgs, Error> {
    let typed = underscore_flags(typed);
    let typed = match typed.get(1).and_then(|arg| arg.to_str()) {
        Some(
            "predict" | "evaluate" | "submission" | "push" | "models" | "compare" | "verify" | "recipes" | "plan"
            | "selftest" | "bench" | "completions",
        ) => {
            return Ok(NormalizedArgs { args: expand_home(typed), ..NormalizedArgs::default() });
        }
        Some(file) if is_grid_file(file) => {
            let file = PathBuf::from(file);
            let args = typed.iter().take(1).chain(&typed[2..]).cloned().collect();
            return Ok(NormalizedArgs { grid_file: Some(file), ..replace_compat_flags(args)? });
        }
        Some(file) if file.to_ascii_lowercase().ends_with(".json") => {
            let (fields, rest) = (fields_of(file)?, &typed[2..]);
            let repeat = Repeat::is_record(&fields)
                .then(|| Repeat::of(file, (rest, given_flags(rest)), &known_flags()))
                .transpose()?;
            let flags = match &repeat {
                Some(repeat) => repeat.flags.clone(),
                None => from_fields(file, fields, &given_flags(rest))?,
            };
            let words = flags.into_iter().map(OsString::from);
            let args = typed.iter().take(1).cloned().chain(words).chain(rest.iter().cloned()).collect();
            let normalized = replace_compat_flags(args)?;
            let of_record = repeat.iter().flat_map(|repeat| repeat.notes.clone());
            let notes = of_record.chain(normalized.notes).collect();
            return Ok(NormalizedArgs { notes, repeat, ..normalized });
        }
        _ => typed,
    };
    replace_compat_flags(typed)
}

/// Writes `--some-flag` as `--some_flag`, so that both spellings are the same flag; values stay as they are.
fn underscore_flags(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut rest_is_values = false;
    args.map(|arg| match arg.to_str() {
        Some("--") => {
            rest_is_values = true;
            arg
        }
        Some(text) if !rest_is_values && text.starts_with("--") => {
            let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
            let name = format!("--{}", name[2..].replace('-', "_"));
            value.map_or(name.clone(), |v| format!("{name}={v}")).into()
        }
        _ => arg,
    })
    .collect()
}

/// `name` of `--name` or `--name=value`.
fn flag_name(arg: &str) -> Option<&str> {
    let text = arg.strip_prefix("--").filter(|text| !text.is_empty())?;
    Some(text.split_once('=').map_or(text, |(name, _)| name))
}

/// A flag by its first name, whichever of its names is given.
#[must_use]
pub fn main_name(name: &str) -> String {
    FIRST_NAMES.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

/// Of every synonym the flag's first name; the parser is asked once.
static FIRST_NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let command = Cli::command();
    let names = |arg: &clap::Arg| -> Vec<(String, String)> {
        let (Some(long), Some(aliases)) = (arg.get_long(), arg.get_all_aliases()) else { return Vec::new() };
        aliases.into_iter().map(|alias| (alias.to_owned(), long.to_owned())).collect()
    };
    command.get_arguments().flat_map(names).collect()
});

/// Flags that were typed, by their first names.
#[must_use]
pub fn given_flags(args: &[OsString]) -> Vec<String> {
    args.iter().filter_map(|arg| Some(main_name(flag_name(arg.to_str()?)?))).collect()
}

/// The fields of a JSON file: flags, as HfArgumentParser reads one, or a run's record.
fn fields_of(file: &str) -> Result<Map<String, Value>, Error> {
    let wrong = |reason: &dyn std::fmt::Display| {
        Error::usage(format!(
            "{file}: {reason}; expected one JSON object whose keys are flags, such as {{\"task_name\": \"rte\"}}, or the record of a run"
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    serde_json::from_str(without_mark(&text)).map_err(|error| wrong(&error))
}

/// Fields of a file as flags, but for those `given` besides.
///
/// # Errors
/// A field that is no flag.
pub fn from_fields(file: &str, fields: Map<String, Value>, given: &[String]) -> Result<Vec<String>, Error> {
    let known = known_flags();
    let mut args = Vec::new();
    for (key, value) in fields.into_iter().filter(|(key, _)| !given.contains(&main_name(key))) {
        if !known.contains(&key) && compat::find(&key).is_none() {
            let nearest = known.iter().max_by(|a, b| strsim::jaro(a, &key).total_cmp(&strsim::jaro(b, &key)));
            let hint = nearest.map_or_else(String::new, |nearest| format!(" (did you mean `{nearest}`?)"));
            return Err(Error::usage(format!("{file}: there is no flag `{key}`{hint}; see --help")));
        }
        let value = match value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            // A number alone is how many; a list of one is that one.
            Value::Array(items) if key == "seeds" => items.iter().map(|item| plain(item) + ",").collect(),
            Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
            other => plain(&other),
        };
        args.push(format!("--{key}={value}"));
    }
    Ok(args)
}

/// A value as it would be typed.
#[must_use]
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Takes the flags of other programs out, and `--no_x` to `--x=false`. `typed` begins with the program's name.
///
/// # Errors
/// A flag that is refused.
pub fn replace_compat_flags(typed: Vec<OsString>) -> Result<NormalizedArgs, Error> {
    let known = known_flags();
    let mut normalized = NormalizedArgs::default();
    let mut rest = expand_home(typed).into_iter().peekable();
    while let Some(arg) = rest.next() {
        let Some(name) = arg.to_str().and_then(flag_name).map(str::to_owned).filter(|name| !known.contains(name))
        else {
            normalized.args.push(arg);
            continue;
        };
        let positive = name.strip_prefix("no_").filter(|name| known.contains(*name) || compat::find(name).is_some());
        let Some(flag) = compat::find(positive.unwrap_or(&name)) else {
            normalized.args.push(positive.map_or(arg, |positive| format!("--{positive}=false").into()));
            continue;
        };
        let inline = arg.to_str().and_then(|text| Some(text.split_once('=')?.1.to_owned()));
        let values = match inline {
            Some(value) => vec![value],
            None => {
                let is_value = |next: &OsString| next.to_str().is_some_and(|text| !text.starts_with("--"));
                let following = std::iter::from_fn(|| rest.next_if(is_value));
                following.map(|value| value.to_string_lossy().into_owned()).collect()
            }
        };
        let value = match (positive, values.as_slice()) {
            (Some(_), _) => "false".to_owned(),
            (None, []) => "true".to_owned(),
            (None, values) => values.join(" "),
        };
        let asks_for_it_anyway = flag.as_is.contains(&value.to_ascii_lowercase().as_str());
        match flag.verdict {
            Verdict::Becomes(what, new) => match new(&value) {
                Some(args) => normalized.args.extend(args.into_iter().map(OsString::from)),
                None => {
                    return Err(Error::usage(format!(
                        "--{} is {value}, which is no value of it; it stands for {what}",
                        flag.name
                    )));
                }
            },
            _ if asks_for_it_anyway => {}
            Verdict::NoEffect(why) => normalized.notes.push(format!("--{} has no effect: {why}", flag.name)),
            Verdict::Refused(why) => return Err(Error::usage(format!("--{} {value}: {why}", flag.name))),
        }
    }
    Ok(normalized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(args: &[&str]) -> Result<(String, Vec<String>), String> {
        let typed = ["run-glue"].iter().chain(args).map(OsString::from);
        let normalized = normalize_args(typed).map_err(|error| error.to_string())?;
        let words: Vec<_> = normalized.args[1..].iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        Ok((words.join(" "), normalized.notes))
    }

    fn args(typed: &[&str]) -> String {
        normalized(typed).expect("known flags").0
    }

    #[test]
    fn dashes_in_flags_become_underscores_and_values_stay() {
        let typed = ["--max-seq-length", "64", "--output-dir=a-b", "--model", "a-b"];
        assert_eq!(args(&typed), "--max_seq_length 64 --output_dir=a-b --model a-b");
    }

    #[test]
    fn other_spellings_become_flags() {
        assert_eq!(args(&["--no_pad_to_max_length", "--do_train"]), "--pad_to_max_length=false --do_train");
        assert_eq!(args(&["--group_by_length"]), "--train_sampling_strategy group_by_length");
        assert_eq!(args(&["--group_by_length", "False", "--seed", "1"]), "--seed 1");
        assert_eq!(args(&["--checkpointing_steps", "epoch"]), "--save_strategy epoch");
        assert_eq!(args(&["--checkpointing_steps=10"]), "--save_strategy steps --save_steps 10");
        assert!(normalized(&["--checkpointing_steps", "often"]).expect_err("wrong").contains("no value of it"));
    }

    #[test]
    fn what_has_no_effect_is_said_and_what_cannot_be_is_refused() {
        let (left, notes) = normalized(&["--dataloader_num_workers", "4", "--bf16_full_eval", "false"]).expect("taken");
        assert_eq!(left, "");
        assert_eq!(
            notes,
            ["--dataloader_num_workers has no effect: there are no loader processes: batches are cut from memory"]
        );
        assert!(
            normalized(&["--bf16_full_eval"])
                .expect_err("refused")
                .starts_with("--bf16_full_eval true: weights stay f32")
        );
        assert!(normalized(&["--deepspeed", "ds.json"]).expect_err("refused").starts_with("--deepspeed ds.json: "));
        assert_eq!(normalized(&["--no_skip_memory_metrics"]).expect("taken").1.len(), 1);
        // What nobody knows is the parser's to refuse.
        assert_eq!(args(&["--no_such_flag", "1"]), "--no_such_flag 1");
    }

    #[test]
    fn a_json_file_stands_for_its_flags() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("c.json");
        let json =
            r#"{"task_name": "rte", "seed": 1, "do_train": true, "max_steps": null, "lr_scheduler_kwargs": {"a": 1}}"#;
        std::fs::write(&file, json).expect("written");
        let name = file.to_str().expect("a name");
        let expected = r#"--task_name=rte --do_train=true --lr_scheduler_kwargs={"a":1} --seed 7"#;
        assert_eq!(args(&[name, "--seed", "7"]), expected);
        std::fs::write(&file, r#"{"tsak_name": "rte"}"#).expect("written");
        assert!(normalized(&[name]).expect_err("unknown").contains("did you mean `task_name`?"));
        std::fs::write(&file, "[]").expect("written");
        assert!(normalized(&[name]).expect_err("no object").contains("expected one JSON object"));
    }
}
