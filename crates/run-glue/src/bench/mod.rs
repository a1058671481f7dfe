//! `run-glue bench`: training steps or inference of a classifier with random weights, timed. `scripts/bench` runs it beside
//! PyTorch.

mod options;
mod peak;
mod saved;
mod work;

use std::time::Instant;

use burn::module::AutodiffModule;
use burn_autodiff::Autodiff;
use models::batch::TokenBatch;
use models::config::Config;
use models::encoder::architecture::Architecture;
use models::encoder::family;
use models::head::SequenceClassifier;
use models::ops::{DropoutPlan, EncoderOps, Precision, profile};
use serde_json::{Map, Value, json};

pub use self::options::BenchOptions;
use crate::progress::print;
use crate::synthetic;
use trainer::backends::{OnBackend, check, dispatch};
use trainer::error::Error;
use trainer::machine::host::peak_memory_bytes;
use trainer::settings::{MachineSettings, TrainingSettings, at_least_one};
use trainer::training::StepBatches;
use trainer::training::loss_scale::first_loss_scale;
use trainer::training::optimizer::Optimizer;
use trainer::training::phases::PhaseSeconds;
use trainer::training::step::TrainingStep;

/// Times, and prints one JSON object.
///
/// # Errors
/// When the configuration is wrong, or the backend is not there.
pub fn run(options: &BenchOptions) -> Result<(), Error> {
    let MachineSettings { device, precision } = options.machine;
    check(device, precision)?;
    if let (Some(config), Some(folder)) = (&options.config, &options.save_model) {
        return saved::write(config, folder);
    }
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    trainer::kernel_cache::counted();
    let result = if options.peak {
        dispatch(device, peak::Peak(precision))?
    } else {
        dispatch(device, Bench::new(options, precision)?)??
    };
    print(&format!("{result}\n"))
}

/// The rate of the steps' updates; any would take as long.
const LEARNING_RATE: f64 = 2e-5;

struct Bench {
    config: Config,
    architecture: Architecture,
    lengths: Vec<usize>,
    steps: usize,
    warmup: usize,
    inference: bool,
    precision: Precision,
    training: TrainingSettings,
}

impl Bench {
    fn new(options: &BenchOptions, precision: Precision) -> Result<Self, Error> {
        let Some(path) = &options.config else { return Err(Error::usage("--config is missing: give a config.json")) };
        let config = Config::read(path)?;
        let wrong = |error: models::config::ConfigError| Error::from(error).at(&path.display().to_string());
        let architecture = (family(&config).map_err(wrong)?.architecture)(&config).map_err(wrong)?;
        let longest = architecture.longest_input();
        for &length in &options.lengths {
            if let Some(longest) = longest.filter(|&longest| length > longest) {
                return Err(Error::usage(format!(
                    "a length is {length}, and the model takes at most {longest} tokens"
                )));
            }
        }
        let first_loss_scale = first_loss_scale(precision);
        // The seed is dropout's.
        let training = TrainingSettings { seed: 1, first_loss_scale, ..TrainingSettings::default() };
        Ok(Self {
            config,
            architecture,
            lengths: options.lengths.clone(),
            steps: at_least_one("steps", options.steps)?,
            warmup: options.warmup,
            inference: options.inference,
            precision,
            training,
        })
    }
}

