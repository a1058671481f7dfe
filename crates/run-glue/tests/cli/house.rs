//! The plan of the workspace: imports run down only, between crates and between the rooms of a crate, and circles are few.
//!
//! How it is counted: a file depends on the files whose items it names in `use` or in a path with `crate::`, `super::` or
//! `self::`, outside of `#[cfg(test)] mod tests`. A re-export (`pub use`) is no dependency: who imports through it depends on
//! the file where the item is. A room is a folder or a file right under `src/`; its floor is its place in [`ROOMS`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of each crate from the ground up; rooms of one line know nothing of each other.
const ROOMS: &[(&str, &[&[&str]])] = &[
    (
        "glue-tasks",
        &[
            &["features", "library_panic", "near", "packed", "slices", "task_kind"],
            &["dataset", "metrics"],
            &["layout", "task"],
            &["benchmark"],
            &["benchmarks"],
            &["find", "other_sets", "score"],
        ],
    ),
    (
        "hub",
        &[
            &["blob", "cancel", "error", "progress", "scratch"],
            &["partial", "repo", "retry", "write_whole"],
            &["config", "listing"],
            &["cache", "http"],
            &["remote"],
            &["download", "session"],
            &["snapshot"],
            &["hub"],
            &["upload"],
        ],
    ),
    (
        "models",
        &[
            &["backends", "config", "device_cache", "gpus", "parameters", "torch_rng"],
            &["batch", "parameter_specs"],
            &["checkpoint"],
            &["ops"],
            &["layers"],
            &["activation"],
            &["encoder"],
            &["head"],
            &["gradient_checkpointing", "peft"],
        ],
    ),
    (
        "records",
        &[
            &["atomic", "counted", "hexadecimal", "python_json", "shown", "spreadsheet", "utc"],
            &["markdown", "metrics"],
            &["record"],
            &["error"],
            &["files"],
        ],
    ),
    (
        "results",
        &[
            &["clipped", "columns", "same_outcome", "scored_rows", "statistics"],
            &["credible", "fitted"],
            &["compare"],
            &["parity", "table", "verify"],
        ],
    ),
    (
        "trainer",
        &[
            &["cache_folder", "error", "file_lock", "logs", "unfinished_mark", "upload_mark"],
            &["file_hash", "machine"],
            &["demo", "finished_run", "kernel_cache", "settings", "tokenize"],
            &["backends", "data", "model_sizes", "padding", "permutation", "sampler", "source", "token_store"],
            &["model_layout"],
            &["model_places"],
            &["trained_weights"],
            &["model_files", "training"],
            &["run"],
        ],
    ),
    (
        "run-glue",
        &[
            &["lasting_terminal", "signals"],
            &["interrupt", "memory", "progress", "synthetic", "version"],
            &["transfer_bars"],
            &["transfer_hooks"],
            &["mlflow", "mlflow_absent", "publish", "publish_absent"],
            &["run_hooks"],
            &["bench", "evaluate", "grid", "models_list", "predict", "selftest"],
            &["cli"],
        ],
    ),
];

/// Crates and what they may be built on, of this workspace.
const CRATES: &[(&str, &[&str])] = &[
    ("glue-tasks", &[]),
    ("models", &[]),
    ("hub", &[]),
    ("records", &["glue-tasks"]),
    ("results", &["glue-tasks", "records"]),
    ("trainer", &["glue-tasks", "hub", "models", "records"]),
    ("run-glue", &["glue-tasks", "hub", "models", "records", "results", "trainer"]),
];

/// Circles that are meant, each with its reason in ARCHITECTURE.md.
const CIRCLES: &[&[&str]] = &[&[
    "models/ops/composed",
    "models/ops/composed_attention",
    "models/ops/composed_relative",
    "models/ops/encoder_ops",
    "models/ops/functions",
]];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A module's path in its crate, without `crate`.
type Module = Vec<String>;

/// What a `use` statement names: a path, and the name that it gets.
type Import = (Vec<String>, String);

