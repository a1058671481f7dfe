//! `run-glue plan`: what it writes is what the engines take, and a shell.

use std::collections::BTreeMap;
use std::process::Command;

use crate::support::json_schema::violations;
use crate::support::program::{Bench, Ended, end};
use serde_json::{Value, json};

/// Written by scripts/fixtures/kubernetes_schema.py.
const JOB: &str = include_str!("../fixtures/kubernetes/job-batch-v1.schema.json");

/// Six runs, whose file has a blank in its name.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write(
        "my grid.toml",
        "task = [\"rte\", \"cola\"]\nmodel = \"m\"\nseeds = 3\ndataset_dir = \"g\"\nmax_steps = 2\n",
    );
    bench
}

fn plan(bench: &Bench, flags: &str) -> Ended {
    bench.run(["plan", "my grid.toml"].into_iter().chain(flags.split_whitespace()))
}

/// Runs a script as the engine would, with the program in the path.
fn shell(bench: &Bench, script: &str, environment: &[(&str, &str)]) -> Ended {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_run-glue")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = bench.within(Command::new("bash"));
    command.env("PATH", path).envs(environment.iter().copied()).args(["-c", script]);
    end(&mut command)
}

/// Records by task and seed.
fn records(bench: &Bench) -> BTreeMap<(String, u64), usize> {
    let mut found = BTreeMap::new();
    for file in bench.record_files() {
        let record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        *found.entry((record["task"].as_str().unwrap().to_owned(), record["seed"].as_u64().unwrap())).or_default() += 1;
    }
    found
}

fn assert_all_once(bench: &Bench) {
    let expected = ["cola", "rte"].iter().flat_map(|task| [42, 43, 44].map(|seed| (((*task).to_owned(), seed), 1)));
    assert_eq!(records(bench), expected.collect());
}

/// Options of sbatch in a script.
fn options(script: &str) -> Vec<&str> {
    script.lines().filter_map(|line| line.strip_prefix("#SBATCH ")).collect()
}

#[test]
fn a_list_for_a_shell_makes_the_whole() {
    let bench = bench();
    let each = plan(&bench, "--format shell -- --results_dir results");
    each.assert_done("one a run");
    assert_eq!(each.stdout.lines().count(), 6);
    assert_eq!(each.stdout.lines().next(), Some("run-glue 'my grid.toml' --results_dir results --shard 0/6"));
    let list = plan(&bench, "--format shell --parts 2 -- --results_dir results");
    assert_eq!(list.stdout.lines().count(), 2);
    for line in list.stdout.lines() {
        shell(&bench, line, &[]).assert_done(line);
    }
    assert_all_once(&bench);
    let words = ["--format", "shell", "--program", "nice -n 5 run-glue", "--", "--output_dir", "it's"];
    let other = bench.run(["plan", "my grid.toml"].into_iter().chain(words));
    assert!(other.stdout.starts_with("nice -n 5 run-glue 'my grid.toml' --output_dir 'it'\\''s' --shard 0/6\n"));
}

/// Words that a shell takes for something else.
const WORDS: [&str; 13] = [
    "two  blanks",
    "a\nb",
    "ends\n\n",
    "\n",
    "it's\n\"so\"",
    "",
    "$(touch evil)",
    "`touch evil`",
    "\\n",
    "\t*",
    "{}",
    "a;touch evil&#",
    "$newline",
];

#[test]
fn a_line_of_a_list_stays_one_and_a_shell_reads_its_words_back() {
    let bench = bench();
    bench.write("words", "#!/bin/sh\nprintf '%s\\0' \"$@\"\n");
    shell(&bench, "chmod +x words", &[]).assert_done("chmod");
    // A flag that takes any words, and does nothing.
    let flags = ["--format", "shell", "--program", "./words", "--parts", "2", "--", "--log_level_replica"];
    let list = bench.run(["plan", "my grid.toml"].into_iter().chain(flags).chain(WORDS));
    list.assert_done("plan");
    assert_eq!(list.stdout.lines().count(), 2, "{}", list.stdout);
    for (part, line) in list.stdout.lines().enumerate() {
        let shard = format!("{part}/2");
        let words = ["my grid.toml", "--log_level_replica"].into_iter().chain(WORDS).chain(["--shard", shard.as_str()]);
        let expected: String = words.map(|word| format!("{word}\0")).collect();
        for program in ["sh", "bash"] {
            let ended = end(bench.within(Command::new(program)).args(["-c", line]));
            assert_eq!(ended.stdout, expected, "{program}: {line}");
        }
    }
    assert!(!bench.path("evil").exists());
}

