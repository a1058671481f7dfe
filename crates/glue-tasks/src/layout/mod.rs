//! How a dataset lies in its folder or repository: which configurations and splits there are, and which files are theirs.
//!
//! The rules are the Hub's (<https://huggingface.co/docs/hub/datasets-data-files-configuration>), in this order: what the dataset's
//! card says; files that `save_to_disk` wrote; folders as the Hub's conversion to parquet has them (`<config>/<split>/0000.parquet`);
//! shards in folders of a configuration (`<config>/<split>-00000-of-00003.parquet`); folders and names of files. Unlike `datasets`,
//! no two folders that hold the same split are taken for one dataset.

mod card;
mod folders;
mod names;
mod patterns;
mod saved;
mod shards;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::card::{Card, CardConfig};
use self::folders::{files_in, join};
use self::names::{ToldBy, is_data, matching, of_one_format, splits_by_name};
use self::patterns::{Pattern, is_hidden};
use crate::dataset::DataError;

/// Where a dataset's files are.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What it is called in messages.
    place: String,
    /// The paths of all files, with `/` between.
    names: Vec<String>,
    card: Card,
    /// Of a folder that `save_to_disk` wrote: each split's files.
    saved: BTreeMap<String, Vec<String>>,
}

impl Layout {
    /// The layout of files with these paths, by their names alone.
    pub fn of_names(place: &str, names: Vec<String>) -> Self {
        Self { place: place.to_owned(), names, card: Card::default(), saved: BTreeMap::new() }
    }

