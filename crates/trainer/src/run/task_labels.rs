//! What the labels of one's own data are: what the files hold, what the model knows, and the names that they are given.

use std::collections::BTreeSet;

use glue_tasks::DeclaredType;
use glue_tasks::dataset::{DelimitedFormat, InferredLabels, LabelKind, infer_labels};
use models::config::Config;
use serde_json::Value;

use super::label_names::{NamedLabels, named};
use crate::error::Error;
use crate::settings::{CustomData, LabelNames, Settings};
use crate::source::SourceFiles;

/// The field of config.json that says how files spell the labels, where they have neither the names nor their indices.
pub(super) const SPELLINGS: &str = "label_spellings";

/// Where labels stand.
pub(super) struct LabelColumn<'a> {
    pub(super) files: &'a SourceFiles,
    pub(super) folder: &'a str,
    /// Splits whose rows need labels.
    pub(super) splits: &'a [String],
    /// Those of them that are trained on.
    pub(super) trained: &'a [String],
    /// The column, where there is one.
    pub(super) name: Option<&'a str>,
    pub(super) format: DelimitedFormat,
}

/// The labels; `None` where no column says them.
///
/// # Errors
/// Files that cannot be read, or names that do not fit what they hold.
pub(super) fn task_labels(
    settings: &Settings,
    own: &CustomData,
    config: &Config,
    column: &LabelColumn,
) -> Result<Option<NamedLabels>, Error> {
    let of_kind = |kind| NamedLabels { kind, spellings: Vec::new() };
    let place =
        || column.name.map_or_else(|| column.files.id.clone(), |name| format!("column {name} of {}", column.files.id));
    let Some(given) = &own.label_names else {
        return match trusted_labels(settings, own, config) {
            Some(kind) => {
                let spelled = spellings(config).filter(|_| !settings.do_train && kind != LabelKind::Score);
                // The files may have the names all the same.
                let found =
                    spelled.as_ref().filter(|_| !column.splits.is_empty()).map(|_| column.read(own)).transpose()?;
                let has_names =
                    |found: &InferredLabels| found.kind.names().iter().all(|name| kind.names().contains(name));
                let spelled = spelled.filter(|_| !found.flatten().as_ref().is_some_and(has_names));
                Ok(Some(NamedLabels { kind, spellings: spelled.unwrap_or_default() }))
            }
            None => Ok(column.read(own)?.map(|found| of_kind(found.kind))),
        };
    };
    if own.do_regression == Some(true) {
        return named(given, &InferredLabels::of_kind(LabelKind::Score), &place()).map(Some);
    }
    let found = if column.splits.is_empty() { None } else { column.read(own)? };
    if settings.do_train {
        return found.map(|found| named(given, &found, &place())).transpose();
    }
    named(given, &of_model(given, config, found)?, &place()).map(Some)
}

impl LabelColumn<'_> {
    /// What the files hold; `None` where there is no such column.
    fn read(&self, own: &CustomData) -> Result<Option<InferredLabels>, Error> {
        let Some(name) = self.name else { return Ok(None) };
        let all = self.infer(self.splits, name)?;
        let declared = self.files.declared(self.folder, name)?;
        if declared == Some(DeclaredType::Texts) && all.has_numbers_alone() && !all.is_plain {
            return Err(Error::usage(format!(
                "the dataset's card says that column {name} of {} holds texts, and its files hold numbers in several spellings, such as \
                 01 or 1.0, which csv does not tell from numbers: write them as json or parquet",
                self.files.id
            )));
        }
        let labels = if all.kind == LabelKind::Score {
            match self.why_classes(own, declared.as_ref(), name)? {
                Some(why) => self.classes_of_numbers(all, why, name)?,
                None => all,
            }
        } else if declared == Some(DeclaredType::Floats) && own.do_regression != Some(false) && all.has_numbers_alone()
        {
            InferredLabels { kind: LabelKind::Score, ..all }
        } else {
            all
        };
        Ok(Some(match declared {
            // What a parquet file itself says is the same, or newer.
            Some(DeclaredType::Classes(names)) => of_card(labels, names),
            _ => labels,
        }))
    }

    /// Why numbers that look like scores are classes all the same, in words.
    fn why_classes(
        &self,
        own: &CustomData,
        declared: Option<&DeclaredType>,
        name: &str,
    ) -> Result<Option<&'static str>, Error> {
        let has_others = !self.trained.is_empty() && self.trained != self.splits;
        Ok(match declared {
            _ if own.do_regression == Some(false) => Some("--do_regression is false"),
            Some(DeclaredType::Classes(_)) => Some("the dataset's card says that they are classes"),
            Some(DeclaredType::WholeNumbers) => Some("the dataset's card says that they are whole numbers"),
            Some(DeclaredType::Floats) => None,
            _ if has_others && matches!(self.infer(self.trained, name)?.kind, LabelKind::Classes(_)) => {
                Some("the rows that are trained on have classes")
            }
            _ => None,
        })
    }

    /// Whole numbers are spelled as fractions where a cell is empty: `1.0` among classes is 1.
    fn classes_of_numbers(&self, all: InferredLabels, why: &str, name: &str) -> Result<InferredLabels, Error> {
        let classes = all.whole_numbers.clone().ok_or_else(|| {
            Error::usage(format!(
                "column {name} of {} has fractions, and {why}; expected names, or whole numbers, or --do_regression",
                self.files.id
            ))
        })?;
        Ok(InferredLabels { kind: LabelKind::Classes(classes), ..all })
    }

    fn infer(&self, splits: &[String], name: &str) -> Result<InferredLabels, Error> {
        let mut paths = Vec::new();
        for split in splits {
            paths.extend(self.files.split_files(self.folder, split)?.unwrap_or_default());
        }
        Ok(infer_labels(&paths, name, self.format)?)
    }
}

