//! What the classes of one's own data are called where `--label_names` says it, and in which order they stand.

use std::collections::BTreeSet;

use glue_tasks::dataset::{InferredLabels, LabelKind};

use crate::error::Error;
use crate::settings::LabelNames;

/// Labels with the names that they were given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamedLabels {
    pub(super) kind: LabelKind,
    /// How files spell them, in the same order; empty where by their names, or by their indices.
    pub(super) spellings: Vec<String>,
}

/// The names put in the place of what the files have.
///
/// Of whole numbers each gets its name, in ascending order; of words, which have names, only the order is decided. The order counts:
/// it says which class is class 1 of `precision`, `recall` and `f1`, and which row of the new head is drawn first.
///
/// # Errors
/// Says by the flag what does not fit. `place`: what has the labels, in words.
pub(super) fn named(given: &LabelNames, found: &InferredLabels, place: &str) -> Result<NamedLabels, Error> {
    let wrong = |what: String| Error::usage(format!("--label_names {given}: {what}"));
    let words = found.kind.names();
    let numbers: Option<Vec<i64>> = words.iter().map(|word| canonical(word)).collect();
    let named = match (&found.kind, numbers) {
        (LabelKind::Score, _) => {
            return Err(wrong(format!(
                "the labels of {place} are numbers to come near to, and have no names: leave it out"
            )));
        }
        (_, Some(numbers)) => by_number(given, numbers, place).map_err(wrong)?,
        (_, None) if found.are_indices => {
            let pairs = by_number(given, (0..words.len() as i64).collect(), place).map_err(wrong)?;
            check_declared(&pairs, words, place).map_err(wrong)?;
            let names = pairs.into_iter().map(|(_, name)| name).collect();
            return Ok(NamedLabels { kind: with_names(&found.kind, names), spellings: words.to_vec() });
        }
        (_, None) => {
            let names = in_order_of_words(given, words, place).map_err(wrong)?;
            return Ok(NamedLabels { kind: with_names(&found.kind, names), spellings: Vec::new() });
        }
    };
    let are_indices = named.iter().enumerate().all(|(index, (number, _))| index as i64 == *number);
    let spellings = named.iter().filter(|_| !are_indices).map(|(number, _)| number.to_string()).collect();
    let names: Vec<String> = named.into_iter().map(|(_, name)| name).collect();
    Ok(NamedLabels { kind: with_names(&found.kind, names), spellings })
}

fn with_names(kind: &LabelKind, names: Vec<String>) -> LabelKind {
    match kind {
        LabelKind::Classes(_) => LabelKind::Classes(names),
        LabelKind::ClassLists(_) => LabelKind::ClassLists(names),
        LabelKind::Score => LabelKind::Score,
    }
}

/// A whole number that is written as such: `7`, and not `007`.
fn canonical(word: &str) -> Option<i64> {
    word.parse::<i64>().ok().filter(|number| number.to_string() == word)
}

/// The numbers that files have, ascending, each with its name.
fn by_number(given: &LabelNames, mut numbers: Vec<i64>, place: &str) -> Result<Vec<(i64, String)>, String> {
    numbers.sort_unstable();
    let shown = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let labels = format!("the labels of {place} are {shown}");
    let mut named: Vec<(i64, String)> = match given {
        LabelNames::ByNumber(named) => {
            let mut own: BTreeSet<i64> = numbers.iter().copied().collect();
            let keys: BTreeSet<i64> = named.iter().map(|(number, _)| *number).collect();
            // Whether -1 is a class or stands for none, the names say.
            if keys.contains(&-1) {
                own.insert(-1)
            } else {
                own.remove(&-1)
            };
            if own != keys {
                return Err(format!("{labels}: each needs a name, and nothing else has one"));
            }
            named.clone()
        }
        LabelNames::InOrder(names) if names.len() != numbers.len() => {
            return Err(format!("these are {} names, and {labels}: give each of them one", names.len()));
        }
        LabelNames::InOrder(_) if numbers.windows(2).any(|pair| pair[1] != pair[0] + 1) => {
            let example: Vec<String> = numbers.iter().map(|number| format!("{number}=A")).collect();
            return Err(format!("{labels}, with gaps between them: say which is which, as in {}", example.join(",")));
        }
        LabelNames::InOrder(names) => numbers.into_iter().zip(names.iter().cloned()).collect(),
    };
    named.sort();
    // A model whose classes are called 1 and 2 would take a label 1 for its first class.
    match named.iter().find(|(number, name)| name.parse::<i64>().is_ok_and(|name| name != *number)) {
        Some((number, name)) => Err(format!("{number} would be called {name}, which could be a label too: take words")),
        None => Ok(named),
    }
}

