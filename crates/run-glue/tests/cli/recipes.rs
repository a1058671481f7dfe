//! `--recipe` and `run-glue recipes`: each value beside the words of its source, and what a run makes of it.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use crate::support::program::{Bench, Ended};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recipes.md");

fn run<'a>(bench: &Bench, flags: impl IntoIterator<Item = &'a str>) -> Ended {
    let data = ["--dataset_dir", "g", "--results_dir", "results", "--max_eval_samples", "20"];
    bench.run(flags.into_iter().chain(data))
}

/// Above the tables.
const HEAD: &str = "# Recipes\n";
const TABLES: &str = "## Value by value\n";

fn recipes(bench: &Bench) -> Vec<Value> {
    let listed = bench.run(["recipes", "--json"]);
    listed.assert_done("a list");
    serde_json::from_str::<Value>(&listed.stdout).unwrap().as_array().unwrap().clone()
}

/// Its values: under which heading, flag, value, words of the source, and how the one follows from the other.
fn values(recipe: &Value) -> Vec<[String; 5]> {
    let mut all = Vec::new();
    let mut add = |place: &str, table: &Value| {
        for (flag, of) in table.as_object().unwrap() {
            let text = |field: &str| of[field].as_str().unwrap().to_owned();
            all.push([place.to_owned(), flag.clone(), text("value"), text("source"), text("converted")]);
        }
    };
    add("all", &recipe["all"]);
    for (task, table) in recipe["tasks"].as_object().unwrap() {
        add(task, table);
    }
    add("tried", &recipe["search"]);
    all
}

