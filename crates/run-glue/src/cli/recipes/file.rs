//! A recipe as a TOML file.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::recipe::{Recipe, RecipeValue, RecipeValues};
use crate::cli::grid::is_searchable;
use crate::cli::normalize_args::{known_flags, main_name, plain};
use glue_tasks::near_enough;
use trainer::error::Error;

/// The fields of a recipe that are not flags.
const FIELDS: [&str; 9] = ["title", "about", "source", "notes", "models", "model_type", "all", "tasks", "search"];

/// Flags that a recipe may set beside those that may be searched: of the model, of few parameters, of the choice among the weights, and
/// what is of a whole command.
const OTHERS: [&str; 25] = [
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "early_stopping_patience",
    "early_stopping_threshold",
    "eval_delay",
    "eval_steps",
    "eval_strategy",
    "feedforward_modules",
    "greater_is_better",
    "hidden_dropout_prob",
    "init_from",
    "init_from_seed",
    "load_best_model_at_end",
    "lora_alpha",
    "lora_bias",
    "lora_dropout",
    "lora_r",
    "metric_for_best_model",
    "modules_to_save",
    "pad_to_max_length",
    "peft",
    "save_strategy",
    "seeds",
    "target_modules",
    "use_rslora",
];

/// Those of them that are of a whole command.
const OF_COMMAND: &str = "seeds";

/// Reads a recipe. `place`: the file, for messages; `name`: what `--recipe` calls it.
///
/// # Errors
/// Names the field that is none, or has no value that it can have.
pub(super) fn parse(text: &str, name: &str, place: &str) -> Result<Recipe, Error> {
    let wrong = |what: String| Error::usage(format!("{place}: {what}"));
    let fields: Map<String, Value> =
        toml::from_str(text).map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    if let Some(field) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        let near = near_enough(field, FIELDS.iter().copied());
        let near = near.map_or_else(String::new, |near| format!(" (is {near} meant?)"));
        return Err(wrong(format!(
            "there is no field {field}{near}; settings of all tasks stand under [all], those of one under [tasks.NAME]"
        )));
    }
    let text = |field: &str| match fields.get(field) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(wrong(format!("{field} is {other}, expected words"))),
    };
    let list = |field: &str| -> Result<Vec<String>, Error> {
        let Some(value) = fields.get(field) else { return Ok(Vec::new()) };
        let words =
            value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        words.ok_or_else(|| wrong(format!("{field} is {value}, expected a list of words")))
    };
    let table = |field: &str| match fields.get(field) {
        None => Ok(Map::new()),
        Some(Value::Object(table)) => Ok(table.clone()),
        Some(other) => Err(wrong(format!("{field} is {other}, expected a table, [{field}]"))),
    };
    let mut tasks = BTreeMap::new();
    for (task, values) in table("tasks")? {
        let known = glue_tasks::find_task(&task).map_err(|error| wrong(format!("[tasks.{task}]: {error}")))?;
        let Value::Object(own) = values else {
            return Err(wrong(format!("tasks.{task} is {values}, expected a table, [tasks.{task}]")));
        };
        let values = self::values(&own, &format!("[tasks.{task}]")).map_err(wrong)?;
        if values.contains_key(OF_COMMAND) {
            return Err(wrong(format!("[tasks.{task}]: {OF_COMMAND} is of all tasks: it belongs to [all]")));
        }
        if tasks.insert(known.name.clone(), values).is_some() {
            return Err(wrong(format!("there are two tables of the task {}", known.name)));
        }
    }
    let search = searched(&table("search")?).map_err(wrong)?;
    Ok(Recipe {
        name: name.to_owned(),
        title: text("title")?,
        about: text("about")?,
        source: text("source")?,
        notes: list("notes")?,
        models: list("models")?.iter().map(|model| model.to_lowercase()).collect(),
        model_type: text("model_type")?,
        all: values(&table("all")?, "[all]").map_err(wrong)?,
        tasks,
        search,
    })
}

/// `flag = value`, or `flag = { value = value, source = "words" }`.
fn values(table: &Map<String, Value>, place: &str) -> Result<RecipeValues, String> {
    let mut values = RecipeValues::new();
    for (key, value) in table {
        let flag = flag(key, place, |flag| is_searchable(flag) || OTHERS.contains(&flag))?;
        let (value, [source, converted]) = sourced(value, "value", &format!("{place}: {key}"))?;
        let value = match value {
            Value::String(_) | Value::Bool(_) | Value::Number(_) => shown(value),
            other => {
                return Err(format!(
                    "{place}: {key} is {other}, expected one value; several that are tried stand under [search]"
                ));
            }
        };
        values.insert(flag, RecipeValue { value, source, converted });
    }
    Ok(values)
}

