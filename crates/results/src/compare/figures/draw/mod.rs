//! Charts as SVG, drawn by `plotters`: <https://docs.rs/plotters>.

pub(super) mod bars;
pub(super) mod chart;
pub(super) mod joined;
pub(super) mod lines;
pub(super) mod paint;
pub(super) mod points;
mod ticks;
