//! The curves as charts: both losses, both norms, and how far they lie apart.

use std::path::Path;

use records::Error;
use records::atomic::write_whole;

use super::curves::{NUMBERS, Parity, Row};
use crate::compare::{Line, Look, lines};

/// Where two numbers are equal, the chart of differences, which has powers of ten, shows the rounding of an f64.
const LEAST: f64 = f64::EPSILON;

/// Writes `loss.svg`, `grad_norm.svg` and `apart.svg`.
///
/// # Errors
/// When one cannot be drawn or written.
pub(super) fn write(parity: &Parity, folder: &Path) -> Result<(), Error> {
    let points =
        |of: &dyn Fn(&Row) -> f64| parity.rows.iter().map(|row| (row.step as f64, of(row))).collect::<Vec<_>>();
    let line = |place: usize, name: &str, of: &dyn Fn(&Row) -> f64| Line {
        name: name.to_owned(),
        look: Look::of(place),
        mean: points(of),
        seeds: Vec::new(),
    };
    for (number, name) in NUMBERS.iter().enumerate().take(2) {
        let both = [
            line(0, "run-glue", &|row: &Row| row.values[number][0]),
            line(1, "Trainer", &|row: &Row| row.values[number][1]),
        ];
        let title = format!("{}: {}", parity.title, name.replace('_', " "));
        let description = "run-glue and the Trainer, over optimizer steps";
        draw(folder, name, &both, &title, description)?;
    }
    let apart = [0, 1].map(|number| {
        let name = NUMBERS[number].replace('_', " ");
        line(number, &name, &move |row: &Row| row.difference(number).max(LEAST).log10())
    });
    let title = format!("{}: how far apart", parity.title);
    draw(
        folder,
        "apart",
        &apart,
        &title,
        "relative difference of the two curves, as a power of ten, over optimizer steps",
    )
}

fn draw(folder: &Path, name: &str, drawn: &[Line], title: &str, description: &str) -> Result<(), Error> {
    let svg = lines(drawn, "step")?.alone(title, description)?;
    write_whole(folder.join(format!("{name}.svg")), svg.as_bytes())?;
    Ok(())
}
