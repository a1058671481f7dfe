//! "Did you mean": the nearest of several names.

/// The candidate with the smallest edit distance to `wanted`, case ignored; the first one among equals.
///
/// Optimal string alignment counts a swap of neighbours as one edit, which is what typing errors mostly are.
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    candidates.into_iter().min_by_key(|name| strsim::osa_distance(&wanted, &name.to_lowercase()))
}

/// The nearest of some names to what was asked for, where the two have more in common than not.
pub fn near_enough<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = nearest(wanted, candidates)?;
    let distance = strsim::osa_distance(&wanted.to_lowercase(), &name.to_lowercase());
    let longer = wanted.chars().count().max(name.chars().count());
    (distance * 2 < longer || one_holds_the_other(wanted, name)).then_some(name)
}

/// `labels` for `label`, or `text` for `my_text`: far apart by edits, near to a reader.
fn one_holds_the_other(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    a.len().min(b.len()) >= 3 && (a.contains(&b) || b.contains(&a))
}

/// Names for a message: `` `a`, `b` ``, or `nothing`.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name_and_a_stranger_none() {
        assert_eq!(near_enough("lable", ["idx", "label"]), Some("label"));
        assert_eq!(near_enough("label", ["idx", "labels"]), Some("labels"));
        assert_eq!(near_enough("sentence1", ["premise", "idx"]), None);
        assert_eq!(nearest("zzz", []), None);
    }

    #[test]
    fn lists_are_readable() {
        assert_eq!(quoted(&["a", "b"]), "`a`, `b`");
        assert_eq!(quoted::<&str>(&[]), "nothing");
    }
}
