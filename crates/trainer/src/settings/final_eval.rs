//! Rows that the weights at the end of a run are evaluated on, each part by itself.

use std::fmt;

use glue_tasks::slices::Slice;

use crate::error::Error;

/// One entry of `--final_eval`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinalSplit {
    /// The rows that the run trains on.
    Train,
    /// The rows that the run evaluates.
    Validation,
    /// The rows that the run predicts, which must have labels.
    Test,
    /// Parts of the dataset's splits.
    Parts(Vec<Slice>),
}

impl FinalSplit {
    /// What a list with commas asks for: `train,validation,test[:50%]`.
    ///
    /// # Errors
    /// A part that is none, or stands there twice.
    pub fn parse_all(parts: &[String]) -> Result<Vec<Self>, Error> {
        let wrong = |what: String| Error::usage(format!("--final_eval {}: {what}", parts.join(",")));
        let mut all: Vec<Self> = Vec::new();
        for part in parts {
            let split = match part.trim() {
                "train" => Self::Train,
                "validation" => Self::Validation,
                "test" => Self::Test,
                parts => Self::Parts(Slice::parse(parts).map_err(|error| wrong(error.to_string()))?),
            };
            if all.contains(&split) {
                return Err(wrong(format!("{split} stands there twice")));
            }
            all.push(split);
        }
        Ok(all)
    }

    /// Whether it takes a part of a split.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self, Self::Parts(slices) if !slices.iter().all(Slice::is_all))
    }
}

/// As it is typed.
impl fmt::Display for FinalSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Train => f.write_str("train"),
            Self::Validation => f.write_str("validation"),
            Self::Test => f.write_str("test"),
            Self::Parts(slices) => f.write_str(&slices.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_names_are_the_runs_own_rows_and_the_rest_are_parts_of_splits() {
        let parse = |text: &str| FinalSplit::parse_all(&text.split(',').map(str::to_owned).collect::<Vec<_>>());
        let all = parse("train, validation,test,test[:50%]+train[:3],dev").expect("five");
        assert_eq!(all[..3], [FinalSplit::Train, FinalSplit::Validation, FinalSplit::Test]);
        assert_eq!(all[3].to_string(), "test[:50%]+train[:3]");
        assert_eq!(all[4], FinalSplit::Parts(vec![Slice::all("dev")]));
        for (text, part) in
            [("train,train", "train stands there twice"), ("", "names no part"), ("test[5]", "names no part")]
        {
            assert!(parse(text).is_err_and(|error| error.to_string().contains(part)), "{text}");
        }
    }
}
