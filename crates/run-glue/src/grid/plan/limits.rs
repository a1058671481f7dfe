//! What a part asks its engine for: as typed, else from the runs that are over.

use super::options::PlanOptions;
use crate::error::Error;
use crate::grid::definition::Grid;
use crate::grid::disk::Sizes;
use crate::grid::done::Done;
use crate::grid::duration::seconds;

/// A limit is twice the estimate and so much more: another machine may be slower, and files have to be fetched.
const MARGIN_SECONDS: f64 = 600.0;
/// Limits end on five minutes.
const STEP_SECONDS: f64 = 300.0;
/// Of the most that a run took.
const MEMORY_SHARE: f64 = 1.5;

/// Of one part.
pub(super) struct Limits {
    pub(super) cpus: Option<usize>,
    pub(super) gpus: Option<usize>,
    /// Mebibytes.
    pub(super) memory: Option<u64>,
    pub(super) seconds: Option<u64>,
    /// Whether `seconds` and `memory` were estimated here.
    pub(super) estimated: (bool, bool),
}

impl Limits {
    /// # Errors
    /// When the results cannot be read.
    pub(super) fn new(options: &PlanOptions, grid: &Grid, parts: usize) -> Result<Self, Error> {
        let mut limits = Self {
            cpus: options.cpus_per_task,
            gpus: options.gpus_per_task,
            memory: options.mem,
            seconds: options.time,
            estimated: (false, false),
        };
        let Some(first) = grid.specs.first() else { return Ok(limits) };
        let known = Done::new(&first.settings.places.results_dir).all(&grid.specs)?;
        let sizes = Sizes::default();
        let of_model = known.iter().filter(|record| grid.specs.iter().any(|spec| spec.has_model_of(record)));
        let peak = of_model.filter_map(|record| record.peak_memory_bytes).max();
        if let (None, Some(peak)) = (limits.memory, peak) {
            let gibibytes = (peak as f64 * MEMORY_SHARE / f64::from(1 << 30)).ceil();
            limits.memory = Some(gibibytes as u64 * 1024);
            limits.estimated.1 = true;
        }
        let of_part = |part| seconds(grid.specs.iter().filter(|spec| spec.part % parts == part), &known, &sizes);
        // What a search runs after its first trials depends on their scores.
        let parts = (0..parts).filter(|_| grid.searches.is_empty());
        let longest = parts.map(of_part).reduce(|longest, part| Some(longest?.max(part?))).flatten();
        if let (None, Some(longest)) = (limits.seconds, longest) {
            limits.seconds = Some((((2.0 * longest + MARGIN_SECONDS) / STEP_SECONDS).ceil() * STEP_SECONDS) as u64);
            limits.estimated.0 = true;
        }
        Ok(limits)
    }
}
