//! `--recipe`: which recipe is meant.

use std::collections::BTreeMap;
use std::path::Path;

use super::book::{named, names, recipes};
use super::file::parse;
use super::recipe::{Recipe, RecipeValue};
use crate::cli::value_parsers::is_none;
use glue_tasks::near_enough;
use models::config::Config;
use trainer::error::Error;

/// The recipe of several runs where none is given.
const USUAL: &str = "published";

/// What `--recipe` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) enum RecipeFlag {
    /// It was not given.
    #[default]
    NotGiven,
    /// None: defaults alone.
    None,
    /// The one for the model.
    Auto,
    /// One that is inside the program.
    Named(String),
    /// A file.
    File(String),
}

impl RecipeFlag {
    /// Of what was typed.
    #[must_use]
    pub(in crate::cli) fn of(text: Option<&str>) -> Self {
        match text {
            None => Self::NotGiven,
            Some(text) if is_none(text) => Self::None,
            Some(text) if text.eq_ignore_ascii_case("auto") => Self::Auto,
            Some(text) if text.to_ascii_lowercase().ends_with(".toml") => Self::File(text.to_owned()),
            Some(text) => Self::Named(text.to_ascii_lowercase().replace('-', "_")),
        }
    }
}

/// The recipe of each model.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Recipes {
    of_model: BTreeMap<Option<String>, Recipe>,
}

impl Recipes {
    /// The recipes of some models. `is_usual`: whether the usual one holds where none is given.
    ///
    /// # Errors
    /// When there is none of that name, or none for a model.
    pub(in crate::cli) fn of(flag: &RecipeFlag, models: &[Option<String>], is_usual: bool) -> Result<Self, Error> {
        let one = match flag {
            RecipeFlag::None => None,
            RecipeFlag::NotGiven if !is_usual => None,
            RecipeFlag::NotGiven => Some(find(USUAL)?),
            RecipeFlag::Named(name) => Some(find(name)?),
            RecipeFlag::File(file) => Some(read(file)?),
            RecipeFlag::Auto => {
                let all = recipes()?;
                let of_model = |model: &Option<String>| Ok((model.clone(), for_model(model.as_deref(), &all)?.clone()));
                return Ok(Self { of_model: models.iter().map(of_model).collect::<Result<_, Error>>()? });
            }
        };
        let of_model = models.iter().filter_map(|model| Some((model.clone(), one.clone()?)));
        Ok(Self { of_model: of_model.collect() })
    }

    /// That of a model.
    pub(in crate::cli) fn get(&self, model: Option<&String>) -> Option<&Recipe> {
        self.of_model.get(&model.cloned())
    }

    /// The seeds that they say, as they would be typed.
    ///
    /// # Errors
    /// When they say other ones.
    pub(in crate::cli) fn seeds(&self) -> Result<Option<String>, Error> {
        let seeds = |recipe: &Recipe| recipe.all.get("seeds").map(|RecipeValue { value, .. }| value.clone());
        let mut all = self.of_model.values().map(|recipe| (&recipe.name, seeds(recipe)));
        let Some((first, found)) = all.next() else { return Ok(None) };
        match all.find(|(_, other)| *other != found) {
            None => Ok(found),
            Some((other, theirs)) => {
                let words = |seeds: &Option<String>| match seeds.as_deref() {
                    None | Some("1") => "one seed".to_owned(),
                    Some(several) => format!("{several} seeds"),
                };
                Err(Error::usage(format!(
                    "--recipe: {first} asks for {} and {other} for {}, and a command has the same for all: give --seeds",
                    words(&found),
                    words(&theirs)
                )))
            }
        }
    }
}

/// The recipe of a name.
///
/// # Errors
/// When there is none.
pub(super) fn find(name: &str) -> Result<Recipe, Error> {
    if let Some(recipe) = named(name)? {
        return Ok(recipe);
    }
    let names = names();
    let near = near_enough(name, names.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!(" (is {near} meant?)"));
    let names = names.join(", ");
    Err(Error::usage(format!(
        "--recipe {name}: there is no such recipe{near}; expected none, auto, a file ending in .toml, or one of {names} (run-glue recipes)"
    )))
}

/// The recipe of a file.
///
/// # Errors
/// When it cannot be read, or is none.
pub(super) fn read(file: &str) -> Result<Recipe, Error> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::usage(format!("--recipe {file}: {error}; expected a recipe in TOML: docs/recipes.md"))
    })?;
    let name = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&text, &name, file)
}

/// The recipe for a model: by the name that it is published under, else by the family of a folder on this machine.
fn for_model<'a>(model: Option<&str>, all: &'a [Recipe]) -> Result<&'a Recipe, Error> {
    let Some(model) = model else {
        return Err(Error::usage("--recipe auto goes by the model's name, and the demo's has none: leave it out"));
    };
    let last = model.trim_end_matches('/').rsplit('/').next().unwrap_or(model).to_lowercase();
    // The longest beginning says most: `deberta-v3-base` and not `deberta`.
    let beginning =
        |recipe: &Recipe| recipe.models.iter().filter(|start| last.starts_with(*start)).map(String::len).max();
    let named: Vec<(usize, &Recipe)> = all.iter().filter_map(|recipe| Some((beginning(recipe)?, recipe))).collect();
    let longest = named.iter().map(|(length, _)| *length).max();
    let mut fitting: Vec<&Recipe> =
        named.into_iter().filter(|(length, _)| Some(*length) == longest).map(|(_, recipe)| recipe).collect();
    if fitting.is_empty() {
        let config = Config::read(&Path::new(model).join("config.json")).ok();
        let family = config.as_ref().map(|config| config.model_type().to_owned());
        fitting =
            all.iter().filter(|recipe| family.as_ref().is_some_and(|family| *family == recipe.model_type)).collect();
    }
    let names = |recipes: &[&Recipe]| recipes.iter().map(|recipe| recipe.name.as_str()).collect::<Vec<_>>().join(", ");
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => Err(Error::usage(format!(
            "--recipe auto: there is none for {model}; give one of {}, or none",
            names(&all.iter().collect::<Vec<_>>())
        ))),
        several => {
            Err(Error::usage(format!("--recipe auto: there are several for {model}: give one of {}", names(several))))
        }
    }
}
