//! Searches for settings: what is tried, what is chosen, what is left in the results, and that a kill loses nothing of it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::json_schema::{resolved, violations};
use crate::support::program::{Bench, Ended, rows_of};
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../../results/schema/search-v1.schema.json");
const DOCUMENT: &str = include_str!("../../../../docs/search.md");

impl Bench {
    /// All JSON files of the results, but for predictions.
    fn json(&self, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        let files = self.record_files().into_iter();
        let read = |file: String| serde_json::from_slice(&std::fs::read(self.path(&file)).unwrap()).unwrap();
        files.map(read).filter(|value| is(value)).collect()
    }

    fn trials(&self) -> Vec<Value> {
        self.json(|value| value["search"]["role"] == "trial")
    }

    fn chosen(&self) -> Vec<Value> {
        self.json(|value| value["search"]["role"] == "chosen")
    }

    /// The only file of a search.
    fn found(&self) -> Value {
        let files = self.json(|value| value["search_format"] == 1);
        let [file] = files.as_slice() else { panic!("{} searches", files.len()) };
        file.clone()
    }

    fn search(&self, flags: &str) -> Ended {
        let usual = ["--dataset_dir", "g", "--max_eval_samples", "40", "--results_dir", "results", "--model", "m"];
        self.run(flags.split_whitespace().chain(usual))
    }
}

/// Fails unless a search's file is what its schema and its documentation say.
fn assert_described(file: &Value) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert_eq!(violations(&schema, file), [""; 0]);
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(fields(file), fields(&schema["properties"]));
    for name in ["budget", "chosen"] {
        assert_eq!(
            fields(&file[name]),
            fields(&resolved(&schema, &schema["properties"][name])["properties"]),
            "{name}"
        );
    }
    assert_eq!(fields(&file["trials"][0]), fields(&schema["$defs"]["trial"]["properties"]));
    for name in fields(file) {
        assert!(DOCUMENT.contains(&format!("`{name}`")), "docs/search.md lacks `{name}`");
    }
}

const GRID: &str = "--task rte --search --search_space learning_rate=1e-3,1e-9 --search_space weight_decay=0.0,0.5 \
                    --max_steps 20 --per_device_train_batch_size 8 --seeds 2 --output_dir out";

