//! How a file of a grid is called.

/// Endings of TOML and of YAML.
const TOML: [&str; 1] = [".toml"];
const YAML: [&str; 2] = [".yaml", ".yml"];

/// Whether a file is a grid by its name.
#[must_use]
pub fn is_grid_file(name: &str) -> bool {
    ends_with(name, &TOML) || is_yaml(name)
}

/// Whether it is one in YAML.
pub(super) fn is_yaml(name: &str) -> bool {
    ends_with(name, &YAML)
}

fn ends_with(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}
