//! The real program against a Hub on this machine: what is asked, what is kept, what is recorded, how it fails.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::loopback_hub::{Behaviour, LoopbackHub, RepoFiles, RepoKind};
use crate::support::program::{Bench, Ended, demo, end};

const MODEL: &str = "owner/tiny-bert";
const MODEL_COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const DATA_COMMIT: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A Hub that has the demo's model and, as nyu-mll/glue, the demo's data.
fn hub() -> LoopbackHub {
    let hub = LoopbackHub::start();
    hub.add_repo(RepoKind::Model, MODEL, MODEL_COMMIT, demo("model").as_path());
    hub.add_repo(RepoKind::Dataset, "nyu-mll/glue", DATA_COMMIT, demo("glue").as_path());
    hub
}

fn run_with(bench: &Bench, hub: &LoopbackHub, env: &[(&str, &str)], flags: &str) -> Ended {
    let mut command = bench.command();
    command.env("HF_ENDPOINT", hub.endpoint()).envs(env.iter().copied());
    command.args(["--task", "rte", "--max_steps", "2", "--results_dir", "results", "--output_dir", "out"]);
    command.arg("--overwrite_output_dir").args(flags.split_whitespace());
    end(&mut command)
}

fn run(bench: &Bench, hub: &LoopbackHub, flags: &str) -> Ended {
    run_with(bench, hub, &[], &format!("--model {MODEL} {flags}"))
}

/// `METHOD path` of the requests since the last call.
fn requests(hub: &LoopbackHub) -> Vec<String> {
    hub.take_requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

/// Files of the cache that a write was begun with and not ended.
fn unfinished(bench: &Bench) -> Vec<String> {
    let mut files = bench.files("hf");
    files.retain(|file| file.ends_with(".incomplete") || file.ends_with(".tmp"));
    files
}

#[test]
fn first_and_later_runs() {
    let (hub, bench) = (hub(), Bench::new());
    let first = run(&bench, &hub, "");
    first.assert_done("first run");
    let record = bench.record();
    assert_eq!(record["model"]["id"], MODEL);
    assert_eq!(record["model"]["revision"], "main");
    assert_eq!(record["model"]["commit"], MODEL_COMMIT);
    assert_eq!(record["dataset"]["id"], "nyu-mll/glue");
    assert_eq!(record["dataset"]["commit"], DATA_COMMIT);

    // Lines for a log: no bar, and nothing that only a terminal understands.
    for name in ["config.json", "model.safetensors", "tokenizer.json", "rte/train-00000-of-00001.parquet"] {
        for verb in ["downloading", "downloaded"] {
            let said = first.stderr.lines().any(|line| line.starts_with(verb) && line.contains(name));
            assert!(said, "{verb} {name}: {}", first.stderr);
        }
    }
    assert!(!first.stderr.contains(['\r', '\u{1b}']), "{:?}", first.stderr);
    assert!(first.stdout.contains("eval metrics") && !first.stdout.contains("download"), "{}", first.stdout);
    // Only what the task needs was fetched.
    let fetched = requests(&hub);
    assert!(!fetched.iter().any(|line| line.contains("/cola/") || line.contains("/test-")), "{fetched:?}");

    // A branch may have moved, so it is asked for; nothing is fetched again.
    run(&bench, &hub, "").assert_done("branch");
    let asked = requests(&hub);
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|line| line.starts_with("GET /api/") && line.ends_with("/revision/main")), "{asked:?}");

    // How much room files take is told from what is in the cache; nothing is asked.
    let plan = run(&bench, &hub, "--seeds 3 --dry_run");
    assert!(plan.stdout.contains("3 to do, about ") && plan.stdout.contains(" MB of files"), "{}", plan.stdout);
    assert_eq!(requests(&hub), [""; 0]);

    // A commit cannot move.
    let pinned = format!("--model_revision {MODEL_COMMIT} --dataset_revision {DATA_COMMIT}");
    let run_pinned = run(&bench, &hub, &pinned);
    run_pinned.assert_done("commits");
    assert!(!run_pinned.stderr.contains("downloading"), "{}", run_pinned.stderr);
    assert_eq!(requests(&hub), [""; 0]);

    for variable in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
        let offline = run_with(&bench, &hub, &[(variable, "1")], &format!("--model {MODEL}"));
        offline.assert_done(variable);
        assert_eq!(offline.stdout.lines().count(), first.stdout.lines().count());
        assert_eq!(requests(&hub), [""; 0], "{variable}");
    }

    // The Hub is gone: what is there is used, and the log says so.
    hub.stop();
    let alone = run(&bench, &hub, "");
    alone.assert_done("no network");
    assert!(alone.stderr.contains("cannot be reached") && alone.stderr.contains(MODEL_COMMIT), "{}", alone.stderr);
    assert_eq!(unfinished(&bench), [""; 0]);
}