#[test]
fn a_grid_is_tried_and_the_best_setting_is_run_with_all_seeds() {
    let bench = Bench::new();
    let plan = bench.search(&format!("{GRID} --dry_run"));
    plan.assert_done("plan");
    assert!(plan.stdout.contains("trial 4 of 4: learning_rate 1e-9, weight_decay 0.5\tto do"), "{}", plan.stdout);
    assert!(plan.stdout.contains("seed 43\tthe setting that is chosen\tto do"), "{}", plan.stdout);
    assert!(plan.stdout.contains("6 runs, 0 done already, 6 to do"), "{}", plan.stdout);
    assert_eq!(bench.files("results"), [""; 0]);

    let ended = bench.search(&format!("{GRID} --format tsv"));
    ended.assert_done("search");
    let (trials, chosen, found) = (bench.trials(), bench.chosen(), bench.found());
    assert_eq!((trials.len(), chosen.len()), (4, 2));
    assert!(trials.iter().all(|trial| trial["seed"] == 0 && trial["search"]["id"] == found["id"]));
    // The best: by score, then by loss.
    let key = |trial: &Value| (trial["score"].as_f64().unwrap(), -trial["metrics"]["loss"].as_f64().unwrap());
    let is_sound = |trial: &&Value| trial["collapsed"] == false;
    let candidates: Vec<&Value> = trials.iter().filter(is_sound).collect();
    let candidates = if candidates.is_empty() { trials.iter().collect() } else { candidates };
    let best = candidates.into_iter().max_by(|a, b| key(a).partial_cmp(&key(b)).unwrap()).unwrap();
    let settings = |record: &Value| {
        (record["hyper_parameters"]["learning_rate"].clone(), record["hyper_parameters"]["weight_decay"].clone())
    };
    let mut seeds = Vec::new();
    for record in &chosen {
        assert_eq!(settings(record), settings(best));
        assert_eq!(
            record["search"],
            json!({"role": "chosen", "id": found["id"], "chosen_on": "validation", "optimistic": true})
        );
        seeds.push(record["seed"].clone());
    }
    assert_eq!(seeds, [42, 43]);
    assert_described(&found);
    assert_eq!(found["chosen"]["score"], best["score"]);
    assert_eq!(found["chosen"]["setting"]["learning_rate"], best["hyper_parameters"]["learning_rate"]);
    assert_eq!(
        (&found["kind"], &found["chosen_on"], &found["optimistic"]),
        (&json!("grid"), &json!("validation"), &json!(true))
    );
    assert_eq!(found["budget"], json!({"stated": null, "trials": 4, "runs": 4, "training": 80.0, "unit": "steps"}));
    assert_eq!(found["trials"].as_array().unwrap().len(), 4);
    for tried in found["trials"].as_array().unwrap() {
        let path = format!("results/rte/m/{}", tried["record"].as_str().unwrap());
        let record: Value = serde_json::from_slice(&std::fs::read(bench.path(&path)).unwrap()).unwrap();
        assert_eq!(
            (&record["score"], record["hyper_parameters"]["learning_rate"].as_f64()),
            (&tried["score"], tried["setting"]["learning_rate"].as_f64())
        );
    }
    // Trials leave no models, and stay out of the tables.
    let models = bench
        .files("out")
        .into_iter()
        .filter(|file| file.ends_with("/model.safetensors") && !file.contains("checkpoint-"));
    let models: Vec<_> = models.collect();
    assert_eq!(models.len(), 2, "{models:?}");
    assert!(models[0].starts_with("out/seed-42-") && models[1].starts_with("out/seed-43-"), "{models:?}");
    let row = &ended.table()[0];
    assert_eq!([&row["task"], &row["runs"], &row["chosen_on"]], ["rte", "2", "validation"], "{}", ended.stdout);
    let compared = bench.run(["compare", "results", "--format", "text"]);
    assert!(compared.stderr.contains("4 trials of searches are left out"), "{}", compared.stderr);
    assert!(
        compared.stdout.contains("\nm †") && compared.stdout.contains("† has settings that were chosen"),
        "{}",
        compared.stdout
    );
    let page = String::from_utf8(std::fs::read(bench.path("results/comparison.html")).unwrap()).unwrap();
    assert!(page.contains("m <span class=\"mark\">†</span>") && page.contains("† has settings that were chosen"));
    let all = bench.run(["compare", "results", "--format", "json", "--trials"]);
    let all: Value = serde_json::from_str(&all.stdout).unwrap();
    assert!(all["models"].as_array().unwrap().len() >= 4);

    // All of it is known again; more seeds are only those.
    let again = bench.search(GRID);
    assert!(again.stderr.contains("6 runs, 6 done already, 0 to do"), "{}", again.stderr);
    let more = bench.search(&GRID.replace("--seeds 2", "--seeds 3 --dry_run"));
    assert!(more.stdout.contains("7 runs, 6 done already, 1 to do"), "{}", more.stdout);
    // A trial is no run that was asked for: its record would not be in the tables.
    let asked = "--task rte --max_steps 20 --per_device_train_batch_size 8 --learning_rate 1e-3 --weight_decay 0.0 --seeds 0, --dry_run";
    let asked = bench.search(asked);
    assert!(asked.stdout.contains("1 run, 0 done already, 1 to do"), "{}", asked.stdout);
}

const HALVING: &str = "--task rte,cola --search halving --search_space learning_rate=1e-5..1e-2 --search_trials 4 --search_eta 2 \
                       --max_steps 12 --per_device_train_batch_size 4";

