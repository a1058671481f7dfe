//! The tile registers of a CPU with AMX-BF16.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;

use super::tiles::{SIDE, TILE, Tiles};
use crate::ops::flex::gemm::bf16;
use crate::ops::flex::gemm::side::Side;

/// Bytes of a row of a tile.
const ROW: usize = 64;

/// Whether the CPU has them, the operating system keeps them for this process, and it has AVX512-BF16, which rounds matrices.
pub(super) fn are_there() -> bool {
    static ARE_THERE: OnceLock<bool> = OnceLock::new();
    *ARE_THERE.get_or_init(|| bf16::support().is_ok() && has_instructions() && is_allowed())
}

/// The name that the CPU's maker gives itself (volume 2, "CPUID", leaf 0).
pub(super) fn maker() -> [u8; 12] {
    let leaf = __cpuid_count(0, 0);
    let mut name = [0; 12];
    for (bytes, word) in name.chunks_exact_mut(4).zip([leaf.ebx, leaf.edx, leaf.ecx]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    name
}

/// Manual, volume 1, "Detection of AMX support", and volume 2, "CPUID".
fn has_instructions() -> bool {
    const TILES_AND_BF16: u32 = 1 << 24 | 1 << 22;
    const STATES: u64 = 1 << 17 | 1 << 18;
    if __cpuid_count(0, 0).eax < 0x1d || !is_x86_feature_detected!("xsave") {
        return false;
    }
    let has = __cpuid_count(7, 0).edx & TILES_AND_BF16 == TILES_AND_BF16;
    // SAFETY: the CPU has XSAVE, and the operating system uses it.
    has && unsafe { _xgetbv(0) } & STATES == STATES && {
        let palette = __cpuid_count(0x1d, 1);
        let (registers, row, rows) = (palette.ebx >> 16, palette.ebx & 0xffff, palette.ecx & 0xffff);
        registers >= 8 && row as usize == ROW && rows as usize == SIDE
    }
}

/// Asks Linux for the tiles' state, which it keeps for processes that ask alone (Documentation/arch/x86/xstate.rst).
#[cfg(target_os = "linux")]
fn is_allowed() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const XFEATURE_XTILEDATA: i64 = 18;
    let status: i64;
    // SAFETY: the call changes what the process may do, and no memory.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => status,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    status == 0
}

/// How other systems hand them out was not looked into.
#[cfg(not(target_os = "linux"))]
fn is_allowed() -> bool {
    false
}

/// How the registers are divided; as `LDTILECFG` reads it.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_a_row: [u16; 16],
    rows: [u8; 16],
}

/// The registers of this thread while it lives.
pub(super) struct Units(());

impl Tiles for Units {
    fn take() -> Self {
        assert!(are_there(), "AMX was asked for");
        let mut bytes_a_row = [0; 16];
        let mut rows = [0; 16];
        bytes_a_row[..8].fill(ROW as u16);
        rows[..8].fill(SIDE as u8);
        let configuration = Configuration { palette: 1, start_row: 0, reserved: [0; 14], bytes_a_row, rows };
        // SAFETY: the CPU has the instruction, which reads 64 bytes.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const configuration, options(nostack, readonly));
        }
        Self(())
    }

    fn pack(panel: &mut [u32], side: Side, first: usize) {
        // SAFETY: the CPU has AVX512-BF16, see `are_there`.
        unsafe { bf16::pack::<SIDE>(panel, side, first) }
    }

    fn zero<const TO: usize>(&mut self) {
        // SAFETY: `take` has configured the register.
        unsafe { asm!("tilezero tmm{}", const TO, options(nostack, nomem)) }
    }

    fn load<const TO: usize>(&mut self, from: &[u32; TILE]) {
        // SAFETY: `take` has configured the register; 16 rows of 64 bytes lie one after the other.
        unsafe {
            asm!(
                "tileloadd tmm{}, [{} + {}]",
                const TO,
                in(reg) from.as_ptr(),
                in(reg) ROW,
                options(nostack, readonly),
            );
        }
    }

    fn multiply<const SUMS: usize, const LEFT: usize, const RIGHT: usize>(&mut self) {
        // SAFETY: `take` has configured the registers.
        unsafe {
            asm!("tdpbf16ps tmm{}, tmm{}, tmm{}", const SUMS, const LEFT, const RIGHT, options(nostack, nomem));
        }
    }

    fn store<const FROM: usize>(&mut self, to: &mut [f32; TILE]) {
        // SAFETY: `take` has configured the register; there is room for 16 rows of 64 bytes.
        unsafe {
            asm!(
                "tilestored [{} + {}], tmm{}",
                in(reg) to.as_mut_ptr(),
                in(reg) ROW,
                const FROM,
                options(nostack),
            );
        }
    }
}

impl Drop for Units {
    fn drop(&mut self) {
        // SAFETY: gives back what `take` took.
        unsafe { asm!("tilerelease", options(nostack, nomem)) }
    }
}
