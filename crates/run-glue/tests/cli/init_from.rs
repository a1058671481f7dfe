//! Runs that begin where others ended: order, what they begin with, what records and tables say, and that nothing is done twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::program::{Bench, Ended, copy, demo};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const STEPS: [&str; 14] = [
    "--model",
    "m",
    "--dataset_dir",
    "g",
    "--max_steps",
    "3",
    "--max_eval_samples",
    "20",
    "--results_dir",
    "results",
    "--output_dir",
    "out",
    "--seeds",
    "2",
];

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(STEPS.into_iter().chain(flags.split_whitespace()))
}

/// Records by task and seed.
fn records(bench: &Bench) -> BTreeMap<(String, u64), Value> {
    let all = bench.record_files().into_iter().map(|file| {
        let record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        ((record["task"].as_str().unwrap().to_owned(), record["seed"].as_u64().unwrap()), record)
    });
    let (all, count): (Vec<_>, usize) = (all.collect(), bench.record_files().len());
    let by_run: BTreeMap<_, _> = all.into_iter().collect();
    assert_eq!(by_run.len(), count, "one record a run");
    by_run
}

fn sha256(bench: &Bench, folder: &str, file: &str) -> String {
    let bytes = std::fs::read(bench.run_folder(folder).join(file)).unwrap();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which runs were done, in their order: `rte 42`.
fn begun(ended: &Ended) -> Vec<String> {
    let lines = ended.stderr.lines().filter(|line| line.starts_with('['));
    lines.map(|line| line.split_once("] ").unwrap().1.split(": ").next().unwrap().replace(", seed", "")).collect()
}

fn place(all: &[String], run: &str) -> usize {
    all.iter().position(|known| known == run).unwrap_or_else(|| panic!("{run}: {all:?}"))
}

#[test]
fn runs_begin_where_others_ended_and_say_so() {
    let bench = Bench::new();
    // The one that the others wait for stands last.
    let flags = "--task rte,stsb,cola --init_from cola --format tsv";
    let ended = run(&bench, flags);
    ended.assert_done("a chain");
    let order = begun(&ended);
    for seed in [42, 43] {
        for task in ["rte", "stsb"] {
            assert!(place(&order, &format!("cola {seed}")) < place(&order, &format!("{task} {seed}")), "{order:?}");
        }
    }
    let all = records(&bench);
    for seed in [42_u64, 43] {
        let cola = &all[&("cola".to_owned(), seed)];
        assert!(cola["init_from"].is_null() && cola["hyper_parameters"]["init_from"].is_null());
        for task in ["rte", "stsb"] {
            let record = &all[&(task.to_owned(), seed)];
            let from = &record["init_from"];
            assert_eq!((&from["task"], &from["which"], &from["seed"]), (&json!("cola"), &json!("same"), &json!(seed)));
            assert_eq!((&from["settings_hash"], &from["score"]), (&cola["settings_hash"], &cola["score"]));
            assert_eq!(
                from["weights_sha256"]["model.safetensors"],
                sha256(&bench, &format!("out/cola/seed-{seed}"), "model.safetensors")
            );
            // The model is the one at the beginning of the chain.
            for field in ["id", "weights_sha256", "config_sha256"] {
                assert_eq!(record["model"][field], cola["model"][field], "{field}");
            }
            assert_eq!(record["hyper_parameters"]["new_head"], true);
        }
        assert!(ended.stderr.contains(&format!("rte: begins where cola with seed {seed} ended")) || ended.stderr.contains(&format!("begins where cola with seed {seed} ended; the classifier is drawn anew, since rte has other classes than cola")), "{}", ended.stderr);
    }
    // Two seeds of one run, whatever their weights at the beginning.
    let hash = |seed| all[&("rte".to_owned(), seed)]["settings_hash"].clone();
    assert_eq!(hash(42), hash(43));
    let rows = ended.table();
    let column = |name: &str| -> Vec<&str> { rows.iter().map(|row| row[name].as_str()).collect() };
    assert_eq!(column("task"), ["cola", "stsb", "rte", "average"]);
    assert_eq!(column("runs"), ["2", "2", "2", ""]);
    assert_eq!(column("init_from"), ["", "cola", "cola", ""]);
    assert_eq!(column("score")[3], "", "no mean of what does not belong together: {}", ended.stdout);

    let again = run(&bench, flags);
    assert!(again.stderr.contains("6 runs, 6 done already, 0 to do"), "{}", again.stderr);
    // From the model itself it is another run.
    let direct = run(&bench, "--task rte,cola --dry_run");
    assert!(
        direct.stdout.contains("m\trte\tseed 42\tto do") && direct.stdout.contains("m\tcola\tseed 42\tdone"),
        "{}",
        direct.stdout
    );
    let table = bench.run(["compare", "results", "--format", "markdown"]);
    assert!(table.stdout.contains("rte, from cola (20 of 150 rows"), "{}", table.stdout);
    assert!(
        table.stdout.contains("RTE, from CoLA (20 of 150 rows") && table.stdout.contains("count in no average"),
        "{}",
        table.stdout
    );

    // Other weights at the beginning make another run of what follows, and nothing of the rest.
    std::fs::remove_dir_all(bench.run_folder("out/cola/seed-42")).unwrap();
    let left = run(&bench, &format!("{flags} --dry_run"));
    assert!(left.stdout.contains("6 runs, 3 done already, 3 to do"), "{}", left.stdout);
    assert!(left.stdout.contains("m\trte\tseed 42\tfrom cola with seed 42\tto do"), "{}", left.stdout);
    assert!(left.stdout.contains("m\trte\tseed 43\tfrom cola with seed 43\tdone"), "{}", left.stdout);
    let repaired = run(&bench, flags);
    repaired.assert_done("again");
    // The same weights came out, so that what began from them is done.
    assert_eq!(begun(&repaired), ["cola 42"], "{}", repaired.stderr);
}

#[test]
fn a_head_of_the_same_classes_is_kept() {
    let bench = Bench::new();
    copy(&demo("glue").join("qnli"), &bench.path("g/qnli"));
    let ended = run(&bench, "--task qnli,rte --init_from qnli --seeds 1");
    ended.assert_done("the same classes");
    assert!(
        ended
            .stderr
            .contains("begins where qnli with seed 42 ended; its classifier is kept, since rte has the same classes"),
        "{}",
        ended.stderr
    );
    assert_eq!(records(&bench)[&("rte".to_owned(), 42)]["hyper_parameters"]["new_head"], false);
}

#[test]
fn each_run_is_done_once_whoever_comes_first() {
    let alone = Bench::new();
    let flags = "--task rte,stsb,cola --init_from cola";
    run(&alone, flags).assert_done("alone");
    let numbers = |bench: &Bench| -> BTreeMap<_, _> {
        records(bench)
            .into_iter()
            .map(|(run, record)| (run, (record["metrics"].clone(), record["settings_hash"].clone())))
            .collect()
    };
    // Parts of the whole: the last ones first, which do what they begin from.
    let parts = Bench::new();
    let mut all = Vec::new();
    for part in ["5/6", "4/6", "3/6", "2/6", "1/6", "0/6"] {
        let ended = run(&parts, &format!("{flags} --shard {part}"));
        ended.assert_done(part);
        all.extend(begun(&ended));
    }
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 6, "{all:?}");
    assert_eq!(numbers(&parts), numbers(&alone));
    // Processes side by side.
    let workers = Bench::new();
    let ended = run(&workers, &format!("{flags} --workers 2"));
    ended.assert_done("workers");
    assert_eq!(begun(&ended).len(), 6, "{}", ended.stderr);
    assert_eq!(numbers(&workers), numbers(&alone));
    // All of it again, in the same order.
    let rerun = run(&workers, &format!("{flags} --workers 2 --rerun"));
    rerun.assert_done("again");
    assert_eq!(begun(&rerun).len(), 6, "{}", rerun.stderr);
    assert_eq!(numbers(&workers), numbers(&alone));
}

