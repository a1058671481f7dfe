//! `--teacher`: a model whose logits are learned beside the labels.

use serde_json::Value;

use crate::support::program::{Bench, Ended};

fn run(bench: &Bench, flags: &str) -> Ended {
    let all =
        format!("--model m --dataset_dir g --max_eval_samples 20 --results_dir results --logging_steps 1 {flags}");
    bench.run(all.split_whitespace().collect::<Vec<_>>())
}

/// The record of the only run that had a teacher, which is taken away.
fn student(bench: &Bench) -> Value {
    let read = |file: &String| serde_json::from_slice::<Value>(&std::fs::read(bench.path(file)).unwrap()).unwrap();
    let mut all = bench.record_files();
    all.retain(|file| read(file)["teacher"].is_object());
    let [file] = all.as_slice() else { panic!("not one student: {all:?}") };
    let record = read(file);
    bench.remove(file);
    record
}

/// A file of weights without the tensors whose names begin so.
fn without(bench: &Bench, file: &str, prefix: &str) {
    let mut tensors = models::checkpoint::read_safetensors(&bench.path(file)).unwrap();
    tensors.retain(|name, _| !name.starts_with(prefix));
    let tensors: Vec<_> = tensors.into_iter().collect();
    models::checkpoint::write_safetensors(&bench.path(file), &tensors).unwrap();
}

fn losses(record: &Value) -> Vec<String> {
    record["log_history"].as_array().unwrap().iter().map(|row| row["loss"].to_string()).collect()
}

#[test]
fn a_student_learns_from_labels_and_teacher() {
    let bench = Bench::new();
    run(&bench, "--task rte --max_steps 20 --learning_rate 1e-3 --output_dir teacher").assert_done("the teacher");
    let flags = "--task rte --max_steps 4 --teacher teacher";
    let ended = run(&bench, &format!("{flags} --output_dir out"));
    ended.assert_done("a student");
    assert!(ended.stderr.contains("0.5 of its loss is what teacher "), "{}", ended.stderr);
    assert!(ended.stderr.contains("at a temperature of 2"), "{}", ended.stderr);
    let half = student(&bench);
    let short = run(&bench, &format!("{flags} --max_seq_length 8"));
    assert!(
        short.stderr.contains("warning: the teacher teacher: ")
            && short.stderr.contains(" training rows were cut to 8 tokens"),
        "{}",
        short.stderr
    );
    student(&bench);
    assert_eq!(
        (half["hyper_parameters"]["alpha_ce"].as_f64(), half["hyper_parameters"]["temperature"].as_f64()),
        (Some(0.5), Some(2.0))
    );
    assert_eq!(half["teacher"]["id"], "teacher");
    assert!(half["hyper_parameters"]["teacher"].as_str().unwrap().starts_with("teacher "));
    // Of the teacher alone the labels do not matter, and smoothing is of labels.
    run(&bench, &format!("{flags} --alpha_ce 1")).assert_done("the teacher alone");
    let alone = student(&bench);
    run(&bench, &format!("{flags} --alpha_ce 1 --label_smoothing_factor 0.3")).assert_done("smoothed");
    assert_eq!(losses(&student(&bench)), losses(&alone));
    assert_ne!(losses(&half), losses(&alone));
    run(&bench, &format!("{flags} --alpha_ce 1 --temperature 4")).assert_done("hotter");
    assert_ne!(losses(&student(&bench)), losses(&alone));
    // However a step is divided, its loss is that of all its rows.
    run(&bench, &format!("{flags} --alpha_ce 1 --per_device_train_batch_size 4 --gradient_accumulation_steps 2"))
        .assert_done("in parts");
    let number = |loss: &String| loss.parse::<f64>().unwrap();
    for (whole, parts) in losses(&alone).iter().zip(losses(&student(&bench))) {
        if whole != "null" {
            assert!((number(whole) - number(&parts)).abs() < 1e-4, "{whole} {parts}");
        }
    }
}

#[test]
fn a_student_of_a_regression_learns_scores() {
    let bench = Bench::new();
    run(&bench, "--task stsb --max_steps 10 --output_dir teacher").assert_done("the teacher");
    run(&bench, "--task stsb --max_steps 2 --teacher teacher --alpha_ce 0.9").assert_done("a student");
    assert_eq!(student(&bench)["teacher"]["id"], "teacher");
}

/// The teacher's own loss is 0, or for classes as low as it can be: its scores and logits arrive where they belong.
#[test]
fn who_is_taught_by_itself_has_nothing_to_learn() {
    let bench = Bench::new();
    for task in ["stsb", "cola"] {
        bench.run(format!("--task {task} --model m --dataset_dir g --max_steps 30 --learning_rate 1e-3 --output_dir {task} --results_dir results").split(' ')).assert_done(task);
        let flags = format!(
            "--task {task} --model {task} --teacher {task} --alpha_ce 1 --dataset_dir g --max_steps 3 --logging_steps 1 --hidden_dropout_prob 0 \
             --attention_probs_dropout_prob 0 --classifier_dropout 0 --results_dir taught_{task}"
        );
        bench.run(flags.split_whitespace()).assert_done(&flags);
        let file =
            bench.files(&format!("taught_{task}")).into_iter().find(|file| !file.contains("predictions")).unwrap();
        let record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        let row = &record["log_history"][0];
        assert!(row["grad_norm"].as_f64().unwrap() < 1e-4, "{task}: {row}");
        assert!(task == "cola" || row["loss"].as_f64().unwrap() < 1e-8, "{task}: {row}");
    }
}

