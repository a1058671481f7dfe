//! What a dataset's card says of its files: `configs` and `dataset_info` in the YAML of README.md.
//!
//! <https://huggingface.co/docs/hub/datasets-manual-configuration>; in huggingface/datasets `src/datasets/utils/metadata.py`
//! (`MetadataConfigs`) and `src/datasets/info.py` (`DatasetInfosDict`).

use serde_json::{Map, Value};

use super::patterns::Pattern;
use crate::features::{DeclaredType, class_names, name_of, scalar_type};

/// The card's file, and what may go before it without a text around.
pub(super) const README: &str = "README.md";
pub(super) const STANDALONE: &str = ".huggingface.yaml";
/// What older uploads have in place of `dataset_info`.
pub(super) const OLD_INFOS: &str = "dataset_infos.json";

/// The configuration that is meant where none is named, and that `dataset_info` without a name describes.
const DEFAULT: &str = "default";

/// Settings of a configuration that change how files are read, and are not read here: parameters of the builders for csv, json and
/// parquet (`src/datasets/packaged_modules`). Others are passed over by datasets too.
const UNREAD: [&str; 33] = [
    "header",
    "names",
    "column_names",
    "index_col",
    "usecols",
    "prefix",
    "engine",
    "converters",
    "true_values",
    "false_values",
    "skipinitialspace",
    "skiprows",
    "nrows",
    "na_values",
    "keep_default_na",
    "na_filter",
    "skip_blank_lines",
    "thousands",
    "decimal",
    "lineterminator",
    "quotechar",
    "quoting",
    "escapechar",
    "comment",
    "encoding",
    "dialect",
    "skipfooter",
    "doublequote",
    "on_bad_lines",
    "field",
    "columns",
    "filters",
    "drop_labels",
];

/// A card.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Card {
    /// In its order.
    pub(super) configs: Vec<CardConfig>,
    /// The label names of columns, by configuration; that of an empty name is the only one.
    infos: Vec<(String, Value)>,
}

/// The patterns of the files of each split.
type SplitPatterns = Vec<(String, Vec<String>)>;

/// A configuration as a card describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CardConfig {
    pub(super) name: String,
    is_default: bool,
    /// Where its files lie; empty: at the top.
    pub(super) data_dir: String,
    /// Patterns by split; `None`: by the names of its files.
    pub(super) data_files: Option<SplitPatterns>,
    /// What stands between the cells of csv files.
    pub(super) delimiter: Option<u8>,
    features: Value,
}

impl Card {
    /// Of README.md, of the YAML that goes before it, and of an older upload's JSON; an empty text where there is none.
    ///
    /// # Errors
    /// The file, and what in it cannot be followed.
    pub(super) fn parse(readme: &str, standalone: &str, old_infos: &str) -> Result<Self, (&'static str, String)> {
        let mut fields = mapping(front_matter(readme)).map_err(|reason| (README, reason))?;
        fields.extend(mapping(standalone).map_err(|reason| (STANDALONE, reason))?);
        let file = if standalone.is_empty() { README } else { STANDALONE };
        let mut infos = newer(fields.get("dataset_info"));
        for (name, info) in old(old_infos).map_err(|reason| (OLD_INFOS, reason))? {
            if infos.iter().all(|(newer, _)| *newer != name) {
                infos.push((name, info));
            }
        }
        let configs = configs(fields.get("configs")).map_err(|reason| (file, reason))?;
        Ok(Self { configs, infos })
    }

    /// The configuration that is meant where none is named.
    pub(super) fn default_config(&self) -> Option<&CardConfig> {
        match self.configs.as_slice() {
            [one] => Some(one),
            several => several.iter().find(|config| config.is_default),
        }
    }

    pub(super) fn config(&self, name: &str) -> Option<&CardConfig> {
        self.configs.iter().find(|config| config.name == name)
    }

    /// What the card says of a column.
    pub(super) fn declared(&self, config: &str, column: &str) -> Option<DeclaredType> {
        let names = || self.features(config).find_map(|features| class_names(features, column));
        names().or_else(|| self.features(config).find_map(|features| scalar_type(features, column)))
    }

    /// What is said of the columns of a configuration.
    fn features(&self, config: &str) -> impl Iterator<Item = &Value> {
        let of_config = self.config(config).map(|config| &config.features);
        let of_name = |name: &str| self.infos.iter().find(|(other, _)| other == name);
        let info = match self.infos.as_slice() {
            [one] if self.configs.is_empty() => Some(one),
            _ if self.configs.is_empty() => of_name(config).or_else(|| of_name(DEFAULT)),
            _ => of_name(config),
        };
        of_config.into_iter().chain(info.and_then(|(_, info)| info.get("features")))
    }
}

