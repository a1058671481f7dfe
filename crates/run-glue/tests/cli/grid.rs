//! Many runs in one: what is done already, what fails, who does what, and that nothing is lost or done twice.

use std::collections::BTreeMap;

use crate::support::program::{Bench, copy};
use serde_json::{Value, json};

/// Flags of runs that take a few steps.
const STEPS: [&str; 8] =
    ["--dataset_dir", "g", "--max_steps", "3", "--max_eval_samples", "20", "--results_dir", "results"];

impl Bench {
    /// Records by path.
    fn records(&self) -> BTreeMap<String, Value> {
        let files = self.record_files().into_iter();
        files
            .map(|file| (file.clone(), serde_json::from_slice(&std::fs::read(self.path(&file)).unwrap()).unwrap()))
            .collect()
    }

    fn grid<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> crate::support::program::Ended {
        self.run(flags.into_iter().chain(STEPS))
    }
}

/// Records without what differs from run to run of the same numbers.
fn numbers(records: &BTreeMap<String, Value>) -> Vec<(String, Value, Value)> {
    records
        .iter()
        .map(|(path, record)| (path.clone(), record["metrics"].clone(), record["log_history"][0]["loss"].clone()))
        .collect()
}

#[test]
fn models_tasks_and_seeds_make_a_grid_and_what_is_done_is_left_out() {
    let bench = Bench::new();
    copy(&bench.path("m"), &bench.path("n"));
    let flags = [
        "--task",
        "rte,cola",
        "--model",
        "m",
        "--model",
        "n",
        "--seeds",
        "2",
        "--output_dir",
        "out",
        "--format",
        "tsv",
    ];
    let ended = bench.grid(flags);
    ended.assert_done("all");
    assert!(ended.stderr.contains("8 runs, 0 done already, 8 to do"), "{}", ended.stderr);
    assert!(ended.stderr.contains("[8/8] n, cola, seed 43"), "{}", ended.stderr);
    let records = bench.records();
    assert_eq!(records.len(), 8);
    let settings: Vec<_> =
        records.values().map(|r| (r["task"].clone(), r["model"]["id"].clone(), r["seed"].clone())).collect();
    for task in ["rte", "cola"] {
        for model in ["m", "n"] {
            for seed in [42, 43] {
                assert!(settings.contains(&(json!(task), json!(model), json!(seed))), "{task} {model} {seed}");
                assert!(
                    bench.run_folder(&format!("out/{model}/{task}/seed-{seed}")).join("model.safetensors").is_file()
                );
            }
        }
    }
    // A table a model with intervals, and a page of all runs with their learning curves.
    let has_interval = |row: &BTreeMap<String, String>| !row["score_low"].is_empty() && !row["score_high"].is_empty();
    assert_eq!(ended.table().iter().filter(|row| has_interval(row)).count(), 6, "{}", ended.stdout);
    assert!(ended.stderr.contains("results/comparison.html: tables and charts of 8 runs"), "{}", ended.stderr);
    let page = std::fs::read_to_string(bench.path("results/comparison.html")).unwrap();
    assert!(page.contains("<title>m and n on 2 tasks</title>") && page.contains("rows of other data): training loss"));
    // The published recipe.
    assert!(records.values().all(|r| r["hyper_parameters"]["per_device_train_batch_size"] == 32));
    assert!(records.values().all(|r| r["hyper_parameters"]["learning_rate"] == 2e-5));
    assert_eq!(bench.files("results/.claims"), [""; 0]);

    // Again: nothing is run, and the table is there.
    let again = bench.grid(flags);
    again.assert_done("again");
    assert!(again.stderr.contains("8 runs, 8 done already, 0 to do"), "{}", again.stderr);
    assert_eq!(again.stdout, ended.stdout.replace("\n\n", "\n"), "the same table");
    // What lacks its files, or has other weights, or is of other settings, is run.
    std::fs::remove_dir_all(bench.run_folder("out/m/rte/seed-43")).unwrap();
    let mut weights = std::fs::read(bench.path("n/model.safetensors")).unwrap();
    let last = weights.len() - 1;
    weights[last] ^= 1;
    bench.write("n/model.safetensors", &weights);
    let left = bench.grid(flags.into_iter().chain(["--dry_run"]));
    let changed = "warning: n/model.safetensors has changed since the results were made, which are left as they are: runs with it are \
                   not done\n";
    assert_eq!(left.stderr, changed);
    assert!(left.stdout.contains("8 runs, 3 done already, 5 to do"), "{}", left.stdout);
    assert!(left.stdout.contains("m\trte\tseed 43\tto do") && left.stdout.contains("m\tcola\tseed 43\tdone"));
    let other = bench.grid(flags.into_iter().chain(["--dry_run", "--weight_decay", "0.1"]));
    assert!(other.stdout.contains("8 runs, 0 done already"), "{}", other.stdout);
    let rerun = bench.grid(flags.into_iter().chain(["--dry_run", "--rerun"]));
    assert!(rerun.stdout.contains("8 runs, 0 done already"), "{}", rerun.stdout);
    assert_eq!(bench.records().len(), 8);
}

