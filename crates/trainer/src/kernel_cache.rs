//! Where GPU backends keep compiled kernels and what they found out by measuring, from run to run.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Names the folder instead.
const VARIABLE: &str = "RUN_GLUE_CACHE";

/// Has the kernels of these devices kept, before the first device is made. Without a folder of the user's, and where a
/// device is there already, they are made anew in every run.
pub fn keep(devices: &[String]) {
    if let Some(folder) = folder(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)) {
        let _ = models::backends::cache_in(&folder, devices);
    }
}

/// Kernels that were compiled so far, and those that were read from the disk instead; counted from the first call on, and
/// nothing where they cannot be.
pub fn counted() -> Value {
    let count = models::backends::count_kernels();
    count.map_or(Value::Null, |count| json!({ "compiled": count.compiled, "kept": count.cached }))
}

/// The user's folder for what can be made again.
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
