//! The main table: tasks across, models down.

use std::fmt::Write;

use super::markup::{NOTHING, breakable, number, scrolling};
use crate::clipped::Range;
use crate::compare::best::{self, Contest, Outcome};
use crate::compare::comparison::Comparison;
use crate::compare::entry::PARTIAL;
use crate::compare::escape::escaped;
use crate::compare::lacking::{NO_MEAN, SCORE};
use crate::compare::published::PROTOCOLS_DIFFER;
use crate::compare::row::{CHOSEN_HERE, Row};
use crate::compare::shown::{Form, INTERVAL_ENDS, Number, average_range, average_words};
use crate::statistics::Summary;

/// So many remarks on rows and columns stand below the table.
const MOST_NOTES: usize = 100;

/// The table, with what it shows in words.
pub(super) fn table(comparison: &Comparison<'_>, contests: &[Option<Contest<'_>>]) -> String {
    let averages = comparison.averages();
    let is_told = |contest: &&Contest<'_>| contest.outcome == Outcome::Better;
    let best_of_tasks: Vec<Option<&Row>> =
        contests.iter().map(|contest| contest.as_ref().filter(is_told).map(|contest| contest.best)).collect();
    let best_averages: Vec<_> = averages.iter().map(|(of, average)| comparison.best_average(of, average)).collect();
    let trains_few = comparison.rows.iter().any(Row::trains_few);
    let has_parameters = comparison.rows.iter().any(|row| row.parameters.is_some());
    let mut head = String::from("<th scope=\"col\">model</th>");
    let mut title = |name: &str, words: [&str; 2]| {
        let words = words.into_iter().filter(|words| !words.is_empty());
        let words: String = words.map(|words| format!("<small>{}</small>", escaped(words))).collect();
        let _ = write!(head, "<th scope=\"col\" class=\"n\">{}{words}</th>", escaped(name));
    };
    for column in &comparison.columns {
        title(&column.task_title(), [column.rows.as_deref().unwrap_or_default(), &column.score_words()]);
    }
    for (benchmark, average) in &averages {
        title(&average.display_name, [&average_words(benchmark, average), ""]);
    }
    if has_parameters {
        title("parameters", ["millions", ""]);
    }
    if trains_few {
        title("trained", ["parameters", ""]);
    }
    let line = |row: &Row| {
        let mark = if row.chosen_on.is_some() { " <span class=\"mark\">†</span>" } else { "" };
        let mut line = format!("<tr><th scope=\"row\">{}{mark}</th>", breakable(&row.name));
        let is_best = |best: &Option<&Row>| best.is_some_and(|best| best.name == row.name);
        for (column, best) in comparison.columns.iter().zip(&best_of_tasks) {
            let entry = row.entries.get(&column.name);
            let (collapsed, runs) = entry.map_or((0, 0), |entry| (entry.collapsed, entry.seeds.len()));
            let score = entry.and_then(|entry| entry.score);
            let trained_on = comparison.is_trained_on(row, column);
            let partial = entry.and_then(|entry| entry.partial.as_deref());
            let why_none = entry.and_then(|entry| entry.why_no(SCORE));
            let marks = Marks { best: is_best(best), collapsed, runs, trained_on, partial, why_none };
            line += &cell(score, comparison.level, (column.form(), column.range()), marks);
        }
        for ((of, average), best) in averages.iter().zip(&best_averages) {
            let trained_on = comparison.is_average_trained_on(row, of, average);
            let marks = Marks { best: is_best(best), trained_on, ..Marks::default() };
            let (of, range) = (row.averages.get(average), average_range(of, average));
            line += &cell(of, comparison.level, (Form::Percent, range), marks);
        }
        if has_parameters {
            line += &row.parameters.map_or_else(
                || NOTHING.to_owned(),
                |count| {
                    format!("<td class=\"n\">{}</td>", number(Number { value: count as f64, form: Form::Millions }))
                },
            );
        }
        if trains_few {
            let cell =
                |count| format!("<td class=\"n\">{}</td>", number(Number { value: count as f64, form: Form::Count }));
            line += &row.trained.map_or_else(|| NOTHING.to_owned(), cell);
        }
        line + "</tr>\n"
    };
    let (published, own): (Vec<&Row>, Vec<&Row>) = comparison.rows.iter().partition(|row| row.is_published());
    let columns = 1 + comparison.columns.len() + averages.len() + usize::from(has_parameters) + usize::from(trains_few);
    let mut bodies = format!("<tbody>\n{}</tbody>\n", own.into_iter().map(line).collect::<String>());
    if !published.is_empty() {
        let title = format!("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{columns}\">Published</th></tr>\n");
        bodies += &format!("<tbody>\n{title}{}</tbody>\n", published.into_iter().map(line).collect::<String>());
    }
    bodies += &baseline(comparison, columns);
    let table = format!(
        "<table class=\"sortable main\"><caption>{}</caption>\n<thead><tr>{head}</tr></thead>\n{bodies}</table>\n",
        caption(comparison)
    );
    format!("{}{}", scrolling("Scores of models by task", &table), notes(comparison))
}

