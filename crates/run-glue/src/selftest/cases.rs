//! The cases of a self-test: each is computed on the backend, and compared in parts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use models::ops::Precision;

use super::comparison::{Comparison, Difference};
use crate::error::Error;
use crate::progress::say;

/// The backend that others are compared with.
#[cfg(feature = "flex")]
pub(super) type Cpu = models::backends::Flex;
#[cfg(all(feature = "ndarray", not(feature = "flex")))]
pub(super) type Cpu = models::backends::NdArray;

/// The comparisons so far, and what is asked of those to come.
pub(super) struct Cases {
    pub(super) precision: Precision,
    /// Part of a case's group and name, in lower case; empty: all.
    only: String,
    pub(super) comparisons: Vec<Comparison>,
}

/// A comparison within a case.
pub(super) struct Part {
    name: String,
    difference: Difference,
    limit: f64,
}

impl Part {
    pub(super) fn new(name: impl Into<String>, difference: Difference, limit: f64) -> Self {
        Self { name: name.into(), difference, limit }
    }
}

impl Cases {
    /// None so far; `only`: see `--only`.
    pub(super) fn new(precision: Precision, only: &str) -> Self {
        Self { precision, only: only.to_lowercase(), comparisons: Vec::new() }
    }

    /// Computes a case on the backend, and what it is compared with. A backend that panics misses the case, and the
    /// others go on.
    pub(super) fn case<T>(
        &mut self,
        group: &'static str,
        name: &str,
        reference: &'static str,
        compute: impl FnOnce() -> Result<T, Error>,
        compare: impl FnOnce(T) -> Result<Vec<Part>, Error>,
    ) -> Result<(), Error> {
        if !format!("{group} {name}").to_lowercase().contains(&self.only) {
            return Ok(());
        }
        let started = Instant::now();
        let computed = catch_unwind(AssertUnwindSafe(compute));
        let seconds = started.elapsed().as_secs_f64();
        let comparison = |part: Part, failure| Comparison {
            group,
            case: name.to_owned(),
            part: part.name,
            reference,
            difference: part.difference,
            limit: part.limit,
            seconds,
            failure,
        };
        match computed {
            Ok(computed) => {
                let parts = compare(computed?)?;
                self.comparisons.extend(parts.into_iter().map(|part| comparison(part, None)));
            }
            Err(payload) => {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
                let failure = text.lines().next().unwrap_or_default().to_owned();
                self.comparisons.push(comparison(Part::new("all", Difference::NONE, 0.0), Some(failure)));
            }
        }
        Ok(())
    }

    /// Says which cases come next.
    pub(super) fn announce(&self, what: &str) {
        say(&format!("selftest: {what}"));
    }
}
