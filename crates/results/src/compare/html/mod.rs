//! One page with everything: tables, charts, and how the runs came about. It needs nothing from elsewhere, and nothing in it
//! may fetch anything: its policy allows its own style sheet and its own script, both by their hashes.

mod basis;
mod confusion;
mod header;
mod markup;
mod numbers;
mod repeat;
mod runs;
mod scores;
mod speed;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::header::program;
use self::markup::{details, link, paragraph, section, table};
use crate::compare::best::Contest;
use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::escape::escaped;
use crate::compare::figures::{self, Figure, FigureKind, Look, swatch_on_page};
use crate::compare::shown::{Cell, Form, Table};
use records::Error;

const STYLE: &str = include_str!("style.css");

/// Sorts tables by a click on a header, and says how many columns lie beyond the window. The page is complete without it.
const SCRIPT: &str = concat!(include_str!("sort.js"), include_str!("hints.js"));

/// The page. `made_at`: when, as [`rfc3339`](records::utc::rfc3339) has it.
///
/// # Errors
/// When a chart cannot be drawn.
pub(super) fn render(whole: &Comparison<'_>, made_at: &str) -> Result<String, Error> {
    let whole = &whole.with_short_names();
    let excerpt = whole.excerpt();
    let comparison = excerpt.as_ref().map_or(whole, |(part, _)| part);
    let left_out = excerpt.as_ref().map_or_else(String::new, |(_, said)| paragraph(said));
    let figures = figures::all(comparison)?;
    let contests: Vec<Option<Contest<'_>>> =
        comparison.columns.iter().map(|column| comparison.contest(column)).collect();
    let mut parts: Vec<(&str, &str, String)> = vec![
        ("scores", "Scores", scores::table(comparison, &contests)),
        (
            "basis",
            "What the verdict is based on",
            basis::tables(comparison, &contests, &header::introduction(whole, made_at)),
        ),
        ("tasks", "Scores by task", charts(comparison, &figures, FigureKind::Scores)?),
        ("classes", "Classes of the data", charts(comparison, &figures, FigureKind::Classes)?),
        ("curves", "Learning curves", charts(comparison, &figures, FigureKind::Curves)?),
        ("cost", "Score against training time", charts(comparison, &figures, FigureKind::Cost)?),
        ("trained", "Score against trained parameters", charts(comparison, &figures, FigureKind::Trained)?),
        ("pairs", "Do models differ?", pairs(comparison)),
        ("numbers", "Every number", numbers::tables(comparison)),
        ("confusion", "Confusion matrices", confusion::tables(comparison)),
        ("speed", "Speed and memory", speed::tables(comparison)),
        ("published", "Published tables", published(comparison)),
        ("warnings", "Warnings", runs::warnings(comparison)),
        ("settings", "Settings", runs::settings(comparison)),
        ("repeat", "How to repeat this", repeat::reproduction(comparison)),
    ];
    parts.retain(|(_, _, content)| !content.is_empty());
    let links = parts.iter().map(|(id, title, _)| format!("<li><a href=\"#{id}\">{title}</a></li>\n"));
    let nav = format!("<nav aria-label=\"Parts of the page\"><ul>\n{}</ul></nav>\n", links.collect::<String>());
    let content: String = parts.iter().map(|(id, title, content)| section(id, title, content)).collect();
    let [light, dark] = figures::variables();
    let style = format!(":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{STYLE}");
    let title = header::title(whole);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"{}\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the scores</a>\n\
         <header>\n<h1>{title}</h1>\n{}{left_out}{nav}</header>\n<main id=\"main\" tabindex=\"-1\">\n{content}</main>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
        policy(&style),
        program(),
        header::verdict(comparison, &contests)
    ))
}

/// Nothing is fetched; the style sheet and the script are those of the page or none.
/// <https://www.w3.org/TR/CSP3/>
fn policy(style: &str) -> String {
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(SCRIPT)
    )
}