/// Names that the files declare are changed, and not exchanged.
fn check_declared(named: &[(i64, String)], declared: &[String], place: &str) -> Result<(), String> {
    let lower = |name: &String| name.to_lowercase();
    let own: Vec<String> = declared.iter().map(lower).collect();
    for ((number, name), at) in named.iter().zip(&own) {
        if lower(name) != *at && own.contains(&lower(name)) {
            let all: Vec<String> =
                declared.iter().enumerate().map(|(number, name)| format!("{number} {name}")).collect();
            return Err(format!(
                "{number} would be called {name}, and {place} calls another class so ({}): give the names in that order",
                all.join(", ")
            ));
        }
    }
    Ok(())
}

/// Words that are names already, in the order that is wanted.
fn in_order_of_words(given: &LabelNames, words: &[String], place: &str) -> Result<Vec<String>, String> {
    const SHOWN: usize = 20;
    let mut shown = words.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if words.len() > SHOWN {
        shown = format!("{shown} and {} more", words.len() - SHOWN);
    }
    let LabelNames::InOrder(names) = given else {
        return Err(format!(
            "the labels of {place} are words, {shown}, and only numbers are given names: leave it out, or give these words in the \
             order that the classes are to have"
        ));
    };
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
    if set(names) != set(words) {
        return Err(format!(
            "the labels of {place} are words already, {shown}: leave it out, or give all of these in the order that the classes are to \
             have"
        ));
    }
    Ok(names.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], are_indices: bool) -> InferredLabels {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        InferredLabels { kind: LabelKind::Classes(names), are_indices, whole_numbers: None, is_plain: false }
    }

    fn given(text: &str) -> LabelNames {
        LabelNames::parse(&text.split(',').map(str::to_owned).collect::<Vec<_>>()).expect("names")
    }

    /// Names and spellings.
    fn of(text: &str, found: &InferredLabels) -> Result<(String, String), String> {
        let named = named(&given(text), found, "a.csv");
        named.map(|named| (named.kind.names().join(","), named.spellings.join(","))).map_err(|error| error.to_string())
    }

    fn pair(names: &str, spellings: &str) -> Result<(String, String), String> {
        Ok((names.to_owned(), spellings.to_owned()))
    }

    #[test]
    fn numbers_get_names() {
        let two = found(&["0", "1"], false);
        assert_eq!(of("NEG,POS", &two), pair("NEG,POS", ""));
        assert_eq!(of("1=POS,0=NEG", &two), pair("NEG,POS", ""));
        assert_eq!(of("-1=NEG,1=POS", &found(&["-1", "1"], false)), pair("NEG,POS", "-1,1"));
        assert_eq!(of("bad,so,good", &found(&["1", "2", "3"], false)), pair("bad,so,good", "1,2,3"));
        // Strings of JSON stand in the order of their letters.
        let many = found(&["0", "1", "10", "2", "3", "4", "5", "6", "7", "8", "9"], false);
        assert_eq!(of("a,b,c,d,e,f,g,h,i,j,k", &many), pair("a,b,c,d,e,f,g,h,i,j,k", ""));
    }

    #[test]
    fn names_that_a_file_declares_are_changed_and_not_exchanged() {
        let declared = found(&["neg", "pos"], true);
        assert_eq!(of("NEG,POS", &declared), pair("NEG,POS", "neg,pos"));
        assert_eq!(of("1=good,0=bad", &declared), pair("bad,good", "neg,pos"));
        for text in ["pos,neg", "POS,NEG", "0=POS,1=NEG", "pos,other"] {
            assert!(
                of(text, &declared).is_err_and(|error| error.contains("calls another class so (0 neg, 1 pos)")),
                "{text}"
            );
        }
    }

    #[test]
    fn words_are_put_in_order_and_get_no_names() {
        let words = found(&["neg", "pos"], false);
        assert_eq!(of("pos,neg", &words), pair("pos,neg", ""));
        assert!(of("NEG,POS", &words).is_err_and(|error| error.contains("are words already, neg, pos")));
        assert!(of("0=NEG,1=POS", &words).is_err_and(|error| error.contains("only numbers are given names")));
        // As they stand.
        assert_eq!(of("A10,001", &found(&["001", "A10"], false)), pair("A10,001", ""));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let two = found(&["0", "1"], false);
        for (text, found, part) in [
            ("NEG,NEUTRAL,POS", &two, "these are 3 names, and the labels of a.csv are 0, 1"),
            ("0=NEG,2=POS", &two, "the labels of a.csv are 0, 1: each needs a name"),
            ("0=NEG,1=POS,2=NONE", &two, "each needs a name"),
            ("NEG,POS", &found(&["-1", "1"], false), "say which is which, as in -1=A,1=A"),
            ("1,2", &two, "0 would be called 1, which could be a label too"),
            (
                "a,b",
                &InferredLabels { kind: LabelKind::Score, are_indices: false, whole_numbers: None, is_plain: false },
                "numbers to come near to",
            ),
        ] {
            assert!(of(text, found).is_err_and(|error| error.contains(part)), "{text}: {:?}", of(text, found));
        }
        assert_eq!(of("0,1", &two), pair("0,1", ""));
    }
}