/// The same labels with the names that the dataset's card gives its classes.
fn of_card(found: InferredLabels, names: Vec<String>) -> InferredLabels {
    let are_indices = found.are_indices || found.kind.names().iter().all(|name| name.parse::<i64>().is_ok());
    match found.kind {
        LabelKind::Score => found,
        LabelKind::Classes(_) => InferredLabels { kind: LabelKind::Classes(names), are_indices, ..found },
        LabelKind::ClassLists(_) => InferredLabels { kind: LabelKind::ClassLists(names), are_indices, ..found },
    }
}

/// Labels that need no look at the data: numbers where the flag says so, and the model's own where it is not trained.
fn trusted_labels(settings: &Settings, own: &CustomData, config: &Config) -> Option<LabelKind> {
    if own.do_regression == Some(true) {
        return Some(LabelKind::Score);
    }
    if settings.do_train {
        return None;
    }
    let names = config.label_names();
    let generic = || (0..config.num_labels()).map(|class| format!("LABEL_{class}")).collect();
    match problem_type(config) {
        "regression" => Some(LabelKind::Score),
        "multi_label_classification" => Some(LabelKind::ClassLists(names.unwrap_or_else(generic))),
        _ if names.is_some() => names.map(LabelKind::Classes),
        _ if settings.do_eval => None,
        _ if config.num_labels() == 1 => Some(LabelKind::Score),
        _ => Some(LabelKind::Classes(generic())),
    }
}

fn problem_type(config: &Config) -> &str {
    config.text("problem_type", "").unwrap_or_default()
}

/// How the files spelled the labels that the model was trained with, in the order of its classes.
fn spellings(config: &Config) -> Option<Vec<String>> {
    let all = config.get(SPELLINGS)?.as_array()?;
    let all: Option<Vec<String>> = all.iter().map(|one| Value::as_str(one).map(str::to_owned)).collect();
    all.filter(|all| all.len() == config.num_labels())
}

/// What the files hold, `found`, and the labels that the model knows besides: rows that are evaluated need not have all of them.
fn of_model(given: &LabelNames, config: &Config, found: Option<InferredLabels>) -> Result<InferredLabels, Error> {
    let wrong = |what: String| Error::usage(format!("--label_names {given}: {what}"));
    let (names, count) = (given.names(), config.num_labels());
    if problem_type(config) == "regression" {
        return Err(wrong("the model gives numbers, which have no names: leave it out".to_owned()));
    }
    if names.len() != count {
        return Err(wrong(format!("these are {} names, and the model has {count} labels", names.len())));
    }
    let lower = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_lowercase).collect::<BTreeSet<_>>();
    if let Some(own) = config.label_names()
        && lower(&mut own.iter().map(String::as_str)) != lower(&mut names.iter().copied())
    {
        return Err(wrong(format!("the model's labels are {}: give these, or leave it out", own.join(", "))));
    }
    let known = || -> Vec<String> {
        let indices = || (0..count).map(|index| index.to_string()).collect();
        let given = given.numbers().map(|numbers| numbers.iter().map(i64::to_string).collect());
        given.or_else(|| spellings(config)).unwrap_or_else(indices)
    };
    let of_kind = |names: Vec<String>| match problem_type(config) {
        "multi_label_classification" => LabelKind::ClassLists(names),
        _ => LabelKind::Classes(names),
    };
    let Some(found) = found else { return Ok(InferredLabels::of_kind(of_kind(known()))) };
    let within = |all: &[String]| found.kind.names().iter().all(|name| all.contains(name));
    let words: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let all = match &found.kind {
        LabelKind::Score => None,
        _ if found.are_indices => None,
        _ => [words, known()].into_iter().find(|all| within(all)),
    };
    Ok(all.map_or_else(|| found.clone(), |all| InferredLabels::of_kind(of_kind(all))))
}
