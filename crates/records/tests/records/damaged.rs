//! A record that is damaged is said by name, wherever it lies: without it a mean would be one of fewer seeds.

use std::path::Path;

use crate::record::full;
use records::record::read_folder;
use serde_json::json;

/// The names of the records and of the problems in a folder.
fn found(folder: &Path) -> (Vec<String>, Vec<String>) {
    let found = read_folder(folder).unwrap();
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
    let records = found.records.iter().map(|(path, _)| name(path)).collect();
    (records, found.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn what_may_have_been_a_record_is_a_problem_and_what_is_something_else_is_not() {
    let whole = full().to_json().unwrap();
    let with = |version: serde_json::Value| {
        let mut record: serde_json::Value = serde_json::from_str(&whole).unwrap();
        record["format_version"] = version;
        record.to_string()
    };
    let nan = whole.replacen("\"score\": 0.845", "\"score\": NaN", 1);
    assert_ne!(nan, whole);
    let schema = json!({"properties": {"format_version": {"const": 2}}}).to_string();
    for (name, text, is_problem) in [
        // They name a version.
        ("cut.json", &whole[..whole.len() / 2], true),
        ("nan.json", &nan, true),
        ("word.json", &with(json!("2")), true),
        ("fraction.json", &with(json!(1.5)), true),
        ("none.json", &with(json!(null)), true),
        ("lines.json", &format!("{whole}{whole}"), true),
        // They have a record's name.
        ("seed-42-3f9c02aa81d4.json", "", true),
        ("seed-7.json", "\0\0\0\0", true),
        ("seed-1-3f9c02aa81d4.json", "{\"task\": \"rte\"}", true),
        // Data, settings and results of other programs.
        ("empty.json", "", false),
        ("zeros.json", "\0\0\0\0", false),
        ("tsconfig.json", "{\n  // a comment\n  \"compilerOptions\": {},\n}", false),
        ("train.json", "{\"sentence\": \"a\"}\n{\"sentence\": \"b\"}\n", false),
        ("seed-users.json", "[{\"name\": \"a\",}]", false),
        ("list.json", "[1, 2]", false),
        ("number.json", "2", false),
        ("all_results.json", "{\"eval_loss\": NaN, \"eval_pearson\": -Infinity}", false),
        ("search.json", "{\"search_format\": 1}", false),
        ("schema.json", &schema, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let (records, problems) = found(folder.path());
        assert!(records.is_empty(), "{name}");
        assert_eq!(problems.len(), usize::from(is_problem), "{name}: {problems:?}");
        assert!(problems.iter().all(|problem| problem.contains(name)), "{name}: {problems:?}");
    }
    // Of other encodings, too.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("latin.json"), b"{\"name\": \"caf\xe9\"}").unwrap();
    assert_eq!(found(folder.path()), (Vec::new(), Vec::new()));
}

#[test]
fn fields_in_another_order_make_no_other_record() {
    // As `jq --sort-keys` writes them; what stands before the version may be long.
    let record: serde_json::Value = serde_json::from_str(&full().to_json().unwrap()).unwrap();
    let version = record["format_version"].clone();
    let mut sorted = json!({"class_tables": [], "before": "x".repeat(300_000)});
    record.as_object().unwrap().iter().for_each(|(name, value)| {
        if name != "format_version" && name != "class_tables" {
            sorted[name] = value.clone();
        }
    });
    sorted["format_version"] = version;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sorted.json"), sorted.to_string()).unwrap();
    assert_eq!(found(folder.path()), (vec!["sorted.json".to_owned()], Vec::new()));
}

#[test]
fn a_byte_order_mark_makes_no_other_record() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{}", full().to_json().unwrap());
    std::fs::write(folder.path().join("marked.json"), text).unwrap();
    assert_eq!(found(folder.path()), (vec!["marked.json".to_owned()], Vec::new()));
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_followed_and_each_folder_is_read_once() {
    use std::os::unix::fs::symlink;

    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |path: std::path::PathBuf| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, full().to_json().unwrap()).unwrap();
    };
    write(folder.path().join("own/a.json"));
    write(elsewhere.path().join("below/b.json"));
    // Before the folder that it leads to, by name.
    symlink(folder.path().join("own"), folder.path().join("again")).unwrap();
    symlink(folder.path(), folder.path().join("own/back")).unwrap();
    symlink(elsewhere.path(), folder.path().join("linked")).unwrap();
    symlink(elsewhere.path(), elsewhere.path().join("below/round")).unwrap();
    let both = vec!["linked/below/b.json".to_owned(), "own/a.json".to_owned()];
    assert_eq!(found(folder.path()), (both.clone(), Vec::new()));
    // A link to nothing may have been a record, where it has the name of one.
    symlink(elsewhere.path().join("gone.json"), folder.path().join("lost.json")).unwrap();
    for name in ["lost.txt", "lost", "lost.predictions.json", ".lost.json"] {
        symlink(elsewhere.path().join("gone"), folder.path().join(name)).unwrap();
    }
    let (records, problems) = found(folder.path());
    assert_eq!(records, both);
    assert!(problems.len() == 1 && problems[0].contains("lost.json"), "{problems:?}");
}

#[cfg(unix)]
#[test]
fn links_that_lead_up_are_not_followed() {
    use std::os::unix::fs::symlink;

    let above = tempfile::tempdir().unwrap();
    let results = above.path().join("home/results");
    for path in [above.path().join("other.json"), above.path().join("home/own.json"), results.join("rte/a.json")] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, full().to_json().unwrap()).unwrap();
    }
    symlink(above.path(), results.join("top")).unwrap();
    symlink("../..", results.join("rte/home")).unwrap();
    assert_eq!(found(&results), (vec!["rte/a.json".to_owned()], Vec::new()));
}
