//! Times training steps or inference of a classifier with random weights, and prints one JSON object.
//! `scripts/bench/steps.py` runs it beside PyTorch.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use clap::Parser;
use models::batch::TokenBatch;
use models::config::{Config, ConfigError};
use models::encoder::family;
use models::head::{LossOptions, SequenceClassifier, Targets, loss};
use models::ops::{self, DropoutPlan, EncoderOps, Precision, profile};
use models::recompute::loss_and_gradients;
use models::{parameters, torch_rng::TorchRng};
use run_glue::cli::args::RunArgs;
use run_glue::cli::settings::Settings;
use run_glue::report::host::peak_memory_bytes;
use run_glue::trainer::optimizer::{Gradients, Optimizer};
use serde_json::{Map, Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The work.
#[derive(Parser)]
struct Args {
    /// config.json of the model.
    #[arg(long, required_unless_present = "peak")]
    config: Option<PathBuf>,
    /// Lengths of the sequences.
    #[arg(long, value_delimiter = ',')]
    lengths: Vec<usize>,
    /// Steps that are timed.
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// Steps before them.
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Forward passes without gradients.
    #[arg(long)]
    inference: bool,
    #[arg(long)]
    bf16: bool,
    /// Layers are computed again when their gradients are due.
    #[arg(long)]
    gradient_checkpointing: bool,
    /// Measure the largest rate of an f32 product instead.
    #[arg(long)]
    peak: bool,
}

fn main() -> ExitCode {
    run_glue::memory::keep_freed_pages();
    let args = Args::parse();
    if args.peak {
        println!("{}", json!({ "gflops": peak() }));
        return ExitCode::SUCCESS;
    }
    let precision = if args.bf16 { Precision::Bf16 } else { Precision::F32 };
    if args.bf16
        && let Err(reason) = Flex::eo_supports(Precision::Bf16, &Default::default())
    {
        eprintln!("--bf16: {reason}");
        return ExitCode::from(2);
    }
    match model(args.config.as_deref().unwrap_or(Path::new("config.json")), precision) {
        Ok(model) => {
            println!("{}", measure(model, &args));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("--config: {error}");
            ExitCode::from(2)
        }
    }
}

/// Billions of additions and multiplications a second of a 2048 x 2048 x 2048 product, the best of ten.
fn peak() -> f64 {
    const N: usize = 2048;
    let x = || Tensor::<Flex, 2>::from_data(TensorData::new(vec![0.5f32; N * N], [N, N]), &Default::default());
    let (a, b) = (x(), x());
    let seconds = (0..10).map(|_| {
        let start = Instant::now();
        let _product = ops::linear(a.clone(), b.clone(), None, Precision::F32);
        start.elapsed().as_secs_f64()
    });
    2.0 * (N as f64).powi(3) / seconds.fold(f64::INFINITY, f64::min) / 1e9
}

fn model(config: &Path, precision: Precision) -> Result<SequenceClassifier<Autodiff<Flex>>, ConfigError> {
    let config = Config::read(config)?;
    let architecture = (family(&config)?.architecture)(&config)?;
    let model = SequenceClassifier::zeros(architecture, 2, precision, &Default::default());
    let mut rng = TorchRng::new(0);
    let values: HashMap<_, _> = parameters::shapes(&model)
        .into_iter()
        .map(|(path, shape)| (path, rng.normal(shape.iter().product(), 0.02)))
        .collect();
    Ok(parameters::write(model, values))
}

/// Seconds of each phase of each timed step, page faults, and time in each kind of operation.
fn measure(mut model: SequenceClassifier<Autodiff<Flex>>, args: &Args) -> Value {
    let ids: Vec<Vec<u32>> = args
        .lengths
        .iter()
        .enumerate()
        .map(|(i, &len)| (0..len).map(|j| 5 + ((i * 131 + j) * 7919 % 29000) as u32).collect())
        .collect();
    let types: Vec<Vec<u8>> = args.lengths.iter().map(|&len| vec![0; len]).collect();
    let rows: Vec<(&[u32], &[u8])> = ids.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
    let examples = rows.len();
    let start = Instant::now();
    let tokens = TokenBatch::new(&rows, 0, None, 0);
    let batch = start.elapsed().as_secs_f64();
    let targets = Targets::Classes((0..examples).map(|i| i % 2).collect());
    // Nothing in these settings can be wrong: all are defaults.
    let training = match Settings::new(RunArgs { task_name: vec!["rte".to_owned()], ..RunArgs::default() }, true) {
        Ok(settings) => settings.training,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let mut optimizer = Optimizer::new(&model, &[], &training);
    let mut phases: Vec<[f64; 3]> = Vec::new();
    let (mut faults, mut parts) = (0, profile::times());
    for step in 0..args.warmup + args.steps {
        if step == args.warmup {
            (faults, parts) = (page_faults(), profile::times());
        }
        let start = Instant::now();
        if args.inference {
            let logits = model.valid().forward(&tokens, &mut DropoutPlan::evaluate());
            let _on_host: Vec<f32> = logits.into_data().iter().collect();
            phases.push([start.elapsed().as_secs_f64(), 0.0, 0.0]);
            continue;
        }
        let mut plan = DropoutPlan::train(1, step as u64);
        let options = LossOptions { divisor: examples as f64, label_smoothing_factor: 0.0, class_weights: None };
        let (forward, gradients) = if args.gradient_checkpointing {
            let mut sum: Option<Gradients<_>> = None;
            loss_and_gradients(&model, &tokens, &targets, options, &mut plan, |part| {
                let part = Gradients::collect(&model, part, &tokens);
                match &mut sum {
                    None => sum = Some(part),
                    Some(sum) => sum.add(part),
                }
            });
            let Some(sum) = sum else { return json!({ "error": "no gradients" }) };
            (0.0, sum)
        } else {
            let loss = loss(model.forward(&tokens, &mut plan), &targets, options);
            let forward = start.elapsed().as_secs_f64();
            (forward, Gradients::collect(&model, loss.backward(), &tokens))
        };
        let backward = start.elapsed().as_secs_f64();
        let factor = gradients.norm().clip_factor::<Flex>(training.max_grad_norm);
        model = optimizer.step(model, gradients, 2e-5, factor);
        phases.push([forward, backward - forward, start.elapsed().as_secs_f64() - backward]);
    }
    let steps = args.steps as f64;
    let spent: Map<String, Value> = profile::PARTS
        .iter()
        .zip(profile::times().iter().zip(parts))
        .map(|((_, name), (after, before))| ((*name).to_owned(), json!((*after - before).div_f64(steps).as_secs_f64())))
        .collect();
    json!({
        "phases": phases[args.warmup..],
        "batch": batch,
        "parts": spent,
        "page_faults_per_step": (page_faults() - faults) as f64 / steps,
        "simd": ops::simd_level(),
        "threads": rayon::current_num_threads(),
        "peak_memory_bytes": peak_memory_bytes(),
    })
}

/// Minor page faults of this process so far (Linux; elsewhere 0).
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields after the name in brackets, which may hold spaces; minflt is the 10th of all.
    stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(7)).and_then(|n| n.parse().ok()).unwrap_or(0)
}