#[test]
fn halving_gives_the_best_half_twice_the_training() {
    let bench = Bench::new();
    bench.search(HALVING).assert_done("halving");
    // 4 of 3 steps, 2 of 6, 1 of 12; and the chosen setting.
    for task in ["rte", "cola"] {
        let trials: Vec<Value> = bench.trials().into_iter().filter(|trial| trial["task"] == task).collect();
        let of_steps =
            |steps: u64| trials.iter().filter(|trial| trial["hyper_parameters"]["max_steps"] == steps).count();
        assert_eq!([of_steps(3), of_steps(6), of_steps(12)], [4, 2, 1], "{task}");
        let files = bench.json(|value| value["search_format"] == 1 && value["task"] == task);
        assert_described(&files[0]);
        let tried = files[0]["trials"].as_array().unwrap();
        assert_eq!(
            files[0]["rungs"],
            json!([{"trials": 4, "training": 3.0}, {"trials": 2, "training": 6.0}, {"trials": 1, "training": 12.0}])
        );
        // Each rung has the best of the one before.
        for rung in 1..3 {
            let score = |tried: &Value| (tried["collapsed"] == false, tried["score"].as_f64().unwrap());
            let of = |rung: u64| tried.iter().filter(move |tried| tried["rung"] == rung);
            let goes_on = |one: &&Value| of(rung + 1).any(|later| later["trial"] == one["trial"]);
            let worst_in = of(rung).filter(goes_on).map(score).min_by(|a, b| a.partial_cmp(b).unwrap()).unwrap();
            let best_out =
                of(rung).filter(|one| !goes_on(one)).map(score).max_by(|a, b| a.partial_cmp(b).unwrap()).unwrap();
            assert!(worst_in >= best_out, "{task}, rung {rung}: {worst_in:?} {best_out:?}");
        }
        assert_eq!(files[0]["chosen"]["trial"], tried.iter().find(|one| one["rung"] == 3).unwrap()["trial"]);
        let chosen: Vec<Value> = bench.chosen().into_iter().filter(|chosen| chosen["task"] == task).collect();
        assert_eq!(chosen.len(), 1);
        assert_eq!(chosen[0]["hyper_parameters"]["max_steps"], 12);
        assert_eq!(chosen[0]["hyper_parameters"]["learning_rate"], files[0]["chosen"]["setting"]["learning_rate"]);
    }
}

