//! `~` at the beginning of a path, which no shell replaces behind a flag's `=` or within a file.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Command, CommandFactory};

use super::args::Cli;

/// Flags that take a path or something else.
const PATHS_OR_NAMES: [&str; 4] = ["dataset_name", "model", "model_name_or_path", "resume_from_checkpoint"];

/// The arguments with the home folder in place of `~` in the values of flags that are paths; as they are where it is not known.
pub(super) fn expand_home(args: Vec<OsString>) -> Vec<OsString> {
    let Some(home) = std::env::home_dir().and_then(|home| home.into_os_string().into_string().ok()) else {
        return args;
    };
    let flags = path_flags();
    let expanded = |value: &str| {
        let rest = value.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(format!("{home}{rest}"))
    };
    let mut out: Vec<OsString> = Vec::with_capacity(args.len());
    let mut awaits_path = false;
    for arg in args {
        let text = arg.to_str().unwrap_or_default();
        let changed = match text.strip_prefix("--").and_then(|flag| flag.split_once('=')) {
            Some((name, value)) if flags.contains(name) => expanded(value).map(|value| format!("--{name}={value}")),
            None if awaits_path => expanded(text),
            _ => None,
        };
        awaits_path = text.strip_prefix("--").is_some_and(|name| flags.contains(name));
        out.push(changed.map_or(arg, OsString::from));
    }
    out
}

/// Of the program and of its commands.
fn path_flags() -> BTreeSet<String> {
    fn add(command: &Command, flags: &mut BTreeSet<String>) {
        for arg in command.get_arguments() {
            let names = arg.get_long().into_iter().chain(arg.get_all_aliases().unwrap_or_default());
            let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
            flags.extend(names.filter(|name| is_path || PATHS_OR_NAMES.contains(name)).map(str::to_owned));
        }
        command.get_subcommands().for_each(|command| add(command, flags));
    }
    let mut flags = BTreeSet::new();
    add(&Cli::command(), &mut flags);
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_stands_for_a_tilde_in_paths_alone() {
        let home = std::env::home_dir().unwrap();
        let home = home.to_str().unwrap();
        let expand = |args: &[&str]| {
            let args = expand_home(args.iter().map(OsString::from).collect());
            args.into_iter().map(|arg| arg.into_string().unwrap()).collect::<Vec<_>>()
        };
        let out = format!("{home}/out");
        assert_eq!(expand(&["--output_dir=~/out"]), [format!("--output_dir={out}")]);
        assert_eq!(expand(&["--results_dir", "~/out"]), ["--results_dir".to_owned(), out.clone()]);
        assert_eq!(expand(&["compare", "--charts=~"]), ["compare".to_owned(), format!("--charts={home}")]);
        assert_eq!(
            expand(&["--model=~/out", "--logging_dir=~/out"]),
            [format!("--model={out}"), format!("--logging_dir={out}")]
        );
        for kept in [["--output_dir=~mine/out", "x"], ["--task_name=~/out", "~/out"], ["predict", "~/out"]] {
            assert_eq!(expand(&kept), kept);
        }
    }
}
