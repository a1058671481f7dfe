//! Points of several groups over a logarithmic axis: those of a group are joined, and its name stands at the right.

use plotters::element::{PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::chart::{Chart, Marker, WIDTH, draw, failed, faint, frame, text, units};
use super::paint::{Look, Role, role};
use super::points::Point;
use super::ticks::Axis;
use crate::compare::escape::printable;
use records::Error;

/// Height in pixels, of few groups: scores of several tasks lie near each other.
const HEIGHT: u32 = 360;
/// Pixels of a name, and those above and below all.
const ROW: f64 = 15.0;
const AROUND: f64 = 52.0;
/// Pixels at the right that names have, and the letters that fit.
const NAMES: f64 = 92.0;
const LETTERS: usize = 11;

/// Points that belong together, such as a task's.
pub(in crate::compare) struct Group {
    pub(in crate::compare) name: String,
    pub(in crate::compare) points: Vec<Point>,
}

/// Draws groups, none of them empty, without the intervals of their points, which would hide each other.
///
/// # Errors
/// When the library fails.
pub(in crate::compare) fn joined(groups: &[Group], x_title: &str) -> Result<Chart, Error> {
    let all = || groups.iter().flat_map(|group| &group.points);
    let x = Axis::log_around(all().map(|point| point.x));
    let y = Axis::around(all().map(|point| point.y), false);
    let height = HEIGHT.max((groups.len() as f64 * ROW + AROUND).ceil() as u32);
    let body = draw(WIDTH, height, |area| {
        let (plot, _) = area.split_horizontally(units(f64::from(WIDTH) - NAMES));
        let mut chart = frame(&plot, &x, &y, x_title)?;
        let thin = role(Role::Muted).stroke_width(units(0.8) as u32);
        let mut names: Vec<(String, (i32, i32))> = Vec::new();
        for group in groups {
            let mut places: Vec<(f64, f64)> = group.points.iter().map(|point| (point.x.log10(), point.y)).collect();
            places.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            if let Some(last) = places.last() {
                names.push((group.name.clone(), chart.backend_coord(last)));
            }
            chart.draw_series([PathElement::new(places, thin)]).map_err(failed)?;
        }
        for point in all() {
            let marker = Marker { at: (point.x.log10(), point.y), look: point.look, size: 1.0 };
            chart.draw_series([marker]).map_err(failed)?;
        }
        names.sort_by_key(|(_, (_, down))| *down);
        let wanted: Vec<i32> = names.iter().map(|(_, (_, down))| *down).collect();
        let spread = spread(&wanted, units(ROW), units(8.0), units(f64::from(height) - 40.0));
        let left = units(f64::from(WIDTH) - NAMES);
        for ((name, from), down) in names.into_iter().zip(spread) {
            let leader = faint(role(Role::Muted)).stroke_width(units(0.6) as u32);
            let from = (from.0 + units(6.0), from.1);
            area.draw(&PathElement::new(vec![from, (left - units(4.0), down)], leader)).map_err(failed)?;
            let style = text(Role::Ink, HPos::Left, VPos::Center);
            area.draw(&Text::new(shortened(&name), (left, down), style)).map_err(failed)?;
        }
        Ok(())
    })?;
    let mut legend: Vec<(Look, String)> = Vec::new();
    for point in all() {
        if !legend.iter().any(|(look, name)| *look == point.look && *name == point.name) {
            legend.push((point.look, point.name.clone()));
        }
    }
    Ok(Chart::new(height, body, legend))
}

/// Places in rising order, moved so that neighbours are `apart` and all lie between two ends, where there is room.
fn spread(wanted: &[i32], apart: i32, first: i32, last: i32) -> Vec<i32> {
    let mut places = wanted.to_vec();
    let mut least = first;
    for place in &mut places {
        *place = (*place).max(least);
        least = *place + apart;
    }
    let mut most = last;
    for place in places.iter_mut().rev() {
        *place = (*place).min(most);
        most = *place - apart;
    }
    places
}

fn shortened(name: &str) -> String {
    let letters: Vec<char> = printable(name).chars().collect();
    if letters.len() <= LETTERS {
        return letters.into_iter().collect();
    }
    let kept: String = letters[..LETTERS - 1].iter().collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lie_on_each_other() {
        assert_eq!(spread(&[10, 12, 90], 20, 0, 100), [10, 30, 90]);
        assert_eq!(spread(&[85, 90, 95], 20, 0, 100), [60, 80, 100]);
        assert_eq!(spread(&[-5, 0, 50], 20, 0, 100), [0, 20, 50]);
        assert_eq!(spread(&[], 20, 0, 100), [0; 0]);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(
            (shortened("STS-B"), shortened("a-long-name-of-data")),
            ("STS-B".to_owned(), "a-long-nam…".to_owned())
        );
    }
}
