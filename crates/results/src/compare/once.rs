//! A run counts once. Records of one row and column with the same seed are of one run: whatever else they say differently changes no
//! number.

use std::collections::BTreeMap;

use crate::same_outcome::{distinct, without_predictions};
use records::record::RecordFile;

/// The records of a row and a column that count, and what is to be said of the others.
pub(super) struct Once {
    /// One of each seed, the last that began; in the order of the list.
    pub(super) counted: Vec<usize>,
    /// Sentences without a full stop.
    pub(super) notes: Vec<String>,
}

impl Once {
    /// `records`: those of the row in the column, by their places in `found`; `title`: of what they are, in words.
    pub(super) fn of(records: &[usize], found: &[RecordFile], title: &str) -> Self {
        let (records, mut predicted) = without_predictions(records, |at| &found[at].1);
        let mut by_seed: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
        for at in records {
            by_seed.entry(found[at].1.seed_that_counts()).or_default().push(at);
        }
        let (mut this, mut spellings) = (Self { counted: Vec::new(), notes: Vec::new() }, 0);
        for (seed, same) in by_seed {
            // Of those that began in one second the later in the list.
            let last = same.iter().copied().max_by(|&a, &b| found[a].1.started_at.cmp(&found[b].1.started_at));
            this.counted.extend(last);
            match seed {
                _ if same.len() == 1 => {}
                Some(_) => spellings += same.len() - 1,
                None => this.notes.push(format!(
                    "{title}: {} evaluations of one model, which no seed changes, count once",
                    same.len()
                )),
            }
            this.notes.extend(disagreement(&same, last, found).map(|what| format!("{title}: {what}")));
        }
        this.counted.append(&mut predicted);
        this.counted.sort_unstable();
        let (counted, said) = distinct(&this.counted, |at| &found[at].1);
        this.counted = counted;
        this.notes.extend(said.map(|what| format!("{title}: {what}")));
        match spellings {
            0 => {}
            1 => this.notes.push(format!(
                "{title}: one record is of the same run as another but for settings that change no number, and counts once"
            )),
            _ => this.notes.push(format!(
                "{title}: {spellings} records are of the same runs as others but for settings that change no number, and count once"
            )),
        }
        this
    }
}

/// What is to be said of records of one run whose scores are not the same.
fn disagreement(same: &[usize], last: Option<usize>, found: &[RecordFile]) -> Option<String> {
    let (path, last) = &found[last?];
    let (other, _) = same.iter().map(|&at| &found[at]).find(|(_, record)| !record.agrees_with(last))?;
    Some(format!(
        "the numbers of one run differ, and nothing that its records say explains it: {} and {}; the last one counts",
        other.display(),
        path.display()
    ))
}