/// `configs`: of two with one name the last counts, at the first's place, as in a dictionary of Python.
fn configs(value: Option<&Value>) -> Result<Vec<CardConfig>, String> {
    let listed = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(configs)) => configs,
        Some(_) => return Err("`configs` is no list".to_owned()),
    };
    let mut configs: Vec<CardConfig> = Vec::new();
    for config in listed {
        let config = CardConfig::parse(config)?;
        match configs.iter_mut().find(|other| other.name == config.name) {
            Some(other) => *other = config,
            None => configs.push(config),
        }
    }
    let defaults: Vec<&str> =
        configs.iter().filter(|config| config.is_default).map(|config| config.name.as_str()).collect();
    match defaults.as_slice() {
        [one, other, ..] => Err(format!("configurations `{one}` and `{other}` are both the default")),
        _ => Ok(configs),
    }
}

impl CardConfig {
    fn parse(value: &Value) -> Result<Self, String> {
        let Some(name) = value.get("config_name").and_then(Value::as_str).map(str::to_owned) else {
            return Err(format!("each of `configs` needs a `config_name`, a text, and {value} has none"));
        };
        let unread = UNREAD.iter().find(|key| value.get(**key).is_some());
        if let Some(key) = unread {
            return Err(format!(
                "configuration `{name}` sets `{key}`, which is not read here: write the files out with datasets, or give them by \
                 --train_file and its like"
            ));
        }
        let delimiter = value.get("delimiter").or_else(|| value.get("sep")).map(|value| match value.as_str() {
            Some(text) if text.len() == 1 => Ok(text.as_bytes()[0]),
            _ => Err(format!("configuration `{name}`: `sep` is {value}, expected one character")),
        });
        let data_dir = value.get("data_dir").and_then(Value::as_str).unwrap_or_default();
        Ok(Self {
            is_default: name == DEFAULT || value.get("default") == Some(&Value::Bool(true)),
            data_dir: data_dir.trim_start_matches("./").trim_matches('/').to_owned(),
            data_files: data_files(value.get("data_files"))
                .map_err(|reason| format!("configuration `{name}`: {reason}"))?,
            delimiter: delimiter.transpose()?,
            features: value.get("features").cloned().unwrap_or_default(),
            name,
        })
    }
}

/// `data_files`: a path, paths, or for each split a path or paths; a path may be a pattern.
fn data_files(value: Option<&Value>) -> Result<Option<SplitPatterns>, String> {
    let wrong = || {
        let value = value.cloned().unwrap_or_default();
        format!(
            "`data_files` is {value}, expected a path, a list of paths, or a list of `split` and `path`, all of them texts"
        )
    };
    let paths = |value: &Value| match value {
        Value::String(path) => Some(vec![path.clone()]),
        Value::Array(paths) => paths.iter().map(|path| path.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let splits = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) if items.iter().any(Value::is_object) => {
            let split = |item: &Value| {
                let split = item.get("split").and_then(Value::as_str)?.to_owned();
                Some((split, paths(item.get("path")?)?))
                    .filter(|_| item.as_object().is_some_and(|item| item.len() == 2))
            };
            items.iter().map(split).collect::<Option<Vec<_>>>().ok_or_else(wrong)?
        }
        Some(value) => vec![("train".to_owned(), paths(value).ok_or_else(wrong)?)],
    };
    for (at, (split, patterns)) in splits.iter().enumerate() {
        // `datasets.naming._split_re`
        let is_name =
            |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        if !split.split('.').all(is_name) {
            return Err(format!("`{split}` is no name of a split: letters, digits and _ alone"));
        }
        if splits[..at].iter().any(|(other, _)| other == split) {
            return Err(format!("split `{split}` stands in `data_files` twice"));
        }
        for pattern in patterns {
            if pattern.contains("://") || pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
                return Err(format!("`{pattern}` of split `{split}` lies outside of the dataset"));
            }
            Pattern::new(pattern).map_err(|reason| format!("`{pattern}` of split `{split}`: {reason}"))?;
        }
    }
    Ok(Some(splits))
}

/// `dataset_info`: of one configuration, or a list.
fn newer(value: Option<&Value>) -> Vec<(String, Value)> {
    let named = |info: &Value| {
        let name = info.get("config_name").and_then(name_of).unwrap_or_else(|| DEFAULT.to_owned());
        (name, info.clone())
    };
    match value {
        Some(Value::Array(infos)) => infos.iter().map(named).collect(),
        Some(info @ Value::Object(_)) => vec![named(info)],
        _ => Vec::new(),
    }
}

fn old(text: &str) -> Result<Vec<(String, Value)>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let infos: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    // The only one has the name of the dataset in some, `someone--reviews`.
    let is_only = infos.len() == 1;
    Ok(infos.into_iter().map(|(name, info)| (if is_only { DEFAULT.to_owned() } else { name }, info)).collect())
}

/// What stands between the two lines of dashes that a file begins with; nothing where it does not.
fn front_matter(readme: &str) -> &str {
    // `REGEX_YAML_BLOCK` of huggingface_hub: nothing but the line's end may stand behind the dashes.
    let readme = readme.trim_start_matches('\u{feff}').trim_start();
    let Some(rest) = readme.strip_prefix("---").filter(|rest| rest.starts_with(['\n', '\r'])) else { return "" };
    let is_line = |&(at, dashes): &(usize, &str)| {
        let behind = &rest[at + dashes.len()..];
        rest[..at].ends_with(['\n', '\r'])
            && (behind.is_empty() || behind.starts_with('\n') || behind.starts_with("\r\n"))
    };
    rest.match_indices("---").find(is_line).map_or("", |(at, _)| &rest[..at])
}