/// The files of a crate and what they say.
struct Crate {
    files: BTreeMap<Module, String>,
    /// Of each module, the names that it re-exports and where they come from.
    exports: BTreeMap<Module, BTreeMap<String, Module>>,
}

fn sources(folder: &Path, at: &Module, files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            sources(&path, &[at.as_slice(), &[name]].concat(), files);
        } else if let Some(stem) = name.strip_suffix(".rs").filter(|stem| *stem != "main" && *stem != "tests") {
            let module = match stem {
                "mod" | "lib" => at.clone(),
                stem => [at.as_slice(), &[stem.to_owned()]].concat(),
            };
            files.insert(module, code(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The text without comments and tests.
fn code(text: &str) -> String {
    let tests = text.find("#[cfg(test)]\nmod tests {").or_else(|| text.find("\nmod tests {"));
    let lines = text[..tests.unwrap_or(text.len())].lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of a `use` tree: `a::{b, c as d}` is `a::b` and `a::c`, each with the name that it gets.
fn paths(tree: &str) -> Vec<Import> {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let (before, inside) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())]);
        let (mut depth, mut parts) = (0, vec![String::new()]);
        for letter in inside.chars() {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            match letter {
                ',' if depth == 0 => parts.push(String::new()),
                letter => parts.last_mut().unwrap().push(letter),
            }
        }
        let parts = parts.iter().filter(|part| !part.trim().is_empty());
        return parts.flat_map(|part| paths(&format!("{before}{}", part.trim()))).collect();
    }
    let (path, name) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim())));
    let mut path: Vec<String> = path.split("::").map(|part| part.trim().to_owned()).filter(|p| !p.is_empty()).collect();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = name.map(str::to_owned).or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(path, name)]
}

/// `use` statements of a file: whether each is a re-export, and its paths.
fn imports(text: &str) -> Vec<(bool, Vec<Import>)> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        let Some(at) = statement.rfind("use ") else { continue };
        let starts = statement[..at].chars().last().is_none_or(|before| before.is_whitespace());
        if starts && !statement[at..].contains(['(', '=']) {
            let line = statement[..at].rsplit('\n').next().unwrap_or_default().trim();
            found.push((line.starts_with("pub"), paths(&statement[at + 4..])));
        }
    }
    found
}

/// Paths in expressions and types: `crate::a::b`, `super::c`.
fn inline_paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().last().unwrap_or(' ');
            if before.is_alphanumeric() || before == '_' || before == ':' || before == '$' {
                continue;
            }
            let end =
                text[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len() - at);
            found.push(text[at..at + end].split("::").filter(|p| !p.is_empty()).map(str::to_owned).collect());
        }
    }
    found
}

impl Crate {
    fn read(name: &str) -> Self {
        let mut files = BTreeMap::new();
        sources(&root().join("crates").join(name).join("src"), &Vec::new(), &mut files);
        let mut this = Self { files, exports: BTreeMap::new() };
        for (module, text) in &this.files {
            let mut exports = BTreeMap::new();
            for (is_export, paths) in imports(text) {
                for (path, name) in paths.into_iter().filter(|_| is_export) {
                    if let Some(path) = this.absolute(module, &path) {
                        exports.insert(name, path);
                    }
                }
            }
            this.exports.insert(module.clone(), exports);
        }
        this
    }

