//! Recipes: settings of each task as others published them, or as one wrote them down, which stand where no flag is given.

mod book;
mod chosen;
mod file;
mod list;
mod options;
mod recipe;

pub(super) use self::chosen::{RecipeFlag, Recipes};
pub use self::list::run;
pub use self::options::RecipesOptions;
pub(super) use self::recipe::{Recipe, RecipeValue, RecipeValues};
