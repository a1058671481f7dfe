//! Runs that are held against themselves: copies say nothing, and the same runs done again are compared one by one.

use results::verify::Outcome;
use serde_json::{Value, json};

use crate::verified::Bench;
use crate::verified_origins::{add, verified};
use crate::verified_rows::NEAR;

fn later(record: &mut Value) {
    record["started_at"] = json!("2027-01-01T00:00:00Z");
    record["timings"]["total_seconds"] = json!(1.0);
}

/// Verdict, note and outcome of the only number.
fn of(bench: &Bench) -> (String, String, Outcome) {
    let all = verified(bench, false).unwrap();
    let numbers = serde_json::from_str::<Value>(&all.as_json()).unwrap()["numbers"].clone();
    let word = |name: &str| numbers[0][name].as_str().unwrap().to_owned();
    (word("verdict"), word("note"), all.outcome())
}

#[test]
fn a_copy_of_a_run_is_that_run_whatever_its_place_and_the_model_s_name_say() {
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, |_| ());
    for name in ["all-MiniLM-L6-v2", "another-name"] {
        add(&bench, "others", 0, |record| record["model"]["id"] = json!(name));
        let error = verified(&bench, false).err().unwrap_or_default();
        assert!(error.contains("others/seed-0.json: ") && error.contains("a run always reproduces itself"), "{error}");
    }
}

#[test]
fn the_same_runs_done_again_are_reproduced_where_their_numbers_are_the_same() {
    let said = "the same seeds, done again: the same numbers";
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, |_| ());
    // Up to rounding.
    add(&bench, "others", 0, |record| {
        later(record);
        record["metrics"]["accuracy"] = json!(record["metrics"]["accuracy"].as_f64().unwrap() + 5e-7);
    });
    let (verdict, note, outcome) = of(&bench);
    assert_eq!((verdict.as_str(), outcome), ("reproduced", Outcome::Reproduced));
    assert!(note.contains(said), "{note}");
    // Two machines may begin in the same second.
    add(&bench, "others", 0, |record| record["timings"]["total_seconds"] = json!(1.25));
    let (verdict, note, _) = of(&bench);
    assert!(verdict == "reproduced" && note.contains(said), "in the same second: {verdict} {note}");
    // One run is enough, as there is nothing that chance decides.
    let one = Bench::new("accuracy", &[0.65], 277);
    one.add("others", 0, |record| {
        record["metrics"] = json!({"accuracy": 0.65});
        later(record);
    });
    let (verdict, note, _) = of(&one);
    assert!(verdict == "reproduced" && note.contains(said), "of format 1: {verdict} {note}");
    // They came out otherwise, one of them or all: as any other runs.
    for changed in [1, 3] {
        add(&bench, "others", 0, |record| {
            later(record);
            let number = record["metrics"]["accuracy"].as_f64().unwrap();
            if record["seed"].as_u64().unwrap() < changed {
                record["metrics"]["accuracy"] = json!(number - 0.1);
            }
        });
        let (verdict, note, _) = of(&bench);
        assert!(verdict != "reproduced" && !note.contains("done again"), "{changed}: {verdict} {note}");
    }
}

#[test]
fn a_copy_that_was_changed_is_no_run_done_again() {
    let bench = Bench::new("accuracy", &[], 0);
    let with_f1 = |f1: f64| move |record: &mut Value| record["metrics"]["f1"] = json!(f1);
    add(&bench, "results", 0, with_f1(0.5));
    add(&bench, "others", 0, with_f1(0.6));
    let (_, note, _) = of(&bench);
    assert!(!note.contains("done again"), "{note}");
}

#[test]
fn seeds_that_both_have_are_named_where_each_side_has_others() {
    let bench = Bench::new("accuracy", &[], 0);
    add(&bench, "results", 0, |_| ());
    // The first of ours is no run of theirs; the others are there, with the same numbers.
    add(&bench, "others", 1, |record| {
        later(record);
        let seed = record["seed"].as_u64().unwrap() as usize;
        record["metrics"]["accuracy"] = json!(NEAR[seed % NEAR.len()]);
    });
    let error = verified(&bench, false).err().unwrap_or_default();
    for part in ["results/seed-1.json: ", "both have the seeds 1, 2.", "a run always reproduces itself"] {
        assert!(error.to_lowercase().contains(part), "{part}: {error}");
    }
}
