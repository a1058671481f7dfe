//! What many runs end with: tables, the leaderboard's files, and what failed.

use std::io::IsTerminal;

use super::claim::tidy;
use super::sweep::{State, Sweep};
use super::{Cell, Role, page};
use crate::error::Error;
use crate::progress::{complain, print, say};
use crate::report::record::RunRecord;
use crate::report::submission;
use crate::report::table::Table;
use crate::settings::Settings;

impl Sweep<'_> {
    /// The tables, the leaderboard's files, and what failed.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        tidy(self.results_dir);
        let stops = self.stops();
        let states = std::mem::take(&mut self.states);
        let mut records: Vec<(String, RunRecord)> = Vec::new();
        let mut failures: Vec<(String, Error)> = std::mem::take(&mut self.upload_failures);
        let (mut alike, mut open) = (0, if stops { self.future.len() } else { 0 });
        for (cell, state) in self.cells.iter().zip(states) {
            match state {
                State::Done(_) if matches!(cell.role, Role::Trial { .. }) => {}
                State::Done(record) => records.push((self.title(cell), *record)),
                State::Failed(error) => failures.push((cell.name.clone(), error)),
                State::GivenUp => alike += 1,
                State::Open => open += 1,
                State::Elsewhere => {}
            }
        }
        let mut titles: Vec<&str> = records.iter().map(|(title, _)| title.as_str()).collect();
        titles.sort_unstable();
        titles.dedup();
        for title in &titles {
            if titles.len() > 1 {
                print(&format!("{title}\n"));
            }
            let table = Table::from_records(records.iter().filter(|(of, _)| of == title).map(|(_, record)| record));
            print(&table.render(std::io::stdout().is_terminal()));
        }
        let cells: Vec<Cell> =
            self.cells.iter().filter(|cell| !matches!(cell.role, Role::Trial { .. })).cloned().collect();
        let page = page::write(&mut self.done, &cells, self.results_dir, &self.grid.options);
        // Of one model and one seed: the leaderboard takes one file a task.
        let several = self.grid.several;
        if failures.is_empty()
            && !several.models
            && !several.seeds
            && !several.points
            && let Some(cell) = cells.first()
        {
            submit(&cell.settings)?;
        }
        match failures.first() {
            Some((_, first)) => {
                let runs = self.cells.len() + if stops { self.future.len() } else { 0 };
                page.unwrap_or_else(|error| complain(&error.to_string()));
                Err(first.with_message(failed(runs, alike, open, &failures)))
            }
            None => page,
        }
    }

    /// What the runs of a table share: the model, and the settings by which they differ from others.
    fn title(&self, cell: &Cell) -> String {
        let label = &self.grid.points[cell.place.point].label;
        if label.is_empty() { cell.model() } else { format!("{}, {label}", cell.model()) }
    }
}

/// The leaderboard's zip, where it was asked for and the folder has all files of it by now.
pub(super) fn submit(settings: &Settings) -> Result<(), Error> {
    let Some(dir) = settings.places.output_dir.as_deref().filter(|_| settings.places.glue_submission) else {
        return Ok(());
    };
    let found = submission::find(&[dir.to_owned()])?;
    let missing = submission::missing(&found);
    if missing.is_empty() {
        let zip = dir.join(submission::ZIP_NAME);
        submission::write_zip(&found, &zip)?;
        say(&format!("{}: {} files, all checked", zip.display(), found.len()));
    } else {
        say(&format!(
            "the leaderboard wants {} too; when all are there: run-glue submission DIR...",
            missing.join(", ")
        ));
    }
    Ok(())
}

/// The last lines where runs failed: which, and why, since what was shown when it came may be far up by now.
fn failed(runs: usize, alike: usize, open: usize, failures: &[(String, Error)]) -> String {
    let names = failures.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("; ");
    let mut text = format!("{} of {runs} runs failed: {names}", failures.len());
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
