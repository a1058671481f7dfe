//! The real program uploads to a Hub on this machine: what is there afterwards, what is asked, and how it fails.

use crate::support::loopback_hub::{Behaviour, LoopbackHub, RepoKind};
use crate::support::program::{Bench, Ended, RUN, end};

const TOKEN: &str = "hf_write";

fn hub() -> LoopbackHub {
    let hub = LoopbackHub::start();
    hub.add_account(TOKEN, "ada");
    hub
}

fn run_as(bench: &Bench, hub: &LoopbackHub, token: &str, flags: &str) -> Ended {
    let mut command = bench.command();
    command.env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", token);
    end(command.args(flags.split_whitespace()))
}

/// A run of RTE with these flags besides.
fn run(bench: &Bench, hub: &LoopbackHub, flags: &str) -> Ended {
    run_as(bench, hub, TOKEN, &format!("--task rte {} --push_to_hub {flags}", RUN.join(" ")))
}

/// Paths on the Hub.
fn paths(hub: &LoopbackHub, id: &str, revision: &str) -> Vec<String> {
    hub.model_files(id, revision).0.into_keys().collect()
}

/// Fails unless the Hub has all files of the output folder that are to be there, byte for byte.
fn assert_uploaded(bench: &Bench, hub: &LoopbackHub, id: &str) {
    let there = hub.model_files(id, "main").0;
    let local = bench.files("out");
    let wanted =
        local.iter().filter_map(|file| file.strip_prefix("out/")).filter(|file| !file.starts_with("checkpoint-"));
    // By the hashes of its rows one could find out whether a text was among them; and what a folder holds is said of that folder.
    const KEPT: [&str; 2] = [".run-glue.finished", "training_rows.json"];
    let (kept, wanted): (Vec<&str>, Vec<&str>) = wanted.partition(|file| KEPT.contains(file));
    assert_eq!(kept, KEPT);
    assert!(!there.keys().any(|file| kept.iter().any(|kept| file.ends_with(kept))), "{:?}", there.keys());
    for file in ["README.md", "config.json", "model.safetensors", "tokenizer.json", "all_results.json"] {
        assert!(wanted.contains(&file), "{file} is not in {wanted:?}");
    }
    for file in wanted {
        assert!(there.get(file) == Some(&std::fs::read(bench.path("out").join(file)).unwrap()), "{file}");
    }
}

fn messages(hub: &LoopbackHub) -> Vec<String> {
    hub.commits().into_iter().map(|(_, _, message)| message).collect()
}

#[test]
fn a_model_goes_up_and_comes_down() {
    for chunk_size in [None, Some(100_000)] {
        let (hub, bench) = (hub(), Bench::new());
        chunk_size.into_iter().for_each(|size| hub.upload_in_parts(size));
        let ended = run(&bench, &hub, "--hub_strategy end --hub_private_repo");
        ended.assert_done("upload");
        assert!(ended.stderr.contains("uploaded model.safetensors"), "{}", ended.stderr);
        assert!(ended.stderr.contains("out: uploaded to http://127.0.0.1"), "{}", ended.stderr);
        assert_uploaded(&bench, &hub, "ada/out");
        assert!(!paths(&hub, "ada/out", "main").iter().any(|path| path.starts_with("checkpoint-")));
        assert_eq!(hub.commits(), [("ada/out".to_owned(), "main".to_owned(), "End of training".to_owned())]);
        assert_eq!(hub.created()[0]["visibility"], "private");

        // The token goes to the Hub, and never to the store.
        let requests = hub.requests();
        let puts: Vec<_> = requests.iter().filter(|request| request.method == "PUT").collect();
        assert_eq!(puts.len() > 1, chunk_size.is_some(), "{} parts", puts.len());
        assert!(puts.iter().all(|request| request.cdn && request.header("authorization").is_none()));

        // The same folder once more: nothing large is sent again.
        hub.take_requests();
        run_as(&bench, &hub, TOKEN, "push out").assert_done("push");
        assert!(hub.take_requests().iter().all(|request| request.method != "PUT"));
        assert_eq!(messages(&hub)[1..], ["Upload by run-glue"]);

        let score = |bench: &Bench| std::fs::read_to_string(bench.path("out/eval_results.json")).unwrap();
        let other = Bench::new();
        let flags = "--task rte --model ada/out --dataset_dir g --do_eval --output_dir out --results_dir results";
        run_as(&other, &hub, TOKEN, flags).assert_done("the uploaded model");
        let accuracy = |text: String| text.lines().find(|line| line.contains("eval_accuracy")).unwrap().to_owned();
        assert_eq!(accuracy(score(&bench)), accuracy(score(&other)));
    }
}

