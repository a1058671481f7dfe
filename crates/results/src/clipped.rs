//! How far intervals are shown: an accuracy of 99 ± 2 percent would be one that cannot be. Tests and files for programs keep what was
//! computed.

use std::fmt;

/// What something lies between.
pub(crate) type Range = (f64, f64);

/// As much of an interval as lies in a range.
pub(crate) fn within((low, high): (f64, f64), range: Option<Range>) -> (f64, f64) {
    range.map_or((low, high), |(least, most)| (low.clamp(least, most), high.clamp(least, most)))
}

/// What several ranges lie between; `None` where one of them is unknown.
pub(crate) fn around(ranges: impl IntoIterator<Item = Option<Range>>) -> Option<Range> {
    let ranges: Option<Vec<Range>> = ranges.into_iter().collect();
    ranges?.into_iter().reduce(|(low, high), (least, most)| (low.min(least), high.max(most)))
}

/// What stands behind a mean: half of its interval, or both sides where one of them ends earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// `±0.93`.
    Both(String),
    /// `+0.47/-1.01`.
    Sides {
        /// Without its sign.
        up: String,
        /// Without its sign.
        down: String,
    },
}

impl Half {
    /// `text` shows a width as scores are shown.
    pub(crate) fn of(mean: f64, interval: (f64, f64), range: Option<Range>, text: impl Fn(f64) -> String) -> Self {
        let (low, high) = within(interval, range);
        // A mean that was rounded up to the end has nothing above it.
        let (up, down) = (text((high - mean).max(0.0)), text((mean - low).max(0.0)));
        if up == down || (low, high) == interval {
            Self::Both(text((high - low) / 2.0))
        } else {
            Self::Sides { up, down }
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Both(half) => write!(f, "±{half}"),
            Self::Sides { up, down } => write!(f, "+{up}/-{down}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_shown_as_far_as_a_score_can_be() {
        assert_eq!(within((-387.0, 504.0), Some((0.0, 100.0))), (0.0, 100.0));
        assert_eq!(within((-20.0, 60.0), Some((-100.0, 100.0))), (-20.0, 60.0));
        assert_eq!(within((-20.0, 600.0), None), (-20.0, 600.0));
        assert_eq!(around([Some((0.0, 1.0)), Some((-1.0, 1.0))]), Some((-1.0, 1.0)));
        assert_eq!((around([Some((0.0, 1.0)), None]), around([])), (None, None));
    }

    #[test]
    fn both_sides_are_said_where_one_ends_earlier() {
        let of = |mean: f64, half: f64, range| {
            let text = |width: f64| format!("{:.2}", width * 100.0);
            Half::of(mean, (mean - half, mean + half), range, text).to_string()
        };
        let share = Some((0.0, 1.0));
        assert_eq!(of(0.5, 0.02, share), "±2.00");
        assert_eq!(of(0.9953, 0.0101, share), "+0.47/-1.01");
        assert_eq!(of(0.01, 0.05, share), "+5.00/-1.00");
        assert_eq!(of(0.01, 0.05, Some((-1.0, 1.0))), "±5.00");
        assert_eq!((of(1.0, 0.0, share), of(1.0, 0.5, None)), ("±0.00".to_owned(), "±50.00".to_owned()));
        // Two seeds far apart: nothing is known of it.
        assert_eq!(of(0.25, 3.0, share), "+75.00/-25.00");
    }
}
