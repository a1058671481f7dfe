//! The commands of the README and of docs are run, those of a page one behind the other in a folder of their own, as somebody would
//! type them: on the demo's data, with the demo's model under every name, from a Hub on this machine, and on a few rows. What is not run
//! is listed with its reason.

use std::path::Path;
use std::time::Instant;

use super::examples::{pages, shell_lines, words};
use crate::support::loopback_hub::{LoopbackHub, RepoKind};
use crate::support::loopback_mlflow::LoopbackMlflow;
use crate::support::program::{Bench, copy, demo, end};

/// Commands that are not run: how they begin, and why.
const NOT_RUN: [(&str, &str); 18] = [
    ("pip install", "needs a package index; scripts/release/dry_run.sh installs the wheel"),
    ("cargo build", "compiles for minutes; the gate does it"),
    ("cargo run", "compiles for minutes; the gate does it"),
    ("cargo test", "is what runs this"),
    ("cargo install", "compiles for minutes; scripts/release/dry_run.sh makes the crates"),
    ("cargo binstall", "needs a release"),
    ("docker run", "needs an engine for containers"),
    ("mlflow server", "a server on this machine stands in for it; scripts/ci/mlflow.sh has a real one"),
    ("export MLFLOW_", "the test sets them"),
    ("python parity/trainer.py", "needs PyTorch and transformers"),
    ("run-glue parity results/rte/bert-base-cased --against", "needs what that script writes; see parity.rs"),
    ("run-glue selftest --backend cuda", "needs a GPU"),
    ("run-glue --task rte --model openai-community/gpt2", "needs GPT-2's own words; see pad_token.rs"),
    ("run-glue evaluate out --on hans", "needs the sets of others; see evaluate.rs"),
    (
        "run-glue --task all --model bert-base-cased --glue_submission",
        "needs as many test rows as GLUE has; see scripts/ci/submission.sh",
    ),
    ("run-glue submission out", "the same"),
    ("run-glue demo", "is run by the gate; see front.rs"),
    ("run-glue --task cola --model bert-base-cased --search halving", "takes a minute; see search.rs"),
];

/// Commands of 80 runs and more: only planned.
const PLANNED: [&str; 2] = ["run-glue --task all --model bert-base-cased --model roberta-base", "run-glue grid.toml"];

/// Models of the pages that lie on the Hub.
fn is_on_hub(bench: &Bench, model: &str) -> bool {
    !model.starts_with("./") && !bench.path(model).exists()
}

/// A folder with those below it.
fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

const WORDS: [&str; 7] = ["house", "cat", "red", "city", "quick", "dog", "slow"];

/// Pairs with a number, as STS-B has them: more than the demo has.
fn pairs(rows: usize) -> String {
    let row = |i: usize| {
        let (one, other) = (WORDS[i % 7], WORDS[i * 3 % 5]);
        format!(
            "{{\"sentence1\":\"the {one} {i}\",\"sentence2\":\"a {other} {one}\",\"label\":{}.5,\"idx\":{i}}}\n",
            i % 5
        )
    };
    (0..rows).map(row).collect()
}

/// Reviews of two classes.
fn reviews(rows: usize) -> String {
    (0..rows).map(|i| format!("{{\"text\":\"a {} film {i}\",\"label\":{}}}\n", WORDS[i % 7], i % 2)).collect()
}

/// The files that the pages speak of.
fn bench_of(page: &str) -> Bench {
    let bench = Bench::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    copy(&demo("model"), &bench.path("my-encoder"));
    copy_all(&demo("glue"), &bench.path("glue"));
    let rows = |i: usize| format!("the {} runs,{}\n", WORDS[i % 7], ["yes", "no"][i % 2]);
    bench.write("a.csv", format!("text,label\n{}", (0..40).map(rows).collect::<String>()));
    let rows =
        |i: usize| format!("{{\"text\":\"the {} runs\",\"label\":\"{}\"}}\n", WORDS[i % 7], ["yes", "no"][i % 2]);
    bench.write("b.jsonl", (0..40).map(rows).collect::<String>());
    let rows = |i: usize| format!("{},the film {i} was seen\n", WORDS[i % 7]);
    bench.write("ttc4900.csv", format!("category,text\n{}", (0..140).map(rows).collect::<String>()));
    let sweeps = std::fs::read_to_string(root.join("docs/sweeps.md")).unwrap();
    bench.write("grid.toml", sweeps.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0);
    bench.write(
        "config.json",
        r#"{"model_name_or_path": "bert-base-cased", "task_name": "mrpc", "do_train": true, "output_dir": "config"}"#,
    );
    let recipes = std::fs::read_to_string(root.join("docs/recipes.md")).unwrap();
    bench.write("mine.toml", recipes.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0);
    match page {
        "compare.md" | "verify.md" => {
            for name in ["results", "other/results", "other-results"] {
                ["rte", "stsb"]
                    .iter()
                    .for_each(|task| copy_all(&root.join("results").join(task), &bench.path(name).join(task)));
            }
            copy_all(&root.join("results/published"), &bench.path("results/published"));
            copy_all(&root.join("results/reference"), &bench.path("references"));
            std::fs::copy(root.join("results/reference/minilm_l6.json"), bench.path("reference.json")).unwrap();
        }
        // The model that its reader has trained.
        "README.md" => bench
            .run("--task stsb --model m --dataset_dir g --max_steps 1 --output_dir out --results_dir none".split(' '))
            .assert_done(page),
        // The run that its reader repeats.
        "repeat.md" => bench.run("demo --task rte --max_steps 1 --results_dir results".split(' ')).assert_done(page),
        _ => {}
    }
    bench
}

