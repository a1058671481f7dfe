//! action.yml and the template for GitLab: what they run is run here as those services do, on the demo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{Bench, Ended, end};
use serde_json::{Value, json};

fn repository() -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

fn text(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// A folder in which `cargo install --root DIR` puts this program into DIR/bin, and says what it was asked.
fn bench() -> Bench {
    let bench = Bench::new();
    let cargo = format!(
        "#!/bin/bash\necho \"$*; commit $RUN_GLUE_GIT_COMMIT\" >> {asked}\nwhile [ \"$1\" != --root ]; do shift; done\n\
         mkdir -p \"$2/bin\"\nln -sf {program} \"$2/bin/run-glue\"\n",
        asked = bench.path("asked").display(),
        program = env!("CARGO_BIN_EXE_run-glue"),
    );
    bench.write("tools/cargo", cargo);
    bench.write("tools/rustup", "#!/bin/bash\n");
    let mut chmod = bench.within(Command::new("chmod"));
    end(chmod.args(["+x", "tools/cargo", "tools/rustup"])).assert_done("chmod");
    bench
}

/// Runs a script as both services do: it ends with the first command that fails.
fn bash(bench: &Bench, script: &str, environment: &BTreeMap<String, String>) -> Ended {
    let path = format!("{}:{}", bench.path("tools").display(), std::env::var("PATH").unwrap());
    let mut command = bench.within(Command::new("bash"));
    command.env("PATH", path).envs(environment);
    end(command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]))
}

/// Flags with which whatever the runs have is reproduced, on however few rows.
const TAKE_ALL: &str = "--allow_partial --margin 1 --level 0.6 --one_sided --complete";

/// Writes a reference of RTE that the runs reach with [`TAKE_ALL`]; of other tasks too.
fn reference(bench: &Bench, others: &[&str]) {
    let of_task = |task: &&str| ((*task).to_owned(), json!({"metric": "accuracy", "value": 0.5}));
    let runs: BTreeMap<String, Value> = ["rte"].iter().chain(others).map(of_task).collect();
    bench.write("reference.json", json!({"runs": runs}).to_string());
}

/// Writes a reference of RTE of which it cannot be told: how far above their mean a best lies is unknown.
fn best(bench: &Bench) {
    let reference = json!({"runs": {"rte": {"metric": "accuracy", "value": 1.0, "statistic": "best"}}});
    bench.write("reference.json", reference.to_string());
}

/// A job of GitHub Actions that uses the action.
struct Job<'a> {
    bench: &'a Bench,
    action: Value,
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl<'a> Job<'a> {
    fn new(bench: &'a Bench, given: &[(&str, &str)]) -> Self {
        let action = yaml(&text("action.yml"));
        let mut inputs: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            inputs.insert(name.clone(), input["default"].as_str().unwrap().to_owned());
        }
        for (name, value) in given {
            assert!(inputs.insert((*name).to_owned(), (*value).to_owned()).is_some(), "there is no input {name}");
        }
        let github = [("github.action_repository", "run-glue/run-glue"), ("github.action_ref", "v1")];
        let outputs = github.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { bench, action, inputs, outputs }
    }

    /// A text with its `${{ }}` filled in.
    fn filled(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("${{") else { return text.to_owned() };
        let (name, after) = rest.split_once("}}").unwrap();
        let name = name.trim();
        let value = match name.strip_prefix("inputs.") {
            Some(input) => self.inputs.get(input),
            None => self.outputs.get(name),
        };
        format!("{before}{}{}", value.unwrap_or_else(|| panic!("nobody sets {name}")), self.filled(after))
    }

    /// Runs the shell of a step.
    fn step(&mut self, id: &str) -> Ended {
        let steps = self.action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["id"] == id).unwrap().clone();
        assert_eq!(step["shell"], "bash", "{id}");
        let mut environment = BTreeMap::new();
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            environment.insert(name.clone(), self.filled(value.as_str().unwrap()));
        }
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "{id}: inputs come by the environment, where no shell reads them as its own");
        for (name, path) in [
            ("GITHUB_ACTION_PATH", repository()),
            ("GITHUB_OUTPUT", self.bench.path("outputs")),
            ("GITHUB_STEP_SUMMARY", self.bench.path("summary.md")),
            ("RUNNER_TEMP", self.bench.path("temp")),
            ("RUN_GLUE_RELEASES", self.bench.path("releases")),
            ("GITHUB_SERVER_URL", self.bench.path("no server")),
        ] {
            environment.insert(name.to_owned(), path.display().to_string());
        }
        let ended = bash(self.bench, script, &environment);
        for line in std::fs::read_to_string(self.bench.path("outputs")).unwrap_or_default().lines() {
            let (name, value) = line.split_once('=').unwrap();
            self.outputs.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        let _ = std::fs::remove_file(self.bench.path("outputs"));
        ended
    }

    fn summary(&self) -> String {
        let summary = std::fs::read_to_string(self.bench.path("summary.md")).unwrap();
        std::fs::remove_file(self.bench.path("summary.md")).unwrap();
        summary
    }
}

