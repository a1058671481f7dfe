//! What a search makes of runs that were there before it: those that it chooses are marked, and none leaves the tables.

use crate::support::program::{Bench, Ended};
use serde_json::Value;

const FLAGS: &str = "--task rte --max_steps 4 --per_device_train_batch_size 8 --dataset_dir g --max_eval_samples 40 --results_dir results \
                     --model m";

fn run(bench: &Bench, more: &str) -> Ended {
    let ended = bench.run(FLAGS.split(' ').filter(|word| !word.is_empty()).chain(more.split_whitespace()));
    ended.assert_done(more);
    ended
}

/// Seed, learning rate and role of each record, by its file.
fn roles(bench: &Bench) -> Vec<(u64, f64, String)> {
    let files = bench.record_files().into_iter();
    let records =
        files.map(|file| serde_json::from_slice::<Value>(&std::fs::read(bench.path(&file)).unwrap()).unwrap());
    let of = |record: Value| {
        let role = record["search"]["role"].as_str().unwrap_or("none").to_owned();
        (record["seed"].as_u64().unwrap(), record["hyper_parameters"]["learning_rate"].as_f64().unwrap(), role)
    };
    let mut roles: Vec<_> =
        records.filter(|record| record["seed"].is_u64() && record["metrics"].is_object()).map(of).collect();
    roles.sort_by(|a, b| a.partial_cmp(b).unwrap());
    roles
}

const SEARCH: &str = "--search --search_space learning_rate=1e-3,1e-9 --seeds 2";

#[test]
fn runs_that_a_search_chooses_are_marked_whoever_ran_them() {
    let bench = Bench::new();
    for rate in ["1e-3", "1e-9"] {
        run(&bench, &format!("--learning_rate {rate} --seeds 2"));
    }
    let plan = run(&bench, &format!("{SEARCH} --dry_run"));
    assert!(plan.stdout.contains("the setting that is chosen"), "{}", plan.stdout);
    assert!(roles(&bench).iter().all(|(_, _, role)| role == "none"), "a dry run marks nothing");
    let ended = run(&bench, &format!("{SEARCH} --format tsv"));
    assert_eq!(ended.table()[0]["chosen_on"], "validation", "{}", ended.stdout);
    let marked = |bench: &Bench| -> Vec<(u64, f64)> {
        roles(bench).into_iter().filter(|(_, _, role)| role == "chosen").map(|(seed, rate, _)| (seed, rate)).collect()
    };
    let chosen = marked(&bench);
    assert_eq!(chosen.iter().map(|(seed, _)| *seed).collect::<Vec<_>>(), [42, 43], "{:?}", roles(&bench));
    assert_eq!(roles(&bench).iter().filter(|(_, _, role)| role == "none").count(), 2);
    // To run them by hand again does not make them a fair choice.
    let rate = chosen[0].1;
    run(&bench, &format!("--learning_rate {rate} --seeds 2 --rerun"));
    assert_eq!(marked(&bench), chosen);
    let compared = bench.run(["compare", "results", "--format", "text"]);
    assert!(compared.stdout.contains("† has settings that were chosen"), "{}", compared.stdout);
}

#[test]
fn a_trial_takes_no_run_out_of_the_tables() {
    let bench = Bench::new();
    // With the seed of trials.
    run(&bench, "--learning_rate 1e-3 --seeds 0,");
    run(&bench, &format!("{SEARCH} --rerun"));
    let of_seed_0: Vec<_> = roles(&bench).into_iter().filter(|(seed, ..)| *seed == 0).collect();
    assert_eq!(of_seed_0, [(0, 1e-9, "trial".to_owned()), (0, 1e-3, "none".to_owned())]);
}
