//! Which files hold a split, in a folder or a repository that is laid out like the Hub's datasets:
//! `<config>/<split>-00000-of-00003.parquet` for each shard, or one `<config>/<split>.parquet` (csv, tsv, jsonl, json).
//!
//! <https://huggingface.co/docs/hub/datasets-file-names-and-splits>

use std::path::{Path, PathBuf};

use crate::dataset::DataError;
use crate::near::near_enough;
use crate::split_names::{splits_by_name, unpacked_name};

/// Formats in order of preference, where a split is there in several.
const EXTENSIONS: [&str; 5] = ["parquet", "csv", "tsv", "jsonl", "json"];

/// How deep folders are looked into.
const FOLDERS: usize = 4;

/// How many missing shards a message names.
const NAMED: usize = 5;

/// The files of a split in a folder, in order.
///
/// # Errors
/// A folder that cannot be read, and all that [`select_split_files`] finds wrong.
pub fn find_split_files(root: &Path, config: &str, split: &str) -> Result<Vec<PathBuf>, DataError> {
    let folder = root.join(config);
    let mut names = Vec::new();
    if folder.is_dir() {
        names.extend(entries(&folder)?.into_iter().map(|name| join(config, &name)));
    } else {
        // Only to say which configurations are there.
        for name in entries(root)? {
            if root.join(&name).is_dir() {
                names.push(format!("{name}/"));
            }
        }
    }
    let found = select(&names, config, split, &format!("folder {}", root.display()));
    let all = || Ok(files_in(&folder)?.into_iter().map(|name| join(config, &name)).collect());
    let files = or_by_name(found, config, split, all)?;
    Ok(files.into_iter().map(|name| root.join(name)).collect())
}

/// The configurations of a dataset, which are folders of it: those with files of splits, else the top folder, an empty name, where its
/// files are splits by their names or by the folders that they lie in, and whether that is so.
pub fn split_configs(names: &[String]) -> (Vec<String>, bool) {
    let mut configs: Vec<&str> =
        names.iter().map(|name| name.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
    configs.sort_unstable();
    configs.dedup();
    let usual = ["train", "test", "validation"];
    configs.retain(|config| usual.iter().any(|split| select(names, config, split, "").is_ok()));
    let by_name = configs.is_empty() && !splits_by_name(names).is_empty();
    if by_name {
        configs.push("");
    }
    (configs.into_iter().map(str::to_owned).collect(), by_name)
}

/// The files in a folder and in the folders in it, by their paths in it.
///
/// # Errors
/// A folder that cannot be read.
pub fn files_in(folder: &Path) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    list(folder, "", FOLDERS, &mut names)?;
    Ok(names)
}