#[test]
fn the_action_runs_verifies_and_shows() {
    let bench = bench();
    reference(&bench, &[]);
    let inputs = [
        ("task", "rte,cola"),
        ("model", "m\n"),
        ("seeds", "2"),
        ("flags", "--dataset_dir g --max_steps 3 --output_dir 'an out'"),
        ("reference", "reference.json"),
        ("verify-flags", TAKE_ALL),
    ];
    let mut job = Job::new(&bench, &inputs);
    for step in ["keys", "install", "run", "verify", "summary"] {
        let ended = job.step(step);
        assert_eq!(ended.code, Some(0), "{step}: {}{}", ended.stdout, ended.stderr);
    }
    // Keys of caches are hashes: commas and slashes have no place in them.
    for name in ["program", "hub"] {
        let key = &job.outputs[&format!("steps.keys.outputs.{name}")];
        assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }
    let asked = std::fs::read_to_string(bench.path("asked")).unwrap();
    let folder = asked.split("--path ").nth(1).unwrap().split(" --root").next().unwrap();
    assert!(Path::new(folder).join("Cargo.toml").is_file() && asked.contains("--locked"), "{asked}");
    assert!(asked.contains("commit v1"), "a reference that no repository knows is on record itself: {asked}");
    assert_eq!(bench.record_files().len(), 4);
    assert!(bench.run_folder("an out/rte/seed-43").join("model.safetensors").is_file());
    let summary = job.summary();
    assert!(
        summary.contains("| model | cola (150 rows of other data) | rte (150 rows of other data) |")
            && summary.starts_with("### Verification: reproduced\n"),
        "{summary}"
    );
    let verdict = |job: &Job<'_>| job.outputs["steps.verify.outputs.verdict"].clone();
    assert!(summary.contains("Reproduced: of 1 number") && verdict(&job) == "reproduced", "{summary}");

    // A miss fails the job, and is in the summary.
    reference(&bench, &["qnli"]);
    let ended = job.step("verify");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("::error title=Not reproduced::Not reproduced, since no run answers 1 number"),
        "{}",
        ended.stdout
    );
    assert!(job.summary().contains("### Verification: not reproduced") && verdict(&job) == "not reproduced");
    // What cannot be told is told apart from it.
    best(&bench);
    job.inputs.insert("verify-flags".to_owned(), "--allow_partial".to_owned());
    let ended = job.step("verify");
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stdout.contains("::warning title=Cannot tell::Cannot tell: of 1 number"), "{}", ended.stdout);
    assert!(job.summary().contains("### Verification: cannot tell") && verdict(&job) == "cannot tell");
    job.inputs.insert("verify-flags".to_owned(), "--allow_partial --accept_inconclusive".to_owned());
    assert_eq!((job.step("verify").code, verdict(&job)), (Some(0), "cannot tell".to_owned()));
    job.summary();
    // Rows that are not the reference's are an error.
    job.inputs.insert("verify-flags".to_owned(), String::new());
    assert_eq!((job.step("verify").code, verdict(&job)), (Some(2), "error".to_owned()));
    job.summary();
    // A file of runs.
    bench.write("grid.toml", "task = \"stsb\"\nmodel = \"m\"\nseeds = [5]\ndataset_dir = \"g\"\nmax_steps = 2\n");
    let mut job = Job::new(&bench, &[("grid", "grid.toml"), ("results", "other results")]);
    for step in ["keys", "run", "summary"] {
        let ended = job.step(step);
        assert_eq!(ended.code, Some(0), "{step}: {}{}", ended.stdout, ended.stderr);
    }
    assert!(job.summary().contains("| model | stsb (150 rows of other data) |"));
    // A run that fails fails the job.
    job.inputs.insert("flags".to_owned(), "--max_steps x".to_owned());
    assert_eq!(job.step("run").code, Some(2));
}

