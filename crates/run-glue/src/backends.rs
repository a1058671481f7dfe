//! Which backend a run uses, and the one place where it becomes a type.

use models::ops::{EncoderOps, Precision};

use crate::cli::args::BackendChoice;
use crate::error::Error;

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
        B::eo_supports(self.0, &device).map_err(|reason| {
            let flag = self.0.name();
            Error::usage(format!("--{flag} cannot be done by --backend {name}: {reason}; leave --{flag} out for f32"))
        })
    }
}

/// Whether the chosen backend is there and has the precision.
///
/// # Errors
/// Says what is missing.
pub fn check(choice: BackendChoice, precision: Precision) -> Result<(), Error> {
    dispatch(choice, Supports(precision))?
}

/// The backend that `auto` stands for.
const DEFAULT: BackendChoice = if cfg!(feature = "flex") { BackendChoice::Flex } else { BackendChoice::Ndarray };

/// Whether a run with this choice may use NVIDIA's GPUs.
#[must_use]
pub fn may_use_cuda(choice: BackendChoice) -> bool {
    match choice {
        BackendChoice::Auto => cfg!(feature = "cuda"),
        choice => choice == BackendChoice::Cuda,
    }
}

/// Runs `work` on the chosen backend.
///
/// # Errors
/// When the program was built without it.
pub fn dispatch<W: OnBackend>(choice: BackendChoice, work: W) -> Result<W::Output, Error> {
    let choice = if choice == BackendChoice::Auto { DEFAULT } else { choice };
    match choice {
        #[cfg(feature = "flex")]
        BackendChoice::Flex => Ok(work.run::<models::backends::Flex>(Default::default(), "flex", "cpu")),
        #[cfg(feature = "ndarray")]
        BackendChoice::Ndarray => Ok(work.run::<models::backends::NdArray>(Default::default(), "ndarray", "cpu")),
        #[cfg(feature = "cuda")]
        BackendChoice::Cuda => {
            models::backends::probe_cuda().map_err(|reason| Error::usage(format!("--backend cuda: {reason}")))?;
            Ok(work.run::<models::backends::Cuda>(Default::default(), "cuda", "cuda:0"))
        }
        #[allow(unreachable_patterns)]
        missing => {
            let name = match missing {
                BackendChoice::Flex => "flex",
                BackendChoice::Ndarray => "ndarray",
                _ => "cuda",
            };
            Err(Error::usage(format!(
                "--backend {name}: this program was built without it; build with `--features {name}`, or use --backend auto"
            )))
        }
    }
}
