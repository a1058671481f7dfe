//! Where GPU backends keep compiled kernels and what they found out by measuring, from run to run.

use serde_json::{Value, json};

use crate::cache_folder::cache_folder;

/// Has the kernels of these devices kept, before the first device is made. Without a folder of the user's, and where a
/// device is there already, they are made anew in every run.
pub fn keep(devices: &[String]) {
    if let Some(folder) = cache_folder() {
        let _ = models::backends::cache_in(&folder, devices);
    }
}

/// Kernels that were compiled so far, and those that were read from the disk instead; counted from the first call on, and
/// nothing where they cannot be.
pub fn counted() -> Value {
    let count = models::backends::count_kernels();
    count.map_or(Value::Null, |count| json!({ "compiled": count.compiled, "kept": count.cached }))
}
