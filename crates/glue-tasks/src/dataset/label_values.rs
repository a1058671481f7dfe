//! The labels of a split as its files spell them. What a label means is decided by the column, not by the cell.

use std::collections::HashSet;

use super::raw::{ListItem, RawLabel};

/// What SNLI writes where the annotators do not agree.
pub(super) const NO_AGREEMENT: &str = "-";

/// What a text is as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Whole,
    Fraction,
}

/// A label without the blanks around it: those that C's `isspace` knows, which pandas leaves out of numbers. Others are letters.
pub(super) fn plain(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r'])
}

/// What a text is as a number, if any, as pandas sees it: `inf` is one too, and refused where it is no word among words; `NAN` is
/// none, and neither are more digits than 64 bits hold.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = plain(text);
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return Some(Number::Whole);
    }
    let is_digits = text.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<f64>().ok().filter(|number| !is_digits && !number.is_nan()).map(|_| Number::Fraction)
}

/// A label as its file spells it, kept until all of the column is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LabelValue {
    Missing,
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<ListItem>),
}

impl From<RawLabel<'_>> for LabelValue {
    fn from(raw: RawLabel<'_>) -> Self {
        match raw {
            RawLabel::Missing => Self::Missing,
            RawLabel::Integer(integer) => Self::Integer(integer),
            RawLabel::Float(float) => Self::Float(float),
            RawLabel::Text(text) | RawLabel::Cell(text) => Self::Text(text.to_owned()),
            RawLabel::List(items) => Self::List(items.to_vec()),
        }
    }
}

/// What the labels of a column are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ColumnType {
    /// Some are names that are no numbers: then none is an index, whatever it looks like.
    pub(super) has_words: bool,
    /// Lists with a yes or no a class.
    pub(super) is_multi_hot: bool,
    /// Every list is `[0, 1]`, which is a no and a yes, or both of two classes.
    pub(super) is_either: bool,
    /// Words that are the names but for capital letters, where no two names are the same without them.
    pub(super) ignores_case: bool,
}

impl ColumnType {
    /// `names`: the classes there are.
    pub(super) fn of(values: &[LabelValue], names: &[String]) -> Self {
        // What is no name either is a fault of its own, and says nothing of the others.
        let words: HashSet<&str> = names.iter().map(String::as_str).filter(|name| number(name).is_none()).collect();
        let is_word = |value: &LabelValue| matches!(value, LabelValue::Text(text) if words.contains(plain(text)));
        let mut lists = Lists::default();
        for value in values {
            if let LabelValue::List(items) = value {
                lists.add(items);
            }
        }
        Self {
            has_words: values.iter().any(is_word),
            is_multi_hot: lists.multi_hot() == Some(names.len()),
            is_either: names.len() == 2 && lists.is_either(),
            ignores_case: ignores_case(values, names),
        }
    }
}

fn ignores_case(values: &[LabelValue], names: &[String]) -> bool {
    let exact: HashSet<&str> = names.iter().map(String::as_str).collect();
    let lower: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let texts = values.iter().filter_map(|value| match value {
        LabelValue::Text(text) if plain(text) != NO_AGREEMENT => Some(plain(text)),
        _ => None,
    });
    let texts: HashSet<&str> = texts.collect();
    lower.len() == names.len()
        && !texts.iter().all(|text| exact.contains(text))
        && texts.iter().all(|text| lower.contains(&text.to_lowercase()))
}

/// Whether lists of labels are sets of classes, or have a yes or no for each class.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    length: Option<usize>,
    /// Lists of other lengths, or with something else than 0 and 1.
    has_others: bool,
    /// A list with a class twice, or with 1 before 0, is no set of classes.
    has_no_set: bool,
}

impl Lists {
    pub(super) fn add(&mut self, items: &[ListItem]) {
        let is_bit = |item: &ListItem| matches!(item, ListItem::Integer(0 | 1));
        self.has_others |= *self.length.get_or_insert(items.len()) != items.len() || !items.iter().all(is_bit);
        let ascends = |pair: &[ListItem]| matches!(pair, [ListItem::Integer(0), ListItem::Integer(1)]);
        self.has_no_set |= !items.windows(2).all(ascends);
    }

    fn is_either(&self) -> bool {
        self.length == Some(2) && !self.has_others && !self.has_no_set
    }

    /// The number of classes where each list has a yes or no for each of them.
    pub(super) fn multi_hot(&self) -> Option<usize> {
        self.length.filter(|length| *length > 1 && !self.has_others && self.has_no_set)
    }
}
