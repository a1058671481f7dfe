//! What is said of runs beside their numbers: settings that were chosen on what is scored, runs that have learnt nothing, weights that are
//! not the best.

use results::verify::{self, Outcome};
use serde_json::{Value, json};

use crate::verified::Bench;
use crate::verified_rows::NEAR;

/// Three runs beside three of a reference, the first of which are changed.
fn beside(ours: impl Fn(&mut Value), theirs: impl Fn(&mut Value)) -> (Value, String) {
    let bench = Bench::new("accuracy", &[], 277);
    for (seed, value) in NEAR.into_iter().enumerate() {
        let change = |record: &mut Value, change: &dyn Fn(&mut Value)| {
            record["metrics"] = json!({"accuracy": value});
            if seed == 0 {
                change(record);
            }
        };
        bench.add("results", seed, |record| change(record, &ours));
        bench.add("others", seed + 10, |record| change(record, &theirs));
    }
    let verified = verify::run(&bench.options("others")).unwrap();
    assert_eq!(verified.outcome(), Outcome::Reproduced);
    let all: Value = serde_json::from_str(&verified.as_json()).unwrap();
    (all["numbers"][0].clone(), verified.summary().to_owned())
}

fn chosen(record: &mut Value) {
    record["search"] = json!({"role": "chosen", "id": "x", "chosen_on": "validation", "optimistic": true});
}

#[test]
fn settings_that_were_chosen_on_the_scored_split_are_said() {
    let said =
        "1 of 3 runs have settings that were chosen by the score on the same split (validation), which is optimistic";
    let (number, summary) = beside(chosen, |_| ());
    assert!(number["note"].as_str().unwrap().ends_with(said), "{number}");
    assert_eq!((&number["chosen_on"], &number["reference_chosen_on"]), (&json!("validation"), &Value::Null));
    assert!(summary.ends_with("; among them 1 with settings chosen on the split that is scored."), "{summary}");
    let (number, summary) = beside(|_| (), chosen);
    assert!(number["note"].as_str().unwrap().ends_with(&format!("of the reference {said}")), "{number}");
    assert_eq!((&number["chosen_on"], &number["reference_chosen_on"]), (&Value::Null, &json!("validation")));
    assert!(summary.ends_with("; among them 1 of a reference with settings chosen so."), "{summary}");
    // Chosen on other rows than those that are scored.
    let (number, summary) = beside(
        |record| record["search"] = json!({"role": "chosen", "id": "x", "chosen_on": "train", "optimistic": false}),
        |_| (),
    );
    assert!(number["chosen_on"].is_null() && !summary.contains("chosen"), "{number}");
}

#[test]
fn what_there_is_to_say_of_the_reference_s_runs_is_said_too() {
    let (number, _) = beside(
        |_| (),
        |record| {
            record["collapsed"] = json!(true);
            record["training"] = json!({"weights": "best_kept", "step": 10, "resumed_from": null});
        },
    );
    let note = number["note"].as_str().unwrap();
    for said in ["of the reference 1 of 3 runs predict one class only", "of the reference 1 of 3 runs could not keep"] {
        assert!(note.contains(said), "{note}");
    }
    assert_eq!((&number["collapsed_runs"], &number["reference_collapsed_runs"]), (&json!(0), &json!(1)));
}
