//! A run is done where its output folder holds that very run, and not another one's model or results.

use crate::identity::csv;
use crate::support::program::{Bench, Ended};

const FLAGS: &str = "--model m --train_file t.csv --validation_file dev.csv --max_steps 4 --learning_rate 1e-3 --seeds 2 --output_dir out \
                     --results_dir results";

fn bench() -> Bench {
    let bench = Bench::new();
    data(&bench, 0);
    bench.write("dev.csv", csv(20, 0));
    bench
}

/// Makes the training rows others.
fn data(bench: &Bench, turn: usize) {
    bench.write("t.csv", csv(40, turn));
}

fn run(bench: &Bench, more: &str) -> Ended {
    bench.run(format!("{FLAGS} {more}").split_whitespace())
}

fn dry(bench: &Bench) -> Ended {
    let ended = run(bench, "--dry_run");
    ended.assert_done("dry run");
    ended
}

/// The folder of the first seed.
fn folder(bench: &Bench) -> String {
    let path = bench.run_folder("out/seed-42");
    format!("out/{}", path.file_name().unwrap().to_str().unwrap())
}

const OF_ANOTHER: &str = "what is there is of another run than the results in results";

/// Fails unless no run is done, since its folder holds another one.
fn assert_of_another(bench: &Bench) {
    let plan = dry(bench);
    assert!(
        plan.stdout.contains("0 done already") && plan.stderr.contains(OF_ANOTHER),
        "{}{}",
        plan.stdout,
        plan.stderr
    );
}

#[test]
fn a_folder_that_another_run_was_trained_into_makes_no_run_done() {
    for checkpoints in ["", "--save_strategy no"] {
        let bench = bench();
        let sweep = |more: &str| run(&bench, &format!("{checkpoints} {more}"));
        sweep("").assert_done("data 1");
        data(&bench, 1);
        sweep("--rerun").assert_done("data 2");
        assert!(sweep("--dry_run").stdout.contains("2 done already"));
        data(&bench, 0);
        let plan = sweep("--dry_run");
        assert!(plan.stdout.contains("0 done already"), "{}", plan.stdout);
        let is_refused = plan.stdout.contains("to do, and will be refused: --output_dir out/seed-42");
        assert_eq!(is_refused, !checkpoints.is_empty(), "{}", plan.stdout);
        let may_be_refused = plan.stdout.contains("may be refused: its folder holds another run");
        assert_eq!(may_be_refused, checkpoints.is_empty(), "{}", plan.stdout);
        let dir = folder(&bench);
        let weights = || std::fs::read(bench.path(&format!("{dir}/model.safetensors"))).unwrap();
        let of_data_2 = weights();
        let back = sweep("");
        assert!(back.code == Some(2) && back.stderr.contains(&format!("{dir}: {OF_ANOTHER}")), "{}", back.stderr);
        let why = if checkpoints.is_empty() { "was made with other data" } else { "is not empty" };
        assert!(back.stderr.contains(why) && back.stderr.contains("--overwrite_output_dir"), "{}", back.stderr);
        assert!(weights() == of_data_2, "the other run's model is written over unasked");
        sweep("--rerun").assert_done("data 1 again");
        assert!(weights() != of_data_2);
        let again = sweep("");
        again.assert_done("again");
        assert!(again.stderr.contains("2 done already"), "{}", again.stderr);
    }
}

#[test]
fn a_folder_that_a_run_of_other_weights_was_trained_into_makes_no_run_done() {
    let bench = bench();
    let weights = std::fs::read(bench.path("m/model.safetensors")).unwrap();
    run(&bench, "").assert_done("first");
    let mut other = weights.clone();
    *other.last_mut().unwrap() ^= 1;
    bench.write("m/model.safetensors", other);
    run(&bench, "--rerun").assert_done("other weights");
    bench.write("m/model.safetensors", weights);
    assert_of_another(&bench);
}

#[test]
fn a_run_whose_model_was_removed_is_not_done() {
    let bench = bench();
    run(&bench, "").assert_done("first");
    let weights = format!("{}/model.safetensors", folder(&bench));
    let before = std::fs::read(bench.path(&weights)).unwrap();
    bench.remove(&weights);
    assert!(dry(&bench).stdout.contains("1 done already, 1 to do"));
    run(&bench, "").assert_done("again");
    assert!(std::fs::read(bench.path(&weights)).unwrap() == before);
}

#[test]
fn a_folder_of_an_earlier_version_is_held_against_the_results_in_it() {
    let bench = bench();
    let forget = || {
        let files = bench.files("out").into_iter().filter(|file| file.ends_with("/.run-glue.finished"));
        files.for_each(|file| bench.remove(&file));
    };
    run(&bench, "").assert_done("data 1");
    forget();
    let same = dry(&bench);
    assert!(same.stdout.contains("2 done already"), "{}", same.stdout);
    let said = format!("{} and 1 more: made by an earlier version, which does not say", folder(&bench));
    assert!(same.stderr.contains(&said), "{}", same.stderr);
    data(&bench, 1);
    run(&bench, "--rerun").assert_done("data 2");
    forget();
    data(&bench, 0);
    assert_of_another(&bench);
}

#[test]
fn evaluations_are_done_where_their_results_are() {
    let bench = bench();
    let flags = "--model m --validation_file d.csv --do_eval --seeds 1 --output_dir out --results_dir results";
    let evaluate = |more: &str| bench.run(flags.split(' ').chain(more.split_whitespace()));
    let rows = |turn: usize| bench.write("d.csv", csv(20, turn));
    rows(0);
    evaluate("").assert_done("rows 1");
    let done = || evaluate("--dry_run").stdout.contains("1 done already");
    assert!(done());
    rows(1);
    assert!(!done());
    evaluate("").assert_done("rows 2");
    rows(0);
    assert!(!done(), "the folder has the results of the other rows");
    evaluate("").assert_done("rows 1 again");
    assert!(done());
}
