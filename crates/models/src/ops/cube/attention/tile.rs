//! Tiles of tokens in shared memory, and products of them.
//!
//! A cube has `side * side` units, `side = tile / 4`. Each holds four rows and some columns of a result in registers: rows
//! `y + side i` and columns `x + side j`. Tiles lie in shared memory column by column, `tile + 1` numbers each, so that
//! neighbouring units read from different banks.

use burn_cubecl::cubecl;
use cubecl::ir::HardwareProperties;
use cubecl::prelude::*;

use crate::ops::attention::AttentionSpec;

/// Rows of a result that a unit holds.
pub(super) const ROWS: usize = 4;

/// What kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct TileConfig {
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    /// Tokens of a tile.
    pub(super) tile: usize,
    /// Units along one side of the cube.
    pub(super) side: usize,
    /// From one column of a tile to the next.
    pub(super) stride: usize,
    /// Columns of a head that a unit holds.
    pub(super) columns: usize,
    pub(super) windowed: bool,
    pub(super) drops: bool,
}

impl TileConfig {
    /// Tiles of the head's columns that the forward kernel keeps.
    pub(super) const FORWARD_TILES: usize = 2;
    /// Those that a backward kernel keeps.
    pub(super) const BACKWARD_TILES: usize = 3;

    /// The largest tiles that fit, smaller where all sequences are short; `None` where none fit.
    pub(super) fn of(hardware: &HardwareProperties, width: usize, spec: &AttentionSpec, tiles: usize) -> Option<Self> {
        let head_dim = width / 3 / spec.heads;
        let fits = |&tile: &usize| {
            let numbers = (tiles * head_dim + tile) * (tile + 1) + tile * tile / ROWS;
            numbers * size_of::<f32>() <= hardware.max_shared_memory_size
                && (tile / ROWS).pow(2) <= hardware.max_units_per_cube as usize
        };
        let longest = spec.sequences.max_len();
        let sizes = [64, 32, 16];
        // Half of a tile of padding is more waste than smaller tiles are.
        let wanted = sizes.into_iter().filter(|&tile| tile == 16 || longest > tile / 2);
        let tile = wanted.into_iter().find(fits)?;
        let side = tile / ROWS;
        Some(Self {
            heads: spec.heads,
            head_dim,
            tile,
            side,
            stride: tile + 1,
            columns: head_dim.div_ceil(side),
            windowed: spec.window.is_some(),
            drops: !spec.dropout.is_off(),
        })
    }

    /// Units of a cube.
    pub(super) fn cube_dim(self) -> CubeDim {
        CubeDim::new_2d(self.side as u32, self.side as u32)
    }
}

/// A tile of a sequence, and a head.
#[derive(CubeType, Clone, Copy)]
pub(super) struct HeadTile {
    /// First row of the sequence.
    pub(super) start: usize,
    /// Tokens of the sequence.
    pub(super) length: u32,
    /// First position of the tile.
    pub(super) first: u32,
    pub(super) head: usize,
}

/// The tile and head of this cube, from the list of tiles.
#[cube]
pub(super) fn this_tile(tiles: &Array<u32>, #[comptime] config: TileConfig) -> HeadTile {
    let heads = comptime!(config.heads);
    let (tile, head) = (CUBE_POS / heads, CUBE_POS % heads);
    HeadTile { start: tiles[3 * tile] as usize, length: tiles[3 * tile + 1], first: tiles[3 * tile + 2], head }
}

/// Copies the head's columns of a tile's tokens, which begin at column `offset` of rows of `width`; 0 beyond the sequence.
#[cube]
pub(super) fn load(
    x: &Array<f32>,
    shared: &mut SharedMemory<f32>,
    tile: HeadTile,
    first: u32,
    offset: usize,
    #[comptime] width: usize,
    #[comptime] config: TileConfig,
) {
    let (head_dim, stride) = comptime!((config.head_dim, config.stride));
    let (units, numbers) = comptime!((config.side * config.side, config.tile * config.head_dim));
    for step in 0..comptime!(numbers.div_ceil(units)) {
        let at = step * units + UNIT_POS as usize;
        if at < numbers {
            let (row, column) = (at / head_dim, at % head_dim);
            let position = first + row as u32;
            let inside = position < tile.length;
            let row_of_x = tile.start + u32::min(position, tile.length - 1) as usize;
            let value = x[row_of_x * width + offset + column];
            shared[column * stride + row] = select(inside, value, 0.0f32.runtime());
        }
    }
}

