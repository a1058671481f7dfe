//! The recipes that are inside the program.

use include_dir::{Dir, File, include_dir};

use super::file::parse;
use super::recipe::Recipe;
use trainer::error::Error;

static RECIPES: Dir = include_dir!("$CARGO_MANIFEST_DIR/recipes");

/// The names of all of them.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = RECIPES.files().map(name).collect();
    names.sort();
    names
}

/// All of them, by name.
///
/// # Errors
/// When one is broken, which tests rule out.
pub(super) fn recipes() -> Result<Vec<Recipe>, Error> {
    names().into_iter().filter_map(|name| named(&name).transpose()).collect()
}

/// The one of this name.
///
/// # Errors
/// As [`recipes`].
pub(super) fn named(wanted: &str) -> Result<Option<Recipe>, Error> {
    let Some(file) = RECIPES.files().find(|file| name(file) == wanted) else { return Ok(None) };
    parse(file.contents_utf8().unwrap_or_default(), wanted, &format!("the recipe {wanted}")).map(Some)
}

fn name(file: &File) -> String {
    file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
