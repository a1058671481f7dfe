//! What references there are, what is wrong with their fields, and runs that are held against runs of another model or training.

use results::verify::{self, Outcome, Verification};
use serde_json::{Value, json};

use crate::results;
use crate::verified::Bench;

/// Three seeds of RTE, whose mean is 0.65 and standard deviation 0.004.
const NEAR: [f64; 3] = [0.646, 0.65, 0.654];

/// Seeds of format 2, trained on the rows with this hash from the weights with that one.
pub(crate) fn add(bench: &Bench, folder: &str, first_seed: usize, change: impl Fn(&mut Value)) {
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add(folder, first_seed + seed, |record| {
            record["format_version"] = json!(2);
            record["metrics"] = json!({"accuracy": value});
            record["model"]["weights_sha256"] = json!({"model.safetensors": "aa".repeat(32)});
            record["dataset"].as_object_mut().unwrap().remove("rows");
            record["dataset"]["splits"] = json!([
                {"split": "train", "used_for": "training", "rows": 640, "rows_of_split": 2490, "sha256": "cc".repeat(32)},
                {"split": "validation", "used_for": "evaluation", "rows": 277, "rows_of_split": 277, "sha256": "dd".repeat(32),
                 "trained_on": 0}
            ]);
            change(record);
        });
    }
}

pub(crate) fn verified(bench: &Bench, allow_other: bool) -> Result<Verification, String> {
    let options = verify::VerifyOptions { allow_other, ..bench.options("others") };
    verify::run(&options).map_err(|error| error.to_string())
}

fn number(verified: &Verification) -> Value {
    serde_json::from_str::<Value>(&verified.as_json()).unwrap()["numbers"][0].clone()
}

#[test]
fn runs_of_other_weights_or_training_rows_are_no_repetition() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str, [&str; 2], &str); 3] = [
        (
            |record| record["model"]["weights_sha256"]["model.safetensors"] = json!("bb".repeat(32)),
            "other weights",
            [
                "a model with the weights aaaaaaaaaaaa, although its name is the same",
                "expected the weights bbbbbbbbbbbb",
            ],
            "same_weights",
        ),
        (
            |record| {
                record["dataset"]["splits"][0]["rows"] = json!(32);
                record["dataset"]["splits"][0]["sha256"] = json!("ee".repeat(32));
            },
            "trained on other rows",
            [
                "a training on 640 rows of train, content cccccccccccc",
                "expected a training on 32 rows of train, content eeee",
            ],
            "same_training_rows",
        ),
        (
            |record| {
                record["dataset"]["splits"].as_array_mut().unwrap().remove(0);
                record["training"] = Value::Null;
                record["timings"]["train_seconds"] = Value::Null;
            },
            "trained on other rows",
            ["a training on 640 rows", "expected a model that was only evaluated"],
            "same_training_rows",
        ),
    ];
    for (change, note, parts, field) in cases {
        let bench = Bench::new("accuracy", &[], 0);
        add(&bench, "results", 0, |_| ());
        add(&bench, "others", 10, change);
        let error = verified(&bench, false).err().unwrap();
        for part in parts.into_iter().chain(["seed-0.json: accuracy of rte", "3 runs of", "--allow_other"]) {
            assert!(error.contains(part), "{part}: {error}");
        }
        let all = verified(&bench, true).unwrap();
        let number = number(&all);
        assert!(number["note"].as_str().unwrap().contains(note), "{number}");
        assert_eq!((&number[field], all.outcome()), (&json!(false), Outcome::Reproduced), "{number}");
        // The last line says it too.
        assert!(
            all.summary().ends_with("; among them 1 of other weights, or trained on other rows or in another way."),
            "{}",
            all.summary()
        );
    }
}

#[test]
fn another_method_is_no_answer() {
    let method = |name: &'static str| move |record: &mut Value| record["hyper_parameters"]["peft"] = json!(name);
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, method("lora"));
    add(&bench, "others", 10, |_| ());
    let error = verified(&bench, false).err().unwrap();
    assert!(error.contains("some are of trainings by another method (--peft"), "{error}");
    let all = verified(&bench, true).unwrap();
    assert_eq!(all.outcome(), Outcome::Reproduced);
    let found = number(&all);
    assert!(found["note"].as_str().unwrap().contains("trained with peft=lora (theirs of all parameters)"), "{found}");
    let said = "1 of other weights, or trained on other rows or in another way";
    assert!(all.summary().contains(said), "{}", all.summary());
    // Beside runs by the same method it is passed over.
    add(&bench, "results", 40, |_| ());
    let all = verified(&bench, false).unwrap();
    assert_eq!((all.outcome(), number(&all)["note"].as_str()), (Outcome::Reproduced, Some("")), "{}", all.summary());
}

