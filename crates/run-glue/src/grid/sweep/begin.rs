//! Runs that begin where others ended: what they wait for, and what they begin with.

use super::state::{Begin, RunState, Sweep};
use super::worker_protocol::is_worker;
use crate::grid::run_spec::{BeginsFrom, RunSpec};
use crate::grid::search::best_of;
use records::record::{InitSeed, RunRecord};
use trainer::error::Error;
use trainer::run::output::output_dir;
use trainer::settings::FinishedRun;

impl Sweep<'_> {
    /// Takes up what a run begins from, where that is over.
    ///
    /// # Errors
    /// When records cannot be read.
    pub(super) fn begin(&mut self, at: usize) -> Result<Begin, Error> {
        let Some(from) = self.specs[at].begins_from.clone() else { return Ok(Begin::Ready) };
        let needed: Vec<usize> = (0..self.specs.len()).filter(|&at| from.is_one(&self.specs[at])).collect();
        for &needed in &needed {
            if matches!(self.states[needed], RunState::Open | RunState::Elsewhere) {
                // Another worker may have done it since. What is run again is not what lies there, but in a worker, which gets a run
                // when this one is over.
                if !self.rerun || is_worker() {
                    self.begin(needed)?;
                    self.look_up(&[needed])?;
                }
            }
            match &self.states[needed] {
                RunState::Done(_) => {}
                RunState::Open | RunState::Elsewhere => return Ok(Begin::Waits),
                RunState::Failed(_) | RunState::GivenUp => {
                    let (name, what) = (&self.specs[needed].name, from.in_words());
                    return Ok(Begin::Never(Error::failure(format!("it begins from {what}, and {name} failed"))));
                }
            }
        }
        let runs: Vec<(&RunSpec, &RunRecord)> = needed
            .iter()
            .filter_map(|&at| match &self.states[at] {
                RunState::Done(record) => Some((&self.specs[at], record.as_ref())),
                _ => None,
            })
            .collect();
        let run = match chosen(&from, &runs) {
            Ok(run) => run,
            Err(why) => return Ok(Begin::Never(why)),
        };
        if let Some(init_from) = &mut self.specs[at].settings.model.init_from {
            init_from.run = Some(run);
        }
        Ok(Begin::Ready)
    }
}

/// Of the runs that are over the one to begin from: the only one, or the best, as a search would choose it.
fn chosen(from: &BeginsFrom, runs: &[(&RunSpec, &RunRecord)]) -> Result<FinishedRun, Error> {
    let records: Vec<&RunRecord> = runs.iter().map(|(_, record)| *record).collect();
    let best = best_of(&records).and_then(|at| runs.get(at));
    let is_scored = |record: &RunRecord| record.score.is_some_and(f64::is_finite);
    let Some((spec, record)) = best.filter(|(_, record)| from.which == InitSeed::Same || is_scored(record)) else {
        return Err(Error::failure(format!("it begins from {}, and none of these has a score", from.in_words())));
    };
    let folder = output_dir(&spec.settings).unwrap_or_default();
    let among = if from.which == InitSeed::Best { from.seeds.clone() } else { Vec::new() };
    Ok(FinishedRun { folder, record: Box::new((*record).clone()), among })
}
