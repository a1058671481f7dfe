//! What is still to be done, how long it takes, and how much room its files need.

use super::disk;
use super::duration::{in_words, seconds};
use super::recipe;
use super::sweep::{State, Sweep};
use super::view::Counts;
use super::{Cell, Role};
use crate::progress::say;

impl Sweep<'_> {
    fn to_do(&self) -> impl Iterator<Item = &Cell> {
        self.open().into_iter().map(|at| &self.cells[at]).chain(&self.future)
    }

    pub(super) fn seconds_left(&self) -> Option<f64> {
        seconds(self.to_do(), &self.known, &self.sizes)
    }

    pub(super) fn counts(&self) -> Counts {
        let open = self.open().len() + self.future.len();
        let failed = self.count(|s| matches!(s, State::Failed(_) | State::GivenUp));
        Counts { done: self.count(|s| matches!(s, State::Done(_))), failed, left: open }
    }

    /// The list of all cells.
    pub(super) fn plan(&self) -> String {
        let mut text: String = self.searches_in_words().iter().map(|line| format!("{line}\n")).collect();
        let time = |cell: &Cell| {
            seconds(std::iter::once(cell), &self.known, &self.sizes)
                .map_or_else(|| "to do".to_owned(), |seconds| format!("to do, about {}", in_words(seconds)))
        };
        for (cell, state) in self.cells.iter().zip(&self.states) {
            let state = match state {
                State::Done(record) if record.collapsed => "done, collapsed".to_owned(),
                State::Done(_) => "done".to_owned(),
                State::Elsewhere => "of another part".to_owned(),
                _ => time(cell),
            };
            text.push_str(&line(cell, cell.label.clone(), state));
        }
        for cell in &self.future {
            let what = match cell.role {
                Role::Trial { rung, .. } => format!("rung {}: one of the best", rung + 1),
                _ => "the setting that is chosen".to_owned(),
            };
            text.push_str(&line(cell, what, time(cell)));
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// What is searched; most tasks and models have the same.
    fn searches_in_words(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for search in &self.grid.searches {
            let line = search.describe();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn summary(&self) -> String {
        let open = self.open().len() + self.future.len();
        let all = self.cells.len() + self.future.len();
        let mut text = format!("{all} runs, {} done already", self.count(|s| matches!(s, State::Done(_))));
        let elsewhere = self.count(|s| matches!(s, State::Elsewhere));
        if elsewhere > 0 {
            text.push_str(&format!(", {elsewhere} of other parts"));
        }
        text.push_str(&format!(", {open} to do"));
        if let Some(seconds) = self.seconds_left().filter(|_| open > 0) {
            text.push_str(&format!(", about {}", in_words(seconds)));
        }
        if let Some(bytes) = self.bytes().filter(|_| open > 0) {
            text.push_str(&format!(", about {} of files", disk::in_words(bytes)));
        }
        text
    }

    /// Bytes of the files that will be written; `None` where they are not known before.
    fn bytes(&self) -> Option<u64> {
        self.to_do().map(|cell| self.sizes.bytes(cell, &self.known)).sum()
    }

    pub(super) fn announce(&self) {
        if self.grid.recipe {
            say(&recipe::describe());
        }
        self.searches_in_words().iter().for_each(|line| say(line));
        say(&self.summary());
        let done = self.count(|s| matches!(s, State::Done(_)));
        if done > 0 {
            say(&format!(
                "{done} are left out: their results are in {} (--rerun runs them again)",
                self.results_dir.display()
            ));
        }
    }
}

fn line(cell: &Cell, label: String, state: String) -> String {
    let seed = format!("seed {}", cell.seed());
    let columns = [cell.model(), cell.task().name.to_owned(), seed, label, state];
    columns.into_iter().filter(|column| !column.is_empty()).collect::<Vec<_>>().join("\t") + "\n"
}