#[test]
fn runs_that_were_begun_from_are_held_against_each_other() {
    let from = |hash: &'static str, file: &'static str| {
        move |record: &mut Value| {
            record["init_from"] = json!({
                "task": "mnli", "which": "same", "seed": 42, "score": 0.8, "settings_hash": hash.repeat(32),
                "weights_sha256": {file: "ab".repeat(32)}, "config_sha256": "cd".repeat(32), "tokenizer_sha256": {},
            });
        }
    };
    for (theirs, file, said) in [
        ("0a", "model.safetensors", None),
        ("0b", "model.safetensors", Some("started from mnli 0a0a0a0a0a0a (theirs mnli 0b0b0b0b0b0b)")),
        ("0a", "adapter_model.safetensors", Some("started from mnli 0a0a0a0a0a0a (theirs mnli 0a0a0a0a0a0a, adapter)")),
    ] {
        let bench = Bench::new("accuracy", &[], 0);
        add(&bench, "results", 0, from("0a", "model.safetensors"));
        add(&bench, "others", 10, from(theirs, file));
        let all = verified(&bench, false).unwrap();
        let note = number(&all)["note"].as_str().unwrap().to_owned();
        assert_eq!(note.contains("started from"), said.is_some(), "{note}");
        assert!(said.is_none_or(|said| note.contains(said)), "{note}");
    }
}

#[test]
fn a_method_beside_a_written_number_is_said() {
    for (method, said) in [(json!(null), false), (json!("lora"), true)] {
        let bench = Bench::new("accuracy", &[], 0);
        for seed in 0..3 {
            bench.add("results", seed, |record| record["hyper_parameters"]["peft"] = method.clone());
        }
        let found = bench.against(&json!({"metric": "accuracy", "value": 0.55}), |_| ()).unwrap();
        let note = found["note"].as_str().unwrap();
        assert_eq!(note.contains("trained with peft=lora (theirs unknown)"), said, "{found}");
    }
}

#[test]
fn other_settings_are_said() {
    let bench = Bench::new("accuracy", &[], 0);
    let epochs =
        |epochs: Value| move |record: &mut Value| record["hyper_parameters"]["num_train_epochs"] = epochs.clone();
    add(&bench, "results", 0, epochs(json!(2)));
    add(&bench, "others", 10, epochs(json!(1.0)));
    let all = verified(&bench, false).unwrap();
    let found = number(&all);
    assert_eq!(found["other_settings"], json!(["num_train_epochs 2 (theirs 1)"]));
    assert!(found["note"].as_str().unwrap().contains("other settings: num_train_epochs 2 (theirs 1)"), "{found}");
    assert!(all.summary().ends_with("; among them 1 of runs with other settings."), "{}", all.summary());
    // One number, however it is written.
    add(&bench, "others", 10, epochs(json!(2.0)));
    let all = verified(&bench, false).unwrap();
    let number = number(&all);
    assert_eq!((&number["same_weights"], &number["same_training_rows"]), (&json!(true), &json!(true)));
    assert!(number["other_settings"] == json!([]) && number["note"] == "", "{number}");
    assert!(all.summary().ends_with("cannot be told."), "{}", all.summary());
}

#[test]
fn what_records_do_not_know_of_their_origin_is_said() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("others", seed + 10, |record| record["metrics"] = json!({"accuracy": value}));
    }
    let all = verified(&bench, false).unwrap();
    let number = number(&all);
    assert_eq!((&number["same_weights"], &number["same_training_rows"]), (&json!(true), &Value::Null));
    assert!(number["note"].as_str().unwrap().contains("unknown whether trained on the same rows"), "{number}");
}

