//! What of the origin of runs makes another row: weights, other files, and training rows of one model. What other models were trained on
//! does not.

use serde_json::json;

use super::{of_format_1, record};
use crate::compare::{Comparison, Format, formats, rows};
use records::record::RecordFile;

fn names(found: &[RecordFile]) -> Vec<String> {
    rows(found, 0.95).into_iter().map(|row| row.name).collect()
}

/// A run of a model with these training rows.
fn trained_on(content: &str, (path, mut record): RecordFile) -> RecordFile {
    record.dataset.splits[0].sha256 = Some(content.to_owned());
    (path, record)
}

/// A saved model that was evaluated.
fn evaluated((path, mut record): RecordFile) -> RecordFile {
    record.timings.train_seconds = None;
    record.dataset.splits.remove(0);
    (path, record)
}

#[test]
fn runs_of_other_weights_or_training_rows_are_other_rows() {
    let mut other_weights = record("m", "rte", 2, Some(0.6));
    other_weights.1.model.weights_sha256 = [("model.safetensors".to_owned(), "ff00".to_owned())].into();
    assert_eq!(names(&[record("m", "rte", 1, Some(0.5)), other_weights]), ["m (weights=ab12)", "m (weights=ff00)"]);
    let run = |seed: u64| record("m", "rte", seed, Some(0.6));
    let found = [run(1), trained_on("cc", run(2)), record("m", "cola", 1, Some(0.5))];
    assert_eq!(names(&found), ["m (trained on 100 rows, content aa)", "m (trained on 100 rows, content cc)", "m"]);
    // Those that most runs of the model were trained on need no words, so that its tasks stay in one row.
    assert_eq!(names(&[run(1), run(2), trained_on("cc", run(3))]), ["m", "m (trained on 100 rows, content cc)"]);
    // Another tokenizer is another model.
    let mut other_tokenizer = run(2);
    other_tokenizer.1.model.config_sha256 = Some("aa".to_owned());
    other_tokenizer.1.model.tokenizer_sha256 = [("vocab.txt".to_owned(), "dd".to_owned())].into();
    assert_eq!(names(&[run(1), other_tokenizer]).len(), 2);
}

#[test]
fn another_model_takes_no_task_and_no_average_from_a_model() {
    let tasks = ["super_glue/boolq", "super_glue/cb", "super_glue/rte"];
    let mut found: Vec<RecordFile> =
        tasks.iter().flat_map(|task| (0..3).map(|seed| record("good", task, seed, Some(0.7)))).collect();
    let average = |found: &[RecordFile]| {
        let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
        let names: Vec<String> = comparison.rows.iter().map(|row| row.name.clone()).collect();
        let (_, average) = comparison.averages()[0];
        let notes = comparison.all_notes();
        (names, comparison.rows[0].averages.get(average).map(|all| all.count), notes)
    };
    assert_eq!(average(&found), (vec!["good".to_owned()], Some(3), Vec::new()));
    found.extend((0..3).map(|seed| trained_on("cc", record("other", tasks[1], seed, Some(0.5)))));
    let said = "super_glue/cb: the runs were not trained on the same rows (trained on 100 rows, content aa: good; \
         trained on 100 rows, content cc: other)";
    assert_eq!(average(&found), (vec!["good".to_owned(), "other".to_owned()], Some(3), vec![said.to_owned()]));
    // Every form has it.
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    for format in [Format::Text, Format::Markdown, Format::Latex, Format::Json, Format::Html] {
        // The page calls tasks as papers do.
        let said = if format == Format::Html { said.replace("super_glue/cb", "CB") } else { said.to_owned() };
        assert!(formats::render(&comparison, format).unwrap().contains(&said), "{}", format.name());
    }
    // Nor does one that was only evaluated, or a record of format 1.
    let found = [record("m", "rte", 1, Some(0.5)), evaluated(record("saved", "rte", 1, Some(0.6)))];
    assert_eq!(names(&found), ["m", "saved"]);
    assert!(
        Comparison::new(&found, &[], None, 0.95).unwrap().all_notes()[0].contains("not trained, only evaluated: saved")
    );
    let found = [record("m", "rte", 1, Some(0.5)), of_format_1(record("old", "rte", 1, Some(0.6)))];
    assert_eq!(names(&found), ["m", "old"]);
    let notes = Comparison::new(&found, &[], None, 0.95).unwrap().all_notes();
    assert!(notes.iter().all(|note| !note.contains("the same rows")), "{notes:?}");
}

#[test]
fn a_model_that_was_only_evaluated_and_its_own_trainings_stay_apart() {
    let found = [record("m", "rte", 1, Some(0.5)), evaluated(record("m", "mrpc", 1, Some(0.6)))];
    assert_eq!(names(&found), ["m", "m (not trained, only evaluated)"]);
}

