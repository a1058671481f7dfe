//! Flags that may be searched, and settings as flags.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use clap::{Args, CommandFactory, FromArgMatches};

use crate::cli::args::{Cli, RunArgs};
use crate::cli::normalize_args::main_name;
use crate::grid::search::space::{Axis, FORMS};
use trainer::error::Error;

/// Headings of flags that may be searched, and flags under other headings.
const HEADINGS: [&str; 2] = ["Training", "Optimizer"];
const OTHERS: [&str; 2] = ["max_seq_length", "bf16"];
/// Those under the headings that are no settings.
const NO_SETTINGS: [&str; 2] = ["seed", "data_seed"];

/// The flags that may be searched; the parser is asked once.
static SEARCHABLE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let under = |arg: &&clap::Arg| arg.get_help_heading().is_some_and(|heading| HEADINGS.contains(&heading));
    let command = Cli::command();
    let longs = command.get_arguments().filter(under).filter_map(|arg| arg.get_long().map(str::to_owned));
    longs.filter(|flag| !NO_SETTINGS.contains(&flag.as_str())).chain(OTHERS.map(str::to_owned)).collect()
});

/// Whether a flag may be searched.
pub(in crate::cli) fn is_searchable(flag: &str) -> bool {
    SEARCHABLE.contains(flag)
}

/// `FLAG=V,V` or `FLAG=LOW..HIGH`.
///
/// # Errors
/// A flag that cannot be searched, or values that are none.
pub(super) fn parse_axis(text: &str) -> Result<Axis, Error> {
    let wrong = |what: String| Error::usage(format!("--search_space {text}: {what}"));
    let (name, values) = text.split_once('=').ok_or_else(|| wrong(FORMS.to_owned()))?;
    let flag = main_name(&name.trim().trim_start_matches('-').replace('-', "_"));
    if !is_searchable(&flag) {
        let known: Vec<String> =
            Cli::command().get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect();
        let searchable = known.iter().filter(|flag| is_searchable(flag));
        let nearest = searchable.max_by(|a, b| strsim::jaro(a, &flag).total_cmp(&strsim::jaro(b, &flag)));
        let hint = nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"));
        return Err(wrong(match known.contains(&flag) {
            true => format!("--{flag} is no setting of the training; such as learning_rate are"),
            false => format!("there is no flag {flag}{hint}"),
        }));
    }
    Axis::new(flag, values).map_err(wrong)
}

/// Puts flags into arguments, over what is there. `from`: the flag that they come by, for messages.
///
/// # Errors
/// A value that the flag does not take.
pub(super) fn apply(args: &mut RunArgs, setting: &[(String, String)], from: &str) -> Result<(), Error> {
    if setting.is_empty() {
        return Ok(());
    }
    let words = setting.iter().map(|(flag, value)| format!("--{flag}={value}"));
    let words: Vec<String> = std::iter::once("run-glue".to_owned()).chain(words).collect();
    let parser = RunArgs::augment_args_for_update(clap::Command::new("run-glue"));
    let set = parser.try_get_matches_from(words).and_then(|matches| args.update_from_arg_matches(&matches));
    set.map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        Error::usage(format!("{from}: {}", first.trim_start_matches("error: ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_put_over_what_is_there_and_leaves_the_rest() {
        let mut args = RunArgs { model_name_or_path: vec!["m".to_owned()], ..RunArgs::default() };
        (args.training.learning_rate, args.training.warmup_ratio) = (Some(1.0), Some(0.5));
        let setting = [("learning_rate", "2e-5"), ("freeze_embeddings", "true")];
        let setting: Vec<(String, String)> = setting.map(|(flag, value)| (flag.to_owned(), value.to_owned())).to_vec();
        apply(&mut args, &setting, "--search_space").expect("set");
        assert_eq!((args.training.learning_rate, args.training.warmup_ratio), (Some(2e-5), Some(0.5)));
        assert_eq!((args.optimizer.freeze_embeddings, args.model_name_or_path.len()), (Some(true), 1));
        let wrong = [("learning_rate".to_owned(), "fast".to_owned())];
        let error = apply(&mut args, &wrong, "--search_space").expect_err("no number");
        assert!(error.to_string().contains("invalid value 'fast' for '--learning_rate"), "{error}");
    }

    #[test]
    fn what_cannot_be_searched_is_named() {
        for (text, part) in [
            ("learning_rate", "expected FLAG=V,V"),
            ("learning_rate=", "expected FLAG=V,V"),
            ("learning_rate=1e-5,,2e-5", "expected FLAG=V,V"),
            ("learning_rate=1e-4..1e-5", "is not below"),
            ("learning_rate=0..1e-5", "LOW must be above 0"),
            ("learning_rate=a..b", "`a` is no number"),
            ("seed=1,2", "--seed is no setting of the training"),
            ("output_dir=a,b", "--output_dir is no setting of the training"),
            ("lerning_rate=1", "there is no flag lerning_rate (did you mean learning_rate?)"),
        ] {
            let error = parse_axis(text).expect_err(text).to_string();
            assert!(error.contains(part) && error.contains("--search_space"), "{text}: {error}");
        }
    }
}
