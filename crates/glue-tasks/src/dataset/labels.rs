//! From a label as a file spells it to a class or a score.

use std::collections::HashMap;

use super::example::Label;
use super::label_values::{ColumnType, LabelValue, NO_AGREEMENT, plain};
use super::raw::ListItem;
use super::schema::LabelKind;

/// A label that cannot be understood: what it says and what it may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadLabel {
    pub(super) value: String,
    pub(super) allowed: String,
}

/// What a value says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decoded {
    Label(Label),
    /// Nothing.
    Missing,
    /// A mark that there is none: -1, or `-` among words.
    Marked,
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

    /// The label of a value in a column of this type.
    pub(super) fn decode(&self, value: &LabelValue, column: ColumnType) -> Result<Decoded, BadLabel> {
        let label = match (self.kind, value) {
            (_, LabelValue::Missing) => return Ok(Decoded::Missing),
            // What pandas has in place of nothing.
            (_, LabelValue::Float(float)) if float.is_nan() => return Ok(Decoded::Missing),
            (LabelKind::Score, value) => score(value).map(Decoded::Label),
            (LabelKind::ClassLists(_), LabelValue::List(_)) if column.is_either => None,
            (LabelKind::ClassLists(_), LabelValue::List(items)) => {
                let classes = if column.is_multi_hot { Some(switched_on(items)) } else { self.classes(items, column) };
                classes.map(Decoded::Label)
            }
            (LabelKind::ClassLists(_), _) | (LabelKind::Classes(_), LabelValue::List(_)) => None,
            (LabelKind::Classes(_), LabelValue::Integer(integer)) => self.class_of_integer(*integer, column),
            (LabelKind::Classes(_), LabelValue::Float(float)) => {
                whole(*float).and_then(|integer| self.class_of_integer(integer, column))
            }
            (LabelKind::Classes(_), LabelValue::Text(text)) => self.class_of_text(text, column),
        };
        label.ok_or_else(|| BadLabel { value: spelled(value), allowed: self.allowed(column) })
    }

    fn class_of_integer(&self, integer: i64, column: ColumnType) -> Option<Decoded> {
        if self.names_are_numbers
            && let Some(&class) = self.by_name.get(integer.to_string().as_str())
        {
            return Some(Decoded::Label(Label::Class(class)));
        }
        if integer == -1 {
            return Some(Decoded::Marked);
        }
        let class = usize::try_from(integer).ok()?;
        let is_index = !self.names_are_numbers && !column.has_words && class < self.by_name.len();
        is_index.then_some(Decoded::Label(Label::Class(class)))
    }

    /// Any number of classes; an empty list is a row of none of them.
    fn classes(&self, items: &[ListItem], column: ColumnType) -> Option<Label> {
        let class = |item: &ListItem| match item {
            ListItem::Integer(integer) => self.class_of_integer(*integer, column),
            ListItem::Text(text) => self.class_of_text(text, column),
        };
        let classes: Option<Vec<usize>> = items
            .iter()
            .map(|item| match class(item) {
                Some(Decoded::Label(Label::Class(class))) => Some(class),
                _ => None,
            })
            .collect();
        let mut classes = classes?;
        classes.sort_unstable();
        classes.dedup();
        Some(Label::Classes(classes))
    }

    fn class_of_text(&self, text: &str, column: ColumnType) -> Option<Decoded> {
        if let Some(&class) = self.by_name.get(text).or_else(|| self.by_name.get(plain(text))) {
            return Some(Decoded::Label(Label::Class(class)));
        }
        let text = plain(text);
        if text == NO_AGREEMENT {
            return Some(Decoded::Marked);
        }
        if column.ignores_case {
            let lower = text.to_lowercase();
            let class = self.kind.names().iter().position(|name| name.to_lowercase() == lower);
            return class.map(|class| Decoded::Label(Label::Class(class)));
        }
        if column.has_words {
            return None;
        }
        // `1.0` is what pandas writes for 1 once a cell of the column was empty.
        let integer = text.parse::<i64>().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))?;
        self.class_of_integer(integer, column)
    }

    fn allowed(&self, column: ColumnType) -> String {
        const SHOWN: usize = 20;
        let names = self.kind.names();
        if *self.kind == LabelKind::Score {
            return "a finite number, or nothing for an unlabelled row".to_owned();
        }
        if column.is_either {
            return "a list that is not [0, 1] in one row at least: all of them may be a no and a yes, or both classes"
                .to_owned();
        }
        let mut all: Vec<String> =
            names.iter().take(SHOWN).enumerate().map(|(i, name)| self.one(i, name, column)).collect();
        if names.len() > SHOWN {
            all.push(format!("... ({} in all)", names.len()));
        }
        match self.kind {
            LabelKind::ClassLists(_) => format!("a list of {}; nothing for an unlabelled row", all.join(", ")),
            _ => format!("{}; -1 or nothing for an unlabelled row", all.join(", ")),
        }
    }

    fn one(&self, index: usize, name: &str, column: ColumnType) -> String {
        if self.names_are_numbers || column.has_words { format!("`{name}`") } else { format!("{index} or `{name}`") }
    }
}

/// The places of a list that hold 1.
fn switched_on(items: &[ListItem]) -> Label {
    let is_on = |(_, item): &(usize, &ListItem)| **item == ListItem::Integer(1);
    Label::Classes(items.iter().enumerate().filter(is_on).map(|(class, _)| class).collect())
}