#[test]
fn spellings_of_one_folder_are_one_model() {
    let of = |model: &str, seed: u64, config: &str| {
        let mut found = record(model, "rte", seed, Some(0.5));
        found.1.model.config_sha256 = Some(config.to_owned());
        found
    };
    let found = [of("/models/bert", 1, "aa"), of("bert", 2, "aa"), of("./bert/", 2, "aa")];
    let comparison = Comparison::new(&found, &[], Some("/models/bert"), 0.95).unwrap();
    assert_eq!(names(&found), ["bert"]);
    assert_eq!(comparison.rows[0].entries["rte"].seeds.len(), 2, "a run counts once");
    // Other files, or another name.
    assert_eq!(names(&[of("/models/bert", 1, "aa"), of("bert", 2, "bb")]), ["/models/bert", "bert"]);
    assert_eq!(names(&[of("/models/bert", 1, "aa"), of("roberta", 2, "aa")]), ["/models/bert", "roberta"]);
    // A folder whose files have changed is no spelling of another.
    let found = [of("/models/bert", 1, "aa"), of("bert", 2, "aa"), of("bert", 3, "bb")];
    assert_eq!(names(&found).len(), 3);
    // Format 1 does not know all files.
    let old = |model: &str, seed: u64| record(model, "rte", seed, Some(0.5));
    assert_eq!(names(&[old("./x/", 1), old("x", 2)]), ["x"]);
    assert_eq!(names(&[old("/models/x", 1), old("x", 2)]), ["/models/x", "x"]);
}

#[test]
fn a_row_whose_tasks_have_settings_of_their_own_says_so() {
    let run = |task: &str, seed: u64, rate: f64| {
        let mut found = record("m", task, seed, Some(0.5));
        found.1.hyper_parameters.insert("learning_rate".to_owned(), json!(rate));
        found
    };
    let mut found = vec![run("mrpc", 1, 1e-3), run("rte", 1, 1e-4), run("rte", 2, 1e-4)];
    let notes = |found: &[RecordFile]| Comparison::new(found, &[], None, 0.95).unwrap().all_notes();
    assert_eq!(notes(&found), [""; 0], "no row is told apart by it");
    found.push(run("rte", 1, 1e-3));
    assert_eq!(names(&found), ["m", "m (learning_rate=0.001)"]);
    assert_eq!(
        notes(&found),
        [
            "m: a setting that tells its rows apart is each task's usual one here (learning_rate 0.0001 on rte, 0.001 on mrpc)"
        ]
    );
}

#[test]
fn numbers_of_training_rows_that_differ_are_other_rows_in_format_1_too() {
    let old = |model: &str, task: &str, seed: u64, rows: u64| {
        let mut found = of_format_1(record(model, task, seed, Some(0.6)));
        found.1.dataset.splits[0].rows = rows;
        found
    };
    let notes = |found: &[RecordFile]| Comparison::new(found, &[], None, 0.95).unwrap().all_notes();
    let found = [old("m", "rte", 1, 2490), old("m", "rte", 2, 2490), old("m", "rte", 3, 100)];
    assert_eq!(names(&found), ["m", "m (trained on 100 rows, content unknown)"]);
    let said = "rte: the runs were not trained on the same rows (trained on 100 rows, content unknown: m (trained on 100 rows, content \
         unknown); trained on 2490 rows, content unknown: m)";
    assert_eq!(notes(&found), [said]);
    // As many rows may be the same ones, whatever the other record knows of them.
    assert_eq!(notes(&[old("m", "rte", 1, 100), old("n", "rte", 2, 100)]), [""; 0]);
    let beside = [record("m", "rte", 1, Some(0.5)), old("n", "rte", 1, 100)];
    assert!(notes(&beside).iter().all(|note| !note.contains("the same rows")), "{:?}", notes(&beside));
    let beside = [record("m", "rte", 1, Some(0.5)), old("n", "rte", 1, 2490)];
    assert!(notes(&beside).iter().any(|note| note.contains("trained on 2490 rows, content unknown: n")));
    // One that was trained on and one that only evaluated are known apart.
    let beside = [evaluated(record("m", "rte", 1, Some(0.5))), old("n", "rte", 1, 2490)];
    assert!(notes(&beside).iter().any(|note| note.contains("the same rows")), "{:?}", notes(&beside));
    // Data of one's own.
    let found = [old("m", "own", 1, 20), old("m", "own", 2, 20), old("m", "own", 3, 5000)];
    assert_eq!(names(&found), ["m", "m (trained on 5000 rows of glue own, content unknown)"]);
}

#[test]
fn data_of_format_1_with_other_classes_are_other_data() {
    let old = |seed: u64, names: [&str; 2]| {
        let mut found = of_format_1(record("m", "own", seed, Some(0.6)));
        for (class, name) in found.1.class_tables[0].classes.iter_mut().zip(names) {
            class.label = name.to_owned();
        }
        found
    };
    let columns = |found: &[RecordFile]| {
        let all = Comparison::new(found, &[], None, 0.95).unwrap().columns;
        all.into_iter().map(|column| column.name).collect::<Vec<_>>()
    };
    assert_eq!(columns(&[old(1, ["no", "yes"]), old(2, ["yes", "no"])]), ["own"]);
    assert_eq!(
        columns(&[old(1, ["no", "yes"]), old(2, ["x", "y"])]),
        [
            "own (validation; 9 rows; content unknown; of glue own; classes no, yes)",
            "own (validation; 9 rows; content unknown; of glue own; classes x, y)"
        ]
    );
}