#[test]
fn a_folder_of_references_is_read() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let reference = |value: f64| json!({"runs": {"rte": {"metric": "accuracy", "value": value}}});
    bench.write("others/a.json", &reference(0.65));
    bench.write("others/b.json", &reference(0.95));
    let table = json!({"format": "published-results-2", "name": "t", "source": "https://example.org", "protocol": "p",
        "split": "validation", "rows": [{"model": "all-MiniLM-L6-v2", "tasks": {"rte": {"accuracy": 0.64}}}]});
    bench.write("others/c.json", &table);
    let all = verified(&bench, false).unwrap();
    let numbers = serde_json::from_str::<Value>(&all.as_json()).unwrap()["numbers"].clone();
    let values: Vec<f64> = numbers.as_array().unwrap().iter().map(|n| n["reference"].as_f64().unwrap()).collect();
    assert_eq!((values, all.outcome()), (vec![0.65, 0.95, 0.64], Outcome::NotReproduced));
    // The committed ones.
    let options = verify::VerifyOptions {
        paths: vec![results("rte"), results("stsb")],
        against: vec![results("reference")],
        ..verify::VerifyOptions::default()
    };
    assert_eq!(verify::run(&options).unwrap().outcome(), Outcome::CannotTell);
    // What is none of these, and what is not known to be meant.
    bench.write("others/d.json", &json!({"metric": 1}));
    let error = verified(&bench, false).err().unwrap();
    assert!(error.contains("d.json: it is none of these"), "{error}");
    bench.write("others/d.json", &json!([1, 2]));
    let error = verified(&bench, false).err().unwrap();
    assert!(error.contains("d.json: it is none of these"), "{error}");
    bench.write("others/d.json", &json!({"runs": {}}));
    let error = verified(&bench, false).err().unwrap();
    assert!(error.contains("d.json: there are no numbers in it"), "{error}");
    bench.add("others/deeper", 10, |_| ());
    let error = verified(&bench, false).err().unwrap();
    assert!(error.contains("there are run records in it beside") && error.contains("a.json"), "{error}");
}

#[test]
fn fields_that_are_none_are_refused_with_the_nearest() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let refused = |reference: Value, parts: &[&str]| {
        bench.write("others/reference.json", &reference);
        let error = verified(&bench, false).err().unwrap_or_default();
        for part in parts.iter().chain(&["reference.json: there is no field "]) {
            assert!(error.contains(part), "{part}: {error}");
        }
    };
    let run = |field: &str| json!({"runs": {"rte": {"metric": "accuracy", "value": 0.65, field: 0.3}}});
    refused(run("tolerence"), &["no field tolerence of rte (is tolerance meant?): the fields are metric, value, "]);
    refused(run("n"), &["no field n of rte: the fields are"]);
    refused(
        json!({"modell": "m", "runs": {}}),
        &["no field modell (is model meant?): the fields are what, model, runs"],
    );
    let table = |field: &str, of_row: &str, of_number: &str| {
        json!({"format": "published-results-2", "name": "t", "source": "https://example.org", "protocol": "p", "split": "validation",
            field: 3, "rows": [{"model": "big", of_row: 3, "tasks": {"rte": {"accuracy": {"value": 0.65, of_number: 3}}}}]})
    };
    refused(table("run", "runs", "runs"), &["no field run (is runs meant?)"]);
    refused(table("runs", "initialization", "runs"), &["no field initialization of big (is initialisation meant?)"]);
    refused(table("runs", "runs", "stdev"), &["no field stdev of accuracy of rte of big: "]);
    bench.write(
        "others/reference.json",
        &json!({"$schema": "x", "what": "w", "runs": {"rte": {"metric": "accuracy", "value": 0.65}}}),
    );
    verified(&bench, false).unwrap();
}

#[test]
fn a_margin_that_is_advised_is_taken() {
    let bench = Bench::new("accuracy", &[], 0);
    for (seed, loss) in [0.61, 0.611, 0.612].into_iter().enumerate() {
        bench.add("results", seed, |record| record["metrics"] = json!({"accuracy": 0.65, "loss": loss}));
    }
    let run = json!({"metric": "loss", "value": 0.611});
    let error = bench.against(&run, |_| ()).unwrap_err();
    let (_, advised) = error.split_once("--margin ").unwrap();
    let margin: verify::Margin = advised.replace('X', "0.1").parse().unwrap();
    let number = bench.against(&run, |options| options.margins = [margin.clone()].into_iter().collect()).unwrap();
    assert_eq!((&number["margin"], &number["verdict"]), (&json!(0.1), &json!("reproduced")), "{number}");
    assert!("lost=0.1".parse::<verify::Margin>().is_err());
}

#[test]
fn runs_of_two_models_are_a_reference_whatever_each_was_trained_on() {
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, |_| ());
    add(&bench, "others", 10, |_| ());
    add(&bench, "others/x", 20, |record| {
        record["model"]["id"] = json!("x");
        record["dataset"]["splits"][0]["sha256"] = json!("ee".repeat(32));
    });
    assert_eq!(verified(&bench, false).unwrap().outcome(), Outcome::Reproduced);
    // Of one model with two trainings no mean can be taken.
    add(&bench, "others/y", 20, |record| record["dataset"]["splits"][0]["sha256"] = json!("ee".repeat(32)));
    assert!(verified(&bench, false).err().unwrap().contains("the runs are of several settings"));
}

