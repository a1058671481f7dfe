//! References that name no metric, or a task by a name that records do not have: what is wrong is said, and not that the model is another.

use results::verify;
use serde_json::{Value, json};

use crate::verified::Bench;
use crate::verified_rows::{NEAR, accuracy};

fn error(runs: &Value, model: Option<&str>) -> String {
    let bench = Bench::new("accuracy", &NEAR, 277);
    bench.write("reference.json", &json!({"model": model, "runs": runs}));
    verify::run(&bench.options("reference.json")).err().unwrap().to_string()
}

#[test]
fn what_a_reference_names_that_is_not_known_is_said() {
    let model = Some("all-MiniLM-L6-v2");
    for (runs, model, part) in [
        (json!({"RTE": accuracy(0.65)}), model, "RTE is not the name of a task of the runs, expected rte"),
        (json!({"glue/rte": accuracy(0.65)}), None, "glue/rte is not the name of a task of the runs, expected rte"),
        // Beside what can be compared too.
        (json!({"RTE": accuracy(0.65), "rte": accuracy(0.65)}), model, "RTE is not the name"),
        (json!({"rte": {"metric": "unstated", "value": 0.65}}), model, "the metric of rte is unstated"),
        (json!({"rte": {"metric": "unstated", "value": 0.65}}), None, "give its name there, such as accuracy"),
        (
            json!({"cola": {"metric": "accuracy", "value": 0.65}}),
            model,
            "there are numbers of cola, and the runs are of rte",
        ),
    ] {
        let error = error(&runs, model);
        assert!(error.contains("reference.json") && error.contains(part), "{error}");
        assert!(!error.contains("--reference_model"), "{error}");
    }
    let error = error(&json!({"rte": accuracy(0.65)}), Some("bert"));
    assert!(error.contains("give --reference_model, one of: bert"), "{error}");
}

#[test]
fn two_tasks_whose_names_differ_in_capitals_are_two() {
    let bench = Bench::new("accuracy", &[], 277);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("results", seed, |record| {
            record["task"] = json!("cls_train");
            record["hyper_parameters"]["metric_name"] = json!("accuracy");
            record["metrics"] = json!({"accuracy": value});
            record["score"] = json!(value);
        });
    }
    let mut run = accuracy(0.65);
    run["rows"] = json!(277);
    bench.write("both.json", &json!({"runs": {"Cls_Train": run, "cls_train": run}}));
    let verified = verify::run(&bench.options("both.json")).map_err(|error| error.to_string()).unwrap();
    let all: Value = serde_json::from_str(&verified.as_json()).unwrap();
    let verdicts: Vec<&Value> = all["numbers"].as_array().unwrap().iter().map(|number| &number["verdict"]).collect();
    assert_eq!(verdicts, ["not run", "reproduced"], "{all}");
    bench.write("one.json", &json!({"runs": {"Cls_Train": run}}));
    let error = verify::run(&bench.options("one.json")).err().unwrap().to_string();
    assert!(error.contains("Cls_Train is not the name of a task of the runs, expected cls_train"), "{error}");
}
