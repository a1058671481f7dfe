//! `run-glue recipes`: which there are, and what one says, each value beside the words of its source.

use serde_json::{Map, Value, json};

use super::book::recipes;
use super::chosen::{RecipeFlag, find, read};
use super::options::RecipesOptions;
use super::recipe::{Recipe, RecipeValue, RecipeValues};
use crate::progress::print;
use trainer::error::Error;

/// Prints them.
///
/// # Errors
/// When there is none of that name.
pub fn run(options: &RecipesOptions) -> Result<(), Error> {
    let text = match &options.name {
        None if options.json => format!("{:#}\n", recipes()?.iter().map(to_json).collect::<Value>()),
        None => list(&recipes()?),
        Some(name) => {
            let recipe = match RecipeFlag::of(Some(name)) {
                RecipeFlag::File(file) => read(&file)?,
                RecipeFlag::Named(name) => find(&name)?,
                RecipeFlag::None | RecipeFlag::Auto | RecipeFlag::NotGiven => find(name)?,
            };
            if options.json { format!("{:#}\n", to_json(&recipe)) } else { in_full(&recipe) }
        }
    };
    print(&text)
}

/// A line a recipe: its name, the models that it is for, and the address of its source.
fn list(all: &[Recipe]) -> String {
    let width = |of: fn(&Recipe) -> usize| all.iter().map(of).max().unwrap_or(0);
    let (names, titles) = (width(|recipe| recipe.name.len()), width(|recipe| recipe.title.chars().count()));
    let row = |recipe: &Recipe| format!("{:names$}  {:titles$}  {}\n", recipe.name, recipe.title, recipe.source);
    let rows: String = all.iter().map(row).collect();
    format!(
        "{rows}\nrun-glue recipes NAME shows what one says; --recipe NAME runs by it, --recipe auto by the one for the model.\n"
    )
}

/// All that a recipe says.
fn in_full(recipe: &Recipe) -> String {
    // A recipe of one's own may say none of the last three.
    let of_its_own = |text: &&&str| !text.is_empty();
    let heading = [recipe.name.as_str(), &recipe.title];
    let mut text = heading.iter().filter(of_its_own).copied().collect::<Vec<_>>().join(": ") + "\n";
    for line in [recipe.about.as_str(), &recipe.source].iter().filter(of_its_own) {
        text.push_str(&format!("{line}\n"));
    }
    for note in &recipe.notes {
        text.push_str(&format!("- {note}\n"));
    }
    for (heading, values) in tables(recipe) {
        text.push_str(&format!("\n{heading}\n"));
        let width = |of: fn((&String, &RecipeValue)) -> usize| values.iter().map(of).max().unwrap_or(0);
        let (flags, shown) = (width(|(flag, _)| flag.len()), width(|(_, value)| value.value.len()));
        for (flag, RecipeValue { value, source, converted }) in values {
            let how = if converted.is_empty() { String::new() } else { format!(" [{converted}]") };
            text.push_str(format!("  --{flag:flags$}  {value:shown$}  {source}{how}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// What a recipe says, by the heading that it stands under.
fn tables(recipe: &Recipe) -> Vec<(String, &RecipeValues)> {
    let all = std::iter::once(("every task".to_owned(), &recipe.all));
    let tasks = recipe.tasks.iter().map(|(task, values)| (task.clone(), values));
    let search = std::iter::once(("tried by the source".to_owned(), &recipe.search));
    all.chain(tasks).chain(search).filter(|(_, values)| !values.is_empty()).collect()
}

fn to_json(recipe: &Recipe) -> Value {
    let values = |values: &RecipeValues| -> Value {
        let value = |(flag, of): (&String, &RecipeValue)| {
            (flag.clone(), json!({"value": of.value, "source": of.source, "converted": of.converted}))
        };
        Value::Object(values.iter().map(value).collect())
    };
    let tasks: Map<String, Value> = recipe.tasks.iter().map(|(task, of)| (task.clone(), values(of))).collect();
    let Recipe { name, title, about, source, notes, models, model_type, all, tasks: _, search } = recipe;
    json!({
        "name": name, "title": title, "about": about, "source": source, "notes": notes, "models": models, "model_type": model_type,
        "all": values(all), "tasks": tasks, "search": values(search),
    })
}
