//! Which backend and device a run uses, and the one place where they become a type.

use std::sync::Once;

use models::gpus::Gpu;
use models::ops::{EncoderOps, Precision};

use crate::error::Error;
use crate::machine::environment;
use crate::settings::{BackendChoice, Choice, DeviceChoice};

/// Work that is written once for every backend.
pub trait OnBackend {
    /// What it gives.
    type Output;
    /// Does it. `name` is the backend's, `device` says which one in words.
    fn run<B: EncoderOps>(self, device: B::Device, name: &'static str, device_name: &str) -> Self::Output;
}

struct Supports(Precision);

impl OnBackend for Supports {
    type Output = Result<(), Error>;

    fn run<B: EncoderOps>(self, device: B::Device, name: &'static str, _: &str) -> Self::Output {
        B::supports_precision(self.0, &device).map_err(|reason| {
            let flag = self.0.name();
            Error::usage(format!("--{flag} cannot be done by --backend {name}: {reason}; leave --{flag} out for f32"))
        })
    }
}

/// Whether the chosen backend and device are there and have the precision.
///
/// # Errors
/// Says what is missing.
pub fn check(choice: DeviceChoice, precision: Precision) -> Result<(), Error> {
    environment::check()?;
    let found = find(choice)?;
    // f32 is everywhere: no device need be made to know.
    if precision == Precision::F32 { Ok(()) } else { found.run(Supports(precision))? }
}

/// Whether a run with this choice may use NVIDIA's GPUs.
#[must_use]
pub fn may_use_cuda(choice: BackendChoice) -> bool {
    match choice {
        BackendChoice::Auto => cfg!(feature = "cuda"),
        choice => choice == BackendChoice::Cuda,
    }
}

/// Runs `work` on the chosen backend and device, and says once which GPU that is, or why it is none.
///
/// # Errors
/// When the program was built without it, or the machine has it not.
pub fn dispatch<W: OnBackend>(choice: DeviceChoice, work: W) -> Result<W::Output, Error> {
    static SAID: Once = Once::new();
    let found = find(choice)?;
    if let Some(text) = &found.said {
        SAID.call_once(|| log::info!("{}", text));
    }
    found.run(work)
}

/// A backend that the program has, and a device that the machine has.
struct ChosenDevice {
    backend: BackendChoice,
    /// Of a GPU.
    #[cfg_attr(not(any(feature = "cuda", feature = "wgpu")), allow(dead_code, reason = "GPUs need a feature"))]
    index: usize,
    device_name: String,
    /// What a person is told.
    said: Option<String>,
}

impl ChosenDevice {
    fn cpu(backend: BackendChoice) -> Self {
        Self { backend, index: 0, device_name: "cpu".to_owned(), said: None }
    }

    #[cfg_attr(not(any(feature = "cuda", feature = "wgpu")), allow(dead_code, reason = "GPUs need a feature"))]
    fn gpu(backend: BackendChoice, index: usize, gpu: &Gpu) -> Self {
        let device_name = gpu.describe();
        let said = Some(format!("computing on {}:{index}: {device_name}", backend.name()));
        Self { backend, index, device_name, said }
    }

