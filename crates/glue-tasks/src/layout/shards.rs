//! The files of a split that are named as the Hub's own datasets name them: `<config>/<split>-00000-of-00003.parquet` for each shard,
//! or one `<config>/<split>.parquet` (csv, tsv, jsonl, json).
//!
//! <https://huggingface.co/docs/hub/datasets-file-names-and-splits>

use super::folders::join;
use crate::dataset::DataError;
use crate::near::near_enough;
use crate::packed::unpacked_name;

/// Formats in order of preference, where a split is there in several.
const EXTENSIONS: [&str; 7] = ["parquet", "arrow", "jsonl", "json", "ndjson", "csv", "tsv"];

/// How many missing shards a message names.
const NAMED: usize = 5;

/// The files of a split among the paths of a dataset, in order; none where there is none of that name. An empty `config` means the
/// top folder.
///
/// # Errors
/// [`DataError::NoConfig`] where there is no such folder,
/// [`DataError::MissingShards`] and [`DataError::MixedShards`] where what is there is no whole split.
pub(super) fn select(
    names: &[String],
    config: &str,
    split: &str,
    place: &str,
) -> Result<Option<Vec<String>>, DataError> {
    let prefix = join(config, "");
    let in_config: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(&prefix)).collect();
    if !names.iter().any(|name| name.starts_with(&prefix)) {
        return Err(no_config(names, config, place));
    }
    for extension in EXTENSIONS {
        let found: Vec<(&str, Shard)> = in_config
            .iter()
            .filter_map(|name| {
                Some((*name, shard(unpacked_name(name).strip_suffix(extension)?.strip_suffix('.')?, split)?))
            })
            .collect();
        if !found.is_empty() {
            let files = whole(found, config, split, place)?;
            return Ok(Some(files.into_iter().map(|name| join(config, name)).collect()));
        }
    }
    Ok(None)
}

/// The split that a shard in the folder of a configuration is of; none where it is no shard.
pub(super) fn split_of(file: &str) -> Option<&str> {
    let name = unpacked_name(file);
    let stem = EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension)?.strip_suffix('.'))?;
    let is_shard = |at: &usize| matches!(shard(stem, &stem[..*at]), Some(Shard::One { .. }));
    let at = stem.match_indices('-').map(|(at, _)| at).find(is_shard)?;
    Some(&stem[..at])
}

/// What a file is of its split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shard {
    All,
    One { index: usize, of: usize },
}

/// What the file `stem` is of `split`; none where it belongs to another split.
fn shard(stem: &str, split: &str) -> Option<Shard> {
    let rest = stem.strip_prefix(split)?;
    if rest.is_empty() {
        return Some(Shard::All);
    }
    let (index, of) = rest.strip_prefix('-')?.split_once("-of-")?;
    // Older uploads put a hash behind the count: `train-00000-of-00001-b21cdcd7d9c5e5b2`.
    let of = of.split_once('-').map_or(of, |(count, _hash)| count);
    Some(Shard::One { index: digits(index)?, of: digits(of)? })
}

fn digits(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The files in order, where they are all shards of one version of the split.
fn whole<'a>(
    mut found: Vec<(&'a str, Shard)>,
    config: &str,
    split: &str,
    place: &str,
) -> Result<Vec<&'a str>, DataError> {
    found.sort_by_key(|(name, shard)| match shard {
        Shard::All => (0, *name),
        Shard::One { index, .. } => (*index, *name),
    });
    let files: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    let (place, config, split) = (place.to_owned(), config.to_owned(), split.to_owned());
    let mixed = || files.iter().map(|&name| name.to_owned()).collect();
    let &[(first, Shard::One { of: expected, .. }), ..] = found.as_slice() else {
        let files = match files.as_slice() {
            &[_] => return Ok(files),
            _ => mixed(),
        };
        return Err(DataError::MixedShards { place, config, split, files });
    };
    let mut indices = Vec::with_capacity(found.len());
    for (_, shard) in &found {
        match *shard {
            Shard::One { index, of } if of == expected && index < of && indices.last() != Some(&index) => {
                indices.push(index)
            }
            _ => return Err(DataError::MixedShards { place, config, split, files: mixed() }),
        }
    }
    if indices.len() < expected {
        // Indices rise, so a look-up is a binary search; a count of billions costs nothing but the first few names.
        let gone = (0..expected).filter(|index| indices.binary_search(index).is_err()).take(NAMED);
        let missing = gone.map(|index| renamed(first, &split, index, expected)).collect();
        return Err(DataError::MissingShards { place, config, split, expected, missing });
    }
    Ok(files)
}

fn renamed(example: &str, split: &str, index: usize, of: usize) -> String {
    let extension = example.rsplit_once('.').map_or("", |(_, extension)| extension);
    format!("{split}-{index:05}-of-{of:05}.{extension}")
}

fn no_config(names: &[String], config: &str, place: &str) -> DataError {
    let folders = names.iter().filter_map(|name| name.split_once('/')).map(|(folder, _)| folder.to_owned());
    absent_config(folders.collect(), config, place)
}

/// An error that names a file beside those of a split.
pub(super) fn mixed(mut files: Vec<String>, other: &str, config: &str, split: &str, place: &str) -> DataError {
    files.push(other.to_owned());
    DataError::MixedShards { place: place.to_owned(), config: config.to_owned(), split: split.to_owned(), files }
}

/// An error that names the configurations there are.
pub(super) fn absent_config(mut present: Vec<String>, config: &str, place: &str) -> DataError {
    present.retain(|folder| !folder.starts_with('.'));
    present.sort();
    present.dedup();
    let suggestion = near_enough(config, present.iter().map(String::as_str)).map(str::to_owned);
    DataError::NoConfig { place: place.to_owned(), config: config.to_owned(), present, suggestion }
}