/// A branch moves; a run that is made again from its record does not move with it.
#[test]
fn a_record_is_repeated_at_its_commits() {
    let (hub, bench) = (hub(), Bench::new());
    run(&bench, &hub, "").assert_done("first run");
    let file = bench.record_files().remove(0);
    let elsewhere = "cccccccccccccccccccccccccccccccccccccccc";
    hub.add_repo(RepoKind::Model, MODEL, elsewhere, demo("model").as_path());
    requests(&hub);
    let mut command = bench.command();
    command.env("HF_ENDPOINT", hub.endpoint()).args([file.as_str(), "--results_dir", "again"]);
    let ended = end(&mut command);
    ended.assert_done("repeat");
    assert!(ended.stderr.contains("the same to the last digit"), "{}", ended.stderr);
    assert_eq!(requests(&hub), [""; 0]);
    let again = bench.files("again").into_iter().find(|name| !name.contains(".predictions.")).unwrap();
    let again: serde_json::Value = serde_json::from_slice(&std::fs::read(bench.path(&again)).unwrap()).unwrap();
    assert_eq!(again["model"]["revision"], MODEL_COMMIT);
    assert_eq!(again["settings_hash"], bench.record()["settings_hash"]);
}

/// The command of run_glue.py's README, word for word but for the folder, on every task.
/// The model that an adapter stands beside is looked for where it was downloaded to.
#[test]
fn adapters_beside_a_model_of_the_hub_are_done_with_a_cache_of_ones_own() {
    let (hub, bench) = (hub(), Bench::new());
    let flags = "--task rte,stsb --init_from rte --peft lora --max_steps 1 --cache_dir own --output_dir out";
    run(&bench, &hub, flags).assert_done("adapters");
    let again = run(&bench, &hub, flags);
    again.assert_done("again");
    assert!(again.stderr.contains("2 runs, 2 done already"), "{}", again.stderr);
}

#[test]
fn the_commands_of_run_glue_work_as_they_are() {
    let hub = hub();
    hub.add_repo(RepoKind::Model, "bert-base-cased", MODEL_COMMIT, demo("model").as_path());
    for task in glue_tasks::GLUE.tasks.iter().map(|task| task.name.as_str()) {
        let bench = Bench::new();
        let mut command = bench.command();
        let typed = format!(
            "--model_name_or_path bert-base-cased --task_name {task} --do_train --do_eval --max_seq_length 128 \
             --per_device_train_batch_size 32 --learning_rate 2e-5 --num_train_epochs 3 --output_dir DIR"
        );
        command.env("HF_ENDPOINT", hub.endpoint()).args(typed.split_whitespace());
        end(&mut command).assert_done(task);
        let results: serde_json::Value =
            serde_json::from_slice(&std::fs::read(bench.path("DIR/all_results.json")).unwrap()).unwrap();
        assert_eq!(results["epoch"], 3.0, "{task}");
        assert!(results["eval_loss"].is_f64() && results["train_loss"].is_f64(), "{task}: {results}");
        assert!(bench.path("DIR/model.safetensors").is_file(), "{task}");
    }
}