/// A Hub with the data of the pages, and with a model of every name that a page asks for.
fn hub_of(page: &str) -> LoopbackHub {
    let hub = LoopbackHub::start();
    hub.add_account("hf_me", "me");
    let commit = "a".repeat(40);
    if page == "textbook.md" || page == "custom-data.md" {
        let (train, validation) = (pairs(1200), pairs(1000));
        hub.add_repo(
            RepoKind::Dataset,
            "nyu-mll/glue",
            &commit,
            [("stsb/train.jsonl", train.as_bytes()), ("stsb/validation.jsonl", validation.as_bytes())],
        );
        let (train, test) = (reviews(4000), reviews(1500));
        let files = [("train.jsonl", train.as_bytes()), ("test.jsonl", test.as_bytes())];
        hub.add_repo(RepoKind::Dataset, "stanfordnlp/imdb", &commit, files);
    } else {
        hub.add_repo(RepoKind::Dataset, "nyu-mll/glue", &commit, demo("glue").as_path());
    }
    hub
}

/// A command's words as they are run here: paths below the folder, and few rows for what trains.
fn here(bench: &Bench, command: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = words(command)?.into_iter().skip(1).map(|word| word.replace('~', "home")).collect();
    if words[0].starts_with("results/") {
        words[0] = bench.record_files().remove(0);
    }
    let trains = words[0].starts_with("--") || [".toml", ".json"].iter().any(|ending| words[0].ends_with(ending));
    if PLANNED.iter().any(|begin| command.starts_with(begin)) && !words.iter().any(|word| word == "--dry_run") {
        words.push("--dry_run".to_owned());
    }
    for limit in ["--max_train_samples", "--max_eval_samples", "--max_predict_samples"] {
        if trains && !words[0].starts_with("results/") {
            words.extend([limit.to_owned(), "16".to_owned()]);
        }
    }
    Some(words)
}

fn run_page(page: &str, commands: &[String]) -> usize {
    let (bench, hub, mlflow) = (bench_of(page), hub_of(page), LoopbackMlflow::start());
    let mut count = 0;
    for command in commands {
        let command = command.trim();
        if command.is_empty() || command.starts_with('#') || NOT_RUN.iter().any(|(begin, _)| command.starts_with(begin))
        {
            continue;
        }
        assert!(command.starts_with("run-glue "), "{page}: {command}: run it, or say in NOT_RUN why not");
        let Some(words) = here(&bench, command) else { continue };
        let began = Instant::now();
        for model in words.windows(2).filter(|pair| pair[0] == "--model" || pair[0] == "--model_name_or_path") {
            if is_on_hub(&bench, &model[1]) {
                hub.add_repo(RepoKind::Model, &model[1], &"b".repeat(40), demo("model").as_path());
            }
        }
        let mut run = bench.command();
        run.env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", "hf_me").env("MLFLOW_TRACKING_URI", mlflow.uri());
        let ended = end(run.args(&words));
        // A verdict is an answer too: these are not the runs that the page's numbers are of.
        let verdict = words[0] == "verify" && matches!(ended.code, Some(1 | 3)) && !ended.stderr.contains("error: ");
        assert!(verdict || ended.code == Some(0), "{page}: {command}\n{}", ended.stderr);
        println!("{:6.2} s  {page}: {command}", began.elapsed().as_secs_f64());
        count += 1;
    }
    count
}

#[test]
fn commands_of_the_pages_do_what_they_say() {
    let (mut count, mut all) = (0, Vec::new());
    for path in pages() {
        let page = path.file_name().unwrap().to_str().unwrap();
        let commands = shell_lines(&std::fs::read_to_string(&path).unwrap());
        count += run_page(page, &commands);
        all.extend(commands);
    }
    assert!(count > 60, "{count} commands");
    for (begin, reason) in NOT_RUN {
        assert!(all.iter().any(|command| command.trim().starts_with(begin)), "no page has: {begin} ({reason})");
    }
}