fn mapping(yaml: &str) -> Result<Map<String, Value>, String> {
    if yaml.trim().is_empty() {
        return Ok(Map::new());
    }
    // As PyYAML, of two entries with one name the last.
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
    match serde_saphyr::from_str_with_options(yaml, options) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(format!("its YAML cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(yaml: &str) -> Result<Card, (&'static str, String)> {
        Card::parse(&format!("---\n{yaml}\n---\n# A set\n"), "", "")
    }

    fn one(yaml: &str) -> CardConfig {
        card(yaml).unwrap().configs.remove(0)
    }

    #[test]
    fn files_of_splits_are_given_in_several_ways() {
        let train =
            |paths: &[&str]| Some(vec![("train".to_owned(), paths.iter().map(|&path| path.to_owned()).collect())]);
        assert_eq!(one("configs:\n- config_name: a\n  data_files: x.csv").data_files, train(&["x.csv"]));
        assert_eq!(
            one("configs:\n- config_name: a\n  data_files: [x.csv, \"y/*.csv\"]").data_files,
            train(&["x.csv", "y/*.csv"])
        );
        let by_split = one(
            "configs:\n- config_name: '2'\n  data_files:\n  - split: train\n    path: x.csv\n  - split: dev.a\n    path:\n    - y.csv\n    - z.csv\n  data_dir: ./d/",
        );
        assert_eq!((by_split.name.as_str(), by_split.data_dir.as_str()), ("2", "d"));
        assert_eq!(by_split.data_files.unwrap()[1], ("dev.a".to_owned(), vec!["y.csv".to_owned(), "z.csv".to_owned()]));
        assert_eq!(
            one("license: mit\nlanguage: no\nconfigs:\n- config_name: a\n  sep: \"\\t\"").delimiter,
            Some(b'\t')
        );
    }

    #[test]
    fn the_default_is_named_or_the_only_one() {
        let named = |yaml: &str| card(yaml).unwrap().default_config().map(|config| config.name.clone());
        assert_eq!(named("configs:\n- config_name: a"), Some("a".to_owned()));
        assert_eq!(named("configs:\n- config_name: a\n- config_name: b"), None);
        assert_eq!(named("configs:\n- config_name: a\n- config_name: b\n  default: true"), Some("b".to_owned()));
        assert_eq!(named("configs:\n- config_name: a\n- config_name: default"), Some("default".to_owned()));
        assert_eq!(card("license: mit").unwrap(), Card::default());
        assert_eq!(Card::parse("# No YAML\n---\nconfigs: 1\n---\n", "", "").unwrap(), Card::default());
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        let reason = |yaml: &str| card(yaml).unwrap_err().1;
        assert!(reason("configs:\n- data_files: a.csv").contains("needs a `config_name`"));
        assert!(reason("configs:\n- config_name: a\n  skiprows: 1").contains("sets `skiprows`, which is not read"));
        assert!(
            reason("configs:\n- config_name: a\n  data_files: https://x.y/a.csv").contains("outside of the dataset")
        );
        assert!(reason("configs:\n- config_name: a\n  data_files: ../a.csv").contains("outside of the dataset"));
        assert!(reason("configs:\n- config_name: a\n  data_files: {train: a.csv}").contains("expected a path"));
        assert!(
            reason("configs:\n- config_name: a\n  data_files:\n  - {split: a-b, path: a.csv}")
                .contains("no name of a split")
        );
        assert!(reason("configs:\n- config_name: a\n  sep: \"::\"").contains("expected one character"));
        assert!(reason("configs: [").contains("YAML cannot be read"));
        assert!(reason("configs: a").contains("no list"));
    }

    #[test]
    fn names_of_classes_are_in_the_card() {
        let names = Some(DeclaredType::Classes(vec!["neg".to_owned(), "pos".to_owned()]));
        let info = "  features:\n  - name: text\n    dtype: string\n  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': neg\n          '1': pos\n";
        let of_one = card(&format!("dataset_info:\n{info}")).unwrap();
        assert_eq!(of_one.declared("", "label"), names);
        assert_eq!(of_one.declared("", "text"), Some(DeclaredType::Texts));
        let of_two = card(&format!("dataset_info:\n- config_name: a\n{info}- config_name: b\n  features: []")).unwrap();
        assert_eq!((of_two.declared("a", "label"), of_two.declared("b", "label")), (names.clone(), None));
        let old = r#"{"x": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}"#;
        assert_eq!(Card::parse("", "", old).unwrap().declared("", "label"), names);
        let standalone = Card::parse("", &format!("configs:\n- config_name: a\n{info}"), "").unwrap();
        assert_eq!(standalone.declared("a", "label"), names);
    }
}
