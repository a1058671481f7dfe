//! `run-glue evaluate`: a finished run's model on other labelled sets.

use serde_json::{Value, json};

use crate::support::program::{Bench, Ended, copy, demo};

/// A model of MNLI, and sets as they lie on the Hub.
fn bench() -> Bench {
    let bench = Bench::new();
    for task in ["mnli", "ax"] {
        copy(&demo("glue").join(task), &bench.path("g").join(task));
    }
    copy(&demo("glue").join("mnli"), &bench.path("sets/mnli_mm/mnli"));
    let flags = "--task mnli --model m --dataset_dir g --max_steps 30 --learning_rate 1e-3 --max_seq_length 48 --results_dir results --output_dir out";
    bench.run(flags.split_whitespace().collect::<Vec<_>>()).assert_done("a model");
    let row = |premise: &str, hypothesis: &str, label: Value| {
        json!({"premise": premise, "hypothesis": hypothesis, "label": label}).to_string() + "\n"
    };
    let hans: String = (0..12)
        .map(|at| row(&format!("the dog {at} sees the cat"), "the cat sees the dog", json!(i32::from(at % 3 > 0))))
        .collect();
    bench.write("sets/hans/plain_text/validation.jsonl", hans);
    let snli: String = (0..9).map(|at| row(&format!("a man {at} walks"), "a man moves", json!(at % 4 - 1))).collect();
    bench.write("sets/snli/plain_text/test.jsonl", snli);
    bench.write("sets/adv_glue/adv_mnli/validation.jsonl", row("a b", "a", json!(0)) + &row("a b", "c", json!(2)));
    bench.write("sets/adv_glue/adv_mnli_mismatched/validation.jsonl", row("a b", "a", json!("entailment")));
    bench
}

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(["evaluate"].into_iter().chain(flags.split_whitespace()))
}

#[test]
fn a_finished_run_is_scored_on_other_sets_and_its_record_says_so() {
    let bench = bench();
    let before = bench.record();
    let ended = run(&bench, "out --on hans,snli --dataset_dir sets");
    ended.assert_done("two sets");
    assert!(
        ended.stdout.contains("hans\taccuracy=") && ended.stdout.contains("\tbaseline=0.6667\trows=12\n"),
        "{}",
        ended.stdout
    );
    // Of nine rows two and a half are marked as having no label.
    assert!(ended.stderr.contains("snli: 3 of 9 rows have no label and are left out"), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("hans: contradiction as not_entailment, entailment as entailment, neutral as not_entailment"),
        "{}",
        ended.stderr
    );
    let record = bench.record();
    let all = record["other_evaluations"].as_array().unwrap();
    assert_eq!(all.iter().map(|of| of["name"].as_str().unwrap()).collect::<Vec<_>>(), ["hans", "snli"]);
    let hans = &all[0];
    assert_eq!(hans["classes"]["neutral"], "not_entailment");
    assert_eq!((&hans["precision"], &hans["backend"]), (&json!("f32"), &before["host"]["backend"]));
    assert_eq!((&hans["max_seq_length"], &hans["dataset"]["splits"][0]["rows"]), (&json!(48), &json!(12)));
    assert!(hans["dataset"]["splits"][0]["sha256"].is_string() && hans["dataset"]["splits"][0]["trained_on"] == 0);
    // Nothing else has changed.
    let mut rest = record.clone();
    rest.as_object_mut().unwrap().remove("other_evaluations");
    assert_eq!(rest, before);
    // Another set is added, and one done again takes its own place; three classes of its own are three.
    let fewer = run(&bench, "out --on snli,adv_glue --dataset_dir sets --max_eval_samples 4");
    fewer.assert_done("more");
    assert!(fewer.stderr.contains("snli: the scores of 4 rows take the place of those of 6"), "{}", fewer.stderr);
    let record = bench.record();
    let all = record["other_evaluations"].as_array().unwrap();
    let names: Vec<_> = all.iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["adv_glue/adv_mnli", "adv_glue/adv_mnli_mismatched", "hans", "snli"]);
    assert_eq!(
        (&all[3]["dataset"]["splits"][0]["rows"], &all[3]["classes"]["neutral"]),
        (&json!(4), &json!("neutral"))
    );
}