#[test]
fn a_model_is_known_by_any_spelling_of_its_folder() {
    let bench = Bench::new("accuracy", &[], 0);
    let spelled = |id: &'static str| {
        move |record: &mut Value| {
            record["model"]["id"] = json!(id);
            record["model"]["config_sha256"] = json!("dd".repeat(32));
        }
    };
    add(&bench, "results", 0, spelled("/models/bert"));
    add(&bench, "others", 10, spelled("./bert/"));
    assert_eq!(verified(&bench, false).unwrap().outcome(), Outcome::Reproduced);
    add(&bench, "others", 10, spelled("roberta"));
    assert!(verified(&bench, false).err().unwrap().contains("no number of the models /models/bert"));
}

#[test]
fn an_evaluation_of_a_model_that_may_have_been_trained_on_the_rows_says_so() {
    let note = |trained_on: Value| {
        let bench = Bench::new("accuracy", &[], 0);
        for folder in ["results", "others"] {
            add(&bench, folder, if folder == "results" { 0 } else { 10 }, |record| {
                record["dataset"]["splits"].as_array_mut().unwrap().remove(0);
                record["dataset"]["splits"][0]["trained_on"] = trained_on.clone();
                record["training"] = Value::Null;
                record["timings"]["train_seconds"] = Value::Null;
                record["hyper_parameters"]["new_head"] = json!(false);
            });
        }
        number(&verified(&bench, true).unwrap())["note"].as_str().unwrap().to_owned()
    };
    let said = "unknown whether trained on the rows that are scored";
    assert!(note(Value::Null).contains(said));
    assert!(!note(json!(0)).contains(said));
}

#[test]
fn f1_of_one_class_is_not_held_against_that_of_another() {
    let of_class = |metric: &'static str, labels: [&'static str; 2]| {
        move |record: &mut Value| {
            record["task"] = json!("own");
            record["metrics"] = json!({metric: record["metrics"]["accuracy"]});
            record["hyper_parameters"]["metric_name"] = json!(metric);
            let rates = |label: &str| json!({"label": label, "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 5, "predicted": 5});
            record["class_tables"] =
                json!([{"split": "validation", "confusion_matrix": null, "classes": labels.map(rates)}]);
        }
    };
    let bench = Bench::new("accuracy", &[], 0);
    for metric in ["f1", "precision", "recall"] {
        add(&bench, "results", 0, of_class(metric, ["neg", "pos"]));
        add(&bench, "others", 10, of_class(metric, ["pos", "neg"]));
        let error = verified(&bench, true).err().unwrap_or_default();
        for part in ["seed-0.json", "is that of the class pos, expected that of neg", "--label_names"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        add(&bench, "others", 10, of_class(metric, ["neg", "pos"]));
        assert_eq!(verified(&bench, false).unwrap().outcome(), Outcome::Reproduced);
    }
    // Beside what can be compared it is not.
    let with_accuracy = |record: &mut Value| record["metrics"]["accuracy"] = json!(0.65);
    for (folder, first_seed, labels) in [("results", 0, ["neg", "pos"]), ("others", 10, ["pos", "neg"])] {
        add(&bench, folder, first_seed, |record| {
            of_class("f1", labels)(record);
            with_accuracy(record);
        });
    }
    let all = verified(&bench, false).unwrap();
    let numbers = serde_json::from_str::<Value>(&all.as_json()).unwrap()["numbers"].clone();
    let of = |at: usize, name: &str| numbers[at][name].clone();
    assert_eq!([of(0, "metric"), of(0, "verdict")], ["accuracy", "reproduced"]);
    assert_eq!([of(1, "metric"), of(1, "verdict")], ["f1", "other class"]);
    assert_eq!(of(1, "note"), "that of the class pos, theirs is that of neg");
    assert_eq!(all.outcome(), Outcome::Reproduced);
    let complete = verify::VerifyOptions { complete: true, ..bench.options("others") };
    let all = verify::run(&complete).unwrap();
    assert_eq!(all.outcome(), Outcome::NotReproduced);
    assert!(all.summary().contains("no run answers 1 number (f1 of own: other class)"), "{}", all.summary());
    // What is of all classes.
    add(&bench, "results", 0, of_class("f1_macro", ["neg", "pos"]));
    add(&bench, "others", 10, of_class("f1_macro", ["pos", "neg"]));
    assert_eq!(verified(&bench, false).unwrap().outcome(), Outcome::Reproduced);
}

#[test]
fn a_setting_that_one_side_does_not_know_is_said_where_the_other_has_another_than_before() {
    let with = |value: Value| {
        let bench = Bench::new("accuracy", &[], 0);
        add(&bench, "results", 0, |_| ());
        add(&bench, "others", 10, |record| record["hyper_parameters"]["label_smoothing_factor"] = value.clone());
        number(&verified(&bench, false).unwrap())["other_settings"].clone()
    };
    assert_eq!(with(json!(0.1)), json!(["label_smoothing_factor 0 (theirs 0.1)"]));
    assert_eq!(with(json!(0.0)), json!([]));
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, |_| ());
    add(&bench, "others", 10, |record| {
        drop(record["hyper_parameters"].as_object_mut().unwrap().remove("learning_rate"))
    });
    let found = number(&verified(&bench, false).unwrap());
    assert_eq!(found["other_settings"], json!(["learning_rate 0.00002 (theirs unknown)"]));
}

#[test]
fn runs_that_could_not_keep_their_best_weights_are_said() {
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, |record| {
        let kept = if record["seed"] == 1 { "best_kept" } else { "best" };
        record["training"] = json!({"weights": kept, "step": 10});
    });
    add(&bench, "others", 10, |_| ());
    let found = number(&verified(&bench, false).unwrap());
    let said = "1 of 3 runs could not keep their best weights, and scored the best that they had";
    assert!(found["note"].as_str().unwrap().contains(said), "{found}");
}