    fn run<W: OnBackend>(self, work: W) -> Result<W::Output, Error> {
        Ok(match self.backend {
            #[cfg(feature = "cuda")]
            BackendChoice::Cuda => {
                let device = models::backends::CudaDevice::new(self.index);
                work.run::<models::backends::Cuda>(device, "cuda", &self.device_name)
            }
            #[cfg(feature = "wgpu")]
            BackendChoice::Wgpu => {
                let devices = models::gpus::wgpu().map_err(Error::usage)?;
                let device = devices.into_iter().nth(self.index).map(|(_, device)| device).unwrap_or_default();
                work.run::<models::backends::Wgpu>(device, "wgpu", &self.device_name)
            }
            #[cfg(feature = "ndarray")]
            BackendChoice::Ndarray => {
                work.run::<models::backends::NdArray>(Default::default(), "ndarray", &self.device_name)
            }
            #[cfg(feature = "flex")]
            BackendChoice::Flex => work.run::<models::backends::Flex>(Default::default(), "flex", &self.device_name),
            #[allow(unreachable_patterns, reason = "with all features there is none that is missing")]
            missing => return Err(not_built(missing)),
        })
    }
}

fn not_built(backend: BackendChoice) -> Error {
    Error::usage(format!(
        "--backend {0}: this program was built without it; build with `--features {0}`, or use --backend auto",
        backend.name()
    ))
}

/// GPU backends in the order in which `auto` tries them.
const GPU_BACKENDS: [BackendChoice; 2] = [BackendChoice::Cuda, BackendChoice::Wgpu];

/// Whether the program was built with a backend.
fn is_built(backend: BackendChoice) -> bool {
    match backend {
        BackendChoice::Auto => true,
        BackendChoice::Flex => cfg!(feature = "flex"),
        BackendChoice::Ndarray => cfg!(feature = "ndarray"),
        BackendChoice::Cuda => cfg!(feature = "cuda"),
        BackendChoice::Wgpu => cfg!(feature = "wgpu"),
    }
}

/// The GPUs of a backend that the program was built with.
fn gpus(backend: BackendChoice) -> Result<Vec<Gpu>, String> {
    match backend {
        #[cfg(feature = "cuda")]
        BackendChoice::Cuda => models::gpus::cuda(),
        #[cfg(feature = "wgpu")]
        BackendChoice::Wgpu => Ok(models::gpus::wgpu()?.into_iter().map(|(gpu, _)| gpu).collect()),
        other => Err(format!("{} has no GPUs", other.name())),
    }
}

/// # Errors
/// Says what is missing and what to do.
fn find(choice: DeviceChoice) -> Result<ChosenDevice, Error> {
    let DeviceChoice { backend, index } = choice;
    match backend {
        BackendChoice::Auto => automatic(index),
        missing if !is_built(missing) => Err(not_built(missing)),
        gpu if gpu.is_gpu() => {
            let found = gpus(gpu).map_err(|reason| Error::usage(format!("--backend {}: {reason}", gpu.name())))?;
            numbered(gpu, &found, index.unwrap_or(0))
        }
        cpu => Ok(ChosenDevice::cpu(cpu)),
    }
}

/// GPU `index`.
fn numbered(backend: BackendChoice, found: &[Gpu], index: usize) -> Result<ChosenDevice, Error> {
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    crate::kernel_cache::keep(&found.iter().map(|gpu| gpu.name.clone()).collect::<Vec<_>>());
    found.get(index).map(|gpu| ChosenDevice::gpu(backend, index, gpu)).ok_or_else(|| {
        let known: Vec<String> = found.iter().enumerate().map(|(i, gpu)| format!("{i} ({})", gpu.describe())).collect();
        Error::usage(format!("--device {}:{index}: there is no such GPU, only {}", backend.name(), known.join(", ")))
    })
}

/// The first GPU that can be used, else the CPU; an `index` asks for a GPU.
fn automatic(index: Option<usize>) -> Result<ChosenDevice, Error> {
    let mut reasons = Vec::new();
    for backend in GPU_BACKENDS.into_iter().filter(|backend| is_built(*backend)) {
        match gpus(backend) {
            // A program of the CPU is slower than the CPU's own backend; who wants it names it.
            Ok(found) if found.iter().all(|gpu| gpu.is_software) => {
                reasons.push(format!("{}: there is no GPU, only {}", backend.name(), found[0].name));
            }
            Ok(found) => return numbered(backend, &found, index.unwrap_or(0)),
            Err(reason) => reasons.push(format!("{}: {reason}", backend.name())),
        }
    }
    if let Some(index) = index {
        let reason = if reasons.is_empty() {
            "this program was built without GPUs; build with `--features cuda` or `--features wgpu`".to_owned()
        } else {
            reasons.join("; ")
        };
        return Err(Error::usage(format!("--device {index} is a GPU, and there is none: {reason}")));
    }
    let cpu = if cfg!(feature = "flex") { BackendChoice::Flex } else { BackendChoice::Ndarray };
    if !is_built(cpu) {
        return Err(Error::usage(format!(
            "this program was built without a backend of the CPU, and there is no GPU: {}",
            reasons.join("; ")
        )));
    }
    let said = (!reasons.is_empty()).then(|| format!("computing on the CPU ({})", reasons.join("; ")));
    Ok(ChosenDevice { said, ..ChosenDevice::cpu(cpu) })
}
