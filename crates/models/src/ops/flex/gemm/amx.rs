//! Products of matrices rounded to bf16, with f32 sums, on Intel's matrix units (AMX-BF16, Sapphire Rapids and later).
//!
//! A tile register has 16 rows of 64 bytes. `TDPBF16PS c, a, b` adds to a tile of 16 x 16 sums the products of 16 x 32 bf16 of the left
//! matrix, a row of it in a row, and 32 x 16 of the right one, of which a row holds a pair of rows, its elements side by side (Intel 64
//! and IA-32 Architectures Software Developer's Manual, volume 2, "TDPBF16PS"). Four tiles of sums, two of each side: half of the loads
//! that each product alone would need.
//!
//! What is around the instructions is tested with tiles in software, on any machine; and where a program runs on one that has the units, it holds
//! them against these before it relies on them.

mod in_software;
mod tiles;
mod units;

use std::sync::OnceLock;

use super::bf16::words;
use super::side::Side;
use crate::ops::flex::matrix::Mat;
use crate::ops::flex::pool::Buffer;
use crate::ops::flex::simd::kernel;
use crate::ops::flex::threads::{self, Parallel};
use in_software::InSoftware;
use tiles::{SIDE, TILE, Tiles};
use units::Units;

/// Rows of `a` that one task packs and multiplies, at the most: with 768 inner indices 192 KiB.
const TASK_ROWS: usize = 8 * SIDE;

/// Sums may differ so much from those of tiles in software, as a share of the sum of the products' sizes: the order is the same, but the
/// units may round a product and its sum at once.
const SAME: f32 = 1e-5;

/// Whether this machine has the units, and they do what they should; the first time they are tried.
pub(super) fn is_usable() -> bool {
    static IS_USABLE: OnceLock<bool> = OnceLock::new();
    *IS_USABLE.get_or_init(|| {
        let is_right = units::are_there() && are_right();
        if units::are_there() && !is_right {
            log::warn!("AMX-BF16 of this CPU gives other sums than its definition: AVX512-BF16 is used in its place");
        }
        is_right
    })
}

/// Whether Intel made the CPU.
pub(super) fn is_of_intel() -> bool {
    units::maker() == *b"GenuineIntel"
}

/// Holds the units against tiles in software.
fn are_right() -> bool {
    // No multiple of a tile anywhere.
    let (m, n, k) = (41, 37, 75);
    let values =
        |len: usize, step: usize| (0..len).map(|i| ((i * step) % 97) as f32 / 97.0 - 0.5).collect::<Vec<f32>>();
    let (a, b) = (values(m * k, 31), values(k * n, 57));
    let (a, b) = (Mat::new(&a, m, k), Mat::new(&b, k, n));
    let (mut ours, mut right) = (vec![1.0; m * n], vec![1.0; m * n]);
    multiply_with::<Units>(&mut ours, a, b, true);
    multiply_with::<InSoftware>(&mut right, a, b, true);
    ours.iter().zip(&right).all(|(one, other)| (one - other).abs() <= SAME * k as f32)
}

/// `out = a b (+ out)`, `out` without gaps, by all threads. The caller has seen [`is_usable`].
pub(super) fn multiply(out: &mut [f32], a: Mat, b: Mat, accumulate: bool) {
    multiply_with::<Units>(out, a, b, accumulate);
}

fn multiply_with<T: Tiles>(out: &mut [f32], a: Mat, b: Mat, accumulate: bool) {
    let (m, n) = (a.rows, b.columns);
    let (a, b) = (Side::rows(a), Side::rows(b.t()));
    let panel = a.inner.div_ceil(2).next_multiple_of(SIDE) * SIDE;
    let mut packed_b = Buffer::new(n.div_ceil(SIDE) * panel);
    words(&mut packed_b).chunks_mut(panel).enumerate().par_for_each(|(i, panel)| pack::<T>(panel, b, i * SIDE));
    let packed_b = words(&mut packed_b);
    let task_rows = m.div_ceil(4 * threads::count()).next_multiple_of(2 * SIDE).min(TASK_ROWS);
    out[..m * n].chunks_mut(task_rows * n).enumerate().par_for_each(|(task, out)| {
        let rows = out.len() / n;
        let mut packed_a = Buffer::new(rows.div_ceil(SIDE) * panel);
        let packed_a = words(&mut packed_a);
        for (i, panel) in packed_a.chunks_exact_mut(panel).enumerate() {
            pack::<T>(panel, a, task * task_rows + i * SIDE);
            panel.as_chunks_mut::<TILE>().0.iter_mut().for_each(transpose);
        }
        let mut tiles = T::take();
        for (j, right) in packed_b.chunks(2 * panel).enumerate() {
            for (i, left) in packed_a.chunks(2 * panel).enumerate() {
                let place = Place { row: 2 * i * SIDE, column: 2 * j * SIDE, rows, columns: n };
                block(&mut tiles, out, place, [left, right].map(|side| side.split_at(panel)), accumulate);
            }
        }
    });
}

