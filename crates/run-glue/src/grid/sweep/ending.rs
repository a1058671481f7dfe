//! What many runs end with: tables, the leaderboard's files, and what failed.

use super::lost::lost;
use super::page;
use super::state::{RunState, Sweep};
use super::submission::submit;
use crate::grid::options::TableFormat;
use crate::grid::run_lock::remove_stale_locks;
use crate::grid::run_spec::RunSpec;
use crate::progress::{print, terminal_width};
use records::atomic::remove_abandoned;
use records::counted;
use records::record::{RecordFile, RunRecord};
use results::table::{Table, tsv};
use trainer::error::Error;

impl Sweep<'_> {
    /// The tables, the leaderboard's files, and what failed.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        remove_stale_locks(self.results_dir);
        remove_abandoned(self.results_dir);
        let stops = self.stops();
        let shown = self.shown();
        let states = std::mem::take(&mut self.states);
        let mut records: Vec<(String, RunRecord)> = Vec::new();
        let mut failures: Vec<(String, Error)> = std::mem::take(&mut self.upload_failures);
        let (mut alike, mut open) = (0, if stops { self.future.len() } else { 0 });
        for (spec, state) in self.specs.iter().zip(states) {
            match state {
                RunState::Done(_) if spec.is_trial() => {}
                RunState::Done(record) => {
                    failures.extend(lost(&record).map(|error| (spec.name.clone(), error)));
                    records.push((self.title(spec), *record));
                }
                RunState::Failed(error) => failures.push((spec.name.clone(), error)),
                RunState::GivenUp => alike += 1,
                RunState::Open => open += 1,
                RunState::Elsewhere => {}
            }
        }
        let mut titles: Vec<&str> = records.iter().map(|(title, _)| title.as_str()).collect();
        titles.sort_unstable();
        titles.dedup();
        let of =
            |title: &str| Table::from_records(records.iter().filter(|(of, _)| of == title).map(|(_, record)| record));
        let tables: Vec<(&str, Table)> = titles.into_iter().map(|title| (title, of(title))).collect();
        let tables = match self.grid.options.format {
            TableFormat::Tsv => tsv(tables.iter().map(|(title, table)| (*title, table))),
            TableFormat::Text => {
                let title = |title: &str| if tables.len() > 1 { format!("{title}\n") } else { String::new() };
                tables.iter().map(|(of, table)| title(of) + &table.text_within(terminal_width())).collect()
            }
        };
        // What is left to do is done before it is said that they could not be shown.
        let printed = print(&tables);
        let specs: Vec<RunSpec> = self.specs.iter().filter(|spec| !spec.is_trial()).cloned().collect();
        let page = shown.and_then(|shown| page::write(&shown, self.results_dir, &self.grid.options.page));
        // Of one model and one seed: the leaderboard takes one file a task.
        let several = self.grid.several;
        if failures.is_empty()
            && !several.models
            && !several.seeds
            && !several.points
            && let Some(spec) = specs.first()
        {
            submit(&spec.settings)?;
        }
        match failures.first() {
            Some((_, first)) => {
                let runs = self.specs.len() + if stops { self.future.len() } else { 0 };
                printed.and(page).unwrap_or_else(|error| log::error!("{error}"));
                Err(first.with_message(failed(runs, alike, open, &failures)))
            }
            None => printed.and(page),
        }
    }

    /// The records of the page, with their files: those of the tables, and of the parts of others, whichever worker ran them, so that
    /// the worker that ends last has all.
    fn shown(&mut self) -> Result<Vec<RecordFile>, Error> {
        let of_all: Vec<_> = self.specs.iter().zip(&self.states).filter(|(spec, _)| !spec.is_trial()).collect();
        let specs: Vec<RunSpec> = of_all.iter().map(|(spec, _)| (*spec).clone()).collect();
        let mut shown = Vec::new();
        for ((_, state), found) in of_all.into_iter().zip(self.done.find(&specs)?) {
            let mut from_last = found.into_iter().rev();
            shown.extend(match state {
                RunState::Done(record) => from_last.find(|(_, other)| other.run_key() == record.run_key()),
                RunState::Elsewhere => from_last.next(),
                _ => None,
            });
        }
        Ok(shown)
    }

    /// What the runs of a table share: the model, and the settings by which they differ from others.
    fn title(&self, spec: &RunSpec) -> String {
        let label = &spec.combination.label;
        if label.is_empty() { spec.model() } else { format!("{}, {label}", spec.model()) }
    }
}

/// The last lines where runs failed: which, and why, since what was shown when it came may be far up by now.
fn failed(runs: usize, alike: usize, open: usize, failures: &[(String, Error)]) -> String {
    let names = failures.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("; ");
    let mut text = format!("{} of {} failed: {names}", failures.len(), counted(runs, "run"));
    if alike > 0 {
        text.push_str(&format!("; {alike} more would fail alike and were not tried"));
    }
    if open > 0 {
        text.push_str(&format!("; {open} were not tried after that (--stop_on_failure)"));
    }
    for (name, error) in failures {
        text.push_str(&format!("\n  {name}: {error}"));
    }
    text
}
