//! What is one run counts once in a verification, as it does in a comparison.

use results::compare::{self, CompareOptions, Format};
use results::verify;
use serde_json::{Value, json};

use crate::verified::Bench;

/// The number of runs in a verification against 0.65, its verdict, and the seeds of every row of the comparison.
fn counted(bench: &Bench) -> (Vec<u64>, Vec<String>, Vec<usize>) {
    bench.write("reference.json", &json!({"runs": {"rte": {"metric": "accuracy", "value": 0.65}}}));
    let options = bench.options("reference.json");
    let verified: Value = serde_json::from_str(&verify::run(&options).unwrap().as_json()).unwrap();
    let numbers = verified["numbers"].as_array().unwrap();
    let paths = options.paths.clone();
    let compared = compare::run(&CompareOptions { paths, format: Format::Json, ..CompareOptions::default() }).unwrap();
    let table: Value = serde_json::from_str(&compared.text).unwrap();
    let rows = table["models"].as_array().unwrap().iter();
    let seeds = rows.flat_map(|row| row["tasks"].as_object().unwrap().values()).map(|entry| &entry["seeds"]);
    (
        numbers.iter().map(|number| number["runs"].as_u64().unwrap()).collect(),
        numbers.iter().map(|number| number["verdict"].as_str().unwrap().to_owned()).collect(),
        seeds.map(|seeds| seeds.as_array().unwrap().len()).collect(),
    )
}

/// Three records, each with another hash.
fn bench(change: impl Fn(usize, &mut Value)) -> Bench {
    let bench = Bench::new("accuracy", &[], 277);
    for place in 0..3 {
        bench.add("results", place, |record| {
            record["metrics"] = json!({"accuracy": 0.65});
            record["score"] = json!(0.65);
            record["settings_hash"] = json!(format!("{place:02x}").repeat(32));
            change(place, record);
        });
    }
    bench
}

#[test]
fn one_run_in_three_records_is_one_run() {
    let one = (vec![1], vec!["cannot tell".to_owned()], vec![1]);
    // One training, evaluated in other batches.
    let spelled = bench(|place, record| {
        record["seed"] = json!(42);
        record["hyper_parameters"]["per_device_eval_batch_size"] = json!(8 << place);
    });
    assert_eq!(counted(&spelled), one);
    // One saved model, evaluated with three seeds.
    let evaluated = bench(|_, record| {
        record["timings"]["train_seconds"] = Value::Null;
        record["hyper_parameters"]["new_head"] = json!(false);
    });
    assert_eq!(counted(&evaluated), one);
    // Three seeds are three runs.
    assert_eq!(counted(&bench(|_, _| ())), (vec![3], vec!["reproduced".to_owned()], vec![3]));
}

#[test]
fn runs_of_another_warm_up_or_backend_are_no_seeds_of_a_number() {
    let warm = bench(|place, record| record["hyper_parameters"]["warmup_steps"] = json!(place % 2));
    assert_eq!(counted(&warm).0, [2, 1]);
    let backends = bench(|place, record| record["host"]["backend"] = json!(["flex", "cuda", "wgpu"][place]));
    assert_eq!(counted(&backends).0, [1, 1, 1]);
}
