//! Tokens that one run keeps for the next.

use crate::support::program::{Bench, Ended, end};

/// More than 4 MiB of text, below which nothing is kept; a long text costs no more than its first tokens.
fn bench() -> Bench {
    let bench = Bench::new();
    let rows = |n: usize| {
        let text = |i: usize| format!("{} {}", ["the film was good", "a bad film"][i % 2], "no ".repeat(700));
        (0..n).map(|i| format!("{},{}\n", ["praise", "blame"][i % 2], text(i))).collect::<String>()
    };
    bench.write("train.csv", format!("kind,text\n{}", rows(2200)));
    bench.write("dev.csv", format!("kind,text\n{}", rows(4)));
    bench
}

fn run(bench: &Bench, flags: &[&str]) -> Ended {
    let files = ["--train_file", "train.csv", "--validation_file", "dev.csv", "--label_column_name", "kind"];
    let usual = ["--model", "m", "--results_dir", "results", "--max_steps", "2", "--do_train", "--do_eval", "--rerun"];
    let ended = end(bench.command().env("RUN_GLUE_CACHE", bench.path("cache")).args(files).args(usual).args(flags));
    ended.assert_done(&flags.join(" "));
    ended
}

#[test]
fn the_next_run_takes_them_and_has_the_same_numbers() {
    let bench = bench();
    let said = "train: the tokens of its 2200 rows are those that an earlier run kept in ";
    let length = ["--max_seq_length", "16"];
    let first = run(&bench, &length);
    assert!(!first.stderr.contains(said), "{}", first.stderr);
    let [file] = bench.files("cache").try_into().unwrap();
    assert!(file.starts_with("cache/tokens/"), "{file}");
    let whole = std::fs::read(bench.path(&file)).unwrap();

    let second = run(&bench, &length);
    assert!(second.stderr.contains(said) && second.stderr.contains(&file), "{}", second.stderr);
    let losses = |ended: &Ended| {
        let both =
            [&ended.stdout, &ended.stderr].map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).concat();
        both.into_iter().filter(|line| line.contains("_loss ")).collect::<Vec<_>>()
    };
    assert_eq!(losses(&second), losses(&first));
    assert_eq!(losses(&first).len(), 2, "of the training and of the evaluation");

    bench.cut(&file, whole.len() / 2);
    let third = run(&bench, &length);
    assert!(!third.stderr.contains(said) && third.stderr.contains("it is made again"), "{}", third.stderr);
    assert_eq!(std::fs::read(bench.path(&file)).unwrap(), whole);

    let anew = run(&bench, &[&length[..], &["--overwrite_cache"]].concat());
    assert!(!anew.stderr.contains(said), "{}", anew.stderr);
    assert_eq!(bench.files("cache").len(), 1);
    run(&bench, &["--max_seq_length", "17"]);
    assert_eq!(bench.files("cache").len(), 2, "of another length");
}