#[test]
fn checkpoints_by_strategy() {
    let flags = "--hub_model_id ada/m --hub_always_push --save_steps 1 --max_steps 2";
    let (first, second) = ("Training in progress, step 1", "Training in progress, step 2");
    let cases: [(&str, &[&str], &[&str]); 4] = [
        ("end", &["End of training"], &[]),
        ("every_save", &[first, second, "End of training"], &[]),
        (
            "checkpoint",
            &[
                first,
                "Training in progress, step 1, checkpoint",
                second,
                "Training in progress, step 2, checkpoint",
                "End of training",
            ],
            &["last-checkpoint/optimizer.safetensors", "last-checkpoint/run_state.json"],
        ),
        (
            "all_checkpoints",
            &[
                first,
                "Training in progress, step 1, checkpoint",
                second,
                "Training in progress, step 2, checkpoint",
                "End of training",
            ],
            &["checkpoint-1/optimizer.safetensors", "checkpoint-2/optimizer.safetensors"],
        ),
    ];
    for (strategy, expected, there) in cases {
        let (hub, bench) = (hub(), Bench::new());
        // A checkpoint that is removed while it goes up is whole all the same.
        run(&bench, &hub, &format!("{flags} --hub_strategy {strategy} --save_total_limit 1")).assert_done(strategy);
        assert_eq!(messages(&hub), expected, "{strategy}");
        let paths = paths(&hub, "ada/m", "main");
        let optimizers: Vec<_> = paths.iter().filter(|path| path.ends_with("optimizer.safetensors")).collect();
        assert_eq!(optimizers.len(), there.iter().filter(|path| path.ends_with("optimizer.safetensors")).count());
        there
            .iter()
            .for_each(|path| assert!(paths.iter().any(|p| p == path), "{strategy}: {path} is not in {paths:?}"));
        assert_uploaded(&bench, &hub, "ada/m");
    }
}

#[test]
fn a_repository_and_a_branch_that_are_there() {
    let (hub, bench) = (hub(), Bench::new());
    hub.add_repo(RepoKind::Model, "ada/m", &"a".repeat(40), [("own.txt", b"mine".as_slice())]);
    hub.add_revision(RepoKind::Model, "ada/m", "try/1", &"b".repeat(40), [("own.txt", b"mine".as_slice())]);
    // A token for this repository alone may not make any.
    hub.narrow_token(TOKEN);
    run(&bench, &hub, "--hub_model_id ada/m --hub_revision try/1 --hub_strategy end").assert_done("branch");
    assert_eq!(paths(&hub, "ada/m", "main"), ["own.txt"]);
    let there = paths(&hub, "ada/m", "try/1");
    assert!(there.contains(&"own.txt".to_owned()) && there.contains(&"model.safetensors".to_owned()), "{there:?}");
}

#[test]
fn several_tasks_get_a_repository_each() {
    let (hub, bench) = (hub(), Bench::new());
    let ended = run(&bench, &hub, "--task rte,stsb --hub_model_id ada/glue --hub_strategy end");
    ended.assert_done("two tasks");
    let ids: Vec<String> = hub.commits().into_iter().map(|(id, _, _)| id).collect();
    // Names with a hash behind them: two runs of one name do not share a repository.
    assert_eq!(ids.len(), 2);
    assert!(ids[0].starts_with("ada/glue-rte-") && ids[1].starts_with("ada/glue-stsb-"), "{ids:?}");
}