#[test]
fn the_best_of_several_seeds_is_begun_from() {
    let bench = Bench::new();
    let ended = run(&bench, "--task rte,cola --init_from cola --init_from_seed best --seeds 3 --learning_rate 1e-3");
    ended.assert_done("the best");
    let all = records(&bench);
    // One that predicts a single class comes last; of equal scores the lower loss counts, as in a search.
    let rank = |seed: &u64| {
        let record = &all[&("cola".to_owned(), *seed)];
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NEG_INFINITY);
        (record["collapsed"] == false, number(&record["score"]), -number(&record["metrics"]["loss"]))
    };
    let best = [42, 43, 44].into_iter().rev().max_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap()).unwrap();
    for seed in [42, 43, 44] {
        let from = &all[&("rte".to_owned(), seed)]["init_from"];
        assert_eq!(
            (&from["which"], &from["seed"], &from["among"]),
            (&json!("best"), &json!(best), &json!([42, 43, 44]))
        );
    }
    let order = begun(&ended);
    let first = order.iter().position(|run| run.starts_with("rte")).unwrap();
    assert_eq!(order[..first].iter().filter(|run| run.starts_with("cola")).count(), 3, "{order:?}");
}

#[test]
fn chains_stand_in_files_and_in_records() {
    let bench = Bench::new();
    bench.write(
        "grid.toml",
        "task = [\"stsb\", \"rte\", \"cola\"]\nmodel = \"m\"\nseeds = 1\ndataset_dir = \"g\"\nmax_steps = 3\nmax_eval_samples = 20\n\
         output_dir = \"out\"\n[tasks.rte]\ninit_from = \"cola\"\n[tasks.stsb]\ninit_from = [\"rte\", \"none\"]\n",
    );
    let ended = bench.run(["grid.toml"]);
    ended.assert_done("a file");
    assert_eq!(begun(&ended)[..2], ["cola 42", "stsb, init_from none 42"].map(str::to_owned), "{}", ended.stderr);
    let files = bench.record_files();
    let all: Vec<Value> =
        files.iter().map(|file| serde_json::from_slice(&std::fs::read(bench.path(file)).unwrap()).unwrap()).collect();
    let chained = all.iter().find(|record| record["init_from"]["init_from"].is_object()).unwrap();
    assert_eq!((&chained["task"], &chained["init_from"]["task"]), (&json!("stsb"), &json!("rte")));
    assert_eq!(chained["init_from"]["init_from"]["task"], "cola");
    let table = bench.run(["compare", "results", "--format", "markdown"]);
    assert!(table.stdout.contains("stsb, from rte, from cola (20 of"), "{}", table.stdout);
    let plan = bench.run(["plan", "grid.toml", "--format", "slurm", "--workers", "2", "--output", "grid.sbatch"]);
    plan.assert_done("a plan");
    let script = std::fs::read_to_string(bench.path("grid.sbatch")).unwrap();
    let lines: Vec<&str> = script.lines().filter(|line| line.starts_with("#   job=")).collect();
    assert_eq!(
        lines,
        [
            "#   job=$(sbatch --parsable --array=0-1%2 grid.sbatch)",
            "#   job=$(sbatch --parsable --array=2-2%2 --dependency=afterany:$job grid.sbatch)",
            "#   job=$(sbatch --parsable --array=3-3%2 --dependency=afterany:$job grid.sbatch)"
        ]
    );
}

