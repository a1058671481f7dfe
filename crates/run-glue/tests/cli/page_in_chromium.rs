//! The page of a comparison as a browser shows it. RUN_GLUE_CHROMIUM names the browser (scripts/ci/page.sh), RUN_GLUE_SCREENSHOTS
//! a folder for pictures of the page.

use std::path::{Path, PathBuf};

use crate::support::chromium::Chromium;
use crate::support::program::Bench;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const CHECKS: &str = include_str!("../support/page_checks.js");

/// A phone and a desk.
const SIZES: [(&str, u32, u32); 2] = [("phone", 360, 800), ("desktop", 1280, 900)];

fn environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn assert_fine(browser: &mut Chromium, call: &str, what: &str) {
    let wrong = browser.evaluate(call);
    let name = call.split('(').next().unwrap_or_default();
    assert_eq!(wrong, json!([]), "{what}: {name}");
}

fn check(browser: &mut Chromium, page: &Path, numbers: &Value, name: &str) {
    let address = format!("file://{}", page.display());
    for (size, width, height) in SIZES {
        for theme in ["light", "dark"] {
            let what = format!("{name}, {size}, {theme}");
            browser.look(width, height, theme);
            browser.open(&address);
            picture(browser, &format!("{name}-{size}-{theme}"));
            browser.evaluate(CHECKS);
            assert_fine(browser, "overflow()", &what);
            browser.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))");
            picture(browser, &format!("{name}-{size}-{theme}-open"));
            for call in ["overflow()", "faintTexts()", "crampedCharts()", "unreachable()"] {
                assert_fine(browser, call, &what);
            }
            assert_fine(browser, &format!("missingNumbers({numbers})"), &what);
            assert_eq!(browser.asked_for(), [address.as_str()], "{what}");
            assert_eq!(browser.complaints(), [""; 0], "{what}");
        }
    }
    // The first key press offers the way past the links, the next Enter takes it.
    browser.open(&address);
    browser.press("Tab", 9);
    assert_eq!(browser.evaluate("document.activeElement.className"), "skip");
    let sorted = "(() => {
        const head = document.querySelector('table.sortable thead th:nth-child(2)');
        const values = () => [...document.querySelector('table.sortable tbody').rows].map(
            (row) => Number(row.cells[1].querySelector('[data-value]')?.dataset.value ?? NaN)).filter((v) => !isNaN(v));
        const all = values().sort((a, b) => b - a);
        head.querySelector('button').click();
        return head.ariaSort === 'descending' && JSON.stringify(values()) === JSON.stringify(all);
    })()";
    assert_eq!(browser.evaluate(sorted), true, "{name}");
}

fn picture(browser: &mut Chromium, name: &str) {
    if let Some(folder) = environment("RUN_GLUE_SCREENSHOTS") {
        let shot = STANDARD.decode(browser.screenshot(true)).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), shot).unwrap();
    }
}

fn numbers(bench: &Bench, flags: &[&str]) -> Value {
    let ended = bench.run(["compare", "results", "--format", "json"].into_iter().chain(flags.iter().copied()));
    ended.assert_done("json");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
#[ignore = "needs a browser: scripts/ci/page.sh"]
fn the_page_is_complete_readable_and_asks_for_nothing() {
    let program = environment("RUN_GLUE_CHROMIUM").expect("RUN_GLUE_CHROMIUM names no browser");
    let bench = Bench::new();
    let demo = ["demo", "--task", "mrpc,stsb,mnli,wnli", "--seeds", "3", "--results_dir", "results"];
    let ended = bench.run(demo);
    ended.assert_done("demo");
    assert!(ended.stderr.contains("results/comparison.html"), "{}", ended.stderr);
    let of_demo = numbers(&bench, &[]);
    // Another model beside it, with fewer tasks, and what others have published.
    let other = ["demo", "--task", "mrpc,wnli", "--seeds", "2", "--results_dir", "results", "--learning_rate", "5e-4"];
    bench.run(other.into_iter().chain(["--report_html", "none"])).assert_done("another model");
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/published");
    let flags = ["--published", published.to_str().unwrap()];
    let page = ["compare", "results", "--output", "all.html"];
    bench.run(page.into_iter().chain(flags)).assert_done("page");
    let of_all = numbers(&bench, &flags);
    assert!(!of_all["pairs"].as_array().unwrap().is_empty());

    let mut browser = Chromium::start(&program);
    check(&mut browser, &bench.path("results/comparison.html"), &of_demo, "demo");
    check(&mut browser, &bench.path("all.html"), &of_all, "all");
    assert_eq!(browser.requests(), [""; 0], "something left the browser");
    // What would leave the page is noticed.
    bench.write("leaky.html", "<img src=\"http://leak.example/picture.png\">");
    browser.open(&format!("file://{}", bench.path("leaky.html").display()));
    assert!(browser.asked_for().iter().any(|address| address.contains("leak.example")), "{:?}", browser.asked_for());
    assert!(browser.requests().iter().any(|line| line.contains("leak.example")), "{:?}", browser.requests());
    // Numbers that are not there are missed.
    browser.open(&format!("file://{}", bench.path("results/comparison.html").display()));
    browser.evaluate(CHECKS);
    assert_ne!(browser.evaluate(&format!("missingNumbers({of_all})")), json!([]));
}
