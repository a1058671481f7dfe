//! The GPUs that a backend can use on this machine, found without making a device of it: the runtimes panic where a
//! library is missing.

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// What its maker calls it.
    pub name: String,
    /// Its memory in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
    /// It is a program of the CPU.
    pub is_software: bool,
}

impl Gpu {
    /// `NVIDIA H100 80GB HBM3, 79.6 GiB`.
    #[must_use]
    pub fn describe(&self) -> String {
        let gib = |bytes: u64| format!(", {:.1} GiB", bytes as f64 / f64::from(1 << 30));
        format!("{}{}", self.name, self.memory_bytes.map_or_else(String::new, gib))
    }
}

/// NVIDIA's GPUs in the order of their numbers: those that CUDA_VISIBLE_DEVICES leaves.
///
/// # Errors
/// What is missing, in words: the driver, the compiler of kernels, its headers, or a GPU.
#[cfg(feature = "cuda")]
pub fn cuda() -> Result<Vec<Gpu>, String> {
    use cudarc::driver::result::{self, DriverError, device};

    // SAFETY: loading a library runs its initialisers, as the runtime's own loading of it would. Names and places are
    // those that the runtime tries.
    let (driver, compiler) =
        unsafe { (cudarc::driver::sys::is_culib_present(), cudarc::nvrtc::sys::is_culib_present()) };
    if !driver {
        return Err("no NVIDIA driver was found (libcuda.so.1 cannot be loaded)".to_owned());
    }
    let said = |what: &str, error: DriverError| {
        let text = error.error_string().map(|text| text.to_string_lossy().into_owned());
        format!("{what}: {}", text.unwrap_or_else(|_| format!("error {}", error.0 as u32)))
    };
    result::init().map_err(|error| said("the NVIDIA driver cannot be used", error))?;
    let count = device::get_count().map_err(|error| said("GPUs cannot be counted", error))?;
    if count == 0 {
        return Err("the NVIDIA driver is there, and no GPU is (CUDA_VISIBLE_DEVICES may hide them)".to_owned());
    }
    if !compiler {
        return Err(
            "the compiler of kernels was not found (libnvrtc.so cannot be loaded): install NVIDIA's CUDA toolkit, \
                    or put the folder of a libnvrtc.so.12 or .13 into LD_LIBRARY_PATH"
                .to_owned(),
        );
    }
    headers()?;
    (0..count)
        .map(|number| {
            let gpu = device::get(number).map_err(|error| said(&format!("GPU {number} cannot be opened"), error))?;
            let name = device::get_name(gpu).unwrap_or_else(|_| format!("GPU {number}"));
            // SAFETY: `gpu` is a handle that the driver has just given.
            let memory = unsafe { device::total_mem(gpu) };
            Ok(Gpu { name, memory_bytes: memory.ok().map(|bytes| bytes as u64), is_software: false })
        })
        .collect()
}

/// Whether the headers that kernels include are where the runtime looks for them.
#[cfg(feature = "cuda")]
fn headers() -> Result<(), String> {
    const HEADER: &str = "cuda_fp16.h";
    let advice = "install NVIDIA's CUDA toolkit, or set CUDA_PATH to a folder with include/cuda_fp16.h";
    match cubecl_cuda::install::cuda_path() {
        None => Err(format!("the CUDA headers were not found: {advice}")),
        Some(root) => {
            let folder = root.join("include");
            let there = folder.join(HEADER).is_file();
            there.then_some(()).ok_or_else(|| format!("there is no {HEADER} in {}: {advice}", folder.display()))
        }
    }
}

/// The devices of the system's graphics interface (Vulkan, Metal, DirectX 12) in the order of their numbers, each with
/// what the runtime calls it: GPUs first, and last those that are programs of the CPU.
///
/// # Errors
/// That there are none.
#[cfg(feature = "wgpu")]
pub fn wgpu() -> Result<Vec<(Gpu, burn_wgpu::WgpuDevice)>, String> {
    use burn_wgpu::WgpuDevice;
    use burn_wgpu::graphics::{AutoGraphicsApi, GraphicsApi};
    use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, VirtualGpu};

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::all(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let interface = AutoGraphicsApi::backend();
    let adapters = cubecl::future::block_on(instance.enumerate_adapters(interface.into()));
    let infos: Vec<wgpu::AdapterInfo> = adapters.iter().map(wgpu::Adapter::get_info).collect();
    let mut found = Vec::new();
    // The runtime counts the devices of each kind, and knows one of the CPU.
    type MakeDevice = fn(usize) -> WgpuDevice;
    let kinds: [(wgpu::DeviceType, MakeDevice); 4] = [
        (DiscreteGpu, WgpuDevice::DiscreteGpu),
        (IntegratedGpu, WgpuDevice::IntegratedGpu),
        (VirtualGpu, WgpuDevice::VirtualGpu),
        (Cpu, |_| WgpuDevice::Cpu),
    ];
    for (kind, device) in kinds {
        let of_kind = infos.iter().filter(|info| info.device_type == kind).enumerate();
        let of_kind = of_kind.take_while(|(number, _)| kind != Cpu || *number == 0);
        found.extend(of_kind.map(|(number, info)| {
            let gpu = Gpu { name: info.name.clone(), memory_bytes: None, is_software: kind == Cpu };
            (gpu, device(number))
        }));
    }
    if found.is_empty() { Err(format!("{interface:?} finds no device")) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_is_described_in_words() {
        let gpu = Gpu { name: "NVIDIA H100".to_owned(), memory_bytes: Some(85_520_809_984), is_software: false };
        assert_eq!(gpu.describe(), "NVIDIA H100, 79.6 GiB");
        assert_eq!(Gpu { memory_bytes: None, ..gpu }.describe(), "NVIDIA H100");
    }

    #[cfg(feature = "wgpu")]
    #[test]
    fn devices_of_wgpu_are_found_without_a_panic() {
        match wgpu() {
            Ok(found) => assert!(!found.is_empty() && found.iter().all(|(gpu, _)| !gpu.name.is_empty())),
            Err(reason) => assert!(reason.contains("finds no device"), "{reason}"),
        }
    }

    /// A machine with all that CUDA needs lists GPUs; any other says what is missing. None panics.
    #[cfg(feature = "cuda")]
    #[test]
    fn cuda_is_probed_without_a_panic() {
        match cuda() {
            Ok(gpus) => assert!(!gpus.is_empty()),
            Err(reason) => {
                assert!(["driver", "GPU", "compiler", "header"].iter().any(|word| reason.contains(word)), "{reason}")
            }
        }
    }
}