#[test]
fn no_token_is_written_into_a_plan() {
    let token = format!("hf_{}", "aBcDeFgHiJ0123456789".repeat(2));
    let command = format!("env HF_TOKEN={token} run-glue");
    let (secret, within) = (token.as_str(), command.as_str());
    let list: &[&str] = &["--format", "shell"];
    let slurm: &[&str] = &["--format", "slurm", "--output", "plan"];
    let kubernetes: &[&str] = &["--format", "kubernetes", "--image", "i", "--volume", "v"];
    let (nodes, pods) = ("set HF_TOKEN where the runs go on", "by --secret");
    for (engine, words, parts) in [
        (list, &["--", "--token", secret][..], ["--token after -- or in my grid.toml: ", nodes]),
        (list, &["--", "--hub_token=x"], ["--token after --", nodes]),
        (list, &["--", "--push_to_hub_token", "x"], ["--token after --", nodes]),
        (list, &["--", "--use_auth_token", "true"], ["--token after --", nodes]),
        (kubernetes, &["--", "--token", secret], ["--token after --", pods]),
        (kubernetes, &["--", "--log_level_replica", secret], ["a flag after --: ", pods]),
        (list, &["--program", within], ["--program, --image or --sbatch_arg: ", nodes]),
        (slurm, &["--sbatch_arg", within], ["--program, --image or --sbatch_arg: ", nodes]),
        (slurm, &["--header", "header.sh"], ["the file of --header: ", nodes]),
    ] {
        let bench = bench();
        bench.write("header.sh", format!("export HF_TOKEN={token}\n"));
        let ended = bench.run(["plan", "my grid.toml"].iter().chain(engine).chain(words).copied());
        ended.assert_one_line(words[0], &["access token of the Hub", parts[0], parts[1]]);
        assert!(!ended.stderr.contains(&token) && !bench.path("plan").exists(), "{}", ended.stderr);
    }
    // In the file that the plan refers to.
    for (line, place) in [
        (format!("token = \"{token}\""), "--token after -- or in my grid.toml: "),
        (format!("# {token}"), "my grid.toml: "),
    ] {
        let bench = bench();
        let grid = std::fs::read_to_string(bench.path("my grid.toml")).unwrap();
        bench.write("my grid.toml", format!("{grid}{line}\n"));
        plan(&bench, "--format shell").assert_one_line(&line, &["access token of the Hub", place]);
    }
    // What reads it where the runs go on is no token.
    let bench = bench();
    bench.write("header.sh", "export HF_TOKEN=$(cat ~/.hf_token)\n");
    plan(&bench, "--format slurm --header header.sh").assert_done("a header that reads a file");
}

