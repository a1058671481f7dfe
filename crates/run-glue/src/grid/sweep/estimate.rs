//! What is still to be done, how long it takes, and how much room its files need.

use indicatif::DecimalBytes;

use super::live_view::Counts;
use super::state::{RunState, Sweep};
use crate::grid::duration::{in_words, seconds};
use crate::grid::run_spec::{Role, RunSpec};
use records::counted;

impl Sweep<'_> {
    fn to_do(&self) -> impl Iterator<Item = &RunSpec> {
        self.open().into_iter().map(|at| &self.specs[at]).chain(&self.future)
    }

    pub(super) fn seconds_left(&self) -> Option<f64> {
        seconds(self.to_do(), &self.known, &self.sizes)
    }

    pub(super) fn counts(&self) -> Counts {
        let open = self.open().len() + self.future.len();
        let failed = self.count(|s| matches!(s, RunState::Failed(_) | RunState::GivenUp));
        Counts { done: self.count(|s| matches!(s, RunState::Done(_))), failed, left: open }
    }

    /// The list of all runs.
    pub(super) fn plan(&self) -> String {
        let before = self.grid.filled_in.iter().cloned().chain(self.searches_in_words());
        let mut text: String = before.map(|line| format!("{line}\n")).collect();
        let time = |spec: &RunSpec| {
            seconds(std::iter::once(spec), &self.known, &self.sizes)
                .map_or_else(|| "to do".to_owned(), |seconds| format!("to do, about {}", in_words(seconds)))
        };
        for (spec, state) in self.specs.iter().zip(&self.states) {
            let state = match state {
                RunState::Done(record) if record.collapsed => "done, collapsed".to_owned(),
                RunState::Done(_) => "done".to_owned(),
                RunState::Elsewhere => "of another part".to_owned(),
                _ => match self.outputs.refusal(spec) {
                    Some(why) => format!("to do, and will be refused: {why}"),
                    None => match self.outputs.doubt(spec) {
                        Some(doubt) => format!("{}; may be refused: {doubt}", time(spec)),
                        None => time(spec),
                    },
                },
            };
            let begins = spec.begins_from.as_ref().map(|from| format!("from {}", from.in_words()));
            let label = [Some(spec.label.clone()).filter(|label| !label.is_empty()), begins];
            text.push_str(&line(spec, label.into_iter().flatten().collect::<Vec<_>>().join(", "), state));
        }
        for spec in &self.future {
            let what = match spec.role {
                Role::Trial { rung, .. } => format!("rung {}: one of the best", rung + 1),
                _ => "the setting that is chosen".to_owned(),
            };
            text.push_str(&line(spec, what, time(spec)));
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
        let all = self.specs.len() + self.future.len();
        let mut text =
            format!("{}, {} done already", counted(all, "run"), self.count(|s| matches!(s, RunState::Done(_))));
        let elsewhere = self.count(|s| matches!(s, RunState::Elsewhere));
        if elsewhere > 0 {
            text.push_str(&format!(", {elsewhere} of other parts"));
        }
        text.push_str(&format!(", {open} to do"));
        if let Some(seconds) = self.seconds_left().filter(|_| open > 0) {
            text.push_str(&format!(", about {}", in_words(seconds)));
        }
        if let Some(bytes) = self.bytes().filter(|_| open > 0) {
            text.push_str(&format!(", about {} of files", DecimalBytes(bytes)));
        }
        text
    }

    /// Bytes of the files that will be written; `None` where they are not known before.
    fn bytes(&self) -> Option<u64> {
        self.to_do().map(|spec| self.sizes.bytes(spec, &self.known)).sum()
    }

    pub(super) fn announce(&self) {
        self.grid.filled_in.iter().for_each(|line| log::info!("{line}"));
        self.searches_in_words().iter().for_each(|line| log::info!("{line}"));
        log::info!("{}", self.summary());
        let done = self.count(|s| matches!(s, RunState::Done(_)));
        if done > 0 {
            log::info!(
                "{done} are left out: their results are in {} (--rerun runs them again)",
                self.results_dir.display()
            );
        }
    }
}

fn line(spec: &RunSpec, label: String, state: String) -> String {
    let seed = format!("seed {}", spec.seed());
    let columns = [spec.model(), spec.task().to_owned(), seed, label, state];
    columns.into_iter().filter(|column| !column.is_empty()).collect::<Vec<_>>().join("\t") + "\n"
}