/// What scripts/release/pack.sh makes, under the address of a release.
#[test]
fn the_action_takes_what_is_released() {
    let bench = bench();
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = format!("releases/v{}", env!("CARGO_PKG_VERSION"));
    let mut job = Job::new(&bench, &[]);
    let found = |job: &mut Job<'_>| {
        let ended = job.step("release");
        (ended.code, job.outputs.remove("steps.release.outputs.found"), ended.stdout + &ended.stderr)
    };
    let (code, found_any, said) = found(&mut job);
    assert_eq!((code, found_any.as_deref()), (Some(0), Some("false")), "{said}");

    let mut pack = bench.within(Command::new(repository().join("scripts/release/pack.sh")));
    pack.args([env!("CARGO_BIN_EXE_run-glue"), target.as_str(), folder.as_str()]).env("SOURCE_DATE_EPOCH", "1");
    end(&mut pack).assert_done("pack.sh");
    let (code, found_any, said) = found(&mut job);
    assert_eq!((code, found_any.as_deref()), (Some(0), Some("true")), "{said}");
    let program = bench.path("temp/run-glue/bin/run-glue");
    let same = std::fs::read(&program).unwrap() == std::fs::read(env!("CARGO_BIN_EXE_run-glue")).unwrap();
    assert!(same, "another program");
    std::fs::remove_file(program).unwrap();

    // An archive that is not what its checksum says is no reason to compile.
    let archive = bench.files(&folder).into_iter().find(|name| name.ends_with(".tar.gz")).unwrap();
    bench.cut(&archive, 1000);
    let (code, found_any, said) = found(&mut job);
    assert_eq!((code, found_any), (Some(1), None), "{said}");
    assert!(said.contains("is not what") && !bench.path("temp/run-glue/bin/run-glue").exists(), "{said}");
}

/// What cannot be run here: other actions and conditions.
#[test]
fn the_action_refers_to_what_is_there() {
    let bench = bench();
    let mut job = Job::new(&bench, &[]);
    job.outputs.extend(["runner.temp", "runner.os", "runner.arch"].map(|name| (name.to_owned(), "x".to_owned())));
    job.outputs.extend(["program", "hub"].map(|name| (format!("steps.keys.outputs.{name}"), "x".to_owned())));
    let steps = job.action["runs"]["steps"].as_array().unwrap();
    let ids: Vec<&str> = steps.iter().map(|step| step["id"].as_str().unwrap()).collect();
    let expected = [
        "keys",
        "release",
        "program",
        "install",
        "keep-program",
        "hub",
        "run",
        "keep-hub",
        "verify",
        "summary",
        "upload",
    ];
    assert_eq!(ids, expected);
    for step in steps.iter().filter(|step| step.get("uses").is_some()) {
        for (_, value) in step["with"].as_object().unwrap() {
            job.filled(value.as_str().unwrap());
        }
    }
    let condition = |id: &str| steps.iter().find(|step| step["id"] == id).unwrap()["if"].clone();
    assert_eq!(condition("verify"), "inputs.reference != ''");
    let none_is_released = "steps.release.outputs.found != 'true'";
    assert_eq!(condition("program"), none_is_released);
    assert_eq!(condition("install"), format!("{none_is_released} && steps.program.outputs.cache-hit != 'true'"));
    assert_eq!(condition("keep-program"), "steps.install.outcome == 'success'");
    let step = |id: &str| steps.iter().find(|step| step["id"] == id).unwrap();
    for (restored, kept) in [("program", "keep-program"), ("hub", "keep-hub")] {
        assert_eq!(step(restored)["with"], step(kept)["with"]);
    }
    // Not the folder above, where tokens lie.
    assert_eq!(step("hub")["with"]["path"], "~/.cache/huggingface/hub");
}

/// The lines that the runner takes for commands.
fn commands(said: &str) -> Vec<&str> {
    let mut stopped: Option<String> = None;
    let mut found = Vec::new();
    for line in said.split(['\n', '\r']).map(str::trim_start) {
        let mark = line.strip_prefix("::stop-commands::").map(|mark| format!("::{mark}::"));
        if stopped.as_deref() == Some(line) {
            stopped = None;
        } else if stopped.is_none() && mark.is_some() {
            stopped = mark;
        } else if stopped.is_none() && (line.starts_with("::") || line.contains("##[")) {
            found.push(line);
        }
    }
    found
}

