//! How values of flags are read, and what an error says that was expected.

use std::path::{Component, Path, PathBuf};

use clap::Arg;

use trainer::settings::{Choice, named};

/// A whole number; the message says which ones there are.
pub(super) fn whole<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let most = if size_of::<T>() < 8 { u64::from(u32::MAX) } else { u64::MAX };
    let number = text.parse::<u64>().ok().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("expected a whole number from 0 to {most}"))
}

/// A count of what is to be there: from 1 on, and so few that sizes made of it fit into memory's own.
pub(super) fn count(text: &str) -> Result<usize, String> {
    const MOST: usize = 1_000_000;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
}

/// A whole number that may be negative.
pub(super) fn signed(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "expected a whole number, such as 100, or -1 for none".to_owned())
}

/// A number. NaN and infinities are numbers here, and refused with their flag's bounds.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number, such as 0.1 or 5e-5".to_owned())
}

/// One of several names.
pub(super) fn choice<T: Choice>(text: &str) -> Result<T, String> {
    named(text)
}

/// Whether a value stands for one that is not set, as scripts write it.
pub(super) fn is_none(value: &str) -> bool {
    value.is_empty() || value.eq_ignore_ascii_case("none")
}

/// A switch: `--x`, `--x true`, `--x false`, and the other words that Python's HfArgumentParser takes.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "t" | "y" | "1" => Ok(true),
        "false" | "no" | "f" | "n" | "0" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// A flag that is on or off: it may stand alone, which is true, or have a value that [`boolean`] takes.
pub(super) trait BoolFlag {
    /// Makes an argument such a flag.
    #[must_use]
    fn bool_flag(self) -> Self;
}

impl BoolFlag for Arg {
    fn bool_flag(self) -> Self {
        self.num_args(0..=1).default_missing_value("true").value_parser(boolean).value_name("BOOL")
    }
}

/// A path without what makes no difference to it, so that `./model/` and `model` are one.
pub(super) fn plain_path(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { path.to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for (given, plain) in
            [("./m", "m"), ("m/", "m"), ("a//b/./c/", "a/b/c"), ("/m", "/m"), ("../m", "../m"), (".", "."), ("", "")]
        {
            assert_eq!(plain_path(Path::new(given)), Path::new(plain), "{given}");
        }
    }

    #[test]
    fn a_flag_that_is_on_or_off_stands_alone_or_has_a_value() {
        let parse = |words: &[&str]| {
            let command = clap::Command::new("program").arg(Arg::new("x").long("x").bool_flag());
            let matches = command.try_get_matches_from(["program"].iter().chain(words));
            matches.map(|matches| matches.get_one::<bool>("x").copied()).map_err(|error| error.to_string())
        };
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&["--x"]), Ok(Some(true)));
        assert_eq!(parse(&["--x", "no"]), Ok(Some(false)));
        assert_eq!(parse(&["--x=T"]), Ok(Some(true)));
        assert!(
            parse(&["--x", "maybe"]).is_err_and(|error| error.contains("for '--x [<BOOL>]': expected true or false"))
        );
    }
}