pub(super) fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// In what the scores are.
fn units(comparison: &Comparison<'_>) -> &'static str {
    let percent = |column: &Column| column.form() == Form::Percent;
    match (comparison.columns.iter().any(percent), comparison.columns.iter().all(percent)) {
        (_, true) => "Percent.",
        (true, false) => "Percent, errors as they are.",
        (false, false) => "Errors as they are.",
    }
}

/// Charts of a kind, with one legend for all, and their numbers below each.
fn charts(comparison: &Comparison<'_>, figures: &[Figure], kind: FigureKind) -> Result<String, Error> {
    let of_kind: Vec<&Figure> = figures.iter().filter(|figure| figure.kind == kind).collect();
    let mut html = String::new();
    if of_kind.is_empty() {
        return Ok(html);
    }
    if kind == FigureKind::Curves {
        html += &paragraph(
            "Over the optimizer steps of the training, from the log of the runs; logging_steps and eval_strategy say how often they wrote to it.",
        );
    }
    if kind == FigureKind::Classes {
        html += &paragraph(
            "How many of the rows that were scored have each class. Records do not hold that of the rows that were trained on.",
        );
    }
    if let ([only], FigureKind::Cost | FigureKind::Trained) = (of_kind.as_slice(), kind) {
        html += &paragraph(&only.description);
    }
    if kind == FigureKind::Scores {
        html += &paragraph(&format!(
            "{} Whiskers: the {:.0} % interval of the mean over seeds, without an end where it goes beyond what a score can be. Line across \
             the bars: a model that has learnt nothing.",
            units(comparison),
            comparison.level * 100.0
        ));
    }
    let (mut legend, mut known): (Vec<(Look, &str)>, BTreeSet<&str>) = (Vec::new(), BTreeSet::new());
    for (look, name) in of_kind.iter().flat_map(|figure| figure.chart.legend()) {
        if known.insert(name) {
            legend.push((*look, name));
        }
    }
    if legend.len() > 1 {
        html += "<ul class=\"legend\">\n";
        for (look, name) in legend {
            html += &format!("<li>{}{}</li>\n", swatch_on_page(look)?, escaped(name));
        }
        html += "</ul>\n";
    }
    html += if of_kind.len() == 1 { "<div class=\"grid one\">\n" } else { "<div class=\"grid\">\n" };
    for figure in &of_kind {
        let svg = figure.chart.on_page(&figure.name, &figure.title, &figure.description);
        let numbers = details("Numbers of this chart", &table(&figure.title, &figure.table, false));
        let (id, title) = (&figure.name, escaped(&figure.title));
        html += &format!(
            "<figure id=\"chart-{id}\"><figcaption><a href=\"#chart-{id}\">{title}</a></figcaption>\n{svg}{numbers}</figure>\n"
        );
    }
    Ok(html + "</div>\n")
}

fn pairs(comparison: &Comparison<'_>) -> String {
    if comparison.pairs.is_empty() {
        return String::new();
    }
    let header = ["model", "task", "against", "difference", "seeds", "p (seeds)", "p (examples)", "p (McNemar)"];
    let mut data = Table::new(&header, 2);
    for pair in &comparison.pairs {
        let p = |value: Option<f64>| Cell::number(value, Form::Probability);
        data.rows.push(vec![
            Cell::text(&pair.model),
            Cell::Text(comparison.usual_name_of(&pair.task)),
            Cell::text(&pair.baseline),
            Cell::number(Some(pair.difference), pair.form),
            Cell::number(Some(pair.seeds as f64), Form::Count),
            p(pair.p_seeds),
            p(pair.p_examples),
            p(pair.p_mcnemar),
        ]);
    }
    paragraph(
        "Difference of the scores in percentage points, of errors as it is; mean over the seeds that both have. And how likely one at \
         least so large would be if the two were alike (p): by a sign-flip test over seeds, by a randomization test over examples (the \
         models change places on each at random, and the column's score is computed anew), and by McNemar's test on the first common \
         seed. Many tests at once find some small p by chance.",
    ) + &table("Models in pairs", &data, true)
}

fn published(comparison: &Comparison<'_>) -> String {
    let mut html = String::new();
    for of in comparison.published {
        let models = of.rows.iter().map(|row| {
            let made = of.made(row);
            if made.is_empty() { row.model.clone() } else { format!("{} ({made})", row.model) }
        });
        html += &format!(
            "<dt>{}</dt>\n<dd>{}<br>{} split; {}<br><small>{}</small></dd>\n",
            escaped(&of.name),
            link(&of.source),
            escaped(&of.split),
            escaped(&of.protocol),
            escaped(&models.collect::<Vec<_>>().join(", "))
        );
    }
    if html.is_empty() { html } else { format!("<dl>\n{html}</dl>\n") }
}