#[test]
fn an_array_of_slurm_has_its_options_and_runs() {
    let bench = bench();
    bench.write("modules.sh", "module() { echo \"loaded $1\"; }\nmodule load cuda\n");
    let limits =
        "--cpus_per_task 2 --gpus_per_task 1 --mem 3G --time 1:30:00 --sbatch_arg partition=gpu --sbatch_arg=-Aglue";
    let flags = format!("--format slurm --workers 2 --logs a/logs --header modules.sh {limits} --output job.sbatch");
    plan(&bench, &flags).assert_done("plan");
    let script = std::fs::read_to_string(bench.path("job.sbatch")).unwrap();
    let here = std::fs::canonicalize(bench.path(".")).unwrap();
    assert_eq!(
        options(&script),
        [
            "--job-name=run-glue-my-grid".to_owned(),
            "--array=0-5%2".to_owned(),
            format!("--chdir={}", here.display()),
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
            "--ntasks=1".to_owned(),
            format!("--output={}", here.join("a/logs/run-glue-my-grid-%A_%a.out").display()),
            "--cpus-per-task=2".to_owned(),
            "--mem=3072M".to_owned(),
            "--gres=gpu:1".to_owned(),
            "--time=01:30:00".to_owned(),
            "--partition=gpu".to_owned(),
            "-Aglue".to_owned(),
        ]
    );
    assert!(bench.path("a/logs").is_dir(), "Slurm makes no folder");
    let options_end = script.find("\n\n").unwrap();
    assert!(!script[options_end..].contains("#SBATCH"), "sbatch reads options up to the first command");
    // Nothing is saved without an output folder: the script becomes the run.
    assert!(script.contains("\nexec run-glue '") && script.contains("export RAYON_NUM_THREADS=2"), "{script}");
    let six = ["0", "1", "2", "3", "4", "5"];
    for task in six {
        let ended = shell(&bench, &script, &[("SLURM_ARRAY_TASK_ID", task)]);
        ended.assert_done(task);
        assert!(ended.stdout.starts_with("loaded load\n") && ended.stderr.contains("6 runs, "), "{}", ended.stderr);
    }
    assert_all_once(&bench);
    // What is said on top can be done: the table when all are done.
    let said = script.lines().find_map(|line| line.split_once("--wrap ")).unwrap().1;
    shell(&bench, &format!("bash -c {said}"), &[]).assert_done("the table");
    assert!(std::fs::read_to_string(bench.path("results/comparison.md")).unwrap().starts_with("| model |"));
}

/// A stand-in for a run that takes long, and for Slurm's command: the script, which passes signals on, is the real one.
#[test]
fn an_array_of_slurm_saves_before_the_time_limit_and_is_queued_again() {
    let bench = bench();
    bench.write(
        "stand-in",
        "#!/bin/bash\ntrap 'echo saved; exit 130' TERM\ntouch started\nfor i in $(seq 600); do sleep 0.1; done\n",
    );
    bench.write("bin/scontrol", "#!/bin/bash\necho \"scontrol $*\"\n");
    shell(&bench, "chmod +x stand-in bin/scontrol", &[]).assert_done("chmod");
    let flags = "--format slurm --program ./stand-in --output job.sbatch -- --output_dir out";
    plan(&bench, flags).assert_done("plan");
    let script = std::fs::read_to_string(bench.path("job.sbatch")).unwrap();
    assert!(options(&script).contains(&"--signal=B:USR1@120"), "{script}");
    let signalled = |signals: &str, restarts: &str| {
        let environment = [("SLURM_JOB_ID", "7"), ("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_RESTART_COUNT", restarts)];
        let run = format!(
            "rm -f started; PATH=$PWD/bin:$PATH bash job.sbatch & job=$!\n\
             until [ -e started ]; do sleep 0.02; done\n{signals}\nwait $job; echo \"ended with $?\""
        );
        shell(&bench, &run, &environment).stdout
    };
    assert_eq!(signalled("kill -USR1 $job", "0"), "saved\nscontrol requeue 7\nended with 130\n");
    assert_eq!(signalled("kill -USR1 $job", "100"), "saved\nended with 130\n", "it does not go on for ever");
    // Cancelled: Slurm tells all processes, and the job is not queued again.
    let all = "sleep 0.1; kill -TERM $job; sleep 0.2; kill -0 $job && pkill -TERM -P $job";
    assert_eq!(signalled(all, "0"), "saved\nended with 130\n");
}

