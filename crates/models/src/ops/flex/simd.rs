//! Which vector instructions the kernels use, chosen when the program runs.

use std::sync::OnceLock;

use pulp::Arch;

/// Environment variable that lowers the level: `scalar` or `v3` (AVX2 and FMA).
const VARIABLE: &str = "RUN_GLUE_SIMD";

fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(|| {
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        if wanted == "scalar" {
            return Arch::Scalar;
        }
        #[cfg(target_arch = "x86_64")]
        if wanted == "v3"
            && let Some(v3) = pulp::x86::V3::try_new()
        {
            return Arch::V3(v3);
        }
        Arch::new()
    })
}

/// The level in use: `x86-v4` (AVX-512), `x86-v3` (AVX2 and FMA), another architecture's, or `scalar`.
#[must_use]
pub fn level() -> &'static str {
    match arch() {
        Arch::Scalar => "scalar",
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "x86-v4",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "x86-v3",
        #[allow(unreachable_patterns)]
        _ => "vector",
    }
}

/// Runs `kernel` compiled for the machine's vectors. The kernel and what it calls must be `#[inline(always)]`, else it
/// stays at the level that the program was compiled for.
#[inline(always)]
pub(super) fn run<R>(kernel: impl FnOnce() -> R) -> R {
    arch().dispatch(kernel)
}
