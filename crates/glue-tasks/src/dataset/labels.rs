//! From a label as a file spells it to a class or a score.

use std::collections::HashMap;

use super::example::Label;
use super::raw::{ListItem, RawLabel};
use super::schema::LabelKind;

/// A label that cannot be understood: what it says and what it may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadLabel {
    pub(super) value: String,
    pub(super) allowed: String,
}

/// The rules for one label column.
#[derive(Debug)]
pub(super) struct LabelDecoder<'a> {
    kind: &'a LabelKind,
    by_name: HashMap<&'a str, usize>,
    /// Names such as `1`, `2`, `3`: an integer is then a name, or 1 would silently become the second class.
    names_are_numbers: bool,
}

impl<'a> LabelDecoder<'a> {
    pub(super) fn new(kind: &'a LabelKind) -> Self {
        let names = kind.names();
        let by_name = names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let names_are_numbers = names.iter().any(|name| name.parse::<i64>().is_ok());
        Self { kind, by_name, names_are_numbers }
    }

    /// `None` means unlabelled.
    pub(super) fn decode(&self, raw: RawLabel<'_>) -> Result<Option<Label>, BadLabel> {
        let label = match (self.kind, raw) {
            (_, RawLabel::Missing) => return Ok(None),
            (LabelKind::Score, raw) => score(raw).map(Some),
            (LabelKind::ClassLists(_), RawLabel::List(items)) => self.classes(items).map(Some),
            (LabelKind::ClassLists(_), _) | (LabelKind::Classes(_), RawLabel::List(_)) => None,
            (LabelKind::Classes(_), RawLabel::Integer(integer)) => self.class_of_integer(integer),
            (LabelKind::Classes(_), RawLabel::Float(float)) => {
                whole(float).and_then(|integer| self.class_of_integer(integer))
            }
            (LabelKind::Classes(_), RawLabel::Text(text)) => self.class_of_text(text),
        };
        label.ok_or_else(|| BadLabel { value: spelled(raw), allowed: self.allowed() })
    }

    /// Outer `None`: no label of this set. Inner `None`: unlabelled.
    fn class_of_integer(&self, integer: i64) -> Option<Option<Label>> {
        if self.names_are_numbers
            && let Some(&class) = self.by_name.get(integer.to_string().as_str())
        {
            return Some(Some(Label::Class(class)));
        }
        if integer == -1 {
            return Some(None);
        }
        let class = usize::try_from(integer).ok()?;
        (!self.names_are_numbers && class < self.by_name.len()).then_some(Some(Label::Class(class)))
    }

    /// Any number of classes; an empty list is a row of none of them.
    fn classes(&self, items: &[ListItem]) -> Option<Label> {
        let class = |item: &ListItem| match item {
            ListItem::Integer(integer) => self.class_of_integer(*integer),
            ListItem::Text(text) => self.class_of_text(text),
        };
        let classes: Option<Vec<usize>> = items
            .iter()
            .map(|item| match class(item) {
                Some(Some(Label::Class(class))) => Some(class),
                _ => None,
            })
            .collect();
        let mut classes = classes?;
        classes.sort_unstable();
        classes.dedup();
        Some(Label::Classes(classes))
    }

    fn class_of_text(&self, text: &str) -> Option<Option<Label>> {
        if let Some(&class) = self.by_name.get(text).or_else(|| self.by_name.get(text.trim())) {
            return Some(Some(Label::Class(class)));
        }
        let text = text.trim();
        // `1.0` is what pandas writes for 1 once a cell of the column was empty.
        let integer = text.parse::<i64>().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))?;
        self.class_of_integer(integer)
    }

    fn allowed(&self) -> String {
        const SHOWN: usize = 20;
        let names = self.kind.names();
        if *self.kind == LabelKind::Score {
            return "a finite number, or nothing for an unlabelled row".to_owned();
        }
        let mut all: Vec<String> = names.iter().take(SHOWN).enumerate().map(|(i, name)| self.one(i, name)).collect();
        if names.len() > SHOWN {
            all.push(format!("... ({} in all)", names.len()));
        }
        match self.kind {
            LabelKind::ClassLists(_) => format!("a list of {}; nothing for an unlabelled row", all.join(", ")),
            _ => format!("{}; -1 or nothing for an unlabelled row", all.join(", ")),
        }
    }

    fn one(&self, index: usize, name: &str) -> String {
        if self.names_are_numbers { format!("`{name}`") } else { format!("{index} or `{name}`") }
    }
}