#[test]
fn what_cannot_work_is_said_before_the_training() {
    let cases: [(&str, &str, &[&str]); 6] = [
        ("", "", &["--push_to_hub", "there is no token", "HF_TOKEN"]),
        ("hf_other", "", &["--push_to_hub", "denies it (status 401", "Invalid credentials", "--token"]),
        (TOKEN, "--hub_model_id bob/m", &["bob/m", "denies it (status 403", "rights to create"]),
        (TOKEN, "--hub_revision try", &["model ada/out at revision try", "no branch"]),
        (TOKEN, "--hub_model_id a//b", &["a//b", "is no repository name"]),
        (TOKEN, "--do_eval", &["--push_to_hub", "--do_train"]),
    ];
    for (token, flags, parts) in cases {
        let (hub, bench) = (hub(), Bench::new());
        let flags = format!("--task rte {} --push_to_hub {flags}", RUN.join(" "));
        run_as(&bench, &hub, token, &flags).assert_refused(&flags, 2, parts);
        bench.assert_clean(&flags);
    }
    let (hub, bench) = (hub(), Bench::new());
    let mut command = bench.command();
    command.env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", TOKEN).env("HF_HUB_OFFLINE", "1");
    let ended = end(command.args(["--task", "rte", "--push_to_hub"]).args(RUN));
    ended.assert_refused("offline", 2, &["HF_HUB_OFFLINE=1"]);
}

#[test]
fn a_failed_upload_loses_nothing() {
    let (hub, bench) = (hub(), Bench::new());
    // Passing trouble is waited out.
    let busy = |times| Behaviour::Status { status: 503, retry_after: Some(0), code: None, times };
    hub.misbehave("/objects/batch", busy(Some(2)));
    run(&bench, &hub, "--hub_strategy end").assert_done("busy for a while");

    let (hub, bench) = (self::hub(), Bench::new());
    hub.misbehave("/commit/main", busy(None));
    let ended = run(&bench, &hub, "--hub_strategy end");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.assert_says("busy", &["still answers 503", "run-glue push out --hub_model_id ada/out"]);
    assert_eq!(bench.record()["task"], "rte");
    assert!(hub.commits().is_empty());
    hub.behave();
    run_as(&bench, &hub, TOKEN, "push out --hub_model_id ada/out").assert_done("push");
    assert_uploaded(&bench, &hub, "ada/out");

    // The upload of a checkpoint that fails does not end the run.
    let (hub, bench) = (self::hub(), Bench::new());
    hub.misbehave("/commit/main", Behaviour::Status { status: 400, retry_after: None, code: None, times: Some(1) });
    let ended = run(&bench, &hub, "");
    ended.assert_done("a checkpoint");
    assert!(ended.stderr.contains("\"Training in progress, step 1\" was not uploaded"), "{}", ended.stderr);
    assert_eq!(messages(&hub), ["End of training"]);
}

#[test]
fn a_sweep_uploads_what_it_could_not_before() {
    let (hub, bench) = (hub(), Bench::new());
    let flags = "--task rte,stsb --hub_model_id ada/glue --hub_strategy end";
    hub.misbehave("/commit/main", Behaviour::Status { status: 400, retry_after: None, code: None, times: Some(1) });
    let ended = run(&bench, &hub, flags);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let names = |hub: &LoopbackHub| -> Vec<String> { hub.commits().into_iter().map(|(id, _, _)| id).collect() };
    assert_eq!(names(&hub).len(), 1);
    // Both runs are done: nothing is trained again.
    let again = run(&bench, &hub, flags);
    again.assert_done("the upload that is left");
    assert!(again.stderr.contains("the upload of an earlier start has not ended; it is made now"), "{}", again.stderr);
    assert!(!again.stderr.contains(": step "), "{}", again.stderr);
    assert!(names(&hub).len() == 2 && names(&hub)[1].starts_with("ada/glue-rte-"), "{:?}", names(&hub));
    run(&bench, &hub, flags).assert_done("nothing is left");
    assert_eq!(names(&hub).len(), 2);
}

#[test]
fn push_wants_a_model() {
    let (hub, bench) = (hub(), Bench::new());
    run_as(&bench, &hub, TOKEN, "push g").assert_one_line("no model", &["g: there is no config.json"]);
    assert!(hub.requests().is_empty());
}
