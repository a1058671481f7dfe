//! A chart as SVG, and what all kinds of it are drawn with.

use std::fmt::Write;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::{Drawable, PathElement, PointCollection};
use plotters::prelude::{ChartBuilder, DrawingArea, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, TextStyle};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

use super::paint::{ChartMedium, Look, Role, paint, role};
use super::ticks::Axis;
use crate::compare::escape::escaped;
use records::Error;

/// Units of a chart in a pixel: the library draws in whole units, and lines should lie between them.
pub(super) const UNITS: u32 = 10;

/// Width of a chart in pixels: that of a phone, so that text keeps its size there.
pub(super) const WIDTH: u32 = 340;

/// Size of text in pixels.
const TEXT: f64 = 12.0;

/// The library takes sizes of a font's whole line; its em is that by this.
const LINE: f64 = 1.24;

/// A drawn chart, still in marks.
pub(crate) struct Chart {
    body: String,
    /// Height in pixels.
    height: u32,
    /// What its series are called.
    legend: Vec<(Look, String)>,
}

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Context<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

pub(super) fn failed(error: impl std::fmt::Display) -> Error {
    Error::failure(format!("a chart could not be drawn: {error}"))
}

pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

pub(super) fn text(of: Role, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", TEXT * LINE * f64::from(UNITS)).into_font();
    font.color(&role(of)).pos(Pos::new(horizontal, vertical))
}

/// Draws into a chart so wide and high; gives what lies between the tags of its root.
pub(super) fn draw(
    width: u32,
    height: u32,
    fill: impl FnOnce(&Area<'_>) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width * UNITS, height * UNITS)).into_drawing_area();
        fill(&area)?;
        area.present().map_err(failed)?;
    }
    let body = svg.split_once(">\n").map_or("", |(_, body)| body);
    let body = body.trim_end().trim_end_matches("</svg>");
    // What the library always says, and what its text is wrapped in.
    Ok(body.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "").replace("\n</text>", "</text>"))
}

/// The frame of a chart with two axes of numbers.
pub(super) fn frame<'a>(area: &Area<'a>, x: &Axis, y: &Axis, x_title: &str) -> Result<Context<'a>, Error> {
    let mut context = ChartBuilder::on(area)
        .margin_top(units(8.0))
        .margin_right(units(14.0))
        .x_label_area_size(units(38.0))
        .y_label_area_size(units(42.0))
        .build_cartesian_2d(x.clone(), y.clone())
        .map_err(failed)?;
    context
        .configure_mesh()
        .bold_line_style(role(Role::Grid).stroke_width(UNITS))
        .light_line_style(plotters::style::TRANSPARENT)
        .axis_style(role(Role::Grid).stroke_width(UNITS))
        .label_style(text(Role::Muted, HPos::Center, VPos::Center))
        .set_all_tick_mark_size(units(3.0))
        .x_desc(x_title)
        .draw()
        .map_err(failed)?;
    Ok(context)
}

/// Corners of markers around their middle, in pixels; the first marker is a disc.
const MARKERS: [&[(f64, f64)]; 5] = [
    &[(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)],
    &[(0.0, -4.8), (4.6, 3.6), (-4.6, 3.6)],
    &[(0.0, -5.2), (5.2, 0.0), (0.0, 5.2), (-5.2, 0.0)],
    &[(-4.6, -3.6), (4.6, -3.6), (0.0, 4.8)],
    &[
        (-1.6, -4.8),
        (1.6, -4.8),
        (1.6, -1.6),
        (4.8, -1.6),
        (4.8, 1.6),
        (1.6, 1.6),
        (1.6, 4.8),
        (-1.6, 4.8),
        (-1.6, 1.6),
        (-4.8, 1.6),
        (-4.8, -1.6),
        (-1.6, -1.6),
    ],
];

/// A marker at a place in the coordinates of its chart.
pub(super) struct Marker<C> {
    pub(super) at: C,
    pub(super) look: Look,
    pub(super) size: f64,
}

impl<'a, C> PointCollection<'a, C> for &'a Marker<C> {
    type Point = &'a C;
    type IntoIter = std::iter::Once<&'a C>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once(&self.at)
    }
}

