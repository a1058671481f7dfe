//! What the program says of itself, and what records say of it.

use crate::support::program::{Bench, RUN};

#[test]
fn the_version_says_what_a_report_of_a_bug_needs() {
    let bench = Bench::new();
    let long = bench.run(["--version"]);
    long.assert_done("--version");
    let mut lines = long.stdout.lines();
    assert_eq!(lines.next(), Some(concat!("run-glue ", env!("CARGO_PKG_VERSION"))));
    let said = |name: &str| {
        let line = long.stdout.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("{name}: {}", long.stdout)).to_owned()
    };
    assert!(said("features").split(", ").any(|feature| feature == "flex"), "{}", long.stdout);
    assert!(said("backends").contains("flex") && said("default backend").contains("flex"), "{}", long.stdout);
    assert!(said("target").contains(std::env::consts::ARCH), "{}", long.stdout);
    let commit = said("commit");
    let hash = commit.strip_suffix("-dirty").unwrap_or(&commit);
    let is_hash = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let in_a_clone = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.git").exists();
    assert!(is_hash || !in_a_clone, "{commit}");

    let short = bench.run(["-V"]);
    short.assert_done("-V");
    let expected = format!("run-glue {} ({}", env!("CARGO_PKG_VERSION"), hash.get(..10).unwrap_or(hash));
    assert!(short.stdout.starts_with(&expected) && short.stdout.lines().count() == 1, "{}", short.stdout);

    bench.run(RUN.into_iter().chain(["--task", "rte"])).assert_done("a run");
    let record = bench.record();
    assert_eq!(record["program"]["git_commit"], commit.as_str());
}