#[test]
fn what_the_program_says_is_no_command_and_no_markdown() {
    let bench = bench();
    let stand_in = r"#!/bin/bash
printf '%s\n' '::error::label' ' ::add-mask::a' '##[error]b' '::stop::' '```' '<img src=x>'
echo '::error::warned' >&2
printf 'Not reproduced: 5%% of [a](b) <i>\r::error::c\n'
exit 1
";
    bench.write("temp/run-glue/bin/run-glue", stand_in);
    let mut chmod = bench.within(Command::new("chmod"));
    end(chmod.args(["+x", "temp/run-glue/bin/run-glue"])).assert_done("chmod");
    let mut job = Job::new(&bench, &[("reference", "reference.json")]);
    let summed_up = "::error title=Not reproduced::Not reproduced: 5%25 of [a](b) <i> ::error::c";
    let none: &[&str] = &[];
    for (step, said) in [("run", none), ("summary", none), ("verify", &[summed_up])] {
        let _ = std::fs::remove_file(bench.path("summary.md"));
        let ended = job.step(step);
        assert_eq!(ended.code, Some(1), "{step}: {}", ended.stdout);
        assert!(ended.stdout.contains("::error::warned"), "{step}: {}", ended.stdout);
        assert_eq!((commands(&ended.stdout), ended.stderr.as_str()), (said.to_vec(), ""), "{step}: {}", ended.stdout);
    }
    let expected = r"### Verification: not reproduced

Not reproduced: 5% of \[a\](b) \<i\> ::error::c

    ::error::label
     ::add-mask::a
    ##[error]b
    ::stop::
    ```
    <img src=x>
    Not reproduced: 5% of [a](b) <i> ::error::c
";
    assert_eq!(job.summary(), expected);
}

#[test]
fn the_template_for_gitlab_runs_and_verifies() {
    let bench = bench();
    let template = yaml(&text("templates/run-glue.gitlab-ci.yml"));
    let template = &template[".run-glue"];
    let project = bench.path("").display().to_string();
    let mut variables = BTreeMap::new();
    for (name, value) in template["variables"].as_object().unwrap() {
        variables.insert(name.clone(), value.as_str().unwrap().replace("$CI_PROJECT_DIR/", &project));
    }
    // The last flag takes any words, and does nothing.
    let flags = "--task rte --model m --seeds 2 --dataset_dir g --max_steps 3 --output_dir 'an out' \
                 --log_level_replica $(touch evil) `touch evil`";
    for (name, value) in
        [("RUN_GLUE_FLAGS", flags), ("RUN_GLUE_REFERENCE", "reference.json"), ("RUN_GLUE_VERIFY_FLAGS", TAKE_ALL)]
    {
        assert!(variables.insert(name.to_owned(), value.to_owned()).is_some(), "there is no variable {name}");
    }
    let lines = ["before_script", "script"].map(|part| template[part].as_array().unwrap().clone()).concat();
    let script = lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n");
    reference(&bench, &[]);
    let ended = bash(&bench, &script, &variables);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for path in template["artifacts"]["paths"].as_array().unwrap() {
        assert!(bench.path(path.as_str().unwrap()).exists(), "{path}");
    }
    assert!(bench.run_folder("an out/seed-43").is_dir() && !bench.path("evil").exists());
    assert_eq!(template["cache"][1]["paths"], json!([".huggingface/hub"]), "tokens lie in the folder above");
    assert!(std::fs::read_to_string(bench.path("verification.txt")).unwrap().contains("Reproduced"));
    reference(&bench, &["qnli"]);
    assert_eq!(bash(&bench, &script, &variables).code, Some(1), "a miss fails the job");
    best(&bench);
    variables.insert("RUN_GLUE_VERIFY_FLAGS".to_owned(), "--allow_partial".to_owned());
    assert_eq!(bash(&bench, &script, &variables).code, Some(3));
    assert_eq!(template["allow_failure"]["exit_codes"], 3, "what cannot be told is a warning");
    variables.insert("RUN_GLUE_REFERENCE".to_owned(), String::new());
    assert_eq!(bash(&bench, &script, &variables).code, Some(0), "without a reference nothing is verified");
}

/// The snippets in the documentation.
#[test]
fn the_documented_jobs_use_what_is_there() {
    let document = text("docs/verify.md");
    let blocks: Vec<Value> =
        document.split("```yaml\n").skip(1).map(|block| yaml(block.split("```").next().unwrap())).collect();
    let [github, gitlab] = blocks.as_slice() else { panic!("two snippets: {blocks:?}") };
    let inputs = &yaml(&text("action.yml"))["inputs"];
    let steps = github["jobs"]["reproduce"]["steps"].as_array().unwrap();
    let uses =
        steps.iter().find(|step| step["uses"].as_str().is_some_and(|name| name.starts_with("run-glue/"))).unwrap();
    for name in uses["with"].as_object().unwrap().keys() {
        assert!(inputs.get(name).is_some(), "{name}");
    }
    let address = gitlab["include"][0]["remote"].as_str().unwrap();
    assert!(repository().join(address.split("/main/").nth(1).unwrap()).is_file(), "{address}");
    let template = &yaml(&text("templates/run-glue.gitlab-ci.yml"))[gitlab["reproduce"]["extends"].as_str().unwrap()];
    for name in gitlab["reproduce"]["variables"].as_object().unwrap().keys() {
        assert!(template["variables"].get(name).is_some(), "{name}");
    }
}
