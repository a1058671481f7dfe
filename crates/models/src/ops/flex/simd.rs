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

/// Whether linear layers have products of their own at this level (`gemm/own.rs`).
pub(super) fn has_own_products() -> bool {
    matches!(level(), "x86-v3" | "x86-v4")
}

/// Runs a kernel compiled for the machine's vectors.
#[inline(always)]
pub(super) fn dispatch<K: pulp::WithSimd>(kernel: K) -> K::Output {
    arch().dispatch(kernel)
}

/// Defines a function whose body is compiled once for each vector level and chosen at run time. References carry the
/// lifetime `'k`. What the body calls must be `#[inline(always)]`, else it stays at the level that the program was
/// compiled for; that is also why this is not a function that takes a closure.
macro_rules! kernel {
    ($(#[$doc:meta])* $visible:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        kernel! { $(#[$doc])* $visible fn $name($($arg: $ty),*) -> () $body }
    };
    ($(#[$doc:meta])* $visible:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $output:ty $body:block) => {
        $(#[$doc])*
        $visible fn $name<'k>($($arg: $ty),*) -> $output {
            struct Kernel<'k> {
                $($arg: $ty,)*
                lifetime: std::marker::PhantomData<&'k ()>,
            }
            impl<'k> pulp::WithSimd for Kernel<'k> {
                type Output = $output;
                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) -> $output {
                    let Self { $($arg,)* lifetime: _ } = self;
                    $body
                }
            }
            $crate::ops::flex::simd::dispatch(Kernel { $($arg,)* lifetime: std::marker::PhantomData })
        }
    };
}
pub(super) use kernel;