#[test]
fn limits_come_from_the_runs_that_are_over() {
    let bench = bench();
    let none = plan(&bench, "--format slurm");
    assert!(!none.stdout.contains("--time") && !none.stdout.contains("--mem"), "{}", none.stdout);
    bench.run(["my grid.toml", "--seeds", "1"]).assert_done("some runs");
    for file in bench.record_files() {
        let mut record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        record["timings"]["total_seconds"] = json!(1000.0);
        record["peak_memory_bytes"] = json!(3_000_000_000_u64);
        // Estimates go by the rows of GLUE's own splits.
        let rows = json!(if record["task"] == "rte" { 277 } else { 1043 });
        let mut splits = record["dataset"]["splits"].as_array_mut().unwrap().iter_mut();
        splits.find(|split| split["split"] == "validation").unwrap()["rows"] = rows;
        bench.write(&file, record.to_string());
    }
    let estimated = plan(&bench, "--format slurm --parts 3");
    let found = options(&estimated.stdout);
    // Three parts of two runs, each of 1000 seconds: twice that and ten minutes, up to the next five.
    assert!(found.contains(&"--time=01:20:00"), "{found:?}");
    assert!(found.contains(&"--mem=5120M"), "one and a half of 3 GB: {found:?}");
    assert!(estimated.stdout.contains("estimated from the runs in results"), "{}", estimated.stdout);
    let typed = plan(&bench, "--format slurm --parts 3 --time 5 --mem 1G");
    let found = options(&typed.stdout);
    assert!(found.contains(&"--time=00:05:00") && found.contains(&"--mem=1024M"), "{found:?}");
}

