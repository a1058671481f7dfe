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
use self::names::{ToldBy, is_data, matching, once, sorted, splits_by_name};
use self::patterns::{Pattern, is_hidden};
use crate::dataset::DataError;
use crate::features::DeclaredType;

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
    /// Whether its files were asked what they say of the others. Those of a benchmark are not: they are called as the benchmark's own.
    is_described: bool,
}

impl Layout {
    /// The layout of files with these paths, by their names alone.
    pub fn of_names(place: &str, names: Vec<String>) -> Self {
        Self { place: place.to_owned(), names, card: Card::default(), saved: BTreeMap::new(), is_described: false }
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
        let bad =
            |file: &str, reason| DataError::Description { place: self.place.clone(), file: file.to_owned(), reason };
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
        Ok(Self { card, saved, is_described: true, ..self })
    }

    /// The files that say something of the others, by their paths.
    pub fn descriptions(&self) -> Vec<&str> {
        let is_card = |name: &&str| *name == card::README || *name == card::STANDALONE || *name == card::OLD_INFOS;
        let of_card = self.all().into_iter().filter(|name| self.card != Card::default() && is_card(name));
        let of_saved = saved::descriptions(&self.names).into_iter().filter(|_| !self.saved.is_empty());
        of_card.chain(of_saved.map(String::as_str)).collect()
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
        // `datasets` looks there first, and nowhere else.
        if self.names.iter().any(|name| is_shard_in_data(name)) {
            return vec![DATA.to_owned()];
        }
        let named = splits_by_name(&self.all());
        if matches!(named, Some((ToldBy::Folders, _))) && !self.names.iter().any(|name| is_shard(name)) {
            return vec![String::new()];
        }
        let usual = ["train", "test", "validation"];
        let visible = self.names.iter().filter(|name| !is_hidden(name));
        let folders: BTreeSet<&str> =
            visible.map(|name| name.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
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
        let mut seen = BTreeSet::new();
        let share = with_splits.iter().flat_map(|(_, splits)| splits).any(|split| !seen.insert(split));
        match with_splits.as_slice() {
            [(one, _)] if one.is_empty() || !self.is_elsewhere(one) => vec![(*one).to_owned()],
            [_, _, ..] if share => with_splits.into_iter().map(|(folder, _)| folder.to_owned()).collect(),
            _ if named.is_some() => vec![String::new()],
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

    /// The splits of a configuration, in the card's order, or the usual ones first. One that is there in parts is among them.
    ///
    /// # Errors
    /// [`DataError::NoConfig`].
    pub fn splits(&self, config: &str) -> Result<Vec<String>, DataError> {
        let described = self.card_config(config)?;
        if let Some(CardConfig { data_files: Some(splits), .. }) = described {
            return Ok(splits.iter().map(|(split, _)| split.clone()).collect());
        }
        let usual = ["train", "validation", "test"];
        let mut splits = Vec::new();
        if self.saved.is_empty() {
            let folder = self.folder_of(described, config);
            // Of names, those with shards alone: others go by the words in them.
            let of_files = self.in_folder(&folder).into_iter().filter_map(|name| match name.split_once('/') {
                Some((split, _)) => converted_config(&join(&folder, name)).map(|_| split),
                None => shards::split_of(name),
            });
            for split in usual.into_iter().chain(of_files).collect::<BTreeSet<&str>>() {
                match self.find(config, split) {
                    Ok(None) => {}
                    Err(error @ DataError::NoConfig { .. }) => return Err(error),
                    Ok(Some(_)) | Err(_) => splits.push(split.to_owned()),
                }
            }
        } else {
            splits.extend(self.saved.keys().cloned());
        }
        splits.sort_by_key(|split| usual.iter().position(|usual| usual == split).unwrap_or(usual.len()));
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
        let folder = self.folder_of(described, config);
        let inside = self.in_folder(&folder);
        let named = splits_by_name(&inside).map(|(told_by, mut splits)| {
            let files = splits.remove(split).unwrap_or_default();
            (told_by, files.iter().map(|name| join(&folder, name)).collect::<Vec<String>>())
        });
        let called = || shards::select(&self.names, &folder, split, &self.place);
        let is_told = |name: &&str| is_shard(name) || converted_config(&join(&folder, name)).is_some();
        if inside.iter().any(is_told) {
            let files = called()?;
            let beside = named.map(|(_, files)| files).filter(|_| files.is_some() && !is_data_folder(&folder));
            if let Some(other) = beside
                .iter()
                .flatten()
                .find(|name| !is_shard(name) && !files.iter().flatten().any(|file| file == *name))
            {
                return Err(shards::mixed(files.unwrap_or_default(), other, config, split, &self.place));
            }
            return Ok(files.or_else(|| self.in_converted(&folder, split)));
        }
        match named {
            // `train.csv` is only a part of the split where `train_2.csv` lies beside it.
            Some((_, files)) if (self.is_described || folder.is_empty()) && !files.is_empty() => Ok(Some(files)),
            Some((ToldBy::Folders, _)) if self.is_described || folder.is_empty() => Ok(None),
            named => Ok(called()?.or_else(|| named.map(|(_, files)| files).filter(|files| !files.is_empty()))),
        }
    }

    /// What the dataset's card says of a column.
    pub fn declared(&self, config: &str, column: &str) -> Option<DeclaredType> {
        self.card.declared(config, column)
    }

    /// Data files of a configuration that belong to none of its splits, such as those of another format than most. A card that names
    /// its files leaves others out on purpose.
    ///
    /// # Errors
    /// As [`split_files`](Self::split_files).
    pub fn passed_over(&self, config: &str) -> Result<Vec<String>, DataError> {
        let described = self.card_config(config)?;
        if described.is_some_and(|card| card.data_files.is_some()) || !self.saved.is_empty() {
            return Ok(Vec::new());
        }
        let mut read = BTreeSet::new();
        for split in self.splits(config)? {
            // A split that is there in part, or twice, is an error of its own once it is asked for.
            read.extend(self.find(config, &split).unwrap_or_default().unwrap_or_default());
        }
        let folder = self.folder_of(described, config);
        let data = self.in_folder(&folder).into_iter().filter(|name| is_data(name) && !is_hidden(name));
        let paths = data.map(|name| join(&folder, name)).filter(|path| !read.contains(path));
        Ok(paths.collect::<BTreeSet<String>>().into_iter().collect())
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
        let found = once(matching(&sorted(inside), patterns));
        if found.is_empty() {
            return Err(no_match(&in_words));
        }
        Ok(found.iter().map(|name| join(&card.data_dir, name)).collect())
    }

    /// The folder that a configuration's files lie in.
    fn folder_of(&self, described: Option<&CardConfig>, config: &str) -> String {
        let Some(card) = described else { return config.to_owned() };
        let has_shards = self.in_folder(&card.data_dir).iter().any(|name| is_shard_in_data(name));
        if has_shards { join(&card.data_dir, DATA) } else { card.data_dir.clone() }
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

/// `default` of `default/train/0000.parquet`.
fn converted_config(name: &str) -> Option<&str> {
    let parts: Vec<&str> = name.split('/').collect();
    let &[config, _, file] = parts.as_slice() else { return None };
    let digits = file.strip_suffix(".parquet")?;
    (digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(config)
}

/// Where `datasets` looks for shards first.
const DATA: &str = "data";

fn is_data_folder(folder: &str) -> bool {
    folder.rsplit('/').next() == Some(DATA)
}

fn is_shard(name: &str) -> bool {
    name.contains("-of-0")
}

/// `data/train-00000-of-00001.parquet`, with or without a hash behind.
fn is_shard_in_data(name: &str) -> bool {
    let pattern = "data/*-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]*.*";
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name))
}

#[cfg(test)]
mod tests;
