//! `run-glue selftest`: whether a backend computes what it should on this machine. Every operation with all its gradients,
//! whole training steps, and short runs are compared with the CPU, and runs with the logs of the Hugging Face Trainer.

mod cases;
mod comparison;
mod fixtures;
mod limits;
mod operations;
mod options;
mod runs;
mod steps;

use std::time::Instant;

use models::ops::{EncoderOps, Precision};
use serde_json::{Value, json};

use self::cases::Cases;
use self::comparison::{Comparison, table};
use self::limits::limits;
pub use self::options::SelftestOptions;
use crate::progress::print;
use crate::version::features;
use trainer::backends::{OnBackend, check, dispatch};
use trainer::error::Error;
use trainer::machine::host;
use trainer::settings::MachineSettings;

/// Compares, and prints a table or JSON.
///
/// # Errors
/// When a comparison misses its limit, or the backend is not there.
pub fn run(options: &SelftestOptions) -> Result<(), Error> {
    let SelftestOptions { only, json, machine: MachineSettings { device, precision } } = options;
    check(*device, *precision)?;
    let tested = dispatch(*device, Selftest { precision: *precision, only: only.clone() })??;
    if tested.comparisons.is_empty() {
        return Err(Error::usage(format!("--only {only}: no case's group or name holds this")));
    }
    let text = if *json { format!("{:#}\n", tested.json()) } else { tested.text() };
    print(&text)?;
    match tested.misses() {
        0 => Ok(()),
        misses => Err(Error::failure(format!("{misses} of {} comparisons miss their limit", tested.comparisons.len()))),
    }
}

struct Selftest {
    precision: Precision,
    only: String,
}

/// The comparisons of one backend.
struct Tested {
    backend: &'static str,
    device: String,
    precision: Precision,
    comparisons: Vec<Comparison>,
    seconds: f64,
}

impl OnBackend for Selftest {
    type Output = Result<Tested, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Self::Output {
        let started = Instant::now();
        let mut cases = Cases::new(self.precision, &self.only);
        for group in [operations::compare::<B>, steps::compare::<B>, runs::compare::<B>] {
            group(&mut cases, &device)?;
        }
        Ok(Tested {
            backend,
            device: device_name.to_owned(),
            precision: self.precision,
            comparisons: cases.comparisons,
            seconds: started.elapsed().as_secs_f64(),
        })
    }
}

impl Tested {
    fn misses(&self) -> usize {
        self.comparisons.iter().filter(|comparison| !comparison.is_ok()).count()
    }

    fn text(&self) -> String {
        format!(
            "run-glue {} selftest of {} ({}), {}, features {}\nlimits of {}\n\n{}\n{} comparisons, {} misses, {:.1} s\n",
            env!("CARGO_PKG_VERSION"),
            self.backend,
            self.device,
            self.precision.name(),
            features().join(" "),
            limits(self.precision).reason,
            table(&self.comparisons),
            self.comparisons.len(),
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
            "features": features(),
            "limits": limits(self.precision).reason,
            "host": host::gather(self.backend, &self.device, rayon::current_num_threads()),
            "ok": self.misses() == 0,
            "misses": self.misses(),
            "seconds": self.seconds,
            "comparisons": self.comparisons.iter().map(Comparison::json).collect::<Vec<_>>(),
        })
    }
}