/// What is said of a number besides its value.
#[derive(Clone, Default)]
struct Marks<'a> {
    best: bool,
    /// How many of the runs predict one class only.
    collapsed: usize,
    runs: usize,
    /// The model was trained on rows of the column.
    trained_on: bool,
    /// What the score is of, where it is not of all metrics of the column.
    partial: Option<&'a str>,
    /// Why there is no number, where that is said.
    why_none: Option<String>,
}

fn cell(summary: Option<Summary>, level: f64, (form, range): (Form, Option<Range>), marks: Marks<'_>) -> String {
    let Marks { best, collapsed, runs, trained_on, partial, why_none } = marks;
    let Some(summary) = summary.filter(|summary| summary.mean.is_finite()) else {
        let of = |why: String| {
            format!("<td class=\"none\"><span title=\"{}\">–<span class=\"mark\">¶</span></span></td>", escaped(&why))
        };
        return why_none.map_or_else(|| NOTHING.to_owned(), of);
    };
    let mut text = number(Number { value: summary.mean, form });
    if best {
        text = format!("<strong>{text}</strong>");
    }
    if trained_on {
        text += "<span class=\"mark\" title=\"trained on rows of this column\">‡</span>";
    }
    if let Some(partial) = partial {
        text += &format!("<span class=\"mark\" title=\"of {}\">§</span>", escaped(partial));
    }
    if collapsed > 0 {
        text += &format!("<span class=\"mark\" title=\"{collapsed} of {runs} runs predict one class only\">*</span>");
    }
    // On a line of its own, below the number and its marks.
    if let Some(ends) = summary.confidence_interval(level) {
        text += &format!(" <span class=\"half\">{}</span>", form.half(summary.mean, ends, range));
    }
    format!("<td class=\"n\">{text}</td>")
}

/// What a model that has learnt nothing scores, where the records say so.
fn baseline(comparison: &Comparison<'_>, columns: usize) -> String {
    let scores: Vec<Option<f64>> = comparison.columns.iter().map(|column| comparison.baseline_of(column)).collect();
    if scores.iter().all(Option::is_none) {
        return String::new();
    }
    let mut line =
        String::from("<tbody>\n<tr class=\"baseline\"><th scope=\"row\">a model that has learnt nothing</th>");
    for (score, column) in scores.iter().zip(&comparison.columns) {
        let form = column.form();
        line += &score.map_or_else(
            || NOTHING.to_owned(),
            |value| format!("<td class=\"n\">{}</td>", number(Number { value, form })),
        );
    }
    line += &NOTHING.repeat(columns - 1 - scores.len());
    line + "</tr>\n</tbody>\n"
}

fn caption(comparison: &Comparison<'_>) -> String {
    let level = format!("<span data-value=\"{}\">{:.0}</span> %", comparison.level, comparison.level * 100.0);
    let best = if comparison.rows.len() > 1 { " Bold: the best by more than chance." } else { "" };
    format!(
        "Scores in percent, errors as they are: mean over the runs ± half of the {level} interval (Student's t over seeds), {INTERVAL_ENDS}.{best}"
    )
}

fn notes(comparison: &Comparison<'_>) -> String {
    let means = comparison.averages_in_words();
    let (glue, others) = means.split_first().map_or(("", &[][..]), |(glue, others)| (glue.as_str(), others));
    let others: String = others.iter().map(|mean| format!(" {mean}.")).collect();
    let averages = format!(
        "A task with two metrics counts as their mean, MNLI as the mean of both its splits. {glue} as the leaderboard has it; many \
         papers leave WNLI out.{others} An average is of the tasks' scores as they stand here, and only where all of them are there; its \
         interval is over the seeds that all tasks have."
    );
    let bold = best::words(comparison.level);
    let mut notes = vec![averages.as_str()];
    if comparison.rows.len() > 1 {
        notes.insert(0, &bold);
    }
    if comparison.rows.iter().any(|row| row.entries.values().any(|entry| entry.collapsed > 0)) {
        notes.push("* has runs that predict one class only: these have learnt nothing.");
    }
    let on = |row: &Row| comparison.columns.iter().any(|column| comparison.is_trained_on(row, column));
    if comparison.rows.iter().any(on) {
        notes.push(best::TRAINED_ON_IT);
    }
    if comparison.rows.iter().any(|row| row.chosen_on.is_some()) {
        notes.push(CHOSEN_HERE);
    }
    if comparison.has_partial() {
        notes.push(PARTIAL);
    }
    if comparison.has_cells_without_mean() {
        notes.push(NO_MEAN);
    }
    if comparison.rows.iter().any(Row::is_published) {
        notes.push(PROTOCOLS_DIFFER);
    }
    let mut said: Vec<String> = comparison.all_notes().iter().map(|note| format!("{note}.")).collect();
    if said.len() > MOST_NOTES {
        let more = said.split_off(MOST_NOTES).len();
        said.push(format!("There are {more} more remarks, which the other forms have (run-glue compare --format)."));
    }
    let notes = notes.into_iter().chain(said.iter().map(String::as_str));
    notes.map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note))).collect()
}
