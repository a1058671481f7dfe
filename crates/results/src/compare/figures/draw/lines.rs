//! Lines over steps: one a model, with its seeds as thin ones.

use plotters::series::LineSeries;
use plotters::style::Color;

use super::chart::{Chart, Marker, UNITS, WIDTH, draw, failed, faint, frame, units};
use super::paint::Look;
use super::ticks::Axis;
use records::Error;

/// Height in pixels.
const HEIGHT: u32 = 220;

/// A model.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) look: Look,
    /// The line: x and y.
    pub(crate) mean: Vec<(f64, f64)>,
    /// One a seed; none where they are not shown.
    pub(crate) seeds: Vec<Vec<(f64, f64)>>,
}

/// Draws lines.
///
/// # Errors
/// When the library fails.
pub(crate) fn lines(lines: &[Line], x_title: &str) -> Result<Chart, Error> {
    let all = || lines.iter().flat_map(|line| line.seeds.iter().flatten().chain(&line.mean));
    let x = Axis::around(all().map(|point| point.0), true);
    let y = Axis::around(all().map(|point| point.1), false);
    let body = draw(WIDTH, HEIGHT, |area| {
        let mut chart = frame(area, &x, &y, x_title)?;
        for line in lines {
            for seed in &line.seeds {
                let style = faint(line.look.fill()).stroke_width(UNITS);
                chart.draw_series(LineSeries::new(seed.iter().copied(), style)).map_err(failed)?;
            }
        }
        for line in lines {
            let style = line.look.line().stroke_width(units(2.0) as u32);
            if line.mean.len() > 1 {
                chart.draw_series(LineSeries::new(line.mean.iter().copied(), style)).map_err(failed)?;
            }
            // Few enough to be told apart.
            let every = line.mean.len().div_ceil(12).max(1);
            let marked = line.mean.iter().step_by(every).map(|&at| Marker { at, look: line.look, size: 0.8 });
            chart.draw_series(marked).map_err(failed)?;
        }
        Ok(())
    })?;
    Ok(Chart::new(HEIGHT, body, lines.iter().map(|line| (line.look, line.name.clone())).collect()))
}
