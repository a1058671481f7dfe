//! `run-glue completions`: what a shell needs to complete flags, and man pages.

use clap_complete::Shell;
use records::atomic::write_whole;
use trainer::error::Error;

use super::args::Cli;
use super::completions_args::{CompletionsArgs, Kind};
use crate::progress::print;

/// Writes them.
///
/// # Errors
/// When a file cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<(), Error> {
    let files = match args.kind {
        Kind::Shell(shell) => vec![completions(shell)],
        Kind::Man => man_pages().map_err(Error::failure)?,
    };
    let Some(folder) = &args.output_dir else {
        return files.first().map_or(Ok(()), |(_, text)| print(&String::from_utf8_lossy(text)));
    };
    for (name, text) in files {
        let path = folder.join(name);
        write_whole(&path, &text)?;
        log::info!("{}", path.display());
    }
    Ok(())
}

/// With the commands that help tells of at its end.
fn program() -> clap::Command {
    Cli::parser(false).mut_subcommands(|command| command.hide(false))
}

/// The name that the shell looks for, and the text.
fn completions(shell: Shell) -> (String, Vec<u8>) {
    let mut command = program();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "run-glue", &mut text);
    (clap_complete::Generator::file_name(&shell, "run-glue"), text)
}

/// That of the program first, then those of its commands.
fn man_pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut program = program();
    program.build();
    let of_commands = program.get_subcommands().filter(|command| command.get_name() != "help").cloned();
    let commands: Vec<clap::Command> = std::iter::once(program.clone()).chain(of_commands).collect();
    commands
        .into_iter()
        .map(|command| {
            let command = command.version(env!("CARGO_PKG_VERSION"));
            let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
            let mut text = Vec::new();
            clap_mangen::Man::new(command).render(&mut text)?;
            Ok((format!("{name}.1"), text))
        })
        .collect()
}
