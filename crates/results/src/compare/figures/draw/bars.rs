//! Horizontal bars with intervals, the name of each above it.

use plotters::element::{Circle, EmptyElement, PathElement, Rectangle, Text};
use plotters::prelude::ChartBuilder;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, ShapeStyle};

use super::chart::{Chart, UNITS, WIDTH, draw, failed, text, units};
use super::paint::{Look, Role, role};
use super::ticks::Axis;
use crate::clipped::within;
use crate::compare::escape::printable;
use records::Error;

/// Pixels of a name with its bar.
const ROW: u32 = 36;
/// Pixels above and below the bars: margin, labels and title of the axis.
const AROUND: u32 = 48;
/// Letters of a name and its number that fit beside each other.
const LETTERS: usize = 43;

/// A bar.
pub(in crate::compare) struct Bar {
    pub(in crate::compare) name: String,
    pub(in crate::compare) look: Look,
    /// Its number, as it stands at the bar's end.
    pub(in crate::compare) text: String,
    /// `None`: undefined, no bar.
    pub(in crate::compare) value: Option<f64>,
    pub(in crate::compare) interval: Option<(f64, f64)>,
}

/// Bars and what they are compared with.
pub(in crate::compare) struct Bars {
    pub(in crate::compare) bars: Vec<Bar>,
    /// A value that is no model's, drawn across all bars.
    pub(in crate::compare) baseline: Option<f64>,
    /// What values lie between; an interval is drawn up to there, without an end.
    pub(in crate::compare) range: Option<(f64, f64)>,
    /// Values without names, drawn as rings in a row of their own, with its name.
    pub(in crate::compare) others: Option<(String, Vec<f64>)>,
    /// Whether the bars are series, which a legend tells apart.
    pub(in crate::compare) has_legend: bool,
}

impl Default for Bars {
    fn default() -> Self {
        Self { bars: Vec::new(), baseline: None, range: None, others: None, has_legend: true }
    }
}

/// Draws bars.
///
/// # Errors
/// When the library fails.
pub(in crate::compare) fn bars(data: &Bars, x_title: &str) -> Result<Chart, Error> {
    let ends = |bar: &Bar| bar.interval.map(|interval| within(interval, data.range)).map(|(low, high)| [low, high]);
    let values = data.bars.iter().flat_map(|bar| bar.value.into_iter().chain(ends(bar).into_iter().flatten()));
    let others = data.others.iter().flat_map(|(_, values)| values.iter().copied());
    let x = Axis::around(values.chain(others).chain(data.baseline), true);
    let rows = data.bars.len() + usize::from(data.others.is_some());
    let height = rows as u32 * ROW + AROUND;
    let body = draw(WIDTH, height, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(units(6.0))
            .margin_left(units(14.0))
            .margin_right(units(14.0))
            .x_label_area_size(units(38.0))
            .build_cartesian_2d(x.clone(), Axis::downwards(rows))
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_y_axis()
            .axis_style(role(Role::Grid).stroke_width(UNITS))
            .label_style(text(Role::Muted, HPos::Center, VPos::Center))
            .set_all_tick_mark_size(units(3.0))
            .x_desc(x_title)
            .draw()
            .map_err(failed)?;
        let words = |row: f64, side: HPos, of: Role, words: String| {
            let at = if matches!(side, HPos::Left) { x.low } else { x.high };
            Text::new(words, (at, row + 0.28), text(of, side, VPos::Center))
        };
        // The grid lies behind the bars alone, not behind their names.
        for tick in &x.ticks {
            let lines = (0..rows).map(|row| across(row, *tick, role(Role::Grid).stroke_width(UNITS)));
            chart.draw_series(lines).map_err(failed)?;
        }
        let thin = role(Role::Ink).stroke_width(units(1.4) as u32);
        for (row, bar) in data.bars.iter().enumerate() {
            let row = row as f64;
            if let Some(value) = bar.value {
                let corners = [(value.min(0.0), row + 0.55), (value.max(0.0), row + 0.92)];
                chart.draw_series([Rectangle::new(corners, bar.look.fill().filled())]).map_err(failed)?;
            }
            if let Some((low, high)) = bar.interval {
                let line = |from: (f64, f64), to: (f64, f64)| PathElement::new(vec![from, to], thin);
                let (middle, up, down) = (row + 0.735, row + 0.64, row + 0.83);
                let drawn = within((low, high), data.range);
                chart.draw_series([line((drawn.0, middle), (drawn.1, middle))]).map_err(failed)?;
                let is_end = |(at, drawn): &(f64, f64)| at == drawn;
                let ends = [(low, drawn.0), (high, drawn.1)].into_iter().filter(is_end);
                chart.draw_series(ends.map(|(at, _)| line((at, up), (at, down)))).map_err(failed)?;
            }
            let names = [
                words(row, HPos::Left, Role::Ink, shortened(&bar.name, &bar.text)),
                words(row, HPos::Right, Role::Ink, bar.text.clone()),
            ];
            chart.draw_series(names).map_err(failed)?;
        }
        if let Some((name, values)) = &data.others {
            let row = data.bars.len() as f64;
            let ring = role(Role::Muted).stroke_width(units(1.4) as u32);
            let rings = values
                .iter()
                .map(|&value| EmptyElement::at((value, row + 0.735)) + Circle::new((0, 0), units(4.0), ring));
            chart.draw_series(rings).map_err(failed)?;
            chart.draw_series([words(row, HPos::Left, Role::Muted, shortened(name, ""))]).map_err(failed)?;
        }
        if let Some(value) = data.baseline {
            chart.draw_series((0..rows).map(|row| across(row, value, thin))).map_err(failed)?;
        }
        Ok(())
    })?;
    // Names are shortened, so colours tell them too.
    let named = data.bars.iter().filter(|_| data.has_legend);
    let legend = named.map(|bar| (bar.look, bar.name.clone())).collect();
    Ok(Chart::new(height, body, legend))
}

/// A line across a bar.
fn across(row: usize, value: f64, style: ShapeStyle) -> PathElement<(f64, f64)> {
    PathElement::new([0.5, 0.97].map(|part| (value, row as f64 + part)).to_vec(), style)
}

/// Both ends of a name: models of one family differ at its end, settings stand there.
fn shortened(name: &str, beside: &str) -> String {
    let letters: Vec<char> = printable(name).chars().collect();
    let room = LETTERS.saturating_sub(beside.chars().count());
    if letters.len() <= room {
        return letters.into_iter().collect();
    }
    let (start, end) = (room / 2, room - room / 2 - 1);
    let [start, end] = [&letters[..start], &letters[letters.len() - end..]].map(|part| part.iter().collect::<String>());
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("bert-base-cased", "72.00 ±1.00"), "bert-base-cased");
        let short = shortened("organisation/a-long-name (learning_rate=0.00005)", "72.00 ±1.00");
        assert_eq!(short, "organisation/a-l…g_rate=0.00005)");
    }
}