fn job(bench: &Bench, flags: &str) -> Value {
    let ended = plan(bench, &format!("--format kubernetes --image run-glue:1 --volume glue {flags}"));
    ended.assert_done(flags);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_job_of_kubernetes_obeys_its_schema() {
    let bench = bench();
    let schema: Value = serde_json::from_str(JOB).unwrap();
    let plain = job(&bench, "");
    let limits = "--workers 2 --parts 3 --cpus_per_task 4 --gpus_per_task 1 --mem 8G --time 60 --secret hf-token";
    let full = job(&bench, limits);
    for job in [&plain, &full] {
        assert_eq!(violations(&schema, job), [""; 0], "{job:#}");
    }
    // The schema is strict: any field of any object that is spelled otherwise is found.
    let mut broken = 0;
    for path in fields(&full, "") {
        let mut other = full.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        // Names of one's own: labels of resources.
        if ["/requests", "/limits"].iter().any(|end| parent.ends_with(end)) {
            continue;
        }
        let object = other.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        let value = object.remove(name).unwrap();
        object.insert(format!("{name}x"), value);
        assert!(!violations(&schema, &other).is_empty(), "{path}");
        broken += 1;
    }
    assert!(broken > 35, "{broken} fields were tried");
    for (path, value) in [
        ("/spec/completions", json!("6")),
        ("/spec/template/spec/containers", json!({})),
        ("/spec/template/spec/containers/0/command", json!("run-glue")),
        ("/spec/template/spec/containers/0/env/0/value", json!(4)),
        ("/apiVersion", json!("v1")),
    ] {
        let mut other = full.clone();
        *other.pointer_mut(path).unwrap() = value;
        assert!(!violations(&schema, &other).is_empty(), "{path}");
    }
}

/// Paths of all fields of all objects.
fn fields(value: &Value, at: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.replace('/', "~1"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let deeper = inner.iter().flat_map(|(name, value)| fields(value, &format!("{at}/{name}")));
    let own = inner.iter().filter(|_| value.is_object()).map(|(name, _)| format!("{at}/{name}"));
    own.chain(deeper).collect()
}

#[test]
fn a_job_of_kubernetes_says_what_is_to_be_done() {
    let bench = bench();
    let job =
        job(&bench, "--workers 9 --cpus_per_task 4 --gpus_per_task 1 --mem 8G --secret hf-token -- --max_steps 3");
    let spec = &job["spec"];
    assert_eq!(job["metadata"]["name"], "run-glue-my-grid");
    assert_eq!(
        (&spec["completionMode"], &spec["completions"], &spec["parallelism"]),
        (&json!("Indexed"), &json!(6), &json!(6))
    );
    // One part that fails for good does not end the others; and of it, `backoffLimit` would count all together.
    assert_eq!((&spec["backoffLimitPerIndex"], &spec["backoffLimit"]), (&json!(3), &Value::Null));
    let pod = &spec["template"]["spec"];
    // Limits by index and policies of failure ask for it.
    assert_eq!(pod["restartPolicy"], "Never");
    let container = &pod["containers"][0];
    assert_eq!(spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["containerName"], container["name"]);
    assert_eq!(spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"], json!([2]));
    assert_eq!(container["command"], json!(["run-glue", "/work/my grid.toml", "--max_steps", "3", "--shard=auto/6"]));
    assert_eq!(container["volumeMounts"], json!([{"name": pod["volumes"][0]["name"], "mountPath": "/work"}]));
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "glue");
    assert_eq!(container["resources"]["limits"], json!({"memory": "8192Mi", "nvidia.com/gpu": "1"}));
    assert_eq!(container["resources"]["requests"], json!({"cpu": "4", "memory": "8192Mi"}));
    assert_eq!(container["envFrom"][0]["secretRef"]["name"], "hf-token");
    let environment = container["env"].as_array().unwrap();
    assert!(environment.contains(&json!({"name": "RAYON_NUM_THREADS", "value": "4"})), "{environment:?}");
    assert!(environment.contains(&json!({"name": "HF_HOME", "value": "/work/.huggingface"})), "{environment:?}");

    // A pod's command, with the volume here.
    for index in ["0", "1", "2", "3", "4", "5"] {
        let words = ["my grid.toml", "--shard=auto/6", "--results_dir", "results"];
        let mut command = bench.command();
        command.args(words).env("JOB_COMPLETION_INDEX", index);
        end(&mut command).assert_done(index);
    }
    assert_all_once(&bench);

    // Kubernetes puts nothing in for what looks like a variable.
    let words = ["--format", "kubernetes", "--image", "i", "--volume", "v", "--program", "/opt/run-glue", "--"];
    let words = words.into_iter().chain(["--log_level_replica", "$(HOME)", "$$(HOME)$"]);
    let other = bench.run(["plan", "my grid.toml"].into_iter().chain(words));
    let other: Value = serde_json::from_str(&other.stdout).unwrap();
    let command = &other["spec"]["template"]["spec"]["containers"][0]["command"];
    assert_eq!((&command[0], &command[3]), (&json!("/opt/run-glue"), &json!("$$(HOME)")));
    assert_eq!(command[4], "$$$$(HOME)$$");
}

#[test]
fn what_is_wrong_with_a_plan_is_named() {
    let bench = bench();
    bench.write("one.toml", "task = \"rte\"\nmodel = \"m\"\n");
    bench.run(["plan", "one.toml", "--format", "shell"]).assert_one_line("one run", &["there is one run"]);
    for (flags, parts) in [
        ("--format kubernetes", &["--format kubernetes needs --image"][..]),
        ("--format kubernetes --image i", &["needs --volume"]),
        ("--format kubernetes --image i --volume Glue_1", &["--volume", "lower-case letters"]),
        ("--format kubernetes --image i --volume v --secret a..b", &["--secret", "lower-case letters"]),
        ("--format kubernetes --image i --volume v --logs l", &["--logs is for --format slurm"]),
        ("--format shell --image i", &["--image is for --format kubernetes"]),
        ("--format shell --mem 3G", &["--mem is for --format slurm or kubernetes"]),
        ("--format slurm --volume v", &["--volume is for --format kubernetes"]),
        ("--format slurm --header absent", &["--header absent: "]),
        ("--format slurm --sbatch_arg=", &["--sbatch_arg", "partition=gpu"]),
        ("--format slurm --workers 0", &["--workers is 0"]),
        ("--format slurm --parts 0", &["--parts is 0"]),
        ("--format slurm --parts 7", &["--parts is 7, expected at most 6"]),
    ] {
        plan(&bench, flags).assert_one_line(flags, parts);
    }
    for flags in ["--format slurm --mem 3X", "--format slurm --time 1h"] {
        let ended = plan(&bench, flags);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("expected"), "{}", ended.stderr);
    }
}
