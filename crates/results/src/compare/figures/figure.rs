//! A chart with what belongs to it.

use super::draw::chart::Chart;
use crate::compare::ranking::best_first;
use crate::compare::shown::Table;

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compare) enum FigureKind {
    /// Scores, one chart a task.
    Scores,
    /// How many rows have each class.
    Classes,
    /// Loss and scores over the steps of the training.
    Curves,
    /// Scores against the time that the training took.
    Cost,
    /// Scores against the number of parameters that were trained.
    Trained,
}

/// A chart with its words and its numbers.
pub(in crate::compare) struct Figure {
    pub(in crate::compare) kind: FigureKind,
    /// For the name of its file, and for ids of a page: letters, digits and dashes.
    pub(in crate::compare) name: String,
    pub(in crate::compare) title: String,
    /// For whoever does not see it: what it shows.
    pub(in crate::compare) description: String,
    pub(in crate::compare) chart: Chart,
    pub(in crate::compare) table: Table,
}

/// With more models than this a chart shows nothing, and is larger than a screen.
const MOST_DRAWN: usize = 60;

/// What a chart has room for, in the order in which it was: all, or the best. And what is said of that behind the chart's title.
pub(super) fn drawn<T>(mut all: Vec<T>, lower_is_better: bool, score: impl Fn(&T) -> Option<f64>) -> (Vec<T>, String) {
    let count = all.len();
    if count <= MOST_DRAWN {
        return (all, String::new());
    }
    let scores: Vec<Option<f64>> = all.iter().map(score).collect();
    let mut is_drawn = vec![false; count];
    for at in best_first(&scores, lower_is_better).into_iter().take(MOST_DRAWN) {
        is_drawn[at] = true;
    }
    let mut is_drawn = is_drawn.into_iter();
    all.retain(|_| is_drawn.next() == Some(true));
    (all, format!(" (the best {MOST_DRAWN} of {count})"))
}

/// Part of a file's name.
pub(super) fn slug(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_the_best_are_drawn_in_their_order() {
        let few: Vec<u32> = (0..60).collect();
        assert_eq!(drawn(few.clone(), false, |of| Some(f64::from(*of))), (few, String::new()));
        let many: Vec<u32> = (0..100).collect();
        let (best, said) = drawn(many.clone(), false, |of| Some(f64::from(*of)));
        assert_eq!((best, said.as_str()), ((40..100).collect(), " (the best 60 of 100)"));
        assert_eq!(drawn(many, true, |of| (*of > 4).then(|| f64::from(*of))).0, (5..65).collect::<Vec<u32>>());
    }
}
