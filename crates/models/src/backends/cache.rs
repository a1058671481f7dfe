//! What GPU backends learn and keep on disk: which matrix products are fastest, and compiled kernels.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use burn_cubecl::cubecl;
use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use log::{LevelFilter, Log, Metadata, Record};

/// Keeps results of autotune and compiled kernels below `folder` rather than beside the working directory. To be called before
/// the first device is made.
///
/// Both are told apart by the names of the `devices`, because CubeCL names results by the number of the device alone; and compiled kernels by the
/// program's file as well, because it names them without regard to their code.
///
/// # Errors
/// When a device was made before.
pub fn cache_in(folder: &Path, devices: &[String]) -> Result<(), String> {
    let folder = folder.join(devices_name(devices));
    let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
    config.autotune.cache = CacheConfig::File(folder.join("autotune"));
    config.compilation.cache = program_name().map(|name| CacheConfig::File(folder.join("kernels").join(name)));
    if CubeClRuntimeConfig::storage().lock().is_some() {
        return Err("the folder of kept kernels must be chosen before a device is used".to_owned());
    }
    CubeClRuntimeConfig::set(config);
    Ok(())
}

/// A folder name for a machine's devices: `nvidia-h200`, with the number of devices where there are several.
fn devices_name(devices: &[String]) -> String {
    let Some(first) = devices.first() else { return "unknown".to_owned() };
    let words: Vec<&str> = first.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name = words.join("-").to_ascii_lowercase();
    if devices.len() > 1 { format!("{name}-x{}", devices.len()) } else { name }
}

/// Names this build of the program; `None` where its file cannot be looked at.
fn program_name() -> Option<String> {
    let facts = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let written = facts.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{:x}-{:x}", facts.len(), written.as_nanos()))
}

/// Kernels compiled since [`count_kernels`], and those that were read from the disk instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelCount {
    /// Compiled by NVRTC.
    pub compiled: u64,
    /// Found among those that [`cache_in`] keeps.
    pub cached: u64,
}

/// Reads CubeCL's trace: it has no other word on what it compiles.
struct Counter {
    compiled: AtomicU64,
    cached: AtomicU64,
}

static COUNTER: Counter = Counter { compiled: AtomicU64::new(0), cached: AtomicU64::new(0) };

impl Log for Counter {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("cubecl_cuda")
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            match record.args().as_str() {
                Some("Compiling kernel") => self.compiled.fetch_add(1, Ordering::Relaxed),
                Some("Using PTX cache") => self.cached.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
        }
    }

    fn flush(&self) {}
}

/// The CUDA kernels that were compiled so far; counts from the first call on. `None` where another logger was there before.
pub fn count_kernels() -> Option<KernelCount> {
    static INSTALLED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    let installed = *INSTALLED.get_or_init(|| {
        let installed = log::set_logger(&COUNTER).is_ok();
        if installed {
            log::set_max_level(LevelFilter::Trace);
        }
        installed
    });
    installed.then(|| KernelCount {
        compiled: COUNTER.compiled.load(Ordering::Relaxed),
        cached: COUNTER.cached.load(Ordering::Relaxed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_name_the_devices() {
        assert_eq!(devices_name(&["NVIDIA H200".to_owned()]), "nvidia-h200");
        let llvmpipe = "llvmpipe (LLVM 15.0.6, 256 bits)".to_owned();
        assert_eq!(devices_name(&[llvmpipe.clone(), llvmpipe]), "llvmpipe-llvm-15-0-6-256-bits-x2");
        assert_eq!(devices_name(&[]), "unknown");
    }

    #[test]
    fn only_cubecls_words_on_kernels_are_counted() {
        let before = count_kernels();
        log::trace!(target: "cubecl_cuda::compute::context", "Compiling kernel");
        log::trace!(target: "another", "Compiling kernel");
        if let (Some(before), Some(after)) = (before, count_kernels()) {
            assert_eq!(after.compiled, before.compiled + 1);
        }
    }
}
