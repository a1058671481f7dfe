//! What is asked of the list of recipes.

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct RecipesOptions {
    /// One of them; `None`: all.
    pub name: Option<String>,
    /// JSON instead of text.
    pub json: bool,
}
