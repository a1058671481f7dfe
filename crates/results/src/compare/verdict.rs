//! What a comparison comes to, in a sentence: which models are better by more than chance, and where that cannot be told.

use super::best::{Contest, Outcome};
use super::column::Column;
use super::comparison::Comparison;
use super::row::Row;
use super::shown::{count_in_words, listed};

/// So many tasks are named where others are said to be told apart.
const NAMED: usize = 3;

/// A sentence, and what is to be known of it.
pub(super) struct Verdict {
    pub(super) sentence: String,
    pub(super) remarks: Vec<String>,
}

/// The columns by what can be said of them, by their usual names.
#[derive(Default)]
struct Told<'a> {
    /// Models with what they are the best of.
    better: Vec<(&'a Row, Vec<String>)>,
    chance: Vec<String>,
    nothing_learnt: Vec<String>,
    /// Fewer than two models have a score that counts.
    alone: Vec<String>,
}

impl Comparison<'_> {
    /// `contests`: of each column.
    pub(super) fn verdict(&self, contests: &[Option<Contest<'_>>]) -> Verdict {
        let own: Vec<&Row> = self.rows.iter().filter(|row| !row.is_published()).collect();
        let sentence = match own.as_slice() {
            [only] => self.of_one(only),
            _ => self.of_several(&own, contests),
        };
        let told = contests.iter().flatten();
        let tests = told.clone().filter(|contest| contest.tested.is_some_and(|tested| tested.p.is_some())).count();
        let mut remarks: Vec<String> = self.other_rows().into_iter().collect();
        if tests > 1 {
            let by_chance = tests as f64 * (1.0 - self.level);
            remarks.push(format!(
                "Each task is tested by itself: of {tests} tests of models that do not differ, {by_chance:.2} find a difference on average."
            ));
        }
        if tests < told.count() {
            remarks.push(
                "Where there is no p, nothing can be tested: fewer than two seeds are common to both models, and their predictions do not \
                 lie beside the records."
                    .to_owned(),
            );
        }
        if own.len() < self.rows.len() && own.len() > 1 {
            remarks.push("Published rows take no part: a single number cannot be tested.".to_owned());
        }
        Verdict { sentence, remarks }
    }

    fn of_several(&self, own: &[&Row], contests: &[Option<Contest<'_>>]) -> String {
        let told = self.told(contests);
        let p = format!("p < {:.2}", 1.0 - self.level);
        let pair = if let [one, other] = own { Some((one, other)) } else { None };
        let mut parts = Vec::new();
        if told.better.is_empty() {
            let (one, other) = match pair {
                Some((one, other)) => (one.name.clone(), other.name.clone()),
                None => (format!("the best of {} models", own.len()), "the next".to_owned()),
            };
            if !told.chance.is_empty() {
                let on = self.where_untold(&told.chance, "any of the");
                parts.push(format!("these runs cannot tell {one} from {other} by more than chance ({p}) on {on}"));
            }
        } else {
            parts.push(match pair {
                Some((one, other)) => {
                    let of = |(best, tasks): &(&Row, Vec<String>)| {
                        let next = if best.name == one.name { other } else { one };
                        (best.name.clone(), next.name.clone(), listed(tasks))
                    };
                    let said = told.better.iter().map(of).enumerate().map(|(at, (best, next, tasks))| {
                        let is = if at == 0 { "is better than" } else { "than" };
                        format!("{best} {is} {next} on {tasks}")
                    });
                    format!("{} by more than chance ({p})", said.collect::<Vec<_>>().join(", and "))
                }
                None => {
                    let said = told.better.iter().enumerate().map(|(at, (best, tasks))| {
                        let is = if at == 0 { format!("is the best of {} models ", own.len()) } else { String::new() };
                        format!("{} {is}on {}", best.name, listed(tasks))
                    });
                    format!("by more than chance ({p}), {}", said.collect::<Vec<_>>().join(", "))
                }
            });
            if !told.chance.is_empty() {
                let apart = if pair.is_some() { "them apart" } else { "the best from the next" };
                let on = self.where_untold(&told.chance, "the other");
                parts.push(format!("on {on} these runs cannot tell {apart}"));
            }
        }
        if !told.nothing_learnt.is_empty() {
            parts.push(format!(
                "on {} none is better than a model that has learnt nothing",
                listed(&told.nothing_learnt)
            ));
        }
        if parts.is_empty() {
            parts.push("no two models have scores that count on the same rows, so that nothing is compared".to_owned());
        } else if !told.alone.is_empty() {
            parts.push(format!("on {} fewer than two models have a score that counts", listed(&told.alone)));
        }
        sentence(&parts, pair.is_some() && !told.better.is_empty())
    }

    fn told<'c>(&self, contests: &'c [Option<Contest<'_>>]) -> Told<'c> {
        let mut told = Told::default();
        for (column, contest) in self.columns.iter().zip(contests) {
            let name = self.usual_name(column);
            match contest {
                // What nobody ran here was published by others alone.
                None if self.records_of(column).next().is_none() => {}
                None => told.alone.push(name),
                Some(Contest { outcome: Outcome::Chance, .. }) => told.chance.push(name),
                Some(Contest { outcome: Outcome::NothingLearnt, .. }) => told.nothing_learnt.push(name),
                Some(Contest { outcome: Outcome::Better, best, .. }) => {
                    match told.better.iter_mut().find(|(known, _)| known.name == best.name) {
                        Some((_, tasks)) => tasks.push(name),
                        None => told.better.push((best, vec![name])),
                    }
                }
            }
        }
        told.better.sort_by_key(|(_, tasks)| std::cmp::Reverse(tasks.len()));
        told
    }

    /// The tasks by name where they are few: `RTE and WNLI`, `the other 6 tasks`.
    fn where_untold(&self, names: &[String], others: &str) -> String {
        if names.len() <= NAMED {
            return listed(names);
        }
        let count = names.len();
        // One task on several sets of rows is several columns.
        let what = if self.task_count() == self.columns.len() { "tasks" } else { "sets of rows" };
        format!("{others} {} {what}", count_in_words(count))
    }

    /// Of one model: whether it has learnt anything.
    fn of_one(&self, row: &Row) -> String {
        let (mut better, mut open, mut unknown): (Vec<String>, Vec<String>, Vec<String>) = Default::default();
        for column in self.columns.iter().filter(|column| row.entries.contains_key(&column.name)) {
            let name = self.usual_name(column);
            let interval = row.entries[&column.name].interval.filter(|_| !self.is_trained_on(row, column));
            match (interval, self.floor_of(column)) {
                (Some(interval), Some(floor)) if is_beyond(column, interval, floor) => better.push(name),
                (Some(_), Some(_)) => open.push(name),
                _ => unknown.push(name),
            }
        }
        let level = format!("{:.0} % interval over its seeds", self.level * 100.0);
        let mut parts = Vec::new();
        if !better.is_empty() {
            let on = listed(&better);
            parts.push(format!("{} is better than a model that has learnt nothing on {on}, by the {level}", row.name));
        }
        if !open.is_empty() {
            let on = listed(&open);
            parts.push(if parts.is_empty() {
                format!("whether {} has learnt anything the {level} does not tell on {on}", row.name)
            } else {
                format!("on {on} that interval does not tell")
            });
        }
        if parts.is_empty() {
            let runs = if row.records.len() == 1 { "one run" } else { "these runs" };
            parts.push(format!("{runs} of {} cannot tell what is chance", row.name));
        } else if !unknown.is_empty() {
            parts.push(format!("on {} nothing can be said of it", listed(&unknown)));
        }
        sentence(&parts, !better.is_empty())
    }

    /// That columns are not of the benchmark's own rows, which names of tasks alone do not say.
    fn other_rows(&self) -> Option<String> {
        let own = self.columns.iter().filter(|column| self.records_of(column).next().is_some());
        let own: Vec<&Column> = own.collect();
        let is_other = |column: &&Column| column.spec.is_some() && column.rows.is_some();
        let others: Vec<&Column> = own.iter().copied().filter(is_other).collect();
        let all = if others.len() == own.len() { "None of these are" } else { "Not all of these are" };
        (!others.is_empty()).then(|| format!("{all} the benchmark's own rows: {}.", by_rows(&others)))
    }
}

/// Columns with their rows, those of the same words together: `CoLA and RTE (150 rows of other data each); WNLI (9 rows)`.
pub(super) fn by_rows(columns: &[&Column]) -> String {
    let mut groups: Vec<(Option<&str>, Vec<String>)> = Vec::new();
    for column in columns {
        let rows = column.rows.as_deref();
        match groups.iter_mut().find(|(known, _)| *known == rows) {
            Some((_, names)) => names.push(column.task_title()),
            None => groups.push((rows, vec![column.task_title()])),
        }
    }
    let said = groups.into_iter().map(|(rows, names)| {
        let each = if names.len() > 1 { " each" } else { "" };
        let rows = rows.map_or_else(String::new, |rows| format!(" ({rows}{each})"));
        format!("{}{rows}", listed(&names))
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Whether all of an interval is better than a score.
fn is_beyond(column: &Column, (low, high): (f64, f64), than: f64) -> bool {
    column.is_better(if column.lower_is_better() { high } else { low }, than)
}

/// Parts with a full stop and semicolons between them, and a capital where they do not begin with a name.
fn sentence(parts: &[String], begins_with_name: bool) -> String {
    let text = parts.join("; ");
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !begins_with_name => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        _ => format!("{text}."),
    }
}