fn score(raw: RawLabel<'_>) -> Option<Label> {
    let score = match raw {
        RawLabel::Missing | RawLabel::List(_) => return None,
        RawLabel::Integer(integer) => integer as f32,
        RawLabel::Float(float) => float as f32,
        // Parsed once and rounded once: through f64 a decimal could be rounded twice.
        RawLabel::Text(text) => text.trim().parse::<f32>().ok()?,
    };
    score.is_finite().then_some(Label::Score(score))
}

/// A float that is a whole number, as one.
fn whole(float: f64) -> Option<i64> {
    // 2^53: from there on, not every whole number is a float.
    (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
}

fn spelled(raw: RawLabel<'_>) -> String {
    match raw {
        RawLabel::Missing => String::new(),
        RawLabel::Integer(integer) => integer.to_string(),
        RawLabel::Float(float) => float.to_string(),
        RawLabel::Text(text) => text.to_owned(),
        RawLabel::List(items) => {
            let item = |item: &ListItem| match item {
                ListItem::Integer(integer) => integer.to_string(),
                ListItem::Text(text) => text.clone(),
            };
            format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(names: &[&str]) -> LabelKind {
        LabelKind::Classes(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a_class_by_index_or_name() {
        let kind = classes(&["no", "yes"]);
        let decoder = LabelDecoder::new(&kind);
        for (raw, class) in [
            (RawLabel::Integer(0), 0),
            (RawLabel::Integer(1), 1),
            (RawLabel::Float(1.0), 1),
            (RawLabel::Text("yes"), 1),
            (RawLabel::Text(" no "), 0),
            (RawLabel::Text("1"), 1),
            (RawLabel::Text("1.0"), 1),
        ] {
            assert_eq!(decoder.decode(raw), Ok(Some(Label::Class(class))), "{raw:?}");
        }
        for raw in [RawLabel::Missing, RawLabel::Integer(-1), RawLabel::Text("-1"), RawLabel::Float(-1.0)] {
            assert_eq!(decoder.decode(raw), Ok(None), "{raw:?}");
        }
        for raw in [
            RawLabel::Integer(2),
            RawLabel::Integer(-2),
            RawLabel::Float(0.5),
            RawLabel::Float(f64::NAN),
            RawLabel::Text("maybe"),
            RawLabel::Text("Yes"),
            RawLabel::Text("nan"),
        ] {
            let error = decoder.decode(raw).unwrap_err();
            assert_eq!(error.allowed, "0 or `no`, 1 or `yes`; -1 or nothing for an unlabelled row", "{raw:?}");
        }
    }

    #[test]
    fn numeric_names_are_names_and_never_indices() {
        let kind = classes(&["1", "2", "3"]);
        let decoder = LabelDecoder::new(&kind);
        assert_eq!(decoder.decode(RawLabel::Integer(1)), Ok(Some(Label::Class(0))));
        assert_eq!(decoder.decode(RawLabel::Text("3")), Ok(Some(Label::Class(2))));
        assert_eq!(decoder.decode(RawLabel::Integer(0)).unwrap_err().value, "0");
        assert_eq!(decoder.decode(RawLabel::Integer(-1)), Ok(None));
        let kind = classes(&["-1", "1"]);
        assert_eq!(LabelDecoder::new(&kind).decode(RawLabel::Integer(-1)), Ok(Some(Label::Class(0))));
    }

    #[test]
    fn scores_are_finite_numbers() {
        let decoder = LabelDecoder::new(&LabelKind::Score);
        assert_eq!(decoder.decode(RawLabel::Integer(3)), Ok(Some(Label::Score(3.0))));
        assert_eq!(decoder.decode(RawLabel::Float(0.1)), Ok(Some(Label::Score(0.1))));
        assert_eq!(decoder.decode(RawLabel::Text(" 4.75 ")), Ok(Some(Label::Score(4.75))));
        assert_eq!(decoder.decode(RawLabel::Missing), Ok(None));
        for raw in [RawLabel::Float(f64::NAN), RawLabel::Text("nan"), RawLabel::Text("high"), RawLabel::Float(1e300)] {
            assert!(decoder.decode(raw).unwrap_err().allowed.starts_with("a finite number"), "{raw:?}");
        }
    }

    #[test]
    fn a_long_label_set_is_cut_in_the_message() {
        let names: Vec<String> = (0..150).map(|i| format!("class_{i}")).collect();
        let kind = LabelKind::Classes(names);
        let allowed = LabelDecoder::new(&kind).decode(RawLabel::Integer(150)).unwrap_err().allowed;
        assert!(allowed.contains("19 or `class_19`, ... (150 in all);"), "{allowed}");
    }
}