fn list(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> Result<(), DataError> {
    for name in entries(folder)? {
        let path = folder.join(&name);
        let name = join(prefix, &name);
        if path.is_dir() {
            if depth > 0 {
                list(&path, &name, depth - 1, names)?;
            }
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// The files of a split by their names or folders, where none is called as a shard of a split.
fn by_name(names: &[String], config: &str, split: &str) -> Option<Vec<String>> {
    let prefix = join(config, "");
    let in_config: Vec<String> = names.iter().filter_map(|name| Some(name.strip_prefix(&prefix)?.to_owned())).collect();
    if in_config.iter().any(|name| name.contains("-of-0")) {
        return None;
    }
    let files = splits_by_name(&in_config).remove(split)?;
    Some(files.into_iter().map(|name| join(config, &name)).collect())
}

/// The files of a split among the paths of a repository, in order. An empty `config` means the top folder.
///
/// # Errors
/// [`DataError::NoConfig`] and [`DataError::AbsentSplit`] where there is nothing of that name,
/// [`DataError::MissingShards`] and [`DataError::MixedShards`] where what is there is no whole split.
pub fn select_split_files(names: &[String], config: &str, split: &str) -> Result<Vec<String>, DataError> {
    or_by_name(select(names, config, split, "the repository"), config, split, || Ok(names.to_vec()))
}

/// What was found, or where there is nothing the files that are the split by their names. In the top folder `train.csv` is only a part
/// of the split where `train_2.csv` lies beside it.
fn or_by_name(
    found: Result<Vec<String>, DataError>,
    config: &str,
    split: &str,
    all: impl FnOnce() -> Result<Vec<String>, DataError>,
) -> Result<Vec<String>, DataError> {
    match found {
        Err(absent) if absent.is_absent_split() => by_name(&all()?, config, split).ok_or(absent),
        Ok(files) if config.is_empty() && files.len() == 1 => {
            let named = by_name(&all()?, config, split);
            Ok(named.filter(|named| named.contains(&files[0])).unwrap_or(files))
        }
        found => found,
    }
}

fn select(names: &[String], config: &str, split: &str, place: &str) -> Result<Vec<String>, DataError> {
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
            return Ok(files.into_iter().map(|name| join(config, name)).collect());
        }
    }
    let mut present: Vec<String> =
        in_config.iter().filter(|name| !name.is_empty()).map(|&name| name.to_owned()).collect();
    present.sort();
    Err(DataError::AbsentSplit { place: place.to_owned(), config: config.to_owned(), split: split.to_owned(), present })
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
    let mut present: Vec<String> =
        names.iter().filter_map(|name| name.split_once('/')).map(|(folder, _)| folder.to_owned()).collect();
    present.retain(|folder| !folder.starts_with('.'));
    present.sort();
    present.dedup();
    let suggestion = near_enough(config, present.iter().map(String::as_str)).map(str::to_owned);
    DataError::NoConfig { place: place.to_owned(), config: config.to_owned(), present, suggestion }
}

fn join(config: &str, name: &str) -> String {
    if config.is_empty() { name.to_owned() } else { format!("{config}/{name}") }
}

/// The names in a folder.
fn entries(folder: &Path) -> Result<Vec<String>, DataError> {
    let read = |source| DataError::Read { file: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        // A name that is not UTF-8 is no split's.
        if let Ok(name) = entry.map_err(read)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> Vec<String> {
        [
            ".gitattributes",
            "README.md",
            "cola/train-00000-of-00001.parquet",
            "cola/validation-00000-of-00001.parquet",
            "mnli/train-00002-of-00003.parquet",
            "mnli/train-00000-of-00003.parquet",
            "mnli/train-00001-of-00003.parquet",
            "mnli/validation_matched-00000-of-00001.parquet",
            "mnli/validation_mismatched-00000-of-00001.parquet",
            "own/train.csv",
            "own/train.jsonl",
            "own/test-00000-of-00001-b21cdcd7d9c5e5b2.parquet",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn shards_come_in_order_and_splits_are_not_confused() {
        assert_eq!(
            select_split_files(&repository(), "mnli", "train").unwrap(),
            [
                "mnli/train-00000-of-00003.parquet",
                "mnli/train-00001-of-00003.parquet",
                "mnli/train-00002-of-00003.parquet"
            ]
        );
        assert_eq!(
            select_split_files(&repository(), "mnli", "validation_matched").unwrap(),
            ["mnli/validation_matched-00000-of-00001.parquet"]
        );
        assert!(select_split_files(&repository(), "mnli", "validation").unwrap_err().is_absent_split());
    }

    #[test]
    fn splits_go_by_names_where_they_are_not_called_so() {
        let names = ["train.csv", "dev.csv", "README.md"].map(str::to_owned);
        assert_eq!(select_split_files(&names, "", "validation").unwrap(), ["dev.csv"]);
        assert!(select_split_files(&names, "", "test").unwrap_err().is_absent_split());
        let parts = ["train.csv", "train_2.csv", "trainer.csv"].map(str::to_owned);
        assert_eq!(select_split_files(&parts, "", "train").unwrap(), ["train.csv", "train_2.csv"]);
        assert_eq!(split_configs(&names), (vec![String::new()], false));
        let folders = ["train/a.csv", "train/b.csv", "validation/a.csv"].map(str::to_owned);
        assert_eq!(select_split_files(&folders, "", "train").unwrap(), ["train/a.csv", "train/b.csv"]);
        assert_eq!(split_configs(&folders), (vec![String::new()], true));
        assert_eq!(split_configs(&repository()), (["cola", "mnli", "own"].map(str::to_owned).to_vec(), false));
        let root = tempfile::tempdir().unwrap();
        for name in folders.iter().chain(&["validation/deep/er/b.csv".to_owned()]) {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = find_split_files(root.path(), "", "validation").unwrap();
        assert_eq!(found, ["validation/a.csv", "validation/deep/er/b.csv"].map(|name| root.path().join(name)));
    }

    #[test]
    fn one_format_is_chosen_and_a_hash_is_allowed() {
        assert_eq!(select_split_files(&repository(), "own", "train").unwrap(), ["own/train.csv"]);
        let test = select_split_files(&repository(), "own", "test").unwrap();
        assert_eq!(test, ["own/test-00000-of-00001-b21cdcd7d9c5e5b2.parquet"]);
        let flat = ["train.json".to_owned(), "README.md".to_owned()];
        assert_eq!(select_split_files(&flat, "", "train").unwrap(), ["train.json"]);
    }

    #[test]
    fn an_absent_split_is_not_a_broken_one() {
        let absent = select_split_files(&repository(), "cola", "test").unwrap_err();
        assert!(absent.is_absent_split());
        assert_eq!(
            absent.to_string(),
            "the repository has no split `test` of `cola`; it has `train-00000-of-00001.parquet`, \
             `validation-00000-of-00001.parquet`"
        );
        let mut names = repository();
        names.retain(|name| name != "mnli/train-00001-of-00003.parquet");
        let broken = select_split_files(&names, "mnli", "train").unwrap_err();
        assert!(!broken.is_absent_split());
        assert_eq!(
            broken.to_string(),
            "split `train` of `mnli` in the repository is incomplete: of 3 files `train-00001-of-00003.parquet` is \
             missing; fetch it again"
        );
    }

    #[test]
    fn two_versions_side_by_side_are_refused() {
        for other in ["cola/train-00000-of-00002.parquet", "cola/train.parquet", "cola/train-00000-of-00001-ab.parquet"]
        {
            let mut names = repository();
            names.push(other.to_owned());
            let error = select_split_files(&names, "cola", "train").unwrap_err();
            assert!(matches!(&error, DataError::MixedShards { files, .. } if files.len() == 2), "{other}: {error}");
        }
    }

    #[test]
    fn an_unknown_configuration_lists_those_there_are() {
        let error = select_split_files(&repository(), "colla", "train").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the repository has no configuration `colla` (did you mean `cola`?); it has `cola`, `mnli`, `own`"
        );
        assert!(!error.is_absent_split());
    }

    #[test]
    fn a_count_of_billions_is_refused_quickly() {
        let names = ["a/train-00000-of-99999999999.parquet".to_owned()];
        let error = select_split_files(&names, "a", "train").unwrap_err();
        assert!(matches!(error, DataError::MissingShards { missing, .. } if missing.len() == NAMED));
    }

    #[test]
    fn folders_are_searched_alike() {
        let root = tempfile::tempdir().unwrap();
        for name in ["cola/train-00001-of-00002.parquet", "cola/train-00000-of-00002.parquet", "sst2/test.tsv"] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let files = find_split_files(root.path(), "cola", "train").unwrap();
        assert_eq!(files[0], root.path().join("cola").join("train-00000-of-00002.parquet"));
        assert_eq!(files.len(), 2);
        let error = find_split_files(root.path(), "rte", "train").unwrap_err();
        assert!(error.to_string().ends_with("has no configuration `rte`; it has `cola`, `sst2`"), "{error}");
        assert!(find_split_files(root.path(), "sst2", "train").unwrap_err().is_absent_split());
        let error = find_split_files(&root.path().join("nowhere"), "cola", "train").unwrap_err();
        assert!(matches!(error, DataError::Read { .. }));
    }
}
