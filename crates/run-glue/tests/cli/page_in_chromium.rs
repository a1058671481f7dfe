//! The page of a comparison as a browser shows it. RUN_GLUE_CHROMIUM names the browser (scripts/ci/page.sh), RUN_GLUE_AXE the file
//! axe.min.js of the npm package axe-core, without which its rules are left out, and RUN_GLUE_SCREENSHOTS a folder for pictures of the
//! page.

use std::path::{Path, PathBuf};

use crate::support::chromium::Chromium;
use crate::support::program::Bench;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const CHECKS: &str = include_str!("../support/page_checks.js");

/// Phones, a tablet and a desk.
const SIZES: [(u32, u32); 4] = [(360, 800), (390, 844), (768, 1024), (1280, 900)];

/// What <https://github.com/dequelabs/axe-core> finds: serious faults and critical ones, each with the first elements that have it.
const AXE: &str = "axe.run(document).then(({ violations, passes }) => {
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const said = grave.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120))}`);
    return passes.length < 20 ? [...said, `only ${passes.length} rules hold`] : said;
})";

fn environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn assert_fine(browser: &mut Chromium, call: &str, what: &str) {
    let wrong = browser.evaluate(call);
    let name = call.split('(').next().unwrap_or_default();
    assert_eq!(wrong, json!([]), "{what}: {name}");
}

fn check(browser: &mut Chromium, page: &Path, numbers: &Value, name: &str, axe: Option<&str>) {
    let address = format!("file://{}", page.display());
    for (width, height) in SIZES {
        for theme in ["light", "dark"] {
            let what = format!("{name}, {width}, {theme}");
            browser.look(width, height, theme);
            browser.open(&address);
            picture(browser, &format!("{name}-{width}-{theme}"));
            browser.evaluate(CHECKS);
            for call in ["overflow()", "hiddenColumns()", "headings()", "verdictFirst()"] {
                assert_fine(browser, call, &what);
            }
            browser.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))");
            picture(browser, &format!("{name}-{width}-{theme}-open"));
            // The script looks at regions that have been opened when they are drawn.
            browser
                .evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))");
            for call in ["overflow()", "hiddenColumns()", "faintTexts()", "crampedCharts()", "unreachable()"] {
                assert_fine(browser, call, &what);
            }
            if let Some(axe) = axe {
                browser.evaluate(&format!("{axe};0"));
                assert_eq!(browser.evaluate(AXE), json!([]), "{what}: axe-core");
                println!("{what}: axe-core finds no serious fault");
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
    own_data(&bench);
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/published");
    let flags = ["--published", published.to_str().unwrap()];
    let page = ["compare", "results", "--output", "all.html"];
    bench.run(page.into_iter().chain(flags)).assert_done("page");
    let of_all = numbers(&bench, &flags);
    assert!(!of_all["pairs"].as_array().unwrap().is_empty());

    let axe = environment("RUN_GLUE_AXE").map(|path| std::fs::read_to_string(path).unwrap());
    let mut browser = Chromium::start(&program);
    check(&mut browser, &bench.path("results/comparison.html"), &of_demo, "demo", axe.as_deref());
    check(&mut browser, &bench.path("all.html"), &of_all, "all", axe.as_deref());
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
    faults_are_found(&mut browser, &bench, axe.as_deref());
}

/// What is wrong with a page is told, or nothing that was checked above says anything.
fn faults_are_found(browser: &mut Chromium, bench: &Bench, axe: Option<&str>) {
    let address = format!("file://{}", bench.path("all.html").display());
    browser.look(390, 844, "dark");
    let faults = [
        ("document.querySelectorAll('.hint').forEach((hint) => hint.remove())", "hiddenColumns()"),
        ("document.querySelector('h2').replaceChildren('a heading')", "headings()"),
        ("document.querySelector('.verdict').remove()", "verdictFirst()"),
        ("document.querySelector('.verdict').style.color = '#333'", "faintTexts()"),
    ];
    for (fault, call) in faults {
        browser.open(&address);
        browser.evaluate(&format!("{CHECKS};{fault};0"));
        assert_ne!(browser.evaluate(call), json!([]), "{call}");
    }
    if let Some(axe) = axe {
        browser.open(&address);
        browser.evaluate(&format!("{axe};document.querySelector('section a').replaceChildren();0"));
        let found = browser.evaluate(AXE);
        assert!(found.to_string().contains("link-name"), "{found}");
    }
}

/// Records of data of one's own: a demo's task under another name.
fn own_data(bench: &Bench) {
    let read = |name: String| serde_json::from_slice::<Value>(&std::fs::read(bench.path(&name)).unwrap()).unwrap();
    let mut of_wnli: Vec<Value> =
        bench.record_files().into_iter().map(read).filter(|record| record["task"] == "wnli").collect();
    assert!(!of_wnli.is_empty(), "the demo left no record of WNLI");
    for (at, record) in of_wnli.iter_mut().enumerate() {
        record["task"] = json!("mail");
        record["hyper_parameters"]["metric_name"] = json!("accuracy");
        bench.write(&format!("results/mail/seed-{at}.json"), record.to_string());
    }
}