    /// A path from the crate's root, where it is one of the crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module.as_slice(), rest].concat()),
            "super" => {
                let (_, parent) = module.split_last()?;
                let mut up =
                    vec![if rest.first().is_some_and(|next| next == "super") { "super" } else { "self" }.to_owned()];
                if up[0] == "super" {
                    return self.absolute(&parent.to_vec(), rest);
                }
                up.extend_from_slice(rest);
                self.absolute(&parent.to_vec(), &up)
            }
            // A child of the module, in 2018's paths.
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                self.files.contains_key(&child).then(|| [module.as_slice(), path].concat())
            }
        }
    }

    /// The file of a path, through re-exports.
    fn file(&self, path: &[String], depth: usize) -> Module {
        for length in (0..=path.len()).rev() {
            let module = path[..length].to_vec();
            if !self.files.contains_key(&module) {
                continue;
            }
            let exported = path.get(length).and_then(|name| self.exports[&module].get(name));
            return match exported {
                Some(target) if depth < 8 => {
                    let rest = [target.as_slice(), &path[length + 1..]].concat();
                    self.file(&rest, depth + 1)
                }
                _ => module,
            };
        }
        Vec::new()
    }

    fn edges(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, text) in &self.files {
            let uses = imports(text).into_iter().filter(|(is_export, _)| !is_export);
            let mut named: Vec<Vec<String>> = uses.flat_map(|(_, paths)| paths).map(|(path, _)| path).collect();
            // What is left once the `use` statements are out.
            let rest: Vec<&str> = text.split(';').filter(|part| !part.contains("use ")).collect();
            named.extend(inline_paths(&rest.join(";")));
            let files = named.iter().filter_map(|path| self.absolute(module, path)).map(|path| self.file(&path, 0));
            edges.insert(module.clone(), files.filter(|file| file != module).collect());
        }
        edges
    }
}

/// Groups of files that reach each other.
fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reach = |from: &Module| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = left.pop() {
            for next in edges.get(&module).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    left.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> = edges.keys().map(|module| (module, reach(module))).collect();
    let mut found: Vec<BTreeSet<Module>> = Vec::new();
    for (module, seen) in &reached {
        if seen.contains(*module) && !found.iter().any(|circle| circle.contains(*module)) {
            found.push(seen.iter().filter(|other| reached[other].contains(*module)).cloned().collect());
        }
    }
    found
}

fn name(module: &[String]) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("/") }
}

#[test]
fn crates_are_built_on_those_below_alone() {
    for (krate, below) in CRATES {
        let text = fs::read_to_string(root().join("crates").join(krate).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let names: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
        let built_on = manifest["dependencies"].as_table().into_iter().flat_map(toml::Table::keys);
        let of_workspace = built_on.map(|name| name.strip_prefix("run-glue-").unwrap_or(name));
        let of_workspace = of_workspace.filter(|name| names.contains(name));
        let above: Vec<&str> = of_workspace.filter(|name| !below.contains(name)).collect();
        assert_eq!(above, [""; 0], "crates/{krate} is built on these");
    }
}

#[test]
fn imports_between_rooms_run_down() {
    let mut wrong = Vec::new();
    for (krate, floors) in ROOMS {
        let read = Crate::read(krate);
        let floor = |room: &str| floors.iter().position(|rooms| rooms.contains(&room));
        for (file, targets) in read.edges() {
            let Some(room) = file.first() else { continue };
            let Some(from) = floor(room) else { panic!("{krate}: room {room} has no floor in ROOMS") };
            for target in targets {
                let Some(below) = target.first().filter(|below| *below != room) else { continue };
                if floor(below).is_none_or(|to| to >= from) {
                    wrong.push(format!("{krate}: {} imports {}", name(&file), name(&target)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} imports do not run down:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn circles_are_few_and_within_one_folder() {
    let mut found = Vec::new();
    for (krate, _) in CRATES {
        for circle in circles(&Crate::read(krate).edges()) {
            found.push(circle.iter().map(|file| format!("{krate}/{}", name(file))).collect::<Vec<_>>());
        }
    }
    let meant: Vec<Vec<String>> = CIRCLES.iter().map(|c| c.iter().map(|file| (*file).to_owned()).collect()).collect();
    assert_eq!(found, meant, "circles of files");
    assert!(meant.len() <= 3);
}

#[test]
fn nothing_below_the_command_line_knows_it() {
    for (file, targets) in Crate::read("run-glue").edges() {
        let is_cli = |module: &Module| module.first().is_some_and(|room| room == "cli");
        let knows: Vec<String> = targets.iter().filter(|target| is_cli(target)).map(|t| name(t)).collect();
        assert!(is_cli(&file) || knows.is_empty(), "{} imports {}", name(&file), knows.join(", "));
    }
}
