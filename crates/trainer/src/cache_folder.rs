//! The user's folder for what can be made again: compiled kernels, tokens.

use std::path::PathBuf;

/// Names the folder instead.
const VARIABLE: &str = "RUN_GLUE_CACHE";

/// The folder; `None` where the environment names no place of the user's.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    folder(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
}

fn folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let of_user = || {
        let cache = variable("XDG_CACHE_HOME").or_else(|| variable("LOCALAPPDATA"));
        cache.or_else(|| Some(variable("HOME")?.join(".cache"))).map(|cache| cache.join("run-glue"))
    };
    variable(VARIABLE).or_else(of_user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users_unless_one_is_named() {
        let found = |given: &[(&str, &str)]| {
            folder(|name| given.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value)))
        };
        assert_eq!(found(&[("HOME", "/h")]), Some("/h/.cache/run-glue".into()));
        assert_eq!(found(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Some("/x/run-glue".into()));
        assert_eq!(found(&[("HOME", "/h"), (VARIABLE, "/kept")]), Some("/kept".into()));
        assert_eq!(found(&[]), None);
    }
}
