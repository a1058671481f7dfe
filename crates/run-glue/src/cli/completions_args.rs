//! Flags of `run-glue completions`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// What can be typed.
#[derive(Args, Clone, Debug)]
#[command(
    rename_all = "snake_case",
    after_help = "  run-glue completions bash > ~/.local/share/bash-completion/completions/run-glue\n  \
                  run-glue completions zsh > ~/.zfunc/_run-glue\n  \
                  run-glue completions fish > ~/.config/fish/completions/run-glue.fish\n  \
                  run-glue completions man --output_dir ~/.local/share/man/man1"
)]
pub struct CompletionsArgs {
    /// For which shell, or `man` for man pages
    #[arg(value_name = "SHELL")]
    pub kind: Kind,
    /// Folder for the files [default: print to standard output; of man pages the first one]
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
}

/// What is written.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Completions of a shell.
    Shell(Shell),
    /// Man pages.
    Man,
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Shell(Shell::Bash),
            Self::Shell(Shell::Zsh),
            Self::Shell(Shell::Fish),
            Self::Shell(Shell::PowerShell),
            Self::Shell(Shell::Elvish),
            Self::Man,
        ]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::Shell(shell) => shell.to_possible_value(),
            Self::Man => Some(clap::builder::PossibleValue::new("man")),
        }
    }
}
