//! Points with a vertical interval, over a logarithmic axis.

use plotters::element::PathElement;
use plotters::style::Color;

use super::chart::{Chart, Marker, WIDTH, draw, failed, frame, units};
use super::paint::Look;
use super::ticks::Axis;
use crate::clipped::within;
use records::Error;

/// Height in pixels.
const HEIGHT: u32 = 240;

/// A point.
pub(in crate::compare) struct Point {
    pub(in crate::compare) name: String,
    pub(in crate::compare) look: Look,
    pub(in crate::compare) x: f64,
    pub(in crate::compare) y: f64,
    pub(in crate::compare) interval: Option<(f64, f64)>,
}

/// Draws points. `range`: what their values lie between; intervals are drawn up to there.
///
/// # Errors
/// When the library fails.
pub(in crate::compare) fn points(points: &[Point], range: Option<(f64, f64)>, x_title: &str) -> Result<Chart, Error> {
    let interval = |point: &Point| point.interval.map(|interval| within(interval, range));
    let x = Axis::log_around(points.iter().map(|point| point.x));
    let ends = |point: &Point| interval(point).map_or([point.y; 3], |(low, high)| [low, point.y, high]);
    let y = Axis::around(points.iter().flat_map(ends), false);
    let body = draw(WIDTH, HEIGHT, |area| {
        let mut chart = frame(area, &x, &y, x_title)?;
        for point in points {
            let at = point.x.log10();
            if let Some((low, high)) = interval(point) {
                let style = point.look.fill().stroke_width(units(1.2) as u32);
                chart.draw_series([PathElement::new(vec![(at, low), (at, high)], style)]).map_err(failed)?;
            }
            chart.draw_series([Marker { at: (at, point.y), look: point.look, size: 1.2 }]).map_err(failed)?;
        }
        Ok(())
    })?;
    Ok(Chart::new(HEIGHT, body, points.iter().map(|point| (point.look, point.name.clone())).collect()))
}