/// Numbers in words; a minus sign of typesetting is one.
fn numbers(words: &str) -> Vec<f64> {
    let words = words.replace('−', "-");
    let mut found = Vec::new();
    let bytes = words.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let begins =
            bytes[at].is_ascii_digit() || bytes[at] == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !begins
            || at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_' || bytes[at - 1] == b'.')
        {
            at += 1;
            continue;
        }
        // The longest beginning that is a number.
        let longest = (at + 1..=bytes.len()).rev().find_map(|end| {
            let text = words.get(at..end).filter(|text| text.len() < 24)?;
            text.parse::<f64>().ok().map(|number| (number, end))
        });
        match longest {
            Some((number, end)) => {
                found.push(number);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-5 * one.abs().max(other.abs())
}

/// Whether the words have the value, or all of a list.
fn has(words: &str, value: &str) -> bool {
    let found = numbers(words);
    let has_one = |value: &str| match value.parse::<f64>() {
        Ok(number) => found.iter().any(|other| is_same(*other, number)),
        Err(_) => words.to_lowercase().contains(&value.to_lowercase()),
    };
    has_one(value) || value.contains(',') && value.split(',').all(has_one)
}

/// What `8 x 16`, `1e-6 / 8e-5` and `1 - 0.9` come to; nothing of words.
fn computed(words: &str) -> Option<f64> {
    let (one, rest) = words.split_once(' ')?;
    let (sign, other) = rest.split_once(' ')?;
    let (one, other): (f64, f64) = (one.parse().ok()?, other.parse().ok()?);
    match sign {
        "x" => Some(one * other),
        "/" => Some(one / other),
        "-" => Some(one - other),
        _ => None,
    }
}

#[test]
fn every_value_is_in_the_words_of_its_source() {
    let bench = Bench::new();
    let mut count = 0;
    for recipe in recipes(&bench) {
        let name = recipe["name"].as_str().unwrap().to_owned();
        assert!(recipe["source"].as_str().unwrap().starts_with("https://"), "{name}");
        assert!(
            !recipe["title"].as_str().unwrap().is_empty() && !recipe["about"].as_str().unwrap().is_empty(),
            "{name}"
        );
        for [place, flag, value, source, converted] in values(&recipe) {
            let what = format!("{name}, {place}, {flag} {value}: {source} [{converted}]");
            count += 1;
            assert!(!source.is_empty(), "{what}");
            if converted.is_empty() {
                assert!(has(&source, &value), "{what}");
                continue;
            }
            assert!(!has(&source, &value) || flag == "save_strategy", "it is there as it stands: {what}");
            if let Some(result) = computed(&converted) {
                assert!(is_same(result, value.parse().unwrap()), "{what}");
                let parts = numbers(&converted).into_iter().filter(|part| *part != 1.0);
                assert!(
                    parts.clone().count() > 0 && parts.into_iter().all(|part| has(&source, &part.to_string())),
                    "{what}"
                );
            }
        }
    }
    assert!(count > 500, "{count}");
}

fn table(recipe: &Value) -> String {
    let text = |field: &str| recipe[field].as_str().unwrap();
    let cell = |words: &str| words.replace('|', "\\|");
    let mut out = format!("\n### `{}`: {}\n\n{}\n\n{}\n\n", text("name"), text("title"), text("about"), text("source"));
    let notes = recipe["notes"].as_array().unwrap();
    for note in notes {
        let _ = writeln!(out, "- {}", note.as_str().unwrap());
    }
    if !notes.is_empty() {
        out.push('\n');
    }
    out.push_str("| task | setting | value | in the source |\n|---|---|---|---|\n");
    for [place, flag, value, source, converted] in values(recipe) {
        let how = if converted.is_empty() { String::new() } else { format!(" *{}*", cell(&converted)) };
        let _ = writeln!(out, "| {place} | `{flag}` | {value} | {}{how} |", cell(&source));
    }
    out
}

#[test]
fn the_document_has_every_value_of_every_recipe() {
    let bench = Bench::new();
    let found = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    let head = found.split(TABLES).next().filter(|head| head.starts_with(HEAD)).unwrap_or(HEAD);
    let tables: String = recipes(&bench).iter().map(table).collect();
    let wanted = format!("{head}{TABLES}{tables}");
    if std::env::var_os("RUN_GLUE_WRITE_DOCS").is_some() {
        std::fs::write(DOCUMENT, &wanted).unwrap();
        return;
    }
    assert!(found == wanted, "docs/recipes.md is not what the recipes say: RUN_GLUE_WRITE_DOCS=1 writes it anew");
}

#[test]
fn every_recipe_makes_runs_of_its_tasks() {
    let bench = Bench::new();
    let mut names = BTreeSet::new();
    for recipe in recipes(&bench) {
        let name = recipe["name"].as_str().unwrap().to_owned();
        let tasks: Vec<&String> = recipe["tasks"].as_object().unwrap().keys().collect();
        let tasks = tasks.iter().map(|task| task.as_str()).collect::<Vec<_>>().join(",");
        // What a source chose by trying is given here.
        let tried = recipe["search"].as_object().unwrap();
        let given = tried
            .iter()
            .map(|(flag, of)| format!("--{flag}={}", of["value"].as_str().unwrap().split(',').next().unwrap()));
        let given: Vec<String> = given.collect();
        let flags = ["--task", &tasks, "--model", "m", "--recipe", &name, "--output_dir", "out", "--dry_run"];
        let flags = flags.into_iter().chain(given.iter().map(String::as_str)).chain(["--seeds", "1"]);
        let ended = run(&bench, flags);
        ended.assert_done(&name);
        let whose = if name == "published" { "published tables".to_owned() } else { format!("the recipe {name}") };
        assert!(ended.stdout.contains(&format!("those of {whose}: --")), "{name}: {}", ended.stdout);
        names.insert(name);
    }
    for name in
        ["albert", "bert", "deberta_v3", "electra", "lora_roberta", "modernbert", "mosaicbert", "mpnet", "roberta"]
    {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn a_recipe_stands_where_no_flag_is_given_and_counts_as_flags_do() {
    let bench = Bench::new();
    bench.write(
        "own.toml",
        "title = \"Mine\"\n[all]\nmax_steps = 2\nlearning_rate = 1e-4\nhidden_dropout_prob = 0.05\n[tasks.rte]\nlearning_rate = 3e-4\n",
    );
    let flags = ["--task", "rte", "--model", "m", "--recipe", "own.toml"];
    run(&bench, flags).assert_done("a recipe of one's own");
    let settings = bench.record()["hyper_parameters"].clone();
    assert_eq!(settings["learning_rate"], 3e-4);
    assert_eq!((settings["max_steps"].as_u64(), settings["hidden_dropout_prob"].as_f64()), (Some(2), Some(0.05)));
    // The same, typed: one run, with one record.
    let typed = ["--max_steps", "2", "--learning_rate", "3e-4", "--hidden_dropout_prob", "0.05"];
    run(&bench, ["--task", "rte", "--model", "m"].into_iter().chain(typed)).assert_done("typed");
    assert_eq!(bench.record_files().len(), 1);
    // What was decided is said, of one run too, and what a recipe leaves open.
    let said = run(&bench, flags.into_iter().chain(["--max_steps", "1"]));
    assert!(
        said.stderr.contains("those of the recipe own: --hidden_dropout_prob 0.05, --learning_rate 3e-4\n"),
        "{}",
        said.stderr
    );
    bench.write("rte.toml", "[tasks.rte]\nlearning_rate = 3e-4\nweight_decay = 0.1\n");
    let open = run(
        &bench,
        ["--task", "cola", "--model", "m", "--recipe", "rte.toml", "--weight_decay", "0", "--max_steps", "1"],
    );
    assert!(
        open.stderr.contains("the recipe rte says nothing of cola: these are defaults there: --learning_rate\n"),
        "{}",
        open.stderr
    );
    for file in bench.record_files().into_iter().skip(1) {
        bench.remove(&file);
    }
    let [first] = bench.record_files().try_into().unwrap();
    // A flag goes before it, and epochs that are typed leave no steps of the recipe.
    let other = run(
        &bench,
        flags.into_iter().chain(["--num_train_epochs", "1", "--max_train_samples", "8", "--learning_rate", "1e-3"]),
    );
    other.assert_done("a flag");
    bench.remove(&first);
    let settings = bench.record()["hyper_parameters"].clone();
    assert!(
        settings["max_steps"].is_null() && settings["num_train_epochs"] == 1.0 && settings["learning_rate"] == 1e-3
    );
}

#[test]
fn a_recipe_that_cannot_be_meant_is_refused_by_name() {
    let bench = Bench::new();
    bench.write("odd.toml", "[all]\noutput_dir = \"x\"\n");
    for (flags, part) in [
        (&["--recipe", "robreta"][..], "--recipe robreta: there is no such recipe (is roberta meant?)"),
        (&["--recipe", "auto"], "there are several for m: give one of"),
        (&["--recipe", "nowhere.toml"], "--recipe nowhere.toml: "),
        (&["--recipe", "odd.toml"], "odd.toml: [all]: output_dir is not for a recipe"),
        (
            &["--recipe", "bert"],
            "its source chose the learning_rate of rte among 5e-5,4e-5,3e-5,2e-5: give --learning_rate",
        ),
        (
            &["--recipe", "lora_roberta", "--output_dir", "out"],
            "rte would begin where mnli ended, which is not among the tasks",
        ),
    ] {
        let ended = run(&bench, ["--task", "rte", "--model", "m"].iter().chain(flags).copied());
        assert_eq!(ended.code, Some(2), "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags:?}: {}", ended.stderr);
    }
    let shown = bench.run(["recipes", "roberta"]);
    assert!(
        shown.stdout.contains("--max_steps") && shown.stdout.contains("rte.yaml: max_update: 2036"),
        "{}",
        shown.stdout
    );
    let unknown = bench.run(["recipes", "robreta"]);
    assert_eq!(unknown.code, Some(2));
}

#[test]
fn a_recipe_of_ones_own_is_shown_by_what_it_says() {
    let bench = Bench::new();
    bench.write("mine.toml", "[all]\nlearning_rate = 1e-4\n");
    let bare = bench.run(["recipes", "mine.toml"]);
    assert_eq!(bare.stdout, "mine\n\nevery task\n  --learning_rate  1e-4\n", "{}", bare.stderr);
    bench.write("mine.toml", "title = \"My BERT\"\nsource = \"notes.md\"\n[all]\nlearning_rate = 1e-4\n");
    assert!(bench.run(["recipes", "mine.toml"]).stdout.starts_with("mine: My BERT\nnotes.md\n\nevery task\n"));
}
