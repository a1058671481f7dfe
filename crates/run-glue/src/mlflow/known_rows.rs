//! What the server has of a run that goes on, so that nothing is there twice.

use std::collections::HashMap;

use super::api::Api;
use super::client::CallError;
use super::points::Point;

/// How often the server has a number of a metric at a step: a training and its last evaluation both write `eval_loss` at the last one.
#[derive(Default)]
pub(super) struct KnownRows {
    left: HashMap<String, HashMap<u64, usize>>,
}

impl KnownRows {
    /// The points among `points` that the server lacks. The same points must not be asked about twice, unless it failed.
    pub(super) fn lacking(&mut self, api: &Api, run_id: &str, points: &[Point]) -> Result<Vec<Point>, CallError> {
        for point in points {
            if !self.left.contains_key(&point.key) {
                let steps = api.steps_of(run_id, &point.key)?;
                self.left.insert(point.key.clone(), steps);
            }
        }
        Ok(points.iter().filter(|point| !self.takes(point)).cloned().collect())
    }

    /// Whether the server has one more of it than was asked about.
    fn takes(&mut self, point: &Point) -> bool {
        let count = self.left.get_mut(&point.key).and_then(|steps| steps.get_mut(&point.step));
        count.is_some_and(|count| {
            let has = *count > 0;
            *count = count.saturating_sub(1);
            has
        })
    }
}
