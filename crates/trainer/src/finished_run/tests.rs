use super::*;

fn run(seed: u64) -> RunName {
    serde_json::from_value(serde_json::json!({"task": "rte", "settings_hash": "0a", "seed": seed})).unwrap()
}

fn pass() -> Pass {
    serde_json::from_str(r#"{"backend": "flex", "max_seq_length": 64}"#).unwrap()
}

fn files(names: &[&str]) -> WrittenFiles {
    names.iter().map(|name| ((*name).to_owned(), vec!["0c".to_owned()])).collect()
}

fn trained(seed: u64, names: &[&str]) -> FinishedRuns {
    FinishedRuns::default().after_training(run(seed), files(names), &pass(), BTreeMap::new())
}

/// The seed; 0: nobody's, -1: unknown.
fn seed(whose: Option<Option<u64>>) -> i64 {
    whose.map_or(-1, |of| of.map_or(0, |seed| i64::try_from(seed).unwrap()))
}

/// Whose the model, the evaluation and the predictions are.
fn seeds(runs: &FinishedRuns) -> [i64; 3] {
    let of_model = match &runs.trained {
        Whose::Unknown => None,
        Whose::Nobodys => Some(None),
        Whose::Of(run) => Some(Some(run.seed)),
    };
    let of = |name| match runs.maker_of(name) {
        Whose::Unknown => None,
        Whose::Nobodys => Some(None),
        Whose::Of(made) => Some(Some(made.run.seed)),
    };
    [of_model, of(EVAL), of(PREDICT)].map(seed)
}

const EVAL: &str = "eval_results.json";
const PREDICT: &str = "predict_results_rte.txt";

#[test]
fn each_file_is_of_the_run_that_wrote_it_last() {
    let evaluated = |runs: FinishedRuns, seed, names| runs.after_evaluation(&run(seed), files(names), &pass(), false);
    for (runs, expected) in [
        (trained(1, &[EVAL, PREDICT]), [1, 1, 1]),
        (evaluated(trained(1, &[EVAL, PREDICT]), 2, &[EVAL]), [1, 2, 1]),
        (evaluated(trained(1, &[EVAL]), 2, &[PREDICT]), [1, 1, 2]),
        // What nobody said anything of is unknown.
        (trained(1, &[EVAL]), [1, 1, -1]),
        (
            evaluated(FinishedRuns::default(), 1, &[EVAL, PREDICT]).after_training(
                run(2),
                files(&[EVAL]),
                &pass(),
                BTreeMap::new(),
            ),
            [2, 2, 1],
        ),
        // What the folder did not say before stays unknown.
        (evaluated(FinishedRuns::default(), 1, &[EVAL]), [-1, 1, -1]),
    ] {
        assert_eq!(seeds(&runs), expected, "{runs:?}");
    }
}

#[test]
fn what_is_written_over_is_nobody_s_until_the_run_ends() {
    let all = || trained(1, &[EVAL, PREDICT]);
    assert_eq!(seeds(&all().before(&files(&[EVAL]), false)), [1, 0, 1]);
    assert_eq!(seeds(&all().before(&files(&[PREDICT]), false)), [1, 1, 0]);
    assert_eq!(seeds(&all().before(&files(&[EVAL]), true)), [0, 0, 1]);
    assert_eq!(seeds(&all().without_files()), [1, -1, -1]);
    assert_eq!(seeds(&FinishedRuns::default().before(&files(&[PREDICT]), false)), [-1, -1, 0]);
}

#[test]
fn a_folder_says_it_or_it_is_unknown() {
    let dir = tempfile::tempdir().unwrap();
    assert!(FinishedRuns::read(dir.path()) == FinishedRuns::default() && !FinishedRuns::is_damaged(dir.path()));
    let weights = dir.path().join("weights");
    std::fs::write(&weights, "w").unwrap();
    let state = FileState::of(&weights, "0b".to_owned());
    assert!(state.as_ref().is_some_and(|state| !state.is_touched(&weights)));
    for runs in [
        trained(1, &[EVAL]),
        FinishedRuns::default().after_evaluation(&run(1), files(&[EVAL]), &pass(), false),
        FinishedRuns::default().after_training(
            run(2),
            files(&[EVAL, PREDICT]),
            &pass(),
            state.map(|state| ("weights".to_owned(), state)).into_iter().collect(),
        ),
        trained(1, &[EVAL]).after_evaluation(&run(2), files(&[PREDICT]), &pass(), true),
        trained(1, &[EVAL]).before(&files(&[PREDICT]), true),
    ] {
        runs.write(dir.path()).unwrap();
        assert_eq!(FinishedRuns::read(dir.path()), runs);
    }
    std::fs::write(&weights, "other").unwrap();
    // A field that is missing is unknown, and one that is null is nobody's.
    std::fs::write(dir.path().join(FILE_NAME), r#"{"files": {"eval_results.json": null}}"#).unwrap();
    assert_eq!(seeds(&FinishedRuns::read(dir.path())), [-1, 0, -1]);
    // So are files where an earlier version named runs by kinds of files.
    let earlier = r#"{"trained": {"task": "rte", "settings_hash": "0a", "seed": 3}, "evaluated": null}"#;
    std::fs::write(dir.path().join(FILE_NAME), earlier).unwrap();
    let of_earlier = FinishedRuns::read(dir.path());
    assert_eq!(seeds(&of_earlier), [3, -1, -1]);
    assert_eq!(seeds(&of_earlier.after_evaluation(&run(4), files(&[EVAL]), &pass(), true)), [3, 4, -1]);
    std::fs::write(dir.path().join(FILE_NAME), "{").unwrap();
    assert!(FinishedRuns::read(dir.path()) == FinishedRuns::default() && FinishedRuns::is_damaged(dir.path()));
}