#[test]
fn a_search_that_is_killed_goes_on_and_workers_share_it() {
    let undisturbed = Bench::new();
    undisturbed.search(HALVING).assert_done("undisturbed");
    let bench = Bench::new();
    let flags = || {
        HALVING.split_whitespace().chain([
            "--dataset_dir",
            "g",
            "--max_eval_samples",
            "40",
            "--results_dir",
            "results",
            "--model",
            "m",
        ])
    };
    for runs in [1, 2, 3, 1, 2] {
        let mut child = bench.command().args(flags()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert_eq!(lines.filter(|line| line.starts_with('[')).take(runs).count(), runs);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let workers =
        [(); 2].map(|()| bench.command().args(flags()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    workers.into_iter().for_each(|mut worker| assert!(worker.wait().unwrap().success()));
    let searches = |bench: &Bench| bench.json(|value| value["search_format"] == 1);
    assert_eq!(searches(&bench), searches(&undisturbed));
    let scores = |records: Vec<Value>| {
        records
            .into_iter()
            .map(|r| (r["seed"].clone(), r["settings_hash"].clone(), r["metrics"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(scores(bench.trials()), scores(undisturbed.trials()));
    assert_eq!(scores(bench.chosen()), scores(undisturbed.chosen()));
    assert_eq!(bench.files("results/.claims"), [""; 0]);
    // A part of a search is no search: parts are whole ones.
    let parts = ["0/2", "1/2"].map(|part| bench.search(&format!("{HALVING} --rerun --dry_run --shard {part}")).stdout);
    assert!(parts.iter().all(|text| text.contains("4 of other parts, 8 to do")), "{}", parts[0]);
}

#[test]
fn a_part_of_the_training_rows_can_be_kept_for_the_choice() {
    let bench = Bench::new();
    let random = "--task rte --search random --search_space learning_rate=1e-4..1e-2 --search_budget 12steps --max_steps 5 --search_holdout 10%";
    let ended = bench.search(random);
    ended.assert_done("holdout");
    let (trials, chosen, found) = (bench.trials(), bench.chosen(), bench.found());
    // 12 steps are two trials of 5.
    assert_eq!((trials.len(), chosen.len()), (2, 1));
    let rows = |record: &Value, split: &str| rows_of(record)[split].as_u64();
    let all = rows(&chosen[0], "train").unwrap();
    for trial in &trials {
        let (train, held_out) = (rows(trial, "train").unwrap(), rows(trial, "train (10 % held out)").unwrap());
        let out = (all as f64 / 10.0).round() as u64;
        assert_eq!((train, held_out, rows(trial, "validation")), (all - out, out.min(40), None));
    }
    assert_eq!(rows(&chosen[0], "validation"), Some(40));
    assert_eq!((&found["chosen_on"], &found["optimistic"]), (&json!("train (10 % held out)"), &json!(false)));
    assert_eq!(chosen[0]["search"]["optimistic"], false);
    assert!(!ended.stdout.contains("chosen_on"), "{}", ended.stdout);
}

#[test]
fn a_toml_file_says_what_is_searched() {
    let bench = Bench::new();
    bench.write(
        "grid.toml",
        "task = [\"rte\", \"cola\"]\nmodel = \"m\"\nsearch = \"grid\"\ndataset_dir = \"g\"\nmax_steps = 2\n\
         learning_rate = [1e-4, 2e-5]\nmax_train_samples = [50, 100]\nresults_dir = \"results\"\n\
         [tasks.cola]\nlearning_rate = 1e-5\nweight_decay = [0.0, 0.1, 0.2]\n",
    );
    let plan = bench.run(["grid.toml", "--dry_run"]);
    plan.assert_done("plan");
    // What is no setting of the training makes a search each: 2 x (2 trials + 1), 2 x (3 trials + 1).
    assert!(plan.stdout.contains("14 runs, 0 done already, 14 to do"), "{}", plan.stdout);
    assert!(
        plan.stdout.contains("m\trte\tseed 0\tmax_train_samples 50, trial 2 of 2: learning_rate 2e-05\t"),
        "{}",
        plan.stdout
    );
    assert!(plan.stdout.contains("trial 3 of 3: weight_decay 0.2\t"), "{}", plan.stdout);
    let shell = bench.run(["plan", "grid.toml", "--format", "shell"]);
    assert_eq!(shell.stdout.lines().last(), Some("run-glue grid.toml --shard 3/4"), "{}", shell.stderr);
    bench.write(
        "table.toml",
        "task = \"rte\"\nmodel = \"m\"\nsearch = \"random\"\nsearch_trials = 2\n[search_space]\n\
                               learning_rate = \"1e-5..1e-4\"\nper_device_train_batch_size = [8, 16]\n",
    );
    let plan = bench.run(["table.toml", "--dry_run", "--dataset_dir", "g"]);
    assert!(
        plan.stdout.contains("learning_rate 1e-05..0.0001, per_device_train_batch_size 8|16"),
        "{}{}",
        plan.stdout,
        plan.stderr
    );
}

#[test]
fn what_does_not_go_together_is_named() {
    let bench = Bench::new();
    for (flags, part) in [
        ("--search_trials 3", "--search_trials is about a search"),
        ("--search --search_trials 3", "a grid tries all of its settings"),
        ("--search --search_eta 2", "--search_eta is about --search halving"),
        ("--search random --search_space learning_rate=1e-5,2e-5 --search_trials 3", "there are 2 settings"),
        ("--search random --search_trials 0", "--search_trials is 0"),
        ("--search --search_space learning_rate=1e-5..1e-4", "is a range"),
        ("--search --search_space learning_rate=a,b", "invalid value 'a' for '--learning_rate"),
        ("--search --search_space learning_rate=-1", "--learning_rate is -1"),
        ("--search --search_space learning_rate=1 --search_space learning_rate=2", "learning_rate is there twice"),
        ("--search --search_space num_train_epochs=1,2 --max_steps 3", "max_steps goes before num_train_epochs"),
        ("--search halving --search_space num_train_epochs=1,2", "gives out num_train_epochs itself"),
        ("--search halving --search_space learning_rate=1,2", "it needs 3 at least, and there are 2"),
        ("--search halving --search_eta 1", "--search_eta is 1"),
        ("--search halving --search_budget 1epochs", "halving takes"),
        ("--search --search_budget 10", "the grid has 18 trials of 54 epochs in all"),
        ("--search --search_budget 10steps", "these runs are counted in epochs"),
        ("--search --search_budget much", "--search_budget much: expected a number of trials, epochs or steps"),
        ("--search random --search_budget 1epochs", "it allows no trial"),
        ("--search --search_seed 42", "--search_seed 42 is among the seeds"),
        ("--search --search_holdout 0", "--search_holdout 0: expected a share"),
        ("--search --search_holdout 10 --validation_split_percentage 5", "exclude each other"),
        ("--search --do_predict --output_dir out", "--search trains and evaluates rte"),
        ("--search --do_train", "--search trains and evaluates rte"),
        ("--search --resume_from_checkpoint g", "a checkpoint is of one run"),
        ("--search --load_best_model_at_end --eval_strategy epoch --output_dir out", "trials keep no checkpoints"),
        (
            "--search --learning_rate 1 --num_train_epochs 1 --per_device_train_batch_size 1",
            "nothing is left to search",
        ),
        ("--search beam", "invalid value 'beam' for '--search"),
    ] {
        let ended = bench.search(&format!("--task rte {flags}"));
        assert_eq!(ended.code, Some(2), "{flags}: {}{}", ended.stderr, ended.stdout);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(part), "{flags}: {}", ended.stderr);
        bench.assert_clean(flags);
    }
}