    /// The layout of a folder, by the names of its files alone.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of_folder_names(root: &Path) -> Result<Self, DataError> {
        Ok(Self::of_names(&format!("folder {}", root.display()), files_in(root)?))
    }

    /// The layout of a folder, with what files in it say of the others.
    ///
    /// # Errors
    /// A folder that cannot be read, and as [`described`](Self::described).
    pub fn of_folder(root: &Path) -> Result<Self, DataError> {
        Self::of_folder_names(root)?.described(|name| {
            let file = root.join(name);
            std::fs::read_to_string(&file).map_err(|source| DataError::Read { file, source })
        })
    }

    /// The same with what files in it say of the others: README.md, and what `save_to_disk` wrote. `read` gives the content of one.
    ///
    /// # Errors
    /// A file that cannot be read, or says what cannot be followed.
    pub fn described<E: From<DataError>>(self, read: impl Fn(&str) -> Result<String, E>) -> Result<Self, E> {
        let bad = |file: &str, reason| DataError::BadFile { file: file.into(), format: "description", reason };
        let mut texts = BTreeMap::new();
        for name in saved::descriptions(&self.names) {
            texts.insert(name.clone(), read(name)?);
        }
        let saved = saved::splits(&texts).map_err(|(file, reason)| bad(&file, reason))?;
        let text = |name: &str| {
            if self.names.iter().any(|other| other == name) { read(name) } else { Ok(String::new()) }
        };
        let (readme, standalone, old_infos) = (text(card::README)?, text(card::STANDALONE)?, text(card::OLD_INFOS)?);
        let card = Card::parse(&readme, &standalone, &old_infos).map_err(|(file, reason)| bad(file, reason))?;
        Ok(Self { card, saved, ..self })
    }

    /// The configurations there are: those that the card names, else folders that hold splits; an empty name stands for the top.
    pub fn configs(&self) -> Vec<String> {
        if !self.card.configs.is_empty() {
            return self.card.configs.iter().map(|config| config.name.clone()).collect();
        }
        if !self.saved.is_empty() {
            return vec![String::new()];
        }
        if let Some(converted) = self.converted() {
            return converted.into_iter().map(str::to_owned).collect();
        }
        let usual = ["train", "test", "validation"];
        let folders: BTreeSet<&str> =
            self.names.iter().map(|name| name.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
        let splits = |folder: &str| {
            usual
                .into_iter()
                .filter(|split| matches!(shards::select(&self.names, folder, split, ""), Ok(Some(_))))
                .collect::<Vec<_>>()
        };
        let with_splits: Vec<(&str, Vec<&str>)> = folders
            .into_iter()
            .map(|folder| (folder, splits(folder)))
            .filter(|(_, splits)| !splits.is_empty())
            .collect();
        // `datasets` looks there first, and nowhere else.
        if with_splits.iter().any(|(folder, _)| *folder == "data")
            && self.names.iter().any(|name| is_shard_in_data(name))
        {
            return vec!["data".to_owned()];
        }
        let mut seen = BTreeSet::new();
        let share = with_splits.iter().flat_map(|(_, splits)| splits).any(|split| !seen.insert(split));
        match with_splits.as_slice() {
            [(one, _)] if one.is_empty() || !self.is_elsewhere(one) => vec![(*one).to_owned()],
            [_, _, ..] if share => with_splits.into_iter().map(|(folder, _)| folder.to_owned()).collect(),
            _ if splits_by_name(&self.all()).is_some() => vec![String::new()],
            _ => Vec::new(),
        }
    }

    /// The configuration that is meant where none is named.
    ///
    /// # Errors
    /// [`DataError::NoSplits`] and [`DataError::WhichConfig`].
    pub fn default_config(&self) -> Result<String, DataError> {
        if let Some(config) = self.card.default_config() {
            return Ok(config.name.clone());
        }
        let place = self.place.clone();
        match self.configs().as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let is_script = |name: &&String| !name.contains('/') && name.ends_with(".py");
                Err(DataError::NoSplits { place, script: self.names.iter().find(is_script).cloned() })
            }
            several => {
                let configs = several.iter().map(|name| if name.is_empty() { "." } else { name }.to_owned()).collect();
                Err(DataError::WhichConfig { place, configs })
            }
        }
    }

    /// The configuration that is meant by a name: `.` stands for the top, and `default` for the only one, as `datasets` calls it.
    ///
    /// # Errors
    /// [`DataError::NoConfig`] where the card has none of that name.
    pub fn config_named(&self, name: &str) -> Result<String, DataError> {
        self.card_config(name)?;
        match (name, self.configs().as_slice()) {
            (".", _) if self.card.configs.is_empty() => Ok(String::new()),
            ("default", [one])
                if self.card.configs.is_empty() && !self.all().iter().any(|name| name.starts_with("default/")) =>
            {
                Ok(one.clone())
            }
            _ => Ok(name.to_owned()),
        }
    }

    /// The splits of a configuration, the usual ones first.
    ///
    /// # Errors
    /// As [`split_files`](Self::split_files).
    pub fn splits(&self, config: &str) -> Result<Vec<String>, DataError> {
        let mut splits: Vec<String> = match self.card_config(config)? {
            Some(CardConfig { data_files: Some(splits), .. }) => {
                splits.iter().map(|(split, _)| split.clone()).collect()
            }
            _ if !self.saved.is_empty() => self.saved.keys().cloned().collect(),
            described => {
                let folder = folder_of(described, config);
                let inside = self.in_folder(&folder);
                // Of names, those with shards alone: others go by the words in them.
                let of_files = inside.iter().filter_map(|name| match name.split_once('/') {
                    Some((split, _)) => converted_config(&join(&folder, name)).map(|_| split),
                    None => shards::split_of(name),
                });
                let usual = ["train", "validation", "test"].into_iter();
                let all: BTreeSet<String> = usual.chain(of_files).map(str::to_owned).collect();
                all.into_iter().filter(|split| matches!(self.find(config, split), Ok(Some(_)))).collect()
            }
        };
        let place =
            |split: &String| ["train", "validation", "test"].iter().position(|usual| usual == split).unwrap_or(3);
        splits.sort_by_key(place);
        Ok(splits)
    }

    /// The files of a split, in order, by their paths in the dataset. An empty `config` means the top.
    ///
    /// # Errors
    /// [`DataError::NoConfig`] and [`DataError::AbsentSplit`] where there is nothing of that name, [`DataError::NoMatch`] where a
    /// path that the card names is not there, [`DataError::MissingShards`] and [`DataError::MixedShards`] where what is there is no
    /// whole split.
    pub fn split_files(&self, config: &str, split: &str) -> Result<Vec<String>, DataError> {
        match self.find(config, split)? {
            Some(files) => Ok(files),
            None => Err(DataError::AbsentSplit {
                place: self.place.clone(),
                config: config.to_owned(),
                split: split.to_owned(),
                present: self.splits(config)?,
            }),
        }
    }

    /// The files of a split; none where there is none of that name.
    fn find(&self, config: &str, split: &str) -> Result<Option<Vec<String>>, DataError> {
        let described = self.card_config(config)?;
        if let Some((card, patterns)) = described.and_then(|card| Some((card, card.data_files.as_ref()?))) {
            let patterns = patterns.iter().find(|(name, _)| name == split).map(|(_, patterns)| patterns);
            return patterns.map(|patterns| self.matching(card, split, patterns)).transpose();
        }
        if !self.saved.is_empty() {
            return Ok(self.saved.get(split).cloned());
        }
        let folder = folder_of(described, config);
        let inside = self.in_folder(&folder);
        let named = || splits_by_name(&inside);
        let of_split = |splits: BTreeMap<&str, Vec<String>>| {
            let files = splits.get(split)?;
            Some(files.iter().map(|name| join(&folder, name)).collect::<Vec<String>>())
        };
        Ok(match shards::select(&self.names, &folder, split, &self.place)? {
            None => {
                let is_told = |name: &&str| name.contains("-of-0") || converted_config(&join(&folder, name)).is_some();
                let named = || named().filter(|_| !inside.iter().any(is_told)).and_then(|(_, splits)| of_split(splits));
                self.in_converted(&folder, split).or_else(named)
            }
            // Of data of one's own in the top folder: `train.csv` is only a part of the split where `train_2.csv` lies beside it.
            Some(files) if folder.is_empty() && files.len() == 1 => match named() {
                Some((ToldBy::Folders, splits)) => of_split(splits),
                Some((_, splits)) => Some(of_split(splits).filter(|named| named.contains(&files[0])).unwrap_or(files)),
                None => Some(files),
            },
            found => found,
        })
    }

    /// The names of a column's classes, in the order of their indices, where the dataset's card says that it has some.
    pub fn label_names(&self, config: &str, column: &str) -> Option<Vec<String>> {
        self.card.label_names(config, column)
    }

    /// What stands between the cells of csv files, where the card says that.
    pub fn delimiter(&self, config: &str) -> Option<u8> {
        self.card.config(config)?.delimiter
    }

    fn all(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// The paths of files below a folder, as they are called in it.
    fn in_folder(&self, folder: &str) -> Vec<&str> {
        let prefix = join(folder, "");
        self.names.iter().filter_map(|name| name.strip_prefix(&prefix)).collect()
    }

    /// Whether splits by names lie beside a folder too: it is no dataset of its own then.
    fn is_elsewhere(&self, folder: &str) -> bool {
        let outside = |name: &&str| name.strip_prefix(folder).is_none_or(|rest| !rest.starts_with('/'));
        let outside: Vec<&str> = self.all().into_iter().filter(outside).collect();
        matches!(splits_by_name(&outside), Some((ToldBy::Folders | ToldBy::Names, _)))
    }

    /// What the card says of a configuration; none where it names none at all.
    fn card_config(&self, config: &str) -> Result<Option<&CardConfig>, DataError> {
        if self.card.configs.is_empty() {
            return Ok(None);
        }
        let found = self.card.config(config);
        found.map(Some).ok_or_else(|| shards::absent_config(self.configs(), config, &self.place))
    }

    /// The files that a card's patterns name.
    fn matching(&self, card: &CardConfig, split: &str, patterns: &[String]) -> Result<Vec<String>, DataError> {
        let no_match = |pattern: &str| DataError::NoMatch {
            place: self.place.clone(),
            config: card.name.clone(),
            split: split.to_owned(),
            pattern: pattern.to_owned(),
        };
        let inside: Vec<&str> = self.in_folder(&card.data_dir).into_iter().filter(|name| is_data(name)).collect();
        let is_absent =
            |pattern: &&String| Pattern::is_literal(pattern) && !inside.contains(&pattern.trim_start_matches("./"));
        if let Some(absent) = patterns.iter().find(is_absent) {
            return Err(no_match(absent));
        }
        let in_words = patterns.join(", ");
        let patterns = patterns.iter().filter_map(|pattern| Pattern::new(pattern).ok());
        let found = matching(&sorted(inside), patterns);
        let of_format = of_one_format(found.iter().map(String::as_str).collect());
        let files: Vec<String> = found
            .iter()
            .filter(|name| of_format.contains(&name.as_str()))
            .map(|name| join(&card.data_dir, name))
            .collect();
        if files.is_empty() { Err(no_match(&in_words)) } else { Ok(files) }
    }

    /// The configurations, where all data files lie as in the Hub's conversion to parquet: `<config>/<split>/0000.parquet`.
    fn converted(&self) -> Option<BTreeSet<&str>> {
        let visible = self.names.iter().filter(|name| is_data(name) && !is_hidden(name));
        let configs = visible.map(|name| converted_config(name)).collect::<Option<BTreeSet<&str>>>()?;
        (!configs.is_empty()).then_some(configs)
    }

    fn in_converted(&self, folder: &str, split: &str) -> Option<Vec<String>> {
        let prefix = format!("{}/", join(folder, split));
        let is_part = |name: &&String| name.starts_with(&prefix) && converted_config(name) == Some(folder);
        let mut files: Vec<String> = self.names.iter().filter(is_part).cloned().collect();
        files.sort_unstable();
        (!files.is_empty()).then_some(files)
    }
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

/// The folder that a configuration's files lie in.
fn folder_of(described: Option<&CardConfig>, config: &str) -> String {
    described.map_or_else(|| config.to_owned(), |card| card.data_dir.clone())
}

/// `default` of `default/train/0000.parquet`.
fn converted_config(name: &str) -> Option<&str> {
    let parts: Vec<&str> = name.split('/').collect();
    let &[config, _, file] = parts.as_slice() else { return None };
    let digits = file.strip_suffix(".parquet")?;
    (digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(config)
}

/// `data/train-00000-of-00001.parquet`, with or without a hash behind.
fn is_shard_in_data(name: &str) -> bool {
    let pattern = "data/*-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]*.*";
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name))
}

#[cfg(test)]
mod tests;