#[test]
fn an_adapter_goes_on_from_another_task() {
    let bench = Bench::new();
    let ended = run(&bench, "--task cola,rte --init_from cola --peft lora --lora_r 2 --seeds 1");
    ended.assert_done("adapters");
    let folder = bench.run_folder("out/rte/seed-42");
    assert!(folder.join("adapter_model.safetensors").is_file() && !folder.join("model.safetensors").exists());
    let record = &records(&bench)[&("rte".to_owned(), 42)];
    assert_eq!(
        (&record["hyper_parameters"]["peft"], &record["hyper_parameters"]["lora_r"]),
        (&json!("lora"), &json!(2))
    );
    assert!(record["init_from"]["weights_sha256"]["adapter_model.safetensors"].is_string());
    // What goes on from the same adapter merged into its model is another run, in a folder and a record of its own.
    let merged = run(
        &bench,
        "--task cola,rte --init_from cola --peft lora --lora_r 2 --seeds 1 --merge_adapter --output_dir merged",
    );
    merged.assert_done("merged");
    let files = bench.record_files().into_iter().filter(|file| file.starts_with("results/rte/"));
    let hashes: BTreeSet<String> = files
        .map(|file| serde_json::from_slice::<Value>(&std::fs::read(bench.path(&file)).unwrap()).unwrap())
        .map(|record| record["settings_hash"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(hashes.len(), 2, "{hashes:?}");
    // Another rank is no way to go on.
    let other = run(&bench, "--task rte --model out/cola --peft lora --lora_r 4 --seeds 1");
    assert_eq!(other.code, Some(2), "{}", other.stderr);
}

#[test]
fn what_a_run_inherits_is_said() {
    let bench = Bench::new();
    let grid = "task = [\"cola\", \"rte\", \"stsb\"]\nmodel = \"m\"\ndataset_dir = \"g\"\nmax_steps = 1\noutput_dir = \"out\"\n\
                results_dir = \"results\"\nmax_eval_samples = 20\n[tasks.cola]\nhidden_dropout_prob = 0.3\n[tasks.rte]\ninit_from = \"cola\"\n\
                [tasks.stsb]\ninit_from = \"rte\"\nattention_probs_dropout_prob = 0.1\n";
    bench.write("grid.toml", grid);
    let ended = bench.run(["grid.toml"]);
    ended.assert_done("a chain");
    let said = |task: &str| {
        ended.stderr.lines().find(|line| line.starts_with(task) && line.contains(" ended")).unwrap().to_owned()
    };
    assert!(said("rte").ends_with("; it drops what cola's flags said"), "{}", said("rte"));
    assert!(
        said("stsb").ends_with("; it drops what cola's flags said, where this run's say nothing"),
        "{}",
        said("stsb")
    );
    let records = records(&bench);
    assert_eq!(records[&("stsb".to_owned(), 42)]["init_from"]["dropout_from"], "cola");
    // Classes of another task, by the name of a folder: run_glue.py takes them in their order too.
    let folder = bench.run_folder("out/rte").display().to_string();
    let flags = ["--task", "cola", "--dataset_dir", "g", "--max_steps", "1", "--model", &folder];
    let other = bench.run(flags);
    let said =
        "its head has the classes entailment, not_entailment (config.json), and cola has unacceptable, acceptable";
    assert!(other.stderr.contains(said), "{}", other.stderr);
    let same = bench.run(["--task", "rte", "--dataset_dir", "g", "--max_steps", "1", "--model", &folder]);
    assert!(!same.stderr.contains("its head has the classes"), "{}", same.stderr);
}

/// What the adapter does not bring would be drawn anew by each seed.
#[test]
fn nothing_goes_on_from_an_adapter_that_is_not_whole() {
    let bench = Bench::new();
    let mut tensors = models::checkpoint::read_safetensors(&bench.path("m/model.safetensors")).unwrap();
    tensors.retain(|name, _| !name.contains("pooler"));
    let tensors: Vec<_> = tensors.into_iter().collect();
    models::checkpoint::write_safetensors(&bench.path("m/model.safetensors"), &tensors).unwrap();
    let chain = "--task cola,rte --init_from cola --peft lora --seeds 1";
    let refused = run(&bench, chain);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let said = "would not begin where cola ended: train it with --modules_to_save pooler, or with --merge_adapter true";
    assert!(refused.stderr.contains("--init_from cola: ") && refused.stderr.contains(said), "{}", refused.stderr);
    run(&bench, &format!("{chain} --modules_to_save pooler --output_dir whole")).assert_done("whole");
}

#[test]
fn a_run_that_cannot_begin_is_said_and_the_others_go_on() {
    let bench = Bench::new();
    bench.write("g/cola/train-00000-of-00001.parquet", "no parquet");
    for file in bench.files("g/cola") {
        bench.write(&file, "no parquet");
    }
    let ended = run(&bench, "--task cola,rte,stsb --init_from cola --seeds 1");
    assert_eq!(ended.code, Some(2), "the reason is the input: {}", ended.stderr);
    assert!(ended.stderr.contains("it begins from cola with seed 42, and cola, seed 42 failed"), "{}", ended.stderr);
    assert_eq!(bench.record_files(), [""; 0]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let bench = Bench::new();
    bench.write("t.csv", "text,label\na,0\nb,1\n");
    bench.write(
        "circle.toml",
        "task = [\"rte\", \"cola\"]\n[tasks.rte]\ninit_from = \"cola\"\n[tasks.cola]\ninit_from = \"rte\"\n",
    );
    bench.write(
        "two.toml",
        "task = [\"rte\", \"cola\"]\n[tasks.rte]\ninit_from = \"cola\"\n[tasks.cola]\nlearning_rate = [1e-5, 2e-5]\n",
    );
    for (flags, part) in [
        (
            "--task rte --init_from mnli",
            "--init_from mnli: rte would begin where mnli ended, which is not among the tasks: name it in --task too",
        ),
        ("--task rte,cola --init_from mlni", "--init_from mlni: "),
        ("--task rte,cola --init_from_seed best", "--init_from_seed says which of the runs of --init_from is meant"),
        ("--task rte,cola --init_from cola --search", "a search begins with the model"),
        ("--task rte,cola --init_from cola --retry_collapsed 1", "give --init_from_seed best"),
        (
            "--task rte,cola --init_from cola --do_train false --do_eval",
            "it is for a training, and --do_train is false",
        ),
        ("--task rte,cola --init_from cola --rerun --shard 0/2", "--rerun and --shard exclude each other"),
        ("circle.toml", "tasks begin from each other: cola, from rte, from cola"),
        (
            "two.toml",
            "there are runs of cola with 2 choices of settings, and which of them rte begins from is not known",
        ),
    ] {
        let words: Vec<&str> = flags.split_whitespace().collect();
        let (file, rest) =
            if flags.ends_with(".toml") { (&words[..1], &words[1..]) } else { (&words[..0], &words[..]) };
        let ended = bench.run(file.iter().copied().chain(STEPS).chain(rest.iter().copied()));
        assert_eq!(ended.code, Some(2), "{flags}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags}: {}", ended.stderr);
        bench.assert_clean(flags);
    }
    let places = ["--task", "rte,cola", "--model", "m", "--dataset_dir", "g", "--init_from", "cola"];
    let no_model = bench.run(places);
    assert!(
        no_model.stderr.contains("the runs of cola must leave a model to begin with: give --output_dir"),
        "{}",
        no_model.stderr
    );
    let own = bench.run(["--train_file", "t.csv", "--validation_file", "t.csv", "--model", "m", "--init_from", "cola"]);
    assert!(own.stderr.contains("data of one's own are none"), "{}", own.stderr);
}

#[test]
fn a_reference_of_another_beginning_is_no_reference() {
    let bench = Bench::new();
    run(&bench, "--task rte,cola --init_from cola").assert_done("a chain");
    let score = records(&bench)[&("rte".to_owned(), 42)]["metrics"]["accuracy"].as_f64().unwrap();
    let reference = |start: &str| {
        let start = if start.is_empty() { String::new() } else { format!(", \"initialisation\": \"{start}\"") };
        bench.write(
            "r.json",
            format!(
                "{{\"model\": \"m\", \"runs\": {{\"rte\": {{\"metric\": \"accuracy\", \"value\": {score}{start}}}}}}}"
            ),
        );
        bench.run(["verify", "results", "--against", "r.json", "--allow_partial", "--margin", "0.5"])
    };
    let other = reference("");
    assert_eq!(other.code, Some(2), "{}", other.stderr);
    assert!(other.stderr.contains("began from something else than the runs (--allow_other"), "{}", other.stderr);
    let same = reference("CoLA");
    assert!(same.code != Some(2), "{}{}", same.stdout, same.stderr);
    assert!(same.stdout.contains("CoLA"), "{}", same.stdout);
    // The runs themselves are a reference of their own kind.
    let own = bench.run(["verify", "results", "--against", "results"]);
    assert!(!own.stdout.contains("other start"), "{}{}", own.stdout, own.stderr);
}
