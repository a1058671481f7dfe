//! What this program is: version, commit, features and backends, for `--version`, records and reports of bugs.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use records::utc::rfc3339;

/// The commit that the program was built from, `-dirty` behind it where the sources had changed since; or `unknown`.
pub const COMMIT: &str = env!("RUN_GLUE_COMMIT");

/// Cargo features, and whether the program was built with them.
const FEATURES: [(&str, bool); 7] = [
    ("flex", cfg!(feature = "flex")),
    ("ndarray", cfg!(feature = "ndarray")),
    ("cuda", cfg!(feature = "cuda")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("fusion", cfg!(feature = "fusion")),
    ("autotune", cfg!(feature = "autotune")),
    ("hub", cfg!(feature = "hub")),
];

/// Features that are backends, in the order in which `--backend auto` tries them. The first two are for GPUs.
const BACKENDS: [&str; 4] = ["cuda", "wgpu", "flex", "ndarray"];

/// The features that the program was built with.
#[must_use]
pub fn features() -> Vec<&'static str> {
    FEATURES.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
}

/// `0.1.0 (0123456789 2026-03-01)`: what `-V` says behind the name.
pub static SHORT: LazyLock<String> = LazyLock::new(|| {
    let (commit, mark) = COMMIT.strip_suffix("-dirty").map_or((COMMIT, ""), |commit| (commit, "-dirty"));
    let date = date().map_or_else(String::new, |date| format!(" {date}"));
    format!("{} ({}{mark}{date})", env!("CARGO_PKG_VERSION"), commit.get(..10).unwrap_or(commit))
});

/// What `--version` says behind the name.
pub static LONG: LazyLock<String> = LazyLock::new(|| {
    let date = date().map_or_else(String::new, |date| format!("date: {date}\n"));
    let built: Vec<&str> = BACKENDS.into_iter().filter(|name| features().contains(name)).collect();
    format!(
        "{}\ncommit: {COMMIT}\n{date}target: {}\nfeatures: {}\nbackends: {}\ndefault backend: {}",
        env!("CARGO_PKG_VERSION"),
        env!("RUN_GLUE_TARGET"),
        features().join(", "),
        built.join(", "),
        default_backend(&built),
    )
});

/// What `--backend auto` takes.
fn default_backend(built: &[&str]) -> String {
    let (gpus, cpus): (Vec<&str>, Vec<&str>) = built.iter().partition(|name| BACKENDS[..2].contains(name));
    match (gpus.is_empty(), cpus.first()) {
        (true, Some(cpu)) => (*cpu).to_owned(),
        (true, None) => "none".to_owned(),
        (false, Some(cpu)) => format!("{} where there is a GPU for it, else {cpu}", gpus.join(" or ")),
        (false, None) => gpus.join(" or "),
    }
}

/// The day of the commit, UTC, where it is known.
fn date() -> Option<String> {
    let seconds = env!("RUN_GLUE_COMMIT_SECONDS").parse().ok()?;
    rfc3339(UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?).split('T').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_backend_is_that_of_auto() {
        assert_eq!(default_backend(&["flex"]), "flex");
        assert_eq!(default_backend(&["flex", "ndarray"]), "flex");
        assert_eq!(default_backend(&["cuda", "flex"]), "cuda where there is a GPU for it, else flex");
        assert_eq!(
            default_backend(&["cuda", "wgpu", "ndarray"]),
            "cuda or wgpu where there is a GPU for it, else ndarray"
        );
        assert_eq!((default_backend(&["wgpu"]).as_str(), default_backend(&[]).as_str()), ("wgpu", "none"));
    }
}
