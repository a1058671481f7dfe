//! What it takes to make the runs again: what each was made of, and the command that repeats it.

use std::collections::BTreeSet;

use super::markup::{breakable, details, paragraph, scrolling, table};
use crate::compare::comparison::Comparison;
use crate::compare::escape::escaped;
use crate::compare::shown::{Cell, Table};
use records::counted;
use records::record::{RecordFile, RunRecord};

/// So many commands are listed; one takes about 300 bytes.
const MOST_COMMANDS: usize = 1000;

/// What identifies model, data, program and settings of every run.
pub(super) fn reproduction(comparison: &Comparison<'_>) -> String {
    let header = ["model", "task", "seeds", "settings hash", "weights (SHA-256)", "data", "rows", "program"];
    let mut data = Table::new(&header, 2);
    for (row, column, records) in comparison.groups() {
        let all = |of: &dyn Fn(&RunRecord) -> String| {
            let values: BTreeSet<String> = records.iter().map(|record| of(record)).collect();
            Cell::Text(values.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "))
        };
        let mut seeds: Vec<u64> = records.iter().map(|record| record.seed).collect();
        seeds.sort_unstable();
        data.rows.push(vec![
            Cell::text(&row.name),
            Cell::Text(comparison.usual_name(column)),
            Cell::Text(seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
            all(&|record| record.settings_hash.clone()),
            all(&|record| {
                let hashes = record.model.weights_sha256.iter().map(|(file, hash)| format!("{file} {hash}"));
                hashes
                    .chain(record.model.commit.iter().map(|commit| format!("commit {commit}")))
                    .collect::<Vec<_>>()
                    .join(", ")
            }),
            all(&|record| {
                let of = &record.dataset;
                let parts = [Some(&of.id), of.config.as_ref(), of.revision.as_ref()];
                parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
            }),
            all(&|record| {
                let rows = record.dataset.splits.iter().map(|split| {
                    let hash = split
                        .sha256
                        .as_ref()
                        .map_or_else(String::new, |hash| format!(" ({})", &hash[..hash.len().min(12)]));
                    format!("{} {}{hash}", split.split, split.rows)
                });
                rows.collect::<Vec<_>>().join(", ")
            }),
            all(&|record| {
                let of = &record.program;
                let commit = of.git_commit.as_ref().map_or_else(String::new, |commit| format!(" ({commit})"));
                format!("{} {}{commit}", of.name, of.version)
            }),
        ]);
    }
    paragraph(
        "A run is repeated by the same program with the same model, data, settings and seed; on a CPU its numbers repeat bit for bit. \
         Runs that differ by nothing but the seed share their settings hash. Every setting is listed under its flag's name: --setting \
         value.",
    ) + &details("Model, data, program and hash of every run", &table("What the runs were made of", &data, true))
        + &commands(comparison)
}

/// The command that repeats each run, or why it cannot be repeated. Paths are as they were given, so they hold where the page was made.
fn commands(comparison: &Comparison<'_>) -> String {
    let of_group = |(row, column)| {
        let mut files = comparison.files_in(row, column);
        files.sort_by_key(|(_, record)| record.seed);
        files.into_iter().map(move |file| (row, column, file))
    };
    let groups = comparison.rows.iter().flat_map(|row| comparison.columns.iter().map(move |column| (row, column)));
    let mut runs = groups.flat_map(of_group);
    let mut html = String::from(
        "<table><caption>The command of each run</caption>\n<thead><tr><th scope=\"col\">model</th><th scope=\"col\">task</th>\
         <th scope=\"col\" class=\"n\">seed</th><th scope=\"col\">command</th></tr></thead>\n<tbody>\n",
    );
    for (row, column, (path, record)) in runs.by_ref().take(MOST_COMMANDS) {
        let command = match record.repeat_command(path) {
            Ok(command) => format!("<code class=\"command\">{}</code>", escaped(&command)),
            Err(reason) => format!("cannot be repeated: {}", escaped(&reason)),
        };
        html += &format!(
            "<tr><th scope=\"row\">{}</th><th scope=\"row\">{}</th><td class=\"n\">{}</td><td>{command}</td></tr>\n",
            breakable(&row.name),
            escaped(&comparison.usual_name(column)),
            record.seed
        );
    }
    html += "</tbody></table>\n";
    let others = match runs.count() {
        0 => String::new(),
        more => paragraph(&format!(
            "There is no room for {}. The command is always the same: run-glue and the path of the run\u{2019}s record.",
            counted(more, "more run")
        )),
    };
    let how = paragraph(
        "Type a command in the folder in which this page was made, where the paths of the records begin. It checks that model and data are \
         still the same, makes the run again, and says whether its numbers are. Its record goes into results; --results_dir DIR puts it \
         elsewhere.",
    );
    details("The command that repeats each run", &(how + &scrolling("The command of each run", &html) + &others))
}
