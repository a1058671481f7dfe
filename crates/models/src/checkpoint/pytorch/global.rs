//! The names of Python objects that a state dictionary may use. All others are refused: to call what a file names would
//! be to run it.

use super::element::{Element, of_class};

/// A name that is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    Storage(&'static Element),
    /// Element types, devices, and what training programs save beside the tensors: no value is made of it.
    Harmless,
}

/// What a name of a module stands for.
pub(super) fn global(module: &str, name: &str) -> Result<Global, String> {
    Ok(match (module, name) {
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
        ("torch", "Size") => Global::Size,
        (
            "torch",
            "device" | "float16" | "float32" | "float64" | "bfloat16" | "int8" | "int16" | "int32" | "int64" | "uint8"
            | "bool",
        ) => Global::Harmless,
        ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") | ("numpy", "dtype") => Global::Harmless,
        ("_codecs", "encode") | ("argparse", "Namespace") => Global::Harmless,
        ("torch", class) if let Some(element) = of_class(class) => Global::Storage(element),
        _ => {
            // A name may be as long as the file.
            let full: String = module.chars().chain(['.']).chain(name.chars()).take(100).collect();
            return Err(format!(
                "it asks for `{full}`, which is not run: only tensors are read, as torch.save(model.state_dict(), FILE) writes them"
            ));
        }
    })
}