#[test]
fn a_lone_run_has_the_defaults_of_run_glue_py_and_is_always_run() {
    let bench = Bench::new();
    for _ in 0..2 {
        let ended = bench.grid(["--task", "rte", "--model", "m"]);
        ended.assert_done("lone");
        assert!(ended.stderr.contains("results are in"), "{}", ended.stderr);
    }
    let record = bench.record();
    assert_eq!(record["hyper_parameters"]["per_device_train_batch_size"], 8);
    assert_eq!(record["hyper_parameters"]["learning_rate"], 5e-5);
    for (flags, part) in [
        (&["--shard", "0/2"][..], "--shard is for several runs"),
        (&["--report_html", "a.html"], "--report_html is for several runs"),
        (&["--retry_collapsed", "1"], "--retry_collapsed is for several runs"),
        (&["--seeds", "0"], "--seeds"),
        (&["--seeds", "1,2", "--seed", "3"], "--seed and a list of --seeds"),
        (&["--seeds", "2", "--shard", "2/2"], "--shard 2/2: part 2 of 2, expected 0 to 1"),
    ] {
        let ended = bench.grid(["--task", "rte", "--model", "m"].into_iter().chain(flags.iter().copied()));
        assert_eq!(ended.code, Some(2), "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags:?}: {}", ended.stderr);
    }
}

#[test]
fn one_seed_of_a_grid_is_the_lone_run_of_that_seed() {
    let bench = Bench::new();
    let same = ["--per_device_train_batch_size", "4", "--learning_rate", "1e-4", "--logging_steps", "1"];
    bench.grid(["--task", "rte", "--model", "m", "--seeds", "7,9"].into_iter().chain(same)).assert_done("grid");
    let grid = numbers(&bench.records());
    bench.grid(["--task", "rte", "--model", "m", "--seed", "9"].into_iter().chain(same)).assert_done("lone");
    // The same path: the same settings, seed and numbers, written over.
    assert_eq!(numbers(&bench.records()), grid);
    assert_eq!(grid.len(), 2);
}

/// A run predicts one class where nothing is learned: the head that is drawn decides.
#[test]
fn a_collapsed_run_gets_another_seed() {
    let bench = Bench::new();
    let tiny = ["--task", "rte", "--model", "m", "--seeds", "2", "--learning_rate", "0.5", "--max_steps", "30"];
    let flags = ["--dataset_dir", "g", "--results_dir", "results", "--retry_collapsed", "2"];
    let ended = bench.run(tiny.into_iter().chain(flags));
    ended.assert_done("collapsed");
    let records = bench.records();
    let collapsed = records.values().filter(|r| r["collapsed"] == true).count();
    assert!(collapsed >= 2, "a rate of 0.5 collapses: {}", ended.stderr);
    assert!(ended.stderr.contains("a run collapsed; another one with seed 44"), "{}", ended.stderr);
    assert_eq!(records.len(), 4, "two seeds and two more");
    // The same command again knows all of them.
    let again = bench.run(tiny.into_iter().chain(flags));
    again.assert_done("again");
    assert_eq!(bench.records().len(), 4);
    assert!(!again.stderr.contains("results are in results/rte/m/seed-4"), "{}", again.stderr);
}

