//! The commands that repeat the runs: to copy, safe to show, and no more than the page has room for.

use std::path::PathBuf;

use serde_json::json;

use super::{assert_balanced, page, record};
use records::record::RecordFile;

fn at(path: &str, seed: u64) -> RecordFile {
    (PathBuf::from(path), record("m", "rte", seed, Some(0.5 + seed as f64 * 1e-5)).1)
}

/// The commands of a page, as they are copied from it.
fn commands(page: &str) -> Vec<String> {
    let (_, part) = page.split_once("<summary>The command that repeats each run</summary>").unwrap();
    assert!(page[..page.len() - part.len()].ends_with("<details><summary>The command that repeats each run</summary>"));
    let codes = part.split("<code class=\"command\">").skip(1).map(|code| code.split_once("</code>").unwrap().0);
    let plain = |code: &str| {
        let quotes = code.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        quotes.replace("&amp;", "&")
    };
    codes.map(plain).collect()
}

#[test]
fn every_run_has_its_command() {
    let mut best = at("../other/rte/m/seed-3-cd34.json", 3);
    best.1.hyper_parameters.insert("load_best_model_at_end".to_owned(), json!(true));
    let page = page(&[at("results/b.json", 2), at("results/a.json", 1), best], &[]);
    let wanted = [
        "run-glue results/a.json",
        "run-glue results/b.json",
        "run-glue ../other/rte/m/seed-3-cd34.json --output_dir again/seed-3-cd34",
    ];
    assert_eq!(commands(&page), wanted);
    assert!(page.contains("<td class=\"n\">2</td><td><code class=\"command\">run-glue results/b.json</code></td>"));
}

#[test]
fn a_run_that_cannot_be_repeated_says_why() {
    let mut old = at("old.json", 1);
    old.1.format_version = 1;
    let page = page(&[old, at("new.json", 2)], &[]);
    assert_eq!(commands(&page), ["run-glue new.json"]);
    assert!(page.contains("<td>cannot be repeated: it is of format 1, which "), "{page}");
}

/// A shell takes each as one word, and a browser as text.
#[test]
fn paths_are_text_and_one_word() {
    let evil = "-</code><script>alert(1)</script> it's  $(touch x) \"`&amp;.json";
    let page = page(&[at(evil, 1), at("a\nb.json", 2), at("\u{1b}[2J.json", 3)], &[]);
    let word = evil.replace('\'', "'\\''");
    assert_eq!(commands(&page), [format!("run-glue './{word}'")]);
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    let reason = "<td>cannot be repeated: the path of its record has characters that cannot be shown; ";
    assert_eq!(page.matches(reason).count(), 2);
}

#[test]
fn of_many_runs_the_first_have_commands() {
    let found: Vec<RecordFile> = (0..1203).map(|seed| at(&format!("results/seed-{seed}.json"), seed)).collect();
    let page = page(&found, &[]);
    assert_balanced(&page);
    let commands = commands(&page);
    assert_eq!((commands.len(), commands[999].as_str()), (1000, "run-glue results/seed-999.json"));
    assert!(page.contains("There is no room for 203 more runs. The command is always the same: run-glue and the path"));
}