/// Products of rows of a with rows of b over the head's columns, in registers: 4 x 4 a unit.
#[cube]
pub(super) fn scores(a: &SharedMemory<f32>, b: &SharedMemory<f32>, #[comptime] config: TileConfig) -> Array<f32> {
    let (side, stride) = comptime!((config.side, config.stride));
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let mut products = Array::<f32>::new(comptime!(ROWS * ROWS));
    #[unroll]
    for i in 0..comptime!(ROWS * ROWS) {
        products[i] = 0.0f32;
    }
    for d in 0..comptime!(config.head_dim) {
        let mut left = Array::<f32>::new(ROWS);
        let mut right = Array::<f32>::new(ROWS);
        #[unroll]
        for i in 0..ROWS {
            left[i] = a[d * stride + y + side * i];
            right[i] = b[d * stride + x + side * i];
        }
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                products[i * ROWS + j] += left[i] * right[j];
            }
        }
    }
    products
}

/// Adds `sum over k of w[row, k] x[k, column]` to the unit's rows and columns; with `by_column` it is `w[k, row]`.
#[cube]
pub(super) fn weighted(
    w: &SharedMemory<f32>,
    tokens: &SharedMemory<f32>,
    sums: &mut Array<f32>,
    #[comptime] by_column: bool,
    #[comptime] config: TileConfig,
) {
    let (side, stride, columns, head_dim) = comptime!((config.side, config.stride, config.columns, config.head_dim));
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    for k in 0..comptime!(config.tile) {
        let mut left = Array::<f32>::new(ROWS);
        #[unroll]
        for i in 0..ROWS {
            let row = y + side * i;
            left[i] = if comptime!(by_column) { w[k * stride + row] } else { w[row * stride + k] };
        }
        #[unroll]
        for j in 0..columns {
            // Beyond the head's columns any number will do: the sum is not written.
            let column = usize::min(x + side * j, head_dim - 1);
            let right = tokens[column * stride + k];
            #[unroll]
            for i in 0..ROWS {
                sums[i * columns + j] += left[i] * right;
            }
        }
    }
}

/// Writes the unit's rows and columns, each row times its factor, to columns from `offset` on of rows of `width`.
#[cube]
pub(super) fn store(
    sums: &Array<f32>,
    factors: &Array<f32>,
    out: &mut Array<f32>,
    tile: HeadTile,
    offset: usize,
    #[comptime] width: usize,
    #[comptime] config: TileConfig,
) {
    let (side, columns, head_dim) = comptime!((config.side, config.columns, config.head_dim));
    #[unroll]
    for i in 0..ROWS {
        let position = tile.first + UNIT_POS_Y + comptime!((side * i) as u32);
        if position < tile.length {
            let start = (tile.start + position as usize) * width + offset;
            #[unroll]
            for j in 0..columns {
                let column = UNIT_POS_X as usize + side * j;
                if column < head_dim {
                    out[start + column] = sums[i * columns + j] * factors[i];
                }
            }
        }
    }
}

/// Whether a query may look at a key.
#[cube]
pub(super) fn sees(query: u32, key: u32, length: u32, window: u32, #[comptime] config: TileConfig) -> bool {
    let inside = query < length && key < length;
    if comptime!(config.windowed) { inside && query <= key + window && key <= query + window } else { inside }
}

/// The first position of the tiles that tokens from `first` on may look at or be seen from, and the end of the last.
#[cube]
pub(super) fn reach(first: u32, length: u32, window: u32, #[comptime] config: TileConfig) -> (u32, u32) {
    let tile = comptime!(config.tile as u32);
    if comptime!(config.windowed) {
        let low = first - u32::min(first, window);
        (low / tile * tile, u32::min(length, first + tile + u32::min(window, length)))
    } else {
        (0u32.runtime(), length)
    }
}
