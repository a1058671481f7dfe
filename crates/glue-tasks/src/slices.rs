//! Parts of splits, in the style of the `datasets` library: `train[:2000]+train[-2000:]`, `validation[50%:]`.
//!
//! <https://huggingface.co/docs/datasets/loading#slice-splits>

use std::fmt;
use std::ops::Range;

/// A part of one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The name of the split.
    pub split: String,
    /// First row; `None`: row 0.
    from: Option<Bound>,
    /// The row behind the last; `None`: to the end.
    to: Option<Bound>,
}

/// A row, counted from the end where it is negative, or a share of all rows in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Row(i64),
    Percent(i64),
}

/// A text that names no part of a split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` names no part of a split; expected a name, or parts such as train[:2000]+train[-2000:] or test[50%:]"
)]
pub struct BadSlice {
    text: String,
}

impl Slice {
    /// All of a split.
    pub fn all(split: &str) -> Self {
        Self { split: split.to_owned(), from: None, to: None }
    }

    /// Whether it is all of its split.
    pub fn is_all(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// The parts of an expression, in order.
    ///
    /// # Errors
    /// [`BadSlice`] with the part that is none.
    pub fn parse(expression: &str) -> Result<Vec<Self>, BadSlice> {
        expression.split('+').map(|part| one(part.trim()).ok_or_else(|| BadSlice { text: part.to_owned() })).collect()
    }

    /// The rows of the part in a split of `rows` rows. Bounds beyond it are cut, as in Python.
    pub fn range(&self, rows: usize) -> Range<usize> {
        let place = |bound: Bound| {
            let row = match bound {
                Bound::Row(row) => row,
                // `datasets` rounds to the nearest row, halves to the even one.
                Bound::Percent(percent) => (percent as f64 * rows as f64 / 100.0).round_ties_even() as i64,
            };
            let row = if row < 0 { row + rows as i64 } else { row };
            row.clamp(0, rows as i64) as usize
        };
        let (from, to) = (self.from.map_or(0, place), self.to.map_or(rows, place));
        from..to.max(from)
    }
}

/// As it is typed: `train[:2000]`.
impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.split)?;
        match (self.from, self.to) {
            (None, None) => Ok(()),
            (from, to) => write!(f, "[{}:{}]", shown(from), shown(to)),
        }
    }
}

fn shown(bound: Option<Bound>) -> String {
    match bound {
        None => String::new(),
        Some(Bound::Row(row)) => row.to_string(),
        Some(Bound::Percent(percent)) => format!("{percent}%"),
    }
}

fn one(part: &str) -> Option<Slice> {
    let Some((split, bounds)) = part.split_once('[') else {
        return is_name(part).then(|| Slice::all(part));
    };
    let (from, to) = bounds.strip_suffix(']')?.split_once(':')?;
    let bound = |text: &str| -> Option<Option<Bound>> {
        match text.trim() {
            "" => Some(None),
            text => match text.strip_suffix('%') {
                Some(percent) => {
                    let percent = percent.trim().parse().ok().filter(|percent| (-100..=100).contains(percent))?;
                    Some(Some(Bound::Percent(percent)))
                }
                None => Some(Some(Bound::Row(text.parse().ok()?))),
            },
        }
    };
    let split = split.trim();
    let (from, to) = (bound(from)?, bound(to)?);
    // `datasets` takes both for percent where one is.
    let is_mixed = matches!(
        (from, to),
        (Some(Bound::Row(_)), Some(Bound::Percent(_))) | (Some(Bound::Percent(_)), Some(Bound::Row(_)))
    );
    (is_name(split) && !is_mixed).then_some(Slice { split: split.to_owned(), from, to })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(expression: &str, rows: usize) -> Vec<(usize, usize)> {
        let range = |slice: &Slice| (slice.range(rows).start, slice.range(rows).end);
        Slice::parse(expression).expect("slices").iter().map(range).collect()
    }

    #[test]
    fn rows_are_those_of_python() {
        assert_eq!(ranges("train", 10), [(0, 10)]);
        assert_eq!(ranges("train[:2]+train[-3:]", 10), [(0, 2), (7, 10)]);
        assert_eq!(ranges("test[5:8]+test[-10:-8]", 10), [(5, 8), (0, 2)]);
        assert_eq!(ranges("validation[:50%] + validation[50%:]", 1501), [(0, 750), (750, 1501)]);
        assert_eq!(ranges("x[-25%:]", 8), [(6, 8)]);
        assert_eq!(ranges("x[4:2]+x[100:]+x[-100:1]", 8), [(4, 4), (8, 8), (0, 1)]);
        assert_eq!(Slice::parse("a[:1]+b").expect("two")[1], Slice::all("b"));
    }

    #[test]
    fn parts_are_shown_as_they_are_typed() {
        for text in ["train", "train[:2000]", "test[-1000:-500]", "validation[50%:]"] {
            assert_eq!(Slice::parse(text).expect("one part")[0].to_string(), text);
        }
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in [
            "",
            "train[",
            "train[1]",
            "train[a:]",
            "[:1]",
            "train[:101%]",
            "train+",
            "train[:1]x",
            "train[50%:60]",
            "train[5:60%]",
        ] {
            let error = Slice::parse(text).expect_err("no part").to_string();
            assert!(error.contains("names no part of a split"), "{text}: {error}");
        }
    }
}
