//! The command line.

pub mod args;
pub mod predict_args;
pub mod settings;

use std::ffi::OsString;

/// Writes `--some-flag` as `--some_flag`, so that both spellings are the same flag; values stay as they are.
pub fn underscore_flags(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_in_flags_become_underscores_and_values_stay() {
        let args = ["run-glue", "--max-seq-length", "64", "--output-dir=a-b", "--model", "a-b"];
        let args: Vec<String> = underscore_flags(args.iter().map(OsString::from))
            .into_iter()
            .map(|a| a.to_string_lossy().into_owned())
            .collect();
        assert_eq!(args, ["run-glue", "--max_seq_length", "64", "--output_dir=a-b", "--model", "a-b"]);
    }
}