fn score(value: &LabelValue) -> Option<Label> {
    let score = match value {
        LabelValue::Missing | LabelValue::List(_) => return None,
        LabelValue::Integer(integer) => *integer as f32,
        LabelValue::Float(float) => *float as f32,
        // Parsed once and rounded once: through f64 a decimal could be rounded twice.
        LabelValue::Text(text) => plain(text).parse::<f32>().ok()?,
    };
    score.is_finite().then_some(Label::Score(score))
}

/// A float that is a whole number, as one.
fn whole(float: f64) -> Option<i64> {
    // 2^53: from there on, not every whole number is a float.
    (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
}

fn spelled(value: &LabelValue) -> String {
    match value {
        LabelValue::Missing => String::new(),
        LabelValue::Integer(integer) => integer.to_string(),
        LabelValue::Float(float) => float.to_string(),
        LabelValue::Text(text) => text.clone(),
        LabelValue::List(items) => {
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

    const NUMBERS: ColumnType =
        ColumnType { has_words: false, is_multi_hot: false, is_either: false, ignores_case: false };
    const WORDS: ColumnType =
        ColumnType { has_words: true, is_multi_hot: false, is_either: false, ignores_case: false };

    fn text(text: &str) -> LabelValue {
        LabelValue::Text(text.to_owned())
    }

    fn classes(names: &[&str]) -> LabelKind {
        LabelKind::Classes(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a_class_by_index_or_name() {
        let kind = classes(&["no", "yes"]);
        let decoder = LabelDecoder::new(&kind);
        for (raw, class) in [
            (LabelValue::Integer(0), 0),
            (LabelValue::Integer(1), 1),
            (LabelValue::Float(1.0), 1),
            (text("yes"), 1),
            (text(" no "), 0),
            (text("1"), 1),
            (text("1.0"), 1),
        ] {
            assert_eq!(decoder.decode(&raw, NUMBERS), Ok(Decoded::Label(Label::Class(class))), "{raw:?}");
        }
        assert_eq!(decoder.decode(&LabelValue::Missing, NUMBERS), Ok(Decoded::Missing));
        for raw in [LabelValue::Integer(-1), text("-1"), LabelValue::Float(-1.0), text("-")] {
            assert_eq!(decoder.decode(&raw, NUMBERS), Ok(Decoded::Marked), "{raw:?}");
        }
        // Among words no number is an index.
        assert_eq!(decoder.decode(&text("yes"), WORDS), Ok(Decoded::Label(Label::Class(1))));
        for raw in [text("1"), LabelValue::Integer(1), LabelValue::Float(1.0)] {
            assert!(decoder.decode(&raw, WORDS).is_err(), "{raw:?}");
        }
        for raw in [
            LabelValue::Integer(2),
            LabelValue::Integer(-2),
            LabelValue::Float(0.5),
            text("maybe"),
            text("Yes"),
            text("nan"),
        ] {
            let error = decoder.decode(&raw, NUMBERS).unwrap_err();
            assert_eq!(error.allowed, "0 or `no`, 1 or `yes`; -1 or nothing for an unlabelled row", "{raw:?}");
        }
    }

    #[test]
    fn numeric_names_are_names_and_never_indices() {
        let kind = classes(&["1", "2", "3"]);
        let decoder = LabelDecoder::new(&kind);
        assert_eq!(decoder.decode(&LabelValue::Integer(1), NUMBERS), Ok(Decoded::Label(Label::Class(0))));
        assert_eq!(decoder.decode(&text("3"), NUMBERS), Ok(Decoded::Label(Label::Class(2))));
        assert_eq!(decoder.decode(&LabelValue::Integer(0), NUMBERS).unwrap_err().value, "0");
        assert_eq!(decoder.decode(&LabelValue::Integer(-1), NUMBERS), Ok(Decoded::Marked));
        let kind = classes(&["-1", "1"]);
        assert_eq!(
            LabelDecoder::new(&kind).decode(&LabelValue::Integer(-1), NUMBERS),
            Ok(Decoded::Label(Label::Class(0)))
        );
    }

    #[test]
    fn scores_are_finite_numbers() {
        let decoder = LabelDecoder::new(&LabelKind::Score);
        assert_eq!(decoder.decode(&LabelValue::Integer(3), NUMBERS), Ok(Decoded::Label(Label::Score(3.0))));
        assert_eq!(decoder.decode(&LabelValue::Float(0.1), NUMBERS), Ok(Decoded::Label(Label::Score(0.1))));
        assert_eq!(decoder.decode(&text(" 4.75 "), NUMBERS), Ok(Decoded::Label(Label::Score(4.75))));
        assert_eq!(decoder.decode(&LabelValue::Missing, NUMBERS), Ok(Decoded::Missing));
        assert_eq!(decoder.decode(&LabelValue::Float(f64::NAN), NUMBERS), Ok(Decoded::Missing));
        for raw in [text("nan"), text("high"), LabelValue::Float(1e300)] {
            assert!(decoder.decode(&raw, NUMBERS).unwrap_err().allowed.starts_with("a finite number"), "{raw:?}");
        }
    }

    #[test]
    fn a_long_label_set_is_cut_in_the_message() {
        let names: Vec<String> = (0..150).map(|i| format!("class_{i}")).collect();
        let kind = LabelKind::Classes(names);
        let allowed = LabelDecoder::new(&kind).decode(&LabelValue::Integer(150), NUMBERS).unwrap_err().allowed;
        assert!(allowed.contains("19 or `class_19`, ... (150 in all);"), "{allowed}");
    }
}
