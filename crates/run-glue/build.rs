//! Tells the program what it is built from, for records and `run-glue --version`: the commit, its date, and the target.
//!
//! The commit is what `RUN_GLUE_GIT_COMMIT` says, for builds from an archive; else what Cargo wrote into a published crate; else what the
//! clone says; else `unknown`. The date is the commit's, or that of `SOURCE_DATE_EPOCH`, and never the clock's: two builds of one commit
//! are the same.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["RUN_GLUE_GIT_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let here = PathBuf::from(set("CARGO_MANIFEST_DIR").unwrap_or_default());
    let given = set("RUN_GLUE_GIT_COMMIT");
    let packed = || fs::read_to_string(here.join(".cargo_vcs_info.json")).ok().and_then(|text| packaged(&text));
    let clone = clone_of(&here);
    let commit = given.or_else(packed).or_else(|| clone.as_deref().and_then(commit)).unwrap_or("unknown".to_owned());
    let seconds = set("SOURCE_DATE_EPOCH").or_else(|| clone.as_deref().and_then(date)).unwrap_or_default();
    println!("cargo::rustc-env=RUN_GLUE_COMMIT={commit}");
    println!("cargo::rustc-env=RUN_GLUE_COMMIT_SECONDS={seconds}");
    println!("cargo::rustc-env=RUN_GLUE_TARGET={}", set("TARGET").unwrap_or_default());
}

/// A variable of the environment that is not empty.
fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// The commit in `.cargo_vcs_info.json`, where changes that were not committed are marked as in a clone.
fn packaged(text: &str) -> Option<String> {
    let commit = text.split_once("\"sha1\": \"")?.1.split('"').next()?;
    Some(marked(commit, text.contains("\"dirty\": true")))
}

/// As `git describe --dirty` writes it.
fn marked(commit: &str, is_changed: bool) -> String {
    format!("{commit}{}", if is_changed { "-dirty" } else { "" })
}

/// The root of run-glue's own clone. The repository of a project that has this crate among its vendored ones is none.
fn clone_of(here: &Path) -> Option<PathBuf> {
    let root = here.parent()?.parent()?;
    (root.join(".git").exists() && root.join("crates/run-glue") == here).then(|| root.to_owned())
}

/// What git says in the clone, whoever owns it: a container builds what is mounted there. Locks are left to those who work in the clone.
fn git(root: &Path, words: &[&str]) -> Option<String> {
    let ours = format!("safe.directory={}", root.display());
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["-c", &ours, "--no-optional-locks"]).args(words);
    let output = git.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

/// What the program is made of, beside which tests and documents may change.
fn sources(root: &Path) -> Vec<String> {
    let crates = fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let crates = crates.filter_map(|entry| entry.file_name().into_string().ok());
    let parts = ["Cargo.toml", "build.rs", "src", "demo", "recipes"];
    let mut paths = vec!["Cargo.toml".to_owned(), "Cargo.lock".to_owned()];
    paths.extend(crates.flat_map(|name| parts.map(|part| format!("crates/{name}/{part}"))));
    paths.retain(|path| root.join(path).exists());
    paths
}

fn commit(root: &Path) -> Option<String> {
    let sources = sources(root);
    let watch = |path: &str| {
        // Of a file that is not there Cargo would think that it always changes.
        if root.join(path).exists() {
            println!("cargo::rerun-if-changed={}", root.join(path).display());
        }
    };
    sources.iter().for_each(|path| watch(path));
    let Some(commit) = git(root, &["rev-parse", "HEAD"]) else { return without_git(root) };
    let mut status = vec!["status", "--porcelain", "--"];
    status.extend(sources.iter().map(String::as_str));
    let is_changed = git(root, &status).is_some_and(|changes| !changes.is_empty());
    if is_changed {
        // They may be committed as they are. Of sources without changes it is right whatever is committed beside them, and no reason to
        // compile. The log changes with whatever moves HEAD.
        git(root, &["rev-parse", "--git-path", "logs/HEAD"]).iter().for_each(|path| watch(path));
    }
    Some(marked(&commit, is_changed))
}

fn date(root: &Path) -> Option<String> {
    git(root, &["show", "--no-patch", "--format=%ct", "HEAD"])
}

/// Where there is no program git, as in the images of many containers: what its files say of HEAD.
fn without_git(root: &Path) -> Option<String> {
    let read = |path: PathBuf| fs::read_to_string(path).map(|text| text.trim().to_owned()).ok();
    let mut own = root.join(".git");
    // Of a work tree beside the clone, `.git` is a file that says where its own folder is, which says where the clone's is.
    if let Some(file) = read(own.clone()) {
        own = root.join(file.strip_prefix("gitdir: ")?);
    }
    let common = read(own.join("commondir")).map_or_else(|| own.clone(), |path| own.join(path));
    let head = read(own.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else { return Some(head) };
    let packed = || {
        let text = read(common.join("packed-refs"))?;
        text.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' ').map(str::to_owned))
    };
    read(common.join(name)).or_else(packed)
}
