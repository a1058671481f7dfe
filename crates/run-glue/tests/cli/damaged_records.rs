//! A record that cannot be read is named, so that no mean is one of fewer seeds without a word.

use crate::support::program::Bench;

#[test]
fn a_record_that_is_cut_is_named_and_its_run_is_not_done() {
    let bench = Bench::new();
    let sweep = ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--max_steps", "2", "--results_dir", "results"];
    let run = |more: &str| bench.run(sweep.into_iter().chain(["--seeds", "2"]).chain(more.split_whitespace()));
    run("").assert_done("two seeds");
    let file = bench.record_files().pop().unwrap();
    let half = std::fs::read(bench.path(&file)).unwrap().len() / 2;
    bench.cut(&file, half);
    let named = format!("warning: {file} is no run record: EOF while parsing");
    let compared = bench.run(["compare", "results", "--format", "text"]);
    assert!(compared.code == Some(0) && compared.stderr.contains(&named), "{}", compared.stderr);
    let plan = run("--dry_run");
    assert!(plan.stdout.contains("1 done already, 1 to do"), "{}", plan.stdout);
    assert_eq!(plan.stderr.matches(&named).count(), 1, "{}", plan.stderr);
}
