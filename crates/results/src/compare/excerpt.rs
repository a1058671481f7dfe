//! As much of a comparison as a page has room for.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use super::pairs::Pair;
use super::ranking::best_first;
use super::row::Row;

/// So many scores are on a page, each of a model on a task: with its metrics, settings and place in the charts one takes up to 30 kB.
const MOST_SCORES: usize = 500;

/// So many columns are on a page.
const MOST_COLUMNS: usize = 60;

impl Comparison<'_> {
    /// The first columns, and the rows that are the best of them; and what is to be said of the others. `None` where a page has room for
    /// all. Published rows stay: they are as many as somebody wrote down.
    pub(super) fn excerpt(&self) -> Option<(Comparison<'_>, String)> {
        let columns = &self.columns[..self.columns.len().min(MOST_COLUMNS)];
        let own: Vec<&Row> = self.rows.iter().filter(|row| !row.is_published()).collect();
        let scores = |row: &Row| columns.iter().filter(|column| row.entries.contains_key(&column.name)).count();
        let counts: Vec<usize> = own.iter().map(|row| scores(row)).collect();
        if columns.len() == self.columns.len() && counts.iter().sum::<usize>() <= MOST_SCORES {
            return None;
        }
        // Of each row the best of its places in the columns.
        let mut places = vec![usize::MAX; own.len()];
        for column in columns {
            let score = |row: &Row| row.entries.get(&column.name)?.score.map(|score| score.mean);
            let scores: Vec<Option<f64>> = own.iter().map(|row| score(row)).collect();
            let ranked = best_first(&scores, column.lower_is_better()).into_iter().filter(|&at| scores[at].is_some());
            for (place, at) in ranked.enumerate() {
                places[at] = places[at].min(place);
            }
        }
        let mut order: Vec<usize> = (0..own.len()).filter(|&at| counts[at] > 0).collect();
        order.sort_by_key(|&at| places[at]);
        let mut room = MOST_SCORES;
        let mut is_kept = vec![false; own.len()];
        for at in order {
            let Some(left) = room.checked_sub(counts[at]) else { break };
            (room, is_kept[at]) = (left, true);
        }
        let kept = is_kept.iter().filter(|is_kept| **is_kept).count();
        let mut is_kept = is_kept.into_iter();
        let rows: Vec<Row> =
            self.rows.iter().filter(|row| row.is_published() || is_kept.next() == Some(true)).cloned().collect();
        let of_rows = (kept < own.len()).then(|| format!("the best {kept} of {} models", own.len()));
        let all = self.columns.len();
        let of_columns = (columns.len() < all).then(|| format!("the first {} of {all} columns", columns.len()));
        let room = of_columns.into_iter().chain(of_rows).collect::<Vec<_>>().join(" and ");
        let others = "All are in the forms json and csv (run-glue compare --format).";
        let said = format!("The page has room for {room}. {others}");
        let part = Comparison {
            pairs: self.pairs_of(&rows, columns.iter().map(|column| column.name.as_str()).collect()),
            columns: columns.to_vec(),
            rows,
            level: self.level,
            found: self.found,
            published: self.published,
            notes: self.notes.clone(),
            of_record: self.of_record.clone(),
            has_short_names: self.has_short_names,
        };
        Some((part, said))
    }

    fn pairs_of(&self, rows: &[Row], columns: BTreeSet<&str>) -> Vec<Pair> {
        let rows: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let is_there = |pair: &&Pair| rows.contains(pair.model.as_str()) && columns.contains(pair.task.as_str());
        self.pairs.iter().filter(is_there).cloned().collect()
    }
}