#[test]
fn what_does_not_exist() {
    let cases: &[(&str, &[&str])] = &[
        ("--model owner/tiny-bret", &["model owner/tiny-bret at revision main", "no such repository", "HF_TOKEN"]),
        (
            "--model owner/tiny-bert --model_revision v2",
            &["model owner/tiny-bert at revision v2", "no branch, tag or commit of that name"],
        ),
        (
            "--model owner/tiny-bert --dataset_revision v2",
            &["dataset nyu-mll/glue at revision v2", "no branch, tag or commit of that name"],
        ),
        ("--model owner/tiny-bert --dataset_revision ../x", &["\"../x\" is no revision", "dataset nyu-mll/glue"]),
        ("--model owner/no-config", &["config.json of model owner/no-config at revision main", "no such file"]),
        ("--model owner/no-weights", &["owner/no-weights: no weights found", "model.safetensors"]),
    ];
    for (flags, parts) in cases {
        let (hub, bench) = (hub(), Bench::new());
        let mut files = RepoFiles::from(demo("model").as_path());
        files.0.remove("model.safetensors");
        hub.add_repo(RepoKind::Model, "owner/no-weights", MODEL_COMMIT, files);
        hub.add_repo(RepoKind::Model, "owner/no-config", MODEL_COMMIT, [("README.md", b"nothing".as_slice())]);
        let mut ended = run_with(&bench, &hub, &[], flags);
        // What was fetched before the error was met is told first.
        ended.stderr = ended.stderr.lines().filter(|line| !line.starts_with("download")).collect();
        ended.assert_one_line(flags, parts);
        bench.assert_clean(flags);
        assert_eq!(unfinished(&bench), [""; 0]);
    }
}

#[test]
fn a_dataset_without_the_task() {
    let (hub, bench) = (LoopbackHub::start(), Bench::new());
    hub.add_repo(RepoKind::Model, MODEL, MODEL_COMMIT, demo("model").as_path());
    let mut files = RepoFiles::from(demo("glue").as_path());
    files.0.retain(|path, _| !path.starts_with("rte/"));
    hub.add_repo(RepoKind::Dataset, "nyu-mll/glue", DATA_COMMIT, files);
    let ended = run(&bench, &hub, "");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    ended.assert_says("no rte", &["error: nyu-mll/glue: the repository has no configuration `rte`", "`cola`"]);
    bench.assert_clean("no rte");
}

#[test]
fn no_network_and_nothing_cached() {
    let (hub, bench) = (hub(), Bench::new());
    let offline = run_with(&bench, &hub, &[("HF_HUB_OFFLINE", "1")], &format!("--model {MODEL}"));
    offline.assert_one_line("offline", &["model owner/tiny-bert at revision main", "HF_HUB_OFFLINE=1", "hf/hub"]);
    assert_eq!(requests(&hub), [""; 0]);
    hub.stop();
    let down = run(&bench, &hub, "");
    down.assert_refused("down", 1, &["model owner/tiny-bert", "cannot be reached", "Check the network", "hf/hub"]);
    // The model from a folder, the data from nowhere.
    let down = run_with(&bench, &hub, &[], "--model m");
    down.assert_refused("data", 1, &["dataset nyu-mll/glue at revision main", "cannot be reached"]);
    bench.assert_clean("no network");
    assert_eq!(bench.files("hf"), [""; 0]);
}

#[test]
fn a_cache_that_cannot_be_written() {
    let (hub, bench) = (hub(), Bench::new());
    bench.write("file", "mine");
    let ended = run(&bench, &hub, "--cache_dir file/cache");
    ended.assert_refused("cache", 2, &["file/cache"]);
    bench.assert_clean("cache");
    assert_eq!(std::fs::read(bench.path("file")).unwrap(), b"mine");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_wait_for_the_hub() {
    let (hub, bench) = (hub(), Bench::new());
    let busy = Behaviour::Status { status: 429, retry_after: Some(100), code: None, times: None };
    hub.misbehave("revision/main", busy);
    let mut command = bench.command();
    command.env("HF_ENDPOINT", hub.endpoint()).args(["--task", "rte", "--model", MODEL, "--results_dir", "results"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while hub.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let began = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("model owner/tiny-bert at revision main: stopped on request"), "{stderr}");
    assert!(began.elapsed() < Duration::from_secs(50), "{stderr}");
    bench.assert_clean("stopped");
}

#[test]
fn a_download_with_wrong_bytes_is_thrown_away() {
    let (hub, bench) = (hub(), Bench::new());
    hub.misbehave("model.safetensors", Behaviour::WrongBytes { times: None });
    let ended = run(&bench, &hub, "");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    ended.assert_says("wrong bytes", &["model.safetensors of model owner/tiny-bert", "sha256", "thrown away"]);
    bench.assert_clean("wrong bytes");
    hub.behave();
    run(&bench, &hub, "").assert_done("after it");
}