/// Flags of a grid of six runs.
const SIX: [&str; 16] = [
    "--task",
    "rte,cola",
    "--model",
    "m",
    "--seeds",
    "3",
    "--dataset_dir",
    "g",
    "--max_steps",
    "12",
    "--max_eval_samples",
    "20",
    "--results_dir",
    "results",
    "--logging_steps",
    "1",
];

/// The records of the six runs made by one worker without a break.
fn undisturbed() -> Vec<(String, Value, Value)> {
    let bench = Bench::new();
    bench.run(SIX).assert_done("undisturbed");
    let numbers = numbers(&bench.records());
    assert_eq!(numbers.len(), 6);
    numbers
}

#[test]
fn parts_make_the_whole() {
    let bench = Bench::new();
    for id in ["5", "6", "7", "8"] {
        let mut command = bench.command();
        command.args(SIX).args(["--shard", "auto"]);
        command.envs([("SLURM_ARRAY_TASK_ID", id), ("SLURM_ARRAY_TASK_MIN", "5"), ("SLURM_ARRAY_TASK_COUNT", "4")]);
        crate::support::program::end(&mut command).assert_done(id);
    }
    assert_eq!(numbers(&bench.records()), undisturbed());
}

const GRID: &str = r#"
# Lists are run in every combination.
task = ["rte", "cola"]
model = ["m"]
seeds = [1, 2]
learning_rate = [1e-4, 2e-5]
per_device_train_batch_size = 4
dataset_dir = "g"
max_steps = 3
max_eval_samples = 20
results_dir = "results"
output_dir = "out"

[tasks.cola]
max_steps = 2
"#;

#[test]
fn a_toml_file_holds_lists_and_settings_of_a_task() {
    let bench = Bench::new();
    bench.write("grid.toml", GRID);
    let dry = bench.run(["grid.toml", "--dry_run"]);
    dry.assert_done("dry run");
    assert!(dry.stdout.contains("m\trte\tseed 1\tlearning_rate 0.0001\tto do"), "{}", dry.stdout);
    assert!(dry.stdout.contains("8 runs, 0 done already, 8 to do"), "{}", dry.stdout);
    let ended = bench.run(["grid.toml", "--report_html", "pages/all.html"]);
    ended.assert_done("grid");
    // One table a choice of settings: its runs differ by nothing but the seed.
    for rate in ["0.0001", "2e-05"] {
        assert!(ended.stdout.contains(&format!("m, learning_rate {rate}\n")), "{}", ended.stdout);
    }
    assert!(bench.path("pages/all.html").is_file() && !bench.path("results/comparison.html").exists());
    let again = bench.run(["grid.toml", "--report_html", "none"]);
    again.assert_done("no page");
    assert!(!again.stderr.contains(".html") && !bench.path("none").exists(), "{}", again.stderr);
    let records = bench.records();
    assert_eq!(records.len(), 8);
    for record in records.values() {
        let settings = &record["hyper_parameters"];
        assert_eq!(settings["max_steps"], if record["task"] == "cola" { 2 } else { 3 });
        assert_eq!(settings["per_device_train_batch_size"], 4);
    }
    assert!(bench.run_folder("out/cola/learning_rate-2e-05/seed-2").join("model.safetensors").is_file());
    // A table for each choice of settings, and all of them in one for programs.
    let again = bench.run(["grid.toml", "--format", "text"]);
    let titles: Vec<&str> = again.stdout.lines().filter(|line| line.starts_with("m, ")).collect();
    assert_eq!(titles, ["m, learning_rate 0.0001", "m, learning_rate 2e-05"], "{}", again.stdout);
    let again = bench.run(["grid.toml", "--format", "tsv"]);
    let rows = again.table();
    let column = |name: &str| -> Vec<&str> { rows.iter().map(|row| row[name].as_str()).collect() };
    assert_eq!(column("model"), [[titles[0]; 3], [titles[1]; 3]].concat(), "{}", again.stdout);
    assert_eq!(column("runs"), ["2", "2", "", "2", "2", ""], "{}", again.stdout);
    // A flag goes before the file's.
    let one = bench.run(["grid.toml", "--learning_rate", "1e-4", "--seeds", "1", "--dry_run", "--results_dir", "none"]);
    assert!(one.stdout.contains("2 runs, 0 done already"), "{}", one.stdout);
}