#[test]
fn another_teacher_is_another_run() {
    let bench = Bench::new();
    run(&bench, "--task rte --max_steps 4 --learning_rate 1e-3 --output_dir teacher").assert_done("a teacher");
    run(&bench, "--task rte --max_steps 4 --learning_rate 1e-4 --output_dir other").assert_done("another one");
    let flags = "--task rte --max_steps 4 --save_steps 2 --output_dir out";
    run(&bench, &format!("{flags} --teacher teacher --seeds 1")).assert_done("a student");
    let again = run(&bench, &format!("{flags} --teacher teacher --seeds 1"));
    assert!(again.stderr.contains("1 run, 1 done already"), "{}", again.stderr);
    let checkpoint = bench.run_folder("out/seed-42").join("checkpoint-2");
    let goes_on = run(&bench, &format!("{flags}2 --teacher other --resume_from_checkpoint {}", checkpoint.display()));
    assert_eq!(goes_on.code, Some(2));
    assert!(goes_on.stderr.contains("with another teacher: its files are not the same"), "{}", goes_on.stderr);
    // A teacher that has changed makes what it taught another run.
    std::fs::copy(bench.path("other/model.safetensors"), bench.path("teacher/model.safetensors")).unwrap();
    let changed = run(&bench, &format!("{flags} --teacher teacher --seeds 1 --dry_run"));
    assert!(changed.stderr.contains("teacher/model.safetensors has changed"), "{}", changed.stderr);
    // Whatever of it is another one, its configuration too.
    student(&bench);
    let name = || {
        run(&bench, "--task rte --max_steps 1 --teacher teacher").assert_done("a student");
        student(&bench)["hyper_parameters"]["teacher"].clone()
    };
    let before = name();
    assert_eq!(name(), before);
    let config = std::fs::read_to_string(bench.path("teacher/config.json")).unwrap();
    bench.write("teacher/config.json", config.replace("\"hidden_act\"", "\"note\": 1, \"hidden_act\""));
    assert_ne!(name(), before);
}

#[test]
fn a_teacher_that_cannot_teach_is_refused() {
    let bench = Bench::new();
    run(&bench, "--task rte --max_steps 1 --output_dir headless").assert_done("a teacher without a part of its head");
    without(&bench, "headless/model.safetensors", "bert.pooler.dense.");
    run(&bench, "--task cola --max_steps 1 --output_dir cola").assert_done("a teacher of another task");
    bench.record_files().iter().for_each(|file| bench.remove(file));
    for (flags, part) in [
        ("--task rte --teacher headless", "--teacher: headless: the checkpoint has no bert.pooler.dense.weight"),
        ("--task rte --teacher m", "--teacher: m has no classifier: expected a model that was fine-tuned on rte"),
        (
            "--task rte --teacher cola",
            "--teacher: cola: its classes are unacceptable, acceptable, expected entailment, not_entailment",
        ),
        ("--task stsb --teacher cola", "--teacher: cola: its head is for classes, and stsb is a regression"),
        ("--task rte --teacher ./nowhere", "--teacher ./nowhere: there is no such folder"),
        ("--task cola --temperature 2", "--temperature belongs to --teacher, which is not given"),
        ("--task cola --teacher cola --temperature 0", "--temperature is 0, expected above 0"),
        ("--task cola --teacher cola --alpha_ce 1.5", "--alpha_ce is 1.5, expected above 0 and at most 1"),
        ("--task cola --teacher cola --do_eval", "--teacher is for a training, and --do_train is false"),
    ] {
        let ended = run(&bench, &format!("{flags} --max_steps 1"));
        assert_eq!(ended.code, Some(2), "{flags}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags}: {}", ended.stderr);
        assert_eq!(bench.record_files(), [""; 0], "{flags}");
    }
}

#[test]
fn a_teacher_that_knows_the_rows_is_said_and_has_one_name() {
    let bench = Bench::new();
    run(&bench, "--task rte --train_split_name validation --max_steps 2 --output_dir below/teacher")
        .assert_done("the teacher");
    let mut labels = Vec::new();
    for teacher in ["below/teacher", &bench.path("below/teacher").display().to_string()] {
        let ended = run(&bench, &format!("--task rte --max_steps 1 --teacher {teacher}"));
        ended.assert_done("a student");
        let said = "was trained on 20 of the 20 rows of validation, says its training_rows.json: scores on them say nothing of other rows";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        labels.push(student(&bench)["hyper_parameters"]["teacher"].as_str().unwrap().to_owned());
    }
    assert!(labels[0] == labels[1] && labels[0].starts_with("teacher "), "{labels:?}");
}
