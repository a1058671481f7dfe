//! What somebody meets first: no arguments, a flag of another program, completions, man pages.

use crate::support::program::Bench;

#[test]
fn nothing_typed_is_answered_by_commands_to_start_with() {
    let ended = Bench::new().run([] as [&str; 0]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    for command in ["run-glue demo", "run-glue --task rte --model", "run-glue -h"] {
        assert!(ended.stderr.contains(command), "{}", ended.stderr);
    }
}

#[test]
fn a_flag_of_another_program_is_answered_by_ours() {
    let bench = Bench::new();
    for (typed, meant) in [
        ("--batch_size=8", "--per_device_train_batch_size"),
        ("--epochs", "--num_train_epochs"),
        ("--lr", "--learning_rate"),
        ("--output", "--output_dir"),
    ] {
        for command in [&["--task", "rte"][..], &["demo"]] {
            let ended = bench.run(command.iter().copied().chain([typed, "3"]));
            ended.assert_refused(typed, 2, &[typed.split('=').next().unwrap(), &format!("'{meant}'")]);
        }
    }
    // A command without the flag keeps what clap finds.
    bench.run(["compare", "--lr", "3"]).assert_refused("compare", 2, &["unexpected argument '--lr'"]);
}

/// Of several runs each is one line, and the table is the same for people in a terminal and behind a pipe.
#[test]
fn the_demo_says_a_line_a_run_and_keeps_to_a_folder_of_its_own() {
    let bench = Bench::new();
    let demo = ["demo", "--task", "rte,mrpc", "--max_steps", "2"];
    let ended = bench.run(demo);
    ended.assert_done("demo");
    for run in ["[1/2] rte: accuracy 0.", "[2/2] mrpc: accuracy 0."] {
        assert_eq!(ended.stderr.lines().filter(|line| line.starts_with(run)).count(), 1, "{run}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("step 2/2") && ended.stderr.contains("run-glue-demo/comparison.html: "));
    assert!(ended.stdout.starts_with("task  metrics") && ended.stdout.contains("  baseline  seconds\n"));
    assert!(bench.path("run-glue-demo/rte").is_dir() && !bench.path("results").exists());
    let whole = bench.run(demo.into_iter().chain(["--rerun", "--log_level", "debug", "--format", "tsv"]));
    assert!(
        whole.stderr.contains("rte: step 2/2") && whole.stdout.starts_with("model\ttask\tscore\t"),
        "{}",
        whole.stdout
    );
    bench.run(["demo", "--task", "rte", "--format", "tsv"]).assert_refused("one", 2, &["--format is for several runs"]);
}

#[test]
fn shells_and_man_know_every_command() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish", "man"] {
        let ended = bench.run(["completions", shell]);
        ended.assert_done(shell);
        for word in ["demo", "selftest", "num_train_epochs"] {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
    bench.run(["completions", "man", "--output_dir", "man1"]).assert_done("man pages");
    for page in ["run-glue.1", "run-glue-predict.1", "run-glue-bench.1"] {
        let text = std::fs::read_to_string(bench.path(&format!("man1/{page}"))).unwrap();
        assert!(text.contains(&format!(".TH {} 1", page.trim_end_matches(".1"))), "{page}: {text}");
    }
    bench.run(["completions", "tcsh"]).assert_refused("shell", 2, &["tcsh", "powershell, elvish, man"]);
}