impl OnBackend for Bench {
    type Output = Result<Value, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Self::Output {
        let model = synthetic::model::<Autodiff<B>>(&self.config, self.precision, &device)?;
        let pad_to = (!B::capabilities().prefers_packed).then_some(0);
        let batch = synthetic::batch(&self.lengths, self.architecture.vocab_size, pad_to);
        let timed = self.time(model, batch, &device)?;
        let work = work::flops(&self.architecture, &self.lengths, if self.inference { 1 } else { 3 });
        let step = timed.seconds / self.steps as f64;
        let mut result = json!({
            "backend": backend,
            "device": device_name,
            "precision": self.precision.name(),
            "step_seconds": step,
            "samples_per_second": self.lengths.len() as f64 / step,
            "phases": timed.phases,
            "first_step_seconds": timed.first,
            "losses": timed.losses,
            "model_gflop_per_step": work.model / 1e9,
            "model_gflops": work.model / step / 1e9,
            "made_gflops": work.made / step / 1e9,
            "parts": timed.parts,
            "page_faults_per_step": timed.page_faults / self.steps as f64,
            "peak_memory_bytes": peak_memory_bytes(),
            "threads": rayon::current_num_threads(),
        });
        if let Some(memory) = B::memory_usage(&device) {
            result["device_memory_in_use_bytes"] = json!(memory.in_use);
            result["device_memory_reserved_bytes"] = json!(memory.reserved);
        }
        #[cfg(any(feature = "cuda", feature = "wgpu"))]
        {
            result["kernels"] = trainer::kernel_cache::counted();
        }
        #[cfg(feature = "flex")]
        {
            result["simd"] = json!(models::ops::simd_level());
        }
        Ok(result)
    }
}

/// What was measured.
struct Timed {
    /// Of all timed steps together, the device's rest of work included.
    seconds: f64,
    /// Of each timed step: forward, backward, norm and optimizer, as the host sees them; a GPU works behind.
    phases: Vec<[f64; 3]>,
    /// Of the very first step, which compiles kernels.
    first: f64,
    /// Of the first and the last step of a training.
    losses: Option<[f64; 2]>,
    /// Seconds a step in each kind of operation, where the backend counts them.
    parts: Map<String, Value>,
    page_faults: f64,
}

impl Bench {
    fn time<B: EncoderOps>(
        &self,
        mut model: SequenceClassifier<Autodiff<B>>,
        batch: TokenBatch,
        device: &B::Device,
    ) -> Result<Timed, Error> {
        let mut optimizer = Optimizer::new(&model, &[], &self.training);
        let mut training_step = TrainingStep::new(&self.training);
        let mut batches = StepBatches::single(0, batch.clone(), synthetic::targets(self.lengths.len()));
        let mut timed =
            Timed { seconds: 0.0, phases: Vec::new(), first: 0.0, losses: None, parts: Map::new(), page_faults: 0.0 };
        let (mut faults, mut parts, mut started) = (0, profile::times(), Instant::now());
        for step in 0..self.warmup + self.steps {
            if step == self.warmup {
                let _ = B::sync(device);
                (faults, parts, started) = (page_faults(), profile::times(), Instant::now());
            }
            let start = Instant::now();
            let is_last = step + 1 == self.warmup + self.steps;
            let (phases, loss) = if self.inference {
                let logits = model.valid().forward(&batch, &mut DropoutPlan::evaluate());
                let _on_host: Vec<f32> = logits.into_data().iter().collect();
                ([start.elapsed().as_secs_f64(), 0.0, 0.0], None)
            } else {
                batches.step = step;
                let outcome;
                (model, outcome) = training_step.run(model, &mut optimizer, &batches, LEARNING_RATE, |_| ())?;
                let PhaseSeconds { forward, backward, optimizer, .. } = outcome.seconds;
                ([forward, backward, optimizer], outcome.loss())
            };
            if step == 0 || is_last {
                if let Some(loss) = loss {
                    let loss = loss.into_data().iter::<f64>().sum();
                    timed.losses = Some([timed.losses.map_or(loss, |[first, _]| first), loss]);
                }
                let _ = B::sync(device);
            }
            if step == 0 {
                timed.first = start.elapsed().as_secs_f64();
            }
            if step >= self.warmup {
                timed.phases.push(phases);
            }
        }
        timed.seconds = started.elapsed().as_secs_f64();
        timed.page_faults = (page_faults() - faults) as f64;
        let spent = profile::PARTS.iter().zip(profile::times().into_iter().zip(parts));
        timed.parts = spent
            .map(|((_, name), (after, before))| {
                ((*name).to_owned(), json!((after - before).div_f64(self.steps as f64).as_secs_f64()))
            })
            .collect();
        Ok(timed)
    }
}

/// Minor page faults of this process so far (Linux; elsewhere 0).
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields after the name in brackets, which may hold spaces; minflt is the 10th of all.
    stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(7)).and_then(|n| n.parse().ok()).unwrap_or(0)
}
