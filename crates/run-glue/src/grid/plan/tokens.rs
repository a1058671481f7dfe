//! No token of the Hub in a plan, nor in the file that it refers to: whoever sees the queue, the pod or the file would read it.

use std::path::Path;

use super::options::{PlanFormat, PlanOptions};
use crate::grid::definition::Grid;
use trainer::error::Error;

/// What comes behind `hf_` in a token has at least so many letters and digits in a row.
const LEAST_LETTERS: usize = 20;

/// # Errors
/// Says where a token is, and where it belongs.
pub(super) fn refuse_tokens(options: &PlanOptions, grid: &Grid) -> Result<(), Error> {
    let file = options.grid.display();
    let mut of_engine = options.program.iter().chain(&options.image).chain(&options.sbatch_arg);
    let places = [
        // By whichever of its names.
        (format!("--token after -- or in {file}"), grid.specs.iter().any(|spec| spec.settings.hub.token.is_some())),
        ("a flag after --".to_owned(), options.flags.iter().any(|word| holds_token(word))),
        ("--program, --image or --sbatch_arg".to_owned(), of_engine.any(|text| holds_token(text))),
        (file.to_string(), is_in_file(&options.grid)),
        ("the file of --header".to_owned(), options.header.as_deref().is_some_and(is_in_file)),
    ];
    let Some((place, _)) = places.into_iter().find(|(_, is_there)| *is_there) else { return Ok(()) };
    let instead = match options.format {
        PlanFormat::Kubernetes => "name a Secret with the key HF_TOKEN by --secret",
        PlanFormat::Slurm | PlanFormat::Shell => "set HF_TOKEN where the runs go on, or keep the token file there",
    };
    Err(Error::usage(format!(
        "{place}: there is an access token of the Hub, which others could read in a plan: take it out, and {instead}"
    )))
}

/// A file that cannot be read is for those to say that need it.
fn is_in_file(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| holds_token(&text))
}

/// Whether something in a text looks like a token: `hf_` and, maybe behind a kind such as `oauth_`, more letters than a word has.
fn holds_token(text: &str) -> bool {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut behind = words.filter_map(|word| word.split_once("hf_"));
    behind.any(|(_, rest)| rest.split('_').any(|part| part.len() >= LEAST_LETTERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_from_names() {
        let letters = "abcdefghijKLMNOPQRST";
        for text in [
            format!("hf_{letters}"),
            format!("HF_TOKEN=\"hf_{letters}0123456789\" run-glue"),
            format!("-e,T=hf_oauth_{letters}"),
            format!("a\n#hf_{letters}\n"),
        ] {
            assert!(holds_token(&text), "{text}");
        }
        for text in ["", "hf_", "hf_hub", "hf_models_of_the_year_2024", "export HF_TOKEN=$(cat ~/hf_token)", letters] {
            assert!(!holds_token(text), "{text}");
        }
        assert!(!holds_token(&format!("hf_{}", &letters[1..])));
    }
}
