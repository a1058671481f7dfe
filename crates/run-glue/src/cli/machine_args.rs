//! Flags about the machine: backend, device, and the precision of products.

use clap::Args;
use models::ops::Precision;

use super::value_parsers::{BoolFlag, choice};
use crate::error::Error;
use crate::settings::{BackendChoice, Choice, DeviceChoice, MachineSettings};

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct MachineArgs {
    /// Round the factors of matrix products to bf16; sums, weights and all else stay f32. A GPU, or a CPU with AVX512-BF16 [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub bf16: Option<bool>,
    /// Round the factors of matrix products to half precision, with dynamic loss scaling; a GPU [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub fp16: Option<bool>,
    /// Let NVIDIA's matrix units round the factors of f32 products to TF32 [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub tf32: Option<bool>,
    /// Compute on the CPU, also where there is a GPU [default: false]
    #[arg(long, alias = "no_cuda", bool_flag(), help_heading = "Machine")]
    pub use_cpu: Option<bool>,
    /// auto, flex, ndarray, cuda, wgpu [default: auto, a GPU where one can be used]
    #[arg(long, value_name = "NAME", value_parser = choice::<BackendChoice>, help_heading = "Machine")]
    pub backend: Option<BackendChoice>,
    /// Which GPU: a number among those that CUDA_VISIBLE_DEVICES leaves, or cpu, cuda, cuda:1, wgpu:0 [default: the first]
    #[arg(long, value_name = "DEVICE", help_heading = "Machine")]
    pub device: Option<String>,
}

/// `--device`, read: a backend, a number, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Cpu,
    Gpu { backend: Option<BackendChoice>, index: Option<usize> },
}

fn named(text: &str) -> Option<Named> {
    let number = |text: &str| text.parse::<u16>().ok().map(usize::from);
    if text == "cpu" {
        return Some(Named::Cpu);
    }
    if let Some(index) = number(text) {
        return Some(Named::Gpu { backend: None, index: Some(index) });
    }
    let (name, index) = match text.split_once(':') {
        None => (text, None),
        Some((name, digits)) => (name, Some(number(digits)?)),
    };
    let backend = match name {
        "cuda" => Some(BackendChoice::Cuda),
        "wgpu" => Some(BackendChoice::Wgpu),
        "gpu" => None,
        _ => return None,
    };
    Some(Named::Gpu { backend, index })
}

impl TryFrom<&MachineArgs> for MachineSettings {
    type Error = Error;

    fn try_from(args: &MachineArgs) -> Result<Self, Error> {
        Ok(Self { device: args.device()?, precision: args.precision()? })
    }
}

impl MachineArgs {
    /// What products of matrices are rounded to.
    ///
    /// # Errors
    /// When two flags ask for different things.
    pub fn precision(&self) -> Result<Precision, Error> {
        let is_on = |flag: Option<bool>| flag.unwrap_or(false);
        match (is_on(self.bf16), is_on(self.fp16), is_on(self.tf32)) {
            (true, true, _) => Err(Error::usage("--bf16 and --fp16 exclude each other: leave one out")),
            // As in PyTorch, TF32 is about those products that are not half precision's; here are none left.
            (true, false, _) => Ok(Precision::Bf16),
            (false, true, _) => Ok(Precision::Fp16),
            (false, false, true) => Ok(Precision::Tf32),
            (false, false, false) => Ok(Precision::F32),
        }
    }