impl<C, D: DrawingBackend> Drawable<D> for Marker<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        places: I,
        backend: &mut D,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<D::ErrorType>> {
        let style = self.look.fill().filled();
        for (x, y) in places {
            match self.look.marker % (MARKERS.len() + 1) {
                0 => backend.draw_circle((x, y), units(3.8 * self.size) as u32, &style, true)?,
                other => {
                    let corner =
                        |&(right, down): &(f64, f64)| (x + units(right * self.size), y + units(down * self.size));
                    backend.fill_polygon(MARKERS[other - 1].iter().map(corner), &style)?;
                }
            }
        }
        Ok(())
    }
}

/// A line and a marker, as a legend has them: 30 by 14 pixels.
fn swatch(look: Look) -> Result<String, Error> {
    draw(30, 14, |area| {
        let line = vec![(units(1.0), units(7.0)), (units(29.0), units(7.0))];
        let line = PathElement::new(line, look.line().stroke_width(units(1.6) as u32));
        area.draw(&line).map_err(failed)?;
        area.draw(&Marker { at: (units(15.0), units(7.0)), look, size: 1.0 }).map_err(failed)
    })
}

/// The swatch as a picture on a page, for eyes alone: the name stands beside it.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn swatch_on_page(look: Look) -> Result<String, Error> {
    let body = paint(&swatch(look)?, ChartMedium::Page);
    Ok(format!(
        "<svg class=\"swatch\" aria-hidden=\"true\" viewBox=\"0 0 {} {}\" width=\"30\" height=\"14\">{body}</svg>",
        30 * UNITS,
        14 * UNITS
    ))
}

impl Chart {
    pub(super) fn new(height: u32, body: String, legend: Vec<(Look, String)>) -> Self {
        Self { body, height, legend }
    }

    /// What its series are called.
    pub(crate) fn legend(&self) -> &[(Look, String)] {
        &self.legend
    }

    /// As a part of a page, whose style sheet has the colours. `id` is the start of the ids in it.
    pub(crate) fn on_page(&self, id: &str, title: &str, description: &str) -> String {
        let (width, height) = (WIDTH * UNITS, self.height * UNITS);
        format!(
            "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {width} {height}\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>\n{}</svg>\n",
            escaped(title),
            escaped(description),
            paint(&self.body, ChartMedium::Page)
        )
    }

    /// As a file of its own, with its title and its legend.
    ///
    /// # Errors
    /// When the legend cannot be drawn.
    pub(crate) fn alone(&self, title: &str, description: &str) -> Result<String, Error> {
        let (head, row) = (28, 18);
        let rows = self.legend.len() as u32;
        let foot = if rows == 0 { 0 } else { 10 + rows * row };
        let (width, height) = (WIDTH.max(longest(title, &self.legend)), head + self.height + foot);
        let size = format_args!("width=\"{width}\" height=\"{height}\"").to_string();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\" {size} \
             viewBox=\"0 0 {} {}\" font-family=\"sans-serif\"><title id=\"title\">{}</title><desc id=\"desc\">{}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            width * UNITS,
            height * UNITS,
            escaped(title),
            escaped(description)
        );
        let words = |x: u32, y: u32, weight: &str, words: &str| {
            format!(
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{weight} fill=\"#1b1b22\">{}</text>\n",
                x * UNITS,
                y * UNITS,
                units(TEXT),
                escaped(words)
            )
        };
        svg.push_str(&words(12, 18, " font-weight=\"bold\"", title));
        let mut group = |x: u32, y: u32, body: &str| {
            let body = paint(body, ChartMedium::File);
            let _ = writeln!(svg, "<g transform=\"translate({} {})\">\n{body}</g>", x * UNITS, y * UNITS);
        };
        group(0, head, &self.body);
        let mut names = String::new();
        for (at, (look, name)) in (0..).zip(&self.legend) {
            let top = head + self.height + 4 + at * row;
            group(12, top, &swatch(*look)?);
            names.push_str(&words(48, top + 11, "", name));
        }
        Ok(format!("{svg}{names}</svg>\n"))
    }
}

/// Pixels that the title and the legend take, about.
fn longest(title: &str, legend: &[(Look, String)]) -> u32 {
    let wide = |text: &str, left: f64| left + text.chars().count() as f64 * TEXT * 0.6;
    let names = legend.iter().map(|(_, name)| wide(name, 60.0));
    names.fold(wide(title, 24.0), f64::max).ceil() as u32
}

/// A colour that lets what lies under it through.
pub(super) fn faint(colour: RGBColor) -> plotters::style::RGBAColor {
    colour.mix(0.45)
}
