//! The devices of wgpu, asked before one is made: without any, its runtime panics.

use burn_cubecl::cubecl;
use burn_wgpu::graphics::{AutoGraphicsApi, GraphicsApi};
use cubecl::future::block_on;

/// The devices that the system's graphics interface (Vulkan on Linux) finds, by name.
///
/// # Errors
/// That there are none.
pub fn wgpu_names() -> Result<Vec<String>, String> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::all(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let interface = AutoGraphicsApi::backend();
    let adapters = block_on(instance.enumerate_adapters(interface.into()));
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    if names.is_empty() { Err(format!("{interface:?} finds no device")) } else { Ok(names) }
}