    /// The backend and its device.
    ///
    /// # Errors
    /// When flags contradict each other, or `--device` is no device's name.
    pub fn device(&self) -> Result<DeviceChoice, Error> {
        let backend = self.backend.unwrap_or(BackendChoice::Auto);
        let use_cpu = self.use_cpu.unwrap_or(false);
        let exclude =
            |one: &str, other: &str| Error::usage(format!("{one} and {other} exclude each other: leave one out"));
        let typed = format!("--backend {}", backend.name());
        let text = self.device.as_deref().map(|text| text.trim().to_ascii_lowercase());
        let named = match &text {
            None => None,
            Some(text) => Some(named(text).ok_or_else(|| {
                Error::usage(format!("--device is {text}, expected the number of a GPU, cpu, cuda, cuda:N or wgpu:N"))
            })?),
        };
        let of_device = || format!("--device {}", text.as_deref().unwrap_or_default());
        if use_cpu && backend.is_gpu() {
            return Err(exclude("--use_cpu", &typed));
        }
        match named {
            None if use_cpu => Ok(DeviceChoice { backend: backend.on_cpu(), index: None }),
            None => Ok(DeviceChoice { backend, index: None }),
            Some(Named::Cpu) if backend.is_gpu() => Err(exclude(&of_device(), &typed)),
            Some(Named::Cpu) => Ok(DeviceChoice { backend: backend.on_cpu(), index: None }),
            Some(Named::Gpu { .. }) if use_cpu => Err(exclude("--use_cpu", &of_device())),
            Some(Named::Gpu { backend: wanted, index }) => match (backend, wanted) {
                (BackendChoice::Auto, Some(wanted)) => Ok(DeviceChoice { backend: wanted, index }),
                // A GPU of either backend; it is an error where there is none.
                (BackendChoice::Auto, None) => Ok(DeviceChoice { backend, index: Some(index.unwrap_or(0)) }),
                (given, wanted) if given.is_gpu() && wanted.is_none_or(|wanted| wanted == given) => {
                    Ok(DeviceChoice { backend, index })
                }
                _ => Err(exclude(&of_device(), &typed)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(backend: Option<BackendChoice>, device: Option<&str>, use_cpu: bool) -> Result<DeviceChoice, String> {
        let args = MachineArgs {
            backend,
            device: device.map(str::to_owned),
            use_cpu: Some(use_cpu),
            ..MachineArgs::default()
        };
        args.device().map_err(|error| error.to_string())
    }

    #[test]
    fn a_device_is_a_number_a_name_or_both() {
        use BackendChoice::{Auto, Cuda, Wgpu};
        for (backend, device, expected) in [
            (None, None, (Auto, None)),
            (None, Some("cuda:1"), (Cuda, Some(1))),
            (None, Some("CUDA"), (Cuda, None)),
            (None, Some("2"), (Auto, Some(2))),
            (None, Some("gpu"), (Auto, Some(0))),
            (Some(Cuda), Some("3"), (Cuda, Some(3))),
            (Some(Wgpu), Some("wgpu:1"), (Wgpu, Some(1))),
        ] {
            let (backend_expected, index) = expected;
            assert_eq!(choice(backend, device, false).unwrap(), DeviceChoice { backend: backend_expected, index });
        }
        for (device, use_cpu) in [(Some("cpu"), false), (None, true), (Some("cpu"), true)] {
            assert_eq!(choice(None, device, use_cpu).unwrap(), DeviceChoice { backend: Auto.on_cpu(), index: None });
        }
    }

    #[test]
    fn contradictions_are_named() {
        use BackendChoice::{Cuda, Flex};
        for (backend, device, use_cpu, words) in [
            (Some(Cuda), Some("cpu"), false, "--device cpu and --backend cuda exclude each other"),
            (Some(Cuda), None, true, "--use_cpu and --backend cuda exclude each other"),
            (Some(Cuda), Some("wgpu:0"), false, "--device wgpu:0 and --backend cuda exclude each other"),
            (Some(Flex), Some("1"), false, "--device 1 and --backend flex exclude each other"),
            (None, Some("cuda:0"), true, "--use_cpu and --device cuda:0 exclude each other"),
            (
                None,
                Some("cuda:x"),
                false,
                "--device is cuda:x, expected the number of a GPU, cpu, cuda, cuda:N or wgpu:N",
            ),
            (None, Some("tpu"), false, "--device is tpu, expected"),
        ] {
            let error = choice(backend, device, use_cpu).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn one_precision_is_asked_for() {
        let precision = |bf16, fp16, tf32| {
            let [bf16, fp16, tf32] = [bf16, fp16, tf32].map(Some);
            MachineArgs { bf16, fp16, tf32, ..MachineArgs::default() }.precision()
        };
        assert_eq!(precision(false, false, false).unwrap(), Precision::F32);
        assert_eq!(precision(true, false, true).unwrap(), Precision::Bf16);
        assert_eq!(precision(false, true, false).unwrap(), Precision::Fp16);
        assert_eq!(precision(false, false, true).unwrap(), Precision::Tf32);
        assert!(precision(true, true, false).unwrap_err().to_string().contains("--bf16 and --fp16 exclude each other"));
    }
}