#[test]
fn settings_of_a_task_stand_in_the_place_of_the_others_and_flags_before_all() {
    let bench = Bench::new();
    copy(&bench.path("g/rte"), &bench.path("g/mrpc"));
    bench.write(
        "grid.toml",
        "task = [\"rte\", \"mrpc\"]\nmodel = \"m\"\nlearning_rate = [1e-4, 2e-5]\ndataset_dir = \"g\"\n\
         [tasks.mrpc]\nlearning_rate = 3e-5\nnum_train_epochs = [1, 2]\nper_device_train_batch_size = 8\n",
    );
    let plan = bench.run(["grid.toml", "--dry_run"]);
    plan.assert_done("plan");
    let lines: Vec<&str> = plan.stdout.lines().filter_map(|line| Some(line.split_once("\tto do")?.0)).collect();
    let expected = [
        "m\trte\tseed 42\tlearning_rate 0.0001",
        "m\trte\tseed 42\tlearning_rate 2e-05",
        "m\tmrpc\tseed 42\tnum_train_epochs 1",
        "m\tmrpc\tseed 42\tnum_train_epochs 2",
    ];
    assert_eq!(lines, expected);
    // The published recipe gives MRPC five epochs and RTE three, unless the file or a flag says another number.
    let bench = Bench::new();
    copy(&bench.path("g/rte"), &bench.path("g/mrpc"));
    bench.write(
        "grid.toml",
        "task = [\"rte\", \"mrpc\"]\nmodel = \"m\"\ndataset_dir = \"g\"\nresults_dir = \"results\"\n",
    );
    let epochs = |flags: &str| {
        let _ = std::fs::remove_dir_all(bench.path("results"));
        let few = ["--max_train_samples", "40", "--max_eval_samples", "20"];
        let ended = bench.run(["grid.toml"].into_iter().chain(few).chain(flags.split_whitespace()));
        assert!(ended.code == Some(0) || !ended.stderr.contains("panicked"), "{flags}: {}", ended.stderr);
        let of = |record: &Value| (record["task"].to_string(), record["hyper_parameters"]["num_train_epochs"].as_f64());
        bench.records().values().map(of).collect::<Vec<_>>()
    };
    let rows = |mrpc: f64, rte: f64| vec![("\"mrpc\"".to_owned(), Some(mrpc)), ("\"rte\"".to_owned(), Some(rte))];
    assert_eq!(epochs(""), rows(5.0, 3.0));
    assert_eq!(epochs("--num_train_epochs 1"), rows(1.0, 1.0));
    assert_eq!(epochs("--recipe none"), rows(3.0, 3.0));
    let text = String::from_utf8(std::fs::read(bench.path("grid.toml")).unwrap()).unwrap();
    bench.write("grid.toml", text + "[tasks.mrpc]\nnum_train_epochs = 2\n");
    assert_eq!(epochs(""), rows(2.0, 3.0));
    assert_eq!(epochs("--num_train_epochs 1"), rows(1.0, 1.0));
}

