//! How many of the scored rows have each class, of data of one's own: a benchmark's are known, and of others a score says little
//! without it.

use records::record::RunRecord;
use records::record::class_table::ClassTable;
use records::{Error, counted};

use super::draw::bars::{Bar, Bars, bars};
use super::draw::paint::Look;
use super::figure::{Figure, FigureKind, slug};
use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::shown::{Cell, Form, Table};
use crate::scored_rows::scored;

/// Of more classes the most frequent ones are drawn.
const MOST_CLASSES: usize = 30;

/// The classes of one split.
#[derive(PartialEq)]
struct Classes<'a> {
    split: &'a str,
    /// Each with how many rows have it.
    counts: Vec<(&'a str, u64)>,
    /// `None`: a row may have several classes, and it is not known how many rows there are.
    rows: Option<u64>,
    has_several: bool,
}

impl<'a> Classes<'a> {
    fn of(record: &'a RunRecord, table: &'a ClassTable) -> Self {
        let counts: Vec<(&str, u64)> =
            table.classes.iter().map(|class| (class.label.as_str(), class.support)).collect();
        let has_several = table.confusion_matrix.is_none();
        let of_split = scored(record).into_iter().find(|split| split.split == table.split).map(|split| split.rows);
        let rows = if has_several { of_split } else { Some(counts.iter().map(|(_, count)| count).sum()) };
        Self { split: &table.split, counts, rows, has_several }
    }
}

/// One chart a split of each column whose data are no benchmark's.
pub(super) fn figures(comparison: &Comparison<'_>) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for column in comparison.columns.iter().filter(|column| column.spec.is_none()) {
        let mut all: Vec<Classes<'_>> = Vec::new();
        for record in comparison.records_of(column) {
            for table in &record.class_tables {
                let classes = Classes::of(record, table);
                // All runs of a column have the same rows; where a record knows no content, another count shows that they differ.
                if !all.contains(&classes) {
                    all.push(classes);
                }
            }
        }
        for (at, classes) in all.iter().enumerate() {
            figures.push(figure(column, classes, at)?);
        }
    }
    Ok(figures)
}

fn figure(column: &Column, classes: &Classes<'_>, at: usize) -> Result<Figure, Error> {
    let mut table = Table::new(&["class", "rows", "share"], 1);
    let mut data = Bars { has_legend: false, ..Bars::default() };
    let mut counts = classes.counts.clone();
    // Those of equal size stay in their order.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (label, count) in &counts {
        let share = classes.rows.filter(|rows| *rows > 0).map(|rows| *count as f64 / rows as f64);
        table.rows.push(vec![
            Cell::text(label),
            Cell::number(Some(*count as f64), Form::Count),
            Cell::number(share, Form::Percent),
        ]);
        let percent = share.map_or_else(String::new, |share| format!(" ({:.1} %)", share * 100.0));
        data.bars.push(Bar {
            name: (*label).to_owned(),
            look: Look::of(0),
            text: format!("{count}{percent}"),
            value: Some(*count as f64),
            interval: None,
        });
    }
    let count = data.bars.len();
    data.bars.truncate(MOST_CLASSES);
    let left_out =
        if count > MOST_CLASSES { format!(" (the {MOST_CLASSES} most frequent of {count})") } else { String::new() };
    let rows = classes.rows.map_or_else(String::new, |rows| format!(", {}", counted(rows as usize, "row")));
    let title = format!("{}: classes of {}{rows}{left_out}", column.title(), classes.split);
    let several = if classes.has_several { " A row may have several." } else { "" };
    Ok(Figure {
        kind: FigureKind::Classes,
        name: format!(
            "classes-{}-{}",
            slug(&column.name),
            if at == 0 { slug(classes.split) } else { format!("{}-{}", slug(classes.split), at + 1) }
        ),
        description: format!("{title}. Bars: how many rows have each class, and their share of all.{several}"),
        title,
        chart: bars(&data, "rows")?,
        table,
    })
}
