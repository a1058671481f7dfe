//! An Indexed Job: <https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode>

use std::path::{Component, Path};

use serde_json::{Value, json};

use super::cluster_plan::ClusterPlan;
use super::shell_words::program;
use trainer::error::Error;

/// Where the volume is.
const WORK: &str = "/work";
/// The Hub's files, beside the results, so that pods fetch them once.
const HF_HOME: &str = "/work/.huggingface";
/// The container's name, which the policy refers to.
const CONTAINER: &str = "run-glue";
/// How often a part is tried again.
const RETRIES: usize = 3;
/// From the request to stop, which saves the run, to the end.
const GRACE_SECONDS: usize = 120;
/// The exit code of wrong flags or input, which do not get better by trying again.
const WRONG_INPUT: u8 = 2;
/// What the Dockerfile of this version is published as. It computes on the CPU, so no plan takes it unasked.
const IMAGE: &str = concat!("ghcr.io/run-glue/run-glue:", env!("CARGO_PKG_VERSION"));

impl ClusterPlan<'_> {
    /// The manifest, as JSON, which is YAML that quotes all that needs it. For Kubernetes 1.31 and later.
    ///
    /// # Errors
    /// When the image or the volume is missing, or a name is none.
    pub(super) fn kubernetes(&self) -> Result<String, Error> {
        let options = self.options;
        let missing = |flag: &str, what: &str| Error::usage(format!("--format kubernetes needs --{flag}: {what}"));
        let image = options.image.as_deref().ok_or_else(|| missing("image", &format!("such as {IMAGE}")))?;
        if image.is_empty() || image.contains(char::is_whitespace) {
            return Err(Error::usage(format!("--image {image:?}: expected a name such as {IMAGE}")));
        }
        let volume = options.volume.as_deref();
        let volume = volume
            .ok_or_else(|| missing("volume", "the PersistentVolumeClaim with the grid's file, for the results too"))?;
        let volume = object_name("volume", volume)?;
        let mut environment = vec![json!({"name": "HF_HOME", "value": HF_HOME})];
        environment.extend(self.limits.cpus.map(|n| json!({"name": "RAYON_NUM_THREADS", "value": n.to_string()})));
        let mut container = json!({
            "name": CONTAINER,
            "image": image,
            "command": self.command(),
            "workingDir": WORK,
            "env": environment,
            "volumeMounts": [{"name": "work", "mountPath": WORK}],
        });
        if let Some(secret) = &options.secret {
            container["envFrom"] = json!([{"secretRef": {"name": object_name("secret", secret)?}}]);
        }
        if let Some(resources) = self.resources() {
            container["resources"] = resources;
        }
        let mut pod = json!({
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "containers": [container],
            "volumes": [{"name": "work", "persistentVolumeClaim": {"claimName": volume}}],
        });
        if let Some(seconds) = options.time {
            pod["activeDeadlineSeconds"] = json!(seconds);
        }
        let manifest = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": self.name},
            "spec": {
                "completions": self.parts,
                "parallelism": options.workers.unwrap_or(self.parts).min(self.parts),
                "completionMode": "Indexed",
                "backoffLimitPerIndex": RETRIES,
                "podFailurePolicy": {"rules": [
                    {
                        "action": "FailIndex",
                        "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [WRONG_INPUT]},
                    },
                    // A node that is drained or lost is no failure of the run.
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ]},
                "template": {"spec": pod},
            },
        });
        Ok(format!("{manifest:#}\n"))
    }

    /// The words of the container's command; the grid's file lies in the volume as it lies here.
    fn command(&self) -> Vec<String> {
        let grid = &self.options.grid;
        let below = grid.is_relative() && grid.components().all(|part| matches!(part, Component::Normal(_)));
        let file = if below { grid.as_path() } else { grid.file_name().map_or(grid.as_path(), Path::new) };
        let program = program(self.options).split_whitespace().map(str::to_owned);
        let words = program.chain([Path::new(WORK).join(file).display().to_string()]);
        let words = words.chain(self.options.flags.iter().cloned()).chain([format!("--shard=auto/{}", self.parts)]);
        // Kubernetes would put variables in, `$(NAME)`, and takes `$$` for `$`.
        words.map(|word| word.replace('$', "$$")).collect()
    }

    /// What was measured is asked for, what was typed is a limit too.
    fn resources(&self) -> Option<Value> {
        let limits = &self.limits;
        let mut requested = serde_json::Map::new();
        let mut limited = serde_json::Map::new();
        if let Some(cpus) = limits.cpus {
            requested.insert("cpu".to_owned(), json!(cpus.to_string()));
        }
        if let Some(memory) = limits.memory {
            requested.insert("memory".to_owned(), json!(format!("{memory}Mi")));
        }
        if let Some(memory) = self.options.mem {
            limited.insert("memory".to_owned(), json!(format!("{memory}Mi")));
        }
        // A GPU is a limit, which is its request too:
        // https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
        if let Some(gpus) = limits.gpus {
            limited.insert("nvidia.com/gpu".to_owned(), json!(gpus.to_string()));
        }
        let mut resources = serde_json::Map::new();
        for (name, values) in [("requests", requested), ("limits", limited)] {
            if !values.is_empty() {
                resources.insert(name.to_owned(), Value::Object(values));
            }
        }
        (!resources.is_empty()).then_some(Value::Object(resources))
    }
}

/// A name as claims and secrets have it: RFC 1123's subdomain,
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>
fn object_name<'a>(flag: &str, name: &'a str) -> Result<&'a str, Error> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |part: &str| {
        let bytes = part.as_bytes();
        let ends = bytes.first().copied().is_some_and(letter) && bytes.last().copied().is_some_and(letter);
        ends && bytes.iter().all(|&byte| letter(byte) || byte == b'-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(name)
    } else {
        Err(Error::usage(format!(
            "--{flag} {name:?}: expected the name of a Kubernetes object: lower-case letters, digits, dashes and dots"
        )))
    }
}