#[test]
fn failures_are_named_with_their_reasons_at_the_end_and_the_first_may_end_it_all() {
    let bench = Bench::new();
    let flags = ["--task", "wnli,rte,qnli,cola", "--model", "m", "--seeds", "1,"];
    let ended = bench.grid(flags);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let (_, end) = ended.stderr.split_once("error: 2 of 4 runs failed: wnli, seed 1; qnli, seed 1\n").unwrap();
    let lines: Vec<&str> = end.lines().collect();
    assert_eq!(lines.len(), 2, "{end}");
    assert!(lines[0].starts_with("  wnli, seed 1: ") && lines[0].contains("no configuration `wnli`"), "{end}");
    assert!(lines[1].starts_with("  qnli, seed 1: "), "{end}");
    assert_eq!(bench.records().len(), 2);
    let ended = bench.grid(flags.into_iter().chain(["--stop_on_failure", "--rerun"]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let end =
        "error: 1 of 4 runs failed: wnli, seed 1; 3 were not tried after that (--stop_on_failure)\n  wnli, seed 1: ";
    assert!(ended.stderr.contains(end), "{}", ended.stderr);
}

#[test]
fn the_room_that_files_take_is_known_before() {
    for more in ["", "--save_total_limit 1", "--save_strategy no --save_logits", "--save_only_model --optim sgd"] {
        let bench = Bench::new();
        let flags = ["--task", "rte", "--model", "m", "--seeds", "2", "--dataset_dir", "g", "--max_steps", "20"];
        let rest = ["--save_steps", "6", "--output_dir", "out", "--results_dir", "results"];
        let flags = || flags.into_iter().chain(rest).chain(more.split_whitespace());
        let plan = bench.run(flags().chain(["--dry_run"]));
        let (_, told) = plan.stdout.split_once("2 to do, about ").unwrap();
        let (told, unit) = told.split_once(" of files").unwrap().0.split_once(' ').unwrap();
        let unit = match unit {
            "kB" => 1e-3,
            "MB" => 1.0,
            other => panic!("{other}: {}", plan.stdout),
        };
        let told = told.parse::<f64>().unwrap() * unit;
        bench.run(flags()).assert_done(more);
        let files = [bench.files("out"), bench.files("results")].concat();
        let bytes: u64 = files.iter().map(|file| std::fs::metadata(bench.path(file)).unwrap().len()).sum();
        let there = bytes as f64 / 1e6;
        assert!((told / there - 1.0).abs() < 0.3, "{more}: told {told} MB, and there are {there}");
        // By now it is known how long runs take, too.
        let plan = bench.run(flags().chain(["--dry_run", "--rerun"]));
        assert!(plan.stdout.contains("2 to do, about ") && plan.stdout.contains(" second"), "{}", plan.stdout);
    }
}

#[test]
fn a_list_of_one_seed_is_that_seed() {
    let bench = Bench::new();
    for (seeds, shown) in [("[5]", "1 run,"), ("[5, 7]", "2 runs,"), ("2", "2 runs,")] {
        bench.write("grid.toml", format!("task = \"rte\"\nmodel = \"m\"\ndataset_dir = \"g\"\nseeds = {seeds}\n"));
        let plan = bench.run(["grid.toml", "--dry_run"]).stdout;
        assert!(plan.contains(shown) && plan.contains("seed 5") == seeds.starts_with('['), "{seeds}: {plan}");
    }
}

/// The same as [`GRID`].
const YAML: &str = r#"
# Lists are run in every combination.
task: [rte, cola]
model:
  - m
seeds: [1, 2]
learning_rate: &rates [1e-4, 2e-5]
per_device_train_batch_size: 4
dataset_dir: g
max_steps: 3
max_eval_samples: 20
results_dir: results
output_dir: out
tasks:
  cola:
    max_steps: 2
"#;

#[test]
fn a_yaml_file_is_the_same_grid() {
    let bench = Bench::new();
    let searched = |toml: bool| {
        if toml {
            "task = \"rte\"\nmodel = \"m\"\ndataset_dir = \"g\"\nsearch = \"grid\"\nlearning_rate = [1e-4, 2e-5]\neval_strategy = \"no\"\n\
             do_predict = false\n[search_space]\nnum_train_epochs = [1, 2]\n"
        } else {
            "task: rte\nmodel: m\ndataset_dir: g\nsearch: grid\nlearning_rate: [1e-4, 2e-5]\neval_strategy: no\ndo_predict: no\n\
             search_space:\n  num_train_epochs: [1, 2]\n"
        }
    };
    let plain = |toml: bool| if toml { GRID } else { YAML };
    for (name, text) in [("plain", plain as fn(bool) -> &'static str), ("searched", searched)] {
        let [toml, yaml, short] = ["toml", "yaml", "YML"].map(|ending| {
            let file = format!("{name}.{ending}");
            bench.write(&file, text(ending == "toml"));
            let dry = bench.run([file.as_str(), "--dry_run"]);
            dry.assert_done(&file);
            let plan = bench.run(["plan", &file, "--format", "shell"]);
            plan.assert_done(&file);
            (dry.stdout, plan.stdout.replace(&file, "GRID"))
        });
        assert!(toml.0.lines().count() > 4, "{}", toml.0);
        assert_eq!(toml, yaml, "{name}");
        assert_eq!(toml, short, "{name}");
    }
}

#[test]
fn what_is_wrong_with_a_yaml_file_is_named() {
    let bench = Bench::new();
    for (text, part) in [
        ("task: [", "grid.yaml: "),
        ("tusk: rte", "grid.yaml: there is no flag `tusk` (did you mean `task"),
        ("task: rte\nmodel: m\nlearning_rate: []", "grid.yaml: `learning_rate` is an empty list"),
        ("task: rte\nmodel: m\nlearning_rate: [fast]", "grid.yaml: invalid value 'fast' for '--learning_rate"),
        ("task: rte\nmodel: m\nmax_steps: 1_000", "grid.yaml: invalid value '1_000' for '--max_steps"),
        ("task: rte\nmodel: m\nfreeze_embeddings: on", "grid.yaml: invalid value 'on' for '--freeze_embeddings"),
        ("task: rte\ntask: cola\nmodel: m", "grid.yaml: duplicate"),
        ("task: rte\nmodel: !!str m", "grid.yaml: line 2: there is a tag"),
        ("task: rte\nmodel: m\n---\ntask: cola", "grid.yaml: line 3: a second document"),
        ("task: rte\nmodel:", "grid.yaml: `model` has no value"),
        ("task: rte\nmodel: m\ntasks:\n  rtx:\n    seed: 1", "[tasks.rtx]"),
        ("", "--task is missing"),
    ] {
        bench.write("grid.yaml", text);
        bench.run(["grid.yaml"]).assert_one_line(text, &[part]);
        bench.assert_clean(text);
    }
    // A recipe is TOML.
    bench.write("r.yaml", "learning_rate: 1e-3\n");
    let ended = bench.run("--task rte --model m --dataset_dir g --recipe r.yaml".split(' '));
    ended.assert_one_line("recipe", &["--recipe r.yaml: there is no such recipe", "a file ending in .toml"]);
}

#[test]
fn what_is_wrong_with_a_toml_file_is_named() {
    let bench = Bench::new();
    for (text, part) in [
        ("task = [", "grid.toml: "),
        ("tusk = \"rte\"", "there is no flag `tusk` (did you mean `task"),
        ("task = \"rte\"\nmodel = \"m\"\nlearning_rate = []", "`learning_rate` is an empty list"),
        ("task = \"rte\"\nmodel = \"m\"\nlearning_rate = [\"a\"]", "grid.toml: invalid value 'a' for '--learning_rate"),
        ("task_name = \"rte\"\nmodel = \"m\"\n[tasks.rtx]\nseed = 1", "[tasks.rtx]"),
        ("task_name = \"rte\"\nmodel = \"m\"\n[tasks]\nrte = 3", "expected a table: [tasks.rte]"),
        ("model = \"m\"", "--task is missing"),
        (
            "task = \"rte\"\nmodel = \"m\"\nseed = [1, 2]",
            "`seed` is a list, and is one for the whole grid: give one value; seeds = [1, 2]",
        ),
        (
            "task = \"rte\"\nmodel = \"m\"\nresults_dir = [\"a\", \"b\"]",
            "`results_dir` is a list, and is one for the whole grid",
        ),
        (
            "task = [\"rte\", \"cola\"]\nmodel = \"m\"\n[tasks.rte]\nseeds = 3",
            "[tasks.rte]: `seeds` is one for the whole grid",
        ),
        (
            "task = [\"rte\", \"cola\"]\nmodel = \"m\"\n[tasks.rte]\nmodel = \"n\"",
            "[tasks.rte]: `model` is one for the whole grid",
        ),
        (
            "task = \"rte\"\nmodel = \"m\"\ndataset_dir = \"g\"\nlearning_rate = [1e-3, 0.001]",
            "two runs are the same one, with one record: m, rte, seed 42, learning_rate 0.001 and",
        ),
    ] {
        bench.write("grid.toml", text);
        let ended = bench.run(["grid.toml"]);
        assert_eq!(ended.code, Some(2), "{text}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{text}: {}", ended.stderr);
    }
    assert!(bench.run(["absent.toml"]).stderr.contains("absent.toml: "));
}
