//! Where a dataset's rows lie: named files, cards, the Hub's conversion, GLUE's own download.

use crate::support::loopback_hub::{LoopbackHub, RepoFiles, RepoKind};
use crate::support::program::{Bench, Ended, demo, end};

const FLAGS: &str = "--results_dir results --max_steps 2 --max_seq_length 32 --model m";

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(FLAGS.split(' ').chain(flags.split_whitespace()))
}

/// `text,label` with a text of its own a row.
fn csv(labels: &[&str]) -> String {
    let rows = labels.iter().enumerate().map(|(row, label)| format!("a film of number {row},{label}\n"));
    format!("text,label\n{}", rows.collect::<String>())
}

#[test]
fn files_are_splits_by_their_names_unless_the_card_says_otherwise() {
    let bench = Bench::new();
    bench.write("named/my_train_data.csv", csv(&["0", "1", "1"]));
    bench.write("named/dev.csv", csv(&["0", "1"]));
    let flags = "--dataset_name named --do_train --do_eval";
    let named = run(&bench, flags);
    named.assert_done("by names");
    assert!(named.stderr.contains("trains on 3 rows of train, evaluates 2 rows of validation"), "{}", named.stderr);
    let card =
        |configs: &str| bench.write("named/README.md", format!("---\nlicense: mit\nconfigs:\n{configs}---\n# A set\n"));
    card(
        "- config_name: default\n  data_files:\n  - split: train\n    path: dev.csv\n  - split: held\n    path: my*.csv\n",
    );
    let held = run(&bench, &format!("{flags} --validation_split_name held"));
    held.assert_done("a card");
    assert!(held.stderr.contains("trains on 2 rows of train, evaluates 3 rows of held"), "{}", held.stderr);
    run(&bench, flags).assert_refused(
        "a split that it lacks",
        2,
        &["there is no split validation; there are train, held"],
    );
    card("- config_name: a\n  data_files: dev.csv\n- config_name: c\n  data_files: my*.csv\n  default: true\n");
    let chosen = run(&bench, "--dataset_name named --do_train");
    chosen.assert_done("a default");
    let said = "named: configuration c is read, its card's default; there are a, c";
    assert!(chosen.stderr.contains(said), "{}", chosen.stderr);
    card("- config_name: a\n  data_files: dev.csv\n- config_name: b\n  data_files: gone.csv\n");
    run(&bench, flags).assert_refused("two", 2, &["which configuration? Give --dataset_config_name one of a, b"]);
    let gone = run(&bench, &format!("{flags} --dataset_config_name b"));
    gone.assert_refused("a file", 2, &["split `train` of `b` is gone.csv, and there is no such data file"]);
    card("- config_name: a\n  data_files: dev.csv\n  skiprows: 1\n");
    run(&bench, flags).assert_refused("a setting", 2, &["configuration `a` sets `skiprows`, which is not read"]);
    bench.write("named/README.md", "# configs: none\n");
    run(&bench, flags).assert_done("a README without");
}

#[test]
fn names_of_classes_are_taken_from_the_card() {
    let bench = Bench::new();
    bench.write("d/train.csv", csv(&["0", "1", "1"]));
    let names = "class_label:\n        names:\n          '0': neg\n          '1': pos\n";
    bench.write(
        "d/README.md",
        format!("---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      {names}---\n"),
    );
    run(&bench, "--dataset_name d --do_train --output_dir out").assert_done("trained");
    let config = std::fs::read(bench.path("out/config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["id2label"], serde_json::json!({"0": "neg", "1": "pos"}));
}

#[test]
fn several_files_are_one_split() {
    let bench = Bench::new();
    for (name, labels) in [("a/part-1.csv", ["0", "1"]), ("a/part-2.csv", ["1", "1"]), ("b.csv", ["0", "0"])] {
        bench.write(name, csv(&labels));
    }
    for (files, rows) in
        [("--train_file a/part-1.csv b.csv", 4), ("--train_file a/part-*.csv", 4), ("--train_file a/*.csv b.csv", 6)]
    {
        let ended = run(&bench, &format!("{files} --do_train"));
        ended.assert_done(files);
        assert!(ended.stderr.contains(&format!("trains on {rows} rows of train")), "{files}: {}", ended.stderr);
    }
    run(&bench, "--train_file c/*.csv --do_train").assert_refused(
        "none",
        2,
        &["--train_file c/*.csv: there are no such files"],
    );
    run(&bench, "--train_file b.csv b.csv --do_train").assert_refused("twice", 2, &["b.csv is given twice"]);
}

#[test]
fn glues_own_download_is_read() {
    let bench = Bench::new();
    let rte = "index\tsentence1\tsentence2\tlabel\n0\tA man \"eats.\tSomeone eats.\tentailment\n1\tA dog runs.\tIt sleeps.\tnot_entailment\n";
    let mnli = "index\tsentence1\tsentence2\tlabel1\tgold_label\n0\tA man eats.\tHe eats.\tneutral\tentailment\n";
    for (name, text) in
        [("G/RTE/train.tsv", rte), ("G/RTE/dev.tsv", rte), ("G/MNLI/train.tsv", mnli), ("G/MNLI/dev_matched.tsv", mnli)]
    {
        bench.write(name, text);
    }
    bench.write("G/MNLI/dev_mismatched.tsv", mnli);
    for flags in ["--task rte --data_dir G", "--task rte --dataset_dir G/RTE", "--task mnli --data_dir G/"] {
        run(&bench, &format!("{flags} --do_train --do_eval")).assert_done(flags);
    }
    let other = run(&bench, "--task wnli --data_dir G/RTE --do_train");
    other.assert_refused("another task's", 2, &["is GLUE's folder of rte; expected that of wnli, WNLI"]);
    run(&bench, "--task rte --data_dir G --do_predict --output_dir out").assert_refused(
        "no test",
        2,
        &["there is no split test of rte"],
    );
}

#[test]
fn a_script_is_not_run_and_its_conversion_is_read() {
    let (hub, bench) = (LoopbackHub::start(), Bench::new());
    let commit = |letter: &str| letter.repeat(40);
    hub.add_repo(RepoKind::Dataset, "o/films", &commit("a"), [("films.py", b"import datasets".as_slice())]);
    let data = RepoFiles::from(demo("glue").as_path());
    let converted = |task: &str| data.0[&format!("{task}/train-00000-of-00001.parquet")].clone();
    let files = [("x/train/0000.parquet", converted("rte")), ("y/train/0000.parquet", converted("cola"))];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    hub.add_revision(RepoKind::Dataset, "o/films", "refs/convert/parquet", &commit("b"), [files[0], files[1]]);
    let on_hub = |flags: &str| {
        let mut command = bench.command();
        command.env("HF_ENDPOINT", hub.endpoint()).args(FLAGS.split(' ')).args([
            "--dataset_name",
            "o/films",
            "--do_train",
        ]);
        end(command.args(flags.split_whitespace()))
    };
    on_hub("").assert_refused(
        "a script",
        2,
        &["made by a script, films.py", "--dataset_revision refs/convert/parquet"],
    );
    let revision = "--dataset_revision refs/convert/parquet";
    on_hub(revision).assert_refused("two", 2, &["which configuration? Give --dataset_config_name one of x, y"]);
    on_hub(&format!("{revision} --dataset_config_name x")).assert_done("converted");
    assert_eq!(bench.record()["dataset"]["commit"], commit("b"));
}
