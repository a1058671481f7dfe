//! `run-glue selftest`: whether a backend computes what it should on this machine. Every operation with all its gradients,
//! whole training steps, and short runs are compared with the CPU, and runs with the logs of the Hugging Face Trainer.

mod fixtures;
mod limits;
mod operations;
mod outcome;
mod runs;
mod steps;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use models::ops::{EncoderOps, Precision};
use serde_json::{Value, json};

use self::limits::limits;
use self::outcome::{Difference, Outcome, table};
use crate::backends::{OnBackend, check, dispatch};
use crate::cli::selftest_args::SelftestArgs;
use crate::error::Error;
use crate::progress::say;
use crate::report::host;

/// The backend that others are compared with.
#[cfg(feature = "flex")]
type Cpu = models::backends::Flex;
#[cfg(all(feature = "ndarray", not(feature = "flex")))]
type Cpu = models::backends::NdArray;

/// Compares, and prints a table or JSON.
///
/// # Errors
/// When a comparison misses its limit, or the backend is not there.
pub fn run(args: &SelftestArgs) -> Result<(), Error> {
    let (choice, precision) = (args.machine.device()?, args.machine.precision()?);
    check(choice, precision)?;
    let only = args.only.clone().unwrap_or_default();
    let tested = dispatch(choice, Selftest { precision, only: only.clone() })??;
    if tested.outcomes.is_empty() {
        return Err(Error::usage(format!("--only {only}: no case's group or name holds this")));
    }
    let text = if args.json.unwrap_or(false) { format!("{:#}\n", tested.json()) } else { tested.text() };
    // A reader that went away is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    match tested.misses() {
        0 => Ok(()),
        misses => Err(Error::failure(format!("{misses} of {} comparisons miss their limit", tested.outcomes.len()))),
    }
}

struct Selftest {
    precision: Precision,
    only: String,
}

/// What came of it.
struct Tested {
    backend: &'static str,
    device: String,
    precision: Precision,
    outcomes: Vec<Outcome>,
    seconds: f64,
}

impl OnBackend for Selftest {
    type Output = Result<Tested, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Self::Output {
        let started = Instant::now();
        let mut cases = Cases { precision: self.precision, only: self.only.to_lowercase(), outcomes: Vec::new() };
        for group in [operations::compare::<B>, steps::compare::<B>, runs::compare::<B>] {
            group(&mut cases, &device)?;
        }
        Ok(Tested {
            backend,
            device: device_name.to_owned(),
            precision: self.precision,
            outcomes: cases.outcomes,
            seconds: started.elapsed().as_secs_f64(),
        })
    }
}

/// The comparisons so far, and what is asked of those to come.
struct Cases {
    precision: Precision,
    /// Lower-case.
    only: String,
    outcomes: Vec<Outcome>,
}

/// A comparison within a case.
struct Part {
    name: String,
    difference: Difference,
    limit: f64,
}

impl Part {
    fn new(name: impl Into<String>, difference: Difference, limit: f64) -> Self {
        Self { name: name.into(), difference, limit }
    }
}

impl Cases {
    /// Computes a case on the backend, and what it is compared with. A backend that panics misses the case, and the
    /// others go on.
    fn case<T>(
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
        let outcome = |part: Part, failure| Outcome {
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
                self.outcomes.extend(parts.into_iter().map(|part| outcome(part, None)));
            }
            Err(payload) => {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
                let failure = text.lines().next().unwrap_or_default().to_owned();
                self.outcomes.push(outcome(Part::new("all", Difference::NONE, 0.0), Some(failure)));
            }
        }
        Ok(())
    }

    /// Says which cases come next.
    fn announce(&self, what: &str) {
        say(&format!("selftest: {what}"));
    }
}

/// Cargo features that change what a backend does.
const FEATURES: [(&str, bool); 6] = [
    ("flex", cfg!(feature = "flex")),
    ("ndarray", cfg!(feature = "ndarray")),
    ("cuda", cfg!(feature = "cuda")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("fusion", cfg!(feature = "fusion")),
    ("autotune", cfg!(feature = "autotune")),
];

impl Tested {
    fn misses(&self) -> usize {
        self.outcomes.iter().filter(|outcome| !outcome.is_ok()).count()
    }

    fn features() -> Vec<&'static str> {
        FEATURES.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
    }

    fn text(&self) -> String {
        format!(
            "run-glue {} selftest of {} ({}), {}, features {}\nlimits of {}\n\n{}\n{} comparisons, {} misses, {:.1} s\n",
            env!("CARGO_PKG_VERSION"),
            self.backend,
            self.device,
            self.precision.name(),
            Self::features().join(" "),
            limits(self.precision).reason,
            table(&self.outcomes),
            self.outcomes.len(),
            self.misses(),
            self.seconds,
        )
    }

    fn json(&self) -> Value {
        json!({
            "program": env!("CARGO_PKG_VERSION"),
            "backend": self.backend,
            "device": self.device,
            "precision": self.precision.name(),
            "features": Self::features(),
            "limits": limits(self.precision).reason,
            "host": host::gather(self.backend, &self.device, rayon::current_num_threads()),
            "ok": self.misses() == 0,
            "misses": self.misses(),
            "seconds": self.seconds,
            "comparisons": self.outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
        })
    }
}