#[test]
fn known_numbers_of_training_rows_that_differ_are_other_training_rows() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let theirs = |change: &dyn Fn(&mut Value)| {
        for (seed, value) in NEAR.into_iter().enumerate() {
            bench.add("others", seed + 10, |record| {
                record["metrics"] = json!({"accuracy": value});
                change(record);
            });
        }
    };
    theirs(&|record| record["dataset"]["rows"]["train"] = json!(100));
    let error = verified(&bench, false).err().unwrap();
    for part in ["a training on 2490 rows of train, content unknown", "expected a training on 100 rows of train"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let all = verified(&bench, true).unwrap();
    assert_eq!(number(&all)["same_training_rows"], false);
    // A model that was only evaluated, beside one that was trained.
    theirs(&|record| record["timings"]["train_seconds"] = Value::Null);
    assert!(verified(&bench, false).err().unwrap().contains("expected a model that was only evaluated"));
    // One that knows more.
    let used = |split: &str, used_for: &str, rows: u64, hash: &str| {
        json!({"split": split, "used_for": used_for, "rows": rows, "rows_of_split": rows,
            "sha256": hash.repeat(32)})
    };
    theirs(&|record| {
        record["format_version"] = json!(2);
        record["dataset"].as_object_mut().unwrap().remove("rows");
        let splits = [used("train", "training", 640, "cc"), used("validation", "evaluation", 277, "dd")];
        record["dataset"]["splits"] = json!(splits);
    });
    assert!(verified(&bench, false).err().unwrap().contains("expected a training on 640 rows of train, content cccc"));
}

#[test]
fn data_of_format_1_with_other_classes_are_not_compared() {
    let bench = Bench::new("accuracy", &[], 277);
    let own = |folder: &str, first_seed: usize, names: [&str; 2]| {
        for (seed, value) in NEAR.into_iter().enumerate() {
            bench.add(folder, first_seed + seed, |record| {
                record["task"] = json!("own");
                record["metrics"] = json!({"accuracy": value});
                record["hyper_parameters"]["metric_name"] = json!("accuracy");
                let rates = |label: &str| json!({"label": label, "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 5, "predicted": 5});
                record["class_tables"] =
                    json!([{"split": "validation", "confusion_matrix": null, "classes": names.map(rates)}]);
            });
        }
    };
    own("results", 0, ["neg", "pos"]);
    own("others", 10, ["x", "y"]);
    let error = verified(&bench, false).err().unwrap();
    assert!(error.contains("expected rows with the classes x, y, and these have neg, pos"), "{error}");
    own("others", 10, ["pos", "neg"]);
    assert_eq!(verified(&bench, false).unwrap().outcome(), Outcome::Reproduced);
}