/// `flag = [value, value]`, or `flag = { values = [value, value], source = "words" }`.
fn searched(table: &Map<String, Value>) -> Result<RecipeValues, String> {
    let mut values = RecipeValues::new();
    for (key, value) in table {
        let flag = flag(key, "[search]", is_searchable)?;
        let (value, [source, converted]) = sourced(value, "values", &format!("[search]: {key}"))?;
        let Value::Array(items) = value else {
            return Err(format!("[search]: {key} is {value}, expected a list of the values that are tried"));
        };
        let value = items.iter().map(shown).collect::<Vec<_>>().join(",");
        values.insert(flag, RecipeValue { value, source, converted });
    }
    Ok(values)
}

/// The flag of a key, by its first name.
fn flag(key: &str, place: &str, is_allowed: impl Fn(&str) -> bool) -> Result<String, String> {
    let flag = main_name(key);
    if is_allowed(&flag) {
        return Ok(flag);
    }
    let known = known_flags();
    if known.contains(key) {
        return Err(format!("{place}: {key} is not for a recipe, which says how a model is trained"));
    }
    let near = near_enough(key, known.iter().map(String::as_str).filter(|flag| is_allowed(flag)));
    let near = near.map_or_else(String::new, |near| format!(" (is {near} meant?)"));
    Err(format!("{place}: there is no flag {key}{near}"))
}

/// A value, alone or beside the words of its source and how it follows from them.
fn sourced<'a>(value: &'a Value, name: &str, place: &str) -> Result<(&'a Value, [String; 2]), String> {
    const WORDS: [&str; 2] = ["source", "converted"];
    let Value::Object(fields) = value else { return Ok((value, Default::default())) };
    if let Some(other) = fields.keys().find(|key| *key != name && !WORDS.contains(&key.as_str())) {
        return Err(format!("{place}: there is no field {other}; expected {name}, {}", WORDS.join(", ")));
    }
    let found = fields.get(name).ok_or_else(|| format!("{place}: {name} is missing"))?;
    let words = |field: &str| match fields.get(field) {
        None => Ok(String::new()),
        Some(Value::String(words)) => Ok(words.clone()),
        Some(other) => Err(format!("{place}: {field} is {other}, expected words")),
    };
    Ok((found, [words(WORDS[0])?, words(WORDS[1])?]))
}

/// A value as it is typed: small fractions as papers write them.
fn shown(value: &Value) -> String {
    match value.as_f64().filter(|number| *number != 0.0 && number.abs() < 1e-3) {
        Some(number) => format!("{number:e}"),
        None => plain(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_alone_or_beside_their_source() {
        let text = "title = \"T\"\nmodels = [\"My-Bert\"]\n[all]\nlearning_rate = { value = 2e-5, source = \"--lr 2e-5\" }\n\
                    [tasks.RTE]\nnum_train_epochs = 3\ntask_arithmetic = 1\n";
        let error = parse(text, "t", "t.toml").expect_err("no flag").to_string();
        assert!(error.contains("t.toml: [tasks.RTE]: there is no flag task_arithmetic"), "{error}");
        let recipe = parse(&text.replace("task_arithmetic = 1\n", ""), "t", "t.toml").expect("read");
        assert_eq!(
            recipe.all["learning_rate"],
            RecipeValue { value: "2e-5".to_owned(), source: "--lr 2e-5".to_owned(), converted: String::new() }
        );
        assert_eq!(
            (recipe.tasks["rte"]["num_train_epochs"].value.as_str(), recipe.models[0].as_str()),
            ("3", "my-bert")
        );
    }

    #[test]
    fn what_is_no_recipe_is_refused_by_name() {
        for (text, part) in [
            ("learning_rate = 1e-5", "there is no field learning_rate; settings of all tasks stand under [all]"),
            ("[all]\noutput_dir = \"x\"", "[all]: output_dir is not for a recipe"),
            ("[all]\nlerning_rate = 1e-5", "there is no flag lerning_rate (is learning_rate meant?)"),
            ("[all]\nlearning_rate = [1e-5, 2e-5]", "several that are tried stand under [search]"),
            ("[all]\nlearning_rate = { valeu = 1 }", "there is no field valeu; expected value, source, converted"),
            ("[all]\nlearning_rate = { source = \"x\" }", "value is missing"),
            ("[search]\nlearning_rate = 1e-5", "expected a list of the values that are tried"),
            ("[search]\nseeds = [1, 2]", "[search]: seeds is not for a recipe"),
            ("[tasks.ret]\nlearning_rate = 1", "[tasks.ret]:"),
            ("[tasks.rte]\nseeds = 3", "seeds is of all tasks: it belongs to [all]"),
            ("models = \"bert\"", "expected a list of words"),
            ("[all", "t.toml: "),
        ] {
            let error = parse(text, "t", "t.toml").map(|_| ()).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