/// Packs a panel, which may be longer than the inner dimension.
fn pack<T: Tiles>(panel: &mut [u32], side: Side, first: usize) {
    let (used, beyond) = panel.split_at_mut(side.inner.div_ceil(2) * SIDE);
    T::pack(used, side, first);
    beyond.fill(0);
}

fn transpose(tile: &mut [u32; TILE]) {
    for row in 0..SIDE {
        for column in 0..row {
            tile.swap(row * SIDE + column, column * SIDE + row);
        }
    }
}

/// Where a block of sums goes in an output of `rows` x `columns`.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

/// Up to 32 x 32 sums. Of each side two panels, the second one empty at the matrix's end.
fn block<T: Tiles>(tiles: &mut T, out: &mut [f32], place: Place, sides: [(&[u32], &[u32]); 2], accumulate: bool) {
    let [left, right] = sides.map(|(first, second)| (first.as_chunks::<TILE>().0, second.as_chunks::<TILE>().0));
    let (has_below, has_beside) = (!left.1.is_empty(), !right.1.is_empty());
    tiles.zero::<0>();
    tiles.zero::<1>();
    tiles.zero::<2>();
    tiles.zero::<3>();
    for at in 0..left.0.len() {
        tiles.load::<4>(&left.0[at]);
        tiles.load::<6>(&right.0[at]);
        tiles.multiply::<0, 4, 6>();
        if has_beside {
            tiles.load::<7>(&right.1[at]);
            tiles.multiply::<1, 4, 7>();
        }
        if has_below {
            tiles.load::<5>(&left.1[at]);
            tiles.multiply::<2, 5, 6>();
            if has_beside {
                tiles.multiply::<3, 5, 7>();
            }
        }
    }
    let mut sums = [0.0; TILE];
    let at = |below: usize, beside: usize| Place { row: place.row + below, column: place.column + beside, ..place };
    tiles.store::<0>(&mut sums);
    put(out, &sums, at(0, 0), accumulate);
    if has_beside {
        tiles.store::<1>(&mut sums);
        put(out, &sums, at(0, SIDE), accumulate);
    }
    if has_below {
        tiles.store::<2>(&mut sums);
        put(out, &sums, at(SIDE, 0), accumulate);
        if has_beside {
            tiles.store::<3>(&mut sums);
            put(out, &sums, at(SIDE, SIDE), accumulate);
        }
    }
}

kernel! {
    /// Writes a tile of sums, or adds it.
    fn put(out: &'k mut [f32], sums: &'k [f32; TILE], place: Place, accumulate: bool) {
        let (rows, columns) = (SIDE.min(place.rows - place.row), SIDE.min(place.columns - place.column));
        for (i, sums) in sums.as_chunks::<SIDE>().0.iter().enumerate().take(rows) {
            let out = &mut out[(place.row + i) * place.columns + place.column..][..columns];
            // Of a whole row the compiler knows the length.
            match <&mut [f32; SIDE]>::try_from(&mut *out) {
                Ok(out) if accumulate => out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum),
                Ok(out) => *out = *sums,
                Err(_) if accumulate => out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum),
                Err(_) => out.copy_from_slice(&sums[..columns]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    fn check<T: Tiles>() {
        let value = |i: usize| ((i * 2_654_435_761) % 1013) as f32 / 1013.0 - 0.5;
        for (m, n, k) in [(1, 1, 1), (16, 16, 32), (17, 33, 31), (64, 48, 33), (300, 65, 130), (31, 16, 515)] {
            let (x, y): (Vec<f32>, Vec<f32>) =
                ((0..m * k).map(value).collect(), (0..n * k).map(|i| value(i + 7)).collect());
            for (a, b) in [
                (Mat::new(&x, m, k), Mat::new(&y, k, n)),
                (Mat::new(&x, m, k), Mat::new(&y, n, k).t()),
                (Mat::new(&x, k, m).t(), Mat::new(&y, k, n)),
            ] {
                for accumulate in [false, true] {
                    let mut out = vec![0.25; m * n];
                    multiply_with::<T>(&mut out, a, b, accumulate);
                    let at = |x: &Mat, i, j| {
                        f64::from(bf16::from_f32(x.data[i * x.row_stride + j * x.column_stride]).to_f32())
                    };
                    for (place, got) in out.iter().enumerate() {
                        let (i, j) = (place / n, place % n);
                        let sum: f64 = (0..k).map(|inner| at(&a, i, inner) * at(&b, inner, j)).sum();
                        let want = sum + if accumulate { 0.25 } else { 0.0 };
                        let error = (f64::from(*got) - want).abs();
                        assert!(
                            error < 2e-6 * (1.0 + (k as f64).sqrt()),
                            "{m} x {n} x {k}, {i}, {j}: {got}, not {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn products_of_tiles_are_those_of_the_rounded_matrices() {
        check::<InSoftware>();
        if units::are_there() {
            check::<Units>();
            assert!(is_usable());
        } else {
            println!("not tested: this CPU has no AMX-BF16");
        }
    }
}
