//! The recipes that are inside the program.

use include_dir::{Dir, include_dir};

use super::file::parse;
use super::recipe::Recipe;
use trainer::error::Error;

static RECIPES: Dir = include_dir!("$CARGO_MANIFEST_DIR/recipes");

/// All of them, by name.
///
/// # Errors
/// When one is broken, which tests rule out.
pub(super) fn recipes() -> Result<Vec<Recipe>, Error> {
    let mut recipes = Vec::new();
    for file in RECIPES.files() {
        let name = file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = file.contents_utf8().unwrap_or_default();
        recipes.push(parse(text, &name, &format!("the recipe {name}"))?);
    }
    recipes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(recipes)
}