#[test]
fn the_score_is_that_of_the_run_on_the_same_rows() {
    let bench = bench();
    let accuracy = bench.record()["metrics"]["accuracy_mm"].as_f64().unwrap();
    run(&bench, "out --on mnli_mm --dataset_dir sets").assert_done("the mismatched rows");
    let record = bench.record();
    assert_eq!(record["other_evaluations"][0]["metrics"]["accuracy"].as_f64(), Some(accuracy));
    // GLUE's own folder has these rows too.
    let again = run(&bench, "out --on mnli_mm --dataset_dir g");
    again.assert_done("GLUE's folder");
    assert!(again.stdout.contains("mnli_mm\taccuracy="), "{}", again.stdout);
}

#[test]
fn rows_that_were_trained_on_are_said() {
    let bench = bench();
    for file in bench.files("g/mnli") {
        if file.contains("/train-") {
            let name = file.replace("g/mnli/train", "sets/mnli_mm/mnli/validation_mismatched");
            std::fs::copy(bench.path(&file), bench.path(&name)).unwrap();
        }
    }
    let ended = run(&bench, "out --on mnli_mm --dataset_dir sets");
    ended.assert_done("the training rows");
    assert!(ended.stderr.contains("mnli_mm: the model was trained on 800 of these 800 rows"), "{}", ended.stderr);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let bench = bench();
    let other = "--task cola --model m --dataset_dir g --max_steps 1 --results_dir others --output_dir cola";
    bench.run(other.split_whitespace().collect::<Vec<_>>()).assert_done("a model of another task");
    for (flags, part) in [
        ("out --on hasn --dataset_dir sets", "--on hasn: there is no such set (is hans meant?)"),
        (
            "out --on anli --dataset_dir sets",
            "there is no folder sets/anli; expected anli as it lies on the Hub (facebook/anli)",
        ),
        (
            "cola --on hans --dataset_dir sets --results_dir others",
            "its classes are unacceptable, acceptable, and those of hans are entailment, non-entailment, which have nothing in common",
        ),
        (
            "cola --on adv_glue --dataset_dir sets --results_dir others",
            "--on adv_glue: it has parts for models of mnli, qnli, qqp, rte, sst2, and this one is of cola",
        ),
        ("m --on hans --dataset_dir sets", "m: its config.json does not name its classes"),
    ] {
        let ended = run(&bench, flags);
        assert_eq!(ended.code, Some(2), "{flags}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags}: {}", ended.stderr);
    }
    let nowhere = run(&bench, "out --on hans --dataset_dir sets --results_dir elsewhere");
    nowhere.assert_done("without a record");
    assert!(nowhere.stderr.contains("no record in elsewhere is of this model's run"), "{}", nowhere.stderr);
    // Nor are other classes, which would turn its answers around, nor another tokenizer.
    for file in ["config.json", "tokenizer_config.json"] {
        let path = bench.path("out").join(file);
        let own = std::fs::read_to_string(&path).unwrap();
        let turned = own.replace("\"entailment\"", "\"neutral \"").replace("\"neutral\"", "\"entailment\"");
        std::fs::write(&path, turned.replace("\"neutral \"", "\"neutral\"") + "\n").unwrap();
        let changed = run(&bench, "out --on hans --dataset_dir sets");
        assert_eq!(changed.code, Some(2), "{file}: {}", changed.stderr);
        let part = format!("{file} there is another file than the one that its run left");
        assert!(changed.stderr.contains(&part), "{file}: {}", changed.stderr);
        std::fs::write(&path, own).unwrap();
    }
    // Other weights are no longer the run's.
    std::fs::copy(bench.path("cola/model.safetensors"), bench.path("out/model.safetensors")).unwrap();
    let changed = run(&bench, "out --on hans --dataset_dir sets");
    assert_eq!(changed.code, Some(2));
    assert!(
        changed.stderr.contains("model.safetensors there is another file than the one that its run left"),
        "{}",
        changed.stderr
    );
}
