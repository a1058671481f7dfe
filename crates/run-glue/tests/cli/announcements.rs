//! What a run says before it begins and when it has ended, and which settings it says are none of the user's.

use crate::support::program::{Bench, copy};

/// Lines of standard error that begin with `start`, without it.
fn lines<'a>(stderr: &'a str, start: &str) -> Vec<&'a str> {
    stderr.lines().filter_map(|line| line.strip_prefix(start)).collect()
}

#[test]
fn a_run_says_what_it_is_about_to_do() {
    let bench = Bench::new();
    let flags =
        "--task rte --model m --dataset_dir g --results_dir results --max_train_samples 20 --max_eval_samples 10";
    let ended = bench.run(format!("{flags} --num_train_epochs 2 --gradient_accumulation_steps 2").split(' '));
    ended.assert_done("without a folder");
    let said = lines(&ended.stderr, "rte: ");
    let expected = [
        "trains on 20 rows of train, evaluates 10 rows of validation",
        "4 steps of 16 rows, 2 times 8 (2 epochs), learning rate 5e-5",
        "the record goes into results; the model is not kept, since --output_dir is not given",
    ];
    for line in expected {
        assert!(said.contains(&line), "{line}: {}", ended.stderr);
    }
    let model = said.iter().find(|line| line.starts_with("model m, ")).unwrap();
    assert!(model.contains(" parameters, on cpu ("), "{model}");
    let ended = bench.run(format!("{flags} --max_steps 1 --output_dir out").split(' '));
    let said = lines(&ended.stderr, "rte: ");
    assert!(said.contains(&"1 step of 8 rows (0.33 epochs), learning rate 5e-5"), "{}", ended.stderr);
    assert!(said.contains(&"the record goes into results, the model and its results into out"), "{}", ended.stderr);
    let ended = bench.run(format!("{flags} --do_eval").split(' '));
    assert!(lines(&ended.stderr, "rte: ").contains(&"the record goes into results"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(" step of ") && !ended.stderr.contains("trains on"), "{}", ended.stderr);
}

#[test]
fn a_score_stands_beside_that_of_the_most_frequent_class() {
    let bench = Bench::new();
    // Nothing is learned, so one class is predicted.
    let flags = "--task rte --model m --dataset_dir g --results_dir results --max_steps 30 --learning_rate 0.5";
    let ended = bench.run(flags.split(' '));
    ended.assert_done("nothing learned");
    let record = bench.record();
    let (score, other) = (&record["metrics"]["accuracy"], &record["majority_baseline"]["metrics"]["accuracy"]);
    let (score, other) = (score.as_f64().unwrap(), other.as_f64().unwrap());
    assert!(score <= other, "something was learned");
    let line = format!("rte: validation: accuracy {score:.4} (most frequent class: {other:.4}, not above it)");
    assert!(ended.stderr.contains(&line), "{}", ended.stderr);
}

#[test]
fn settings_of_several_runs_that_no_flag_gives_are_named() {
    let bench = Bench::new();
    for task in ["mrpc", "wnli"] {
        copy(&bench.path("g/rte"), &bench.path("g").join(task));
    }
    let flags = "--model m --dataset_dir g --results_dir results --max_train_samples 8 --max_eval_samples 8";
    let all = "no flag is given for these, so they are those of published tables: --learning_rate 2e-5, \
               --num_train_epochs 3 (5 for mrpc), --per_device_train_batch_size 32 (--recipe none: defaults)\n";
    let log = "--logging_steps 0.1\n";
    let seeds = all.replace(" (5 for mrpc)", "");
    for (task, given, expected, has_log) in [
        ("rte,cola,mrpc", "", all.to_owned(), true),
        ("rte", "--seeds 2", seeds.clone(), true),
        ("rte", "--seeds 2 --logging_steps 1", seeds.clone(), false),
        ("rte", "--seeds 2 --max_steps 1", seeds.replace("--num_train_epochs 3, ", ""), true),
        (
            "rte",
            "--seeds 2 --num_train_epochs 1 --learning_rate 1e-4 --per_device_train_batch_size 4",
            String::new(),
            true,
        ),
        ("rte", "--seeds 2 --recipe none", String::new(), true),
        (
            "rte",
            "--seeds 2 --search grid --search_space learning_rate=1e-3,1e-4",
            seeds.replace("--learning_rate 2e-5, ", ""),
            true,
        ),
    ] {
        let plan = bench.run(format!("--task {task} {flags} {given} --dry_run").split_whitespace());
        plan.assert_done(given);
        assert_eq!(
            plan.stdout.contains("no flag is given for these"),
            !expected.is_empty(),
            "{given}: {}",
            plan.stdout
        );
        assert!(plan.stdout.contains(&expected), "{given}: {}", plan.stdout);
        assert_eq!(plan.stdout.contains(log), has_log, "{given}: {}", plan.stdout);
    }
    let ran = bench.run(format!("--task rte {flags} --seeds 2 --log_level debug").split(' '));
    ran.assert_done("run");
    assert!(ran.stderr.contains(&seeds) && ran.stderr.contains(log), "{}", ran.stderr);
    // What is said of a run alone is said of each at this level.
    let said = "rte: trains on 8 rows of train, evaluates 8 rows of validation; 3 steps of 32 rows (3 epochs), learning rate 2e-5";
    assert_eq!(ran.stderr.lines().filter(|line| *line == said).count(), 2, "{}", ran.stderr);
    assert_eq!(lines(&ran.stderr, "rte: validation: accuracy ").len(), 2, "{}", ran.stderr);
    let demo = bench.run("demo --task rte --results_dir demo --seeds 2 --dry_run".split(' '));
    assert!(demo.stdout.contains("so they are those of the demo: --num_train_epochs "), "{}", demo.stdout);
    assert!(demo.stdout.contains("--eval_strategy epoch\n"), "{}", demo.stdout);
}
