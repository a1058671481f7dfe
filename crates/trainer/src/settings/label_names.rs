//! Names for the classes of one's own data.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::Error;

/// `--label_names`: what the classes are called in config.json, predictions and tables, whatever the files have in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelNames {
    /// In the order of the classes: `NEG,POS`.
    InOrder(Vec<String>),
    /// Each with the number that stands for it in the files: `0=NEG,1=POS`.
    ByNumber(Vec<(i64, String)>),
}

impl LabelNames {
    /// Reads the parts of a list with commas.
    ///
    /// # Errors
    /// A part that is empty, one name or number twice, or names of both kinds.
    pub fn parse(parts: &[String]) -> Result<Self, Error> {
        let wrong = |what: String| Error::usage(format!("--label_names {}: {what}", parts.join(",")));
        // In TrainingArguments it is the name of what holds the labels.
        if parts.len() == 1 {
            return Err(wrong(
                "expected two names or more, such as NEG,POS; the label column is --label_column_name".to_owned(),
            ));
        }
        let with_number = |part: &String| {
            let (number, name) = part.split_once('=')?;
            Some((number.trim().parse::<i64>().ok()?, name.trim().to_owned()))
        };
        let numbered: Vec<(i64, String)> = parts.iter().filter_map(with_number).collect();
        if numbered.len() < parts.len() && parts.iter().any(|part| part.contains('=')) {
            return Err(wrong(
                "expected names in the order of the classes, such as NEG,POS, or a whole number with each, 0=NEG,1=POS"
                    .into(),
            ));
        }
        let names = if numbered.is_empty() {
            Self::InOrder(parts.iter().map(|part| part.trim().to_owned()).collect())
        } else {
            Self::ByNumber(numbered)
        };
        let mut seen = BTreeSet::new();
        for name in names.names() {
            if name.is_empty() {
                return Err(wrong("there is an empty name in it".to_owned()));
            }
            if !seen.insert(name) {
                return Err(wrong(format!("{name} stands there twice, and no two classes have one name")));
            }
        }
        let mut numbers = BTreeSet::new();
        match names.numbers().into_iter().flatten().find(|number| !numbers.insert(*number)) {
            Some(number) => Err(wrong(format!("{number} has two names"))),
            None => Ok(names),
        }
    }

    /// The names, as they were given.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::InOrder(names) => names.iter().map(String::as_str).collect(),
            Self::ByNumber(named) => named.iter().map(|(_, name)| name.as_str()).collect(),
        }
    }

    /// The numbers that the names are given for, where they are.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<i64>> {
        match self {
            Self::InOrder(_) => None,
            Self::ByNumber(named) => Some(named.iter().map(|(number, _)| *number).collect()),
        }
    }
}

/// As it is typed.
impl fmt::Display for LabelNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = match self {
            Self::InOrder(names) => names.clone(),
            Self::ByNumber(named) => named.iter().map(|(number, name)| format!("{number}={name}")).collect(),
        };
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        let parts: Vec<String> = text.split(',').map(str::to_owned).collect();
        LabelNames::parse(&parts).map(|names| names.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn names_stand_in_order_or_by_number() {
        assert_eq!(parse("NEG, POS"), Ok("NEG,POS".to_owned()));
        assert_eq!(parse("1=POS,-1=NEG"), Ok("1=POS,-1=NEG".to_owned()));
        for (text, part) in [
            ("NEG,", "an empty name"),
            ("0=,1=B", "an empty name"),
            ("labels", "the label column is --label_column_name"),
            ("NEG,NEG", "NEG stands there twice"),
            ("0=NEG,0=POS", "0 has two names"),
            ("0=NEG,POS", "expected names in the order of the classes"),
            ("neg=NEG,pos=POS", "a whole number with each"),
        ] {
            assert!(parse(text).is_err_and(|error| error.contains(part)), "{text}");
        }
    }
}
