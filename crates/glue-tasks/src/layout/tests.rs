use super::*;

fn layout(names: &[&str]) -> Layout {
    Layout::of_names("the repository", names.iter().map(|&name| name.to_owned()).collect())
}

fn select(names: &[String], config: &str, split: &str) -> Result<Vec<String>, DataError> {
    Layout::of_names("the repository", names.to_vec()).split_files(config, split)
}

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
        select(&repository(), "mnli", "train").unwrap(),
        ["mnli/train-00000-of-00003.parquet", "mnli/train-00001-of-00003.parquet", "mnli/train-00002-of-00003.parquet"]
    );
    assert_eq!(
        select(&repository(), "mnli", "validation_matched").unwrap(),
        ["mnli/validation_matched-00000-of-00001.parquet"]
    );
    assert!(select(&repository(), "mnli", "validation").unwrap_err().is_absent_split());
}

#[test]
fn splits_go_by_names_where_they_are_not_called_so() {
    let names = ["train.csv", "dev.csv", "README.md"].map(str::to_owned);
    assert_eq!(select(&names, "", "validation").unwrap(), ["dev.csv"]);
    assert!(select(&names, "", "test").unwrap_err().is_absent_split());
    let parts = ["train.csv", "train_2.csv", "trainer.csv"].map(str::to_owned);
    assert_eq!(select(&parts, "", "train").unwrap(), ["train.csv", "train_2.csv"]);
    let configs = |names: &[String]| Layout::of_names("", names.to_vec()).configs();
    assert_eq!(configs(&names), [""]);
    let folders = ["train/a.csv", "train/b.csv", "validation/a.csv"].map(str::to_owned);
    assert_eq!(select(&folders, "", "train").unwrap(), ["train/a.csv", "train/b.csv"]);
    assert_eq!(configs(&folders), [""]);
    assert_eq!(configs(&repository()), ["cola", "mnli", "own"]);
    let root = tempfile::tempdir().unwrap();
    for name in folders.iter().chain(&["validation/deep/er/b.csv".to_owned()]) {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let found = Layout::of_folder(root.path()).unwrap().split_files("", "validation").unwrap();
    assert_eq!(found, ["validation/a.csv", "validation/deep/er/b.csv"]);
}

#[test]
fn one_format_is_chosen_and_a_hash_is_allowed() {
    assert_eq!(select(&repository(), "own", "train").unwrap(), ["own/train.jsonl"]);
    let test = select(&repository(), "own", "test").unwrap();
    assert_eq!(test, ["own/test-00000-of-00001-b21cdcd7d9c5e5b2.parquet"]);
    let flat = ["train.json".to_owned(), "README.md".to_owned()];
    assert_eq!(select(&flat, "", "train").unwrap(), ["train.json"]);
}

#[test]
fn an_absent_split_is_not_a_broken_one() {
    let absent = select(&repository(), "cola", "test").unwrap_err();
    assert!(absent.is_absent_split());
    assert_eq!(absent.to_string(), "the repository has no split `test` of `cola`; it has `train`, `validation`");
    let mut names = repository();
    names.retain(|name| name != "mnli/train-00001-of-00003.parquet");
    let broken = select(&names, "mnli", "train").unwrap_err();
    assert!(!broken.is_absent_split());
    assert_eq!(
        broken.to_string(),
        "split `train` of `mnli` in the repository is incomplete: of 3 files `train-00001-of-00003.parquet` is \
         missing; fetch it again"
    );
}

#[test]
fn two_versions_side_by_side_are_refused() {
    for other in ["cola/train-00000-of-00002.parquet", "cola/train.parquet", "cola/train-00000-of-00001-ab.parquet"] {
        let mut names = repository();
        names.push(other.to_owned());
        let error = select(&names, "cola", "train").unwrap_err();
        assert!(matches!(&error, DataError::MixedShards { files, .. } if files.len() == 2), "{other}: {error}");
    }
}

#[test]
fn an_unknown_configuration_lists_those_there_are() {
    let error = select(&repository(), "colla", "train").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the repository has no configuration `colla` (did you mean `cola`?); it has `cola`, `mnli`, `own`"
    );
    assert!(!error.is_absent_split());
}

#[test]
fn a_count_of_billions_is_refused_quickly() {
    let names = ["a/train-00000-of-99999999999.parquet".to_owned()];
    let error = select(&names, "a", "train").unwrap_err();
    assert!(matches!(error, DataError::MissingShards { missing, .. } if missing.len() == 5));
}

#[test]
fn folders_are_searched_alike() {
    let root = tempfile::tempdir().unwrap();
    for name in ["cola/train-00001-of-00002.parquet", "cola/train-00000-of-00002.parquet", "sst2/test.tsv"] {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let layout = Layout::of_folder_names(root.path()).unwrap();
    let files = layout.split_files("cola", "train").unwrap();
    assert_eq!(files, ["cola/train-00000-of-00002.parquet", "cola/train-00001-of-00002.parquet"]);
    let error = layout.split_files("rte", "train").unwrap_err();
    assert!(error.to_string().ends_with("has no configuration `rte`; it has `cola`, `sst2`"), "{error}");
    assert!(layout.split_files("sst2", "train").unwrap_err().is_absent_split());
    let error = Layout::of_folder_names(&root.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }));
}

/// A layout with these texts in its files.
fn described(names: &[&str], texts: &[(&str, &str)]) -> Result<Layout, DataError> {
    let text = |name: &str| texts.iter().find(|(other, _)| *other == name).map_or("", |(_, text)| text).to_owned();
    layout(&[names, &texts.iter().map(|(name, _)| *name).collect::<Vec<_>>()].concat()).described(|name| Ok(text(name)))
}

#[test]
fn the_card_says_which_files_are_which_splits() {
    let yaml = "---\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n    path: m*.csv\n  - split: held.out\n    path: [z.csv, y.csv]\n- \
                config_name: b\n  data_dir: sub\n  sep: ';'\n---\n";
    let names = ["m2.csv", "m1.csv", "m.txt", "y.csv", "z.csv", "train.csv", "sub/test_1.csv", "sub/m3.csv"];
    let layout = described(&names, &[("README.md", yaml)]).unwrap();
    assert_eq!((layout.configs(), layout.descriptions()), (vec!["a".to_owned(), "b".to_owned()], vec!["README.md"]));
    assert_eq!(described(&names, &[("README.md", "# A set")]).unwrap().descriptions(), [""; 0]);
    assert!(matches!(layout.default_config().unwrap_err(), DataError::WhichConfig { .. }));
    assert_eq!(layout.split_files("a", "train").unwrap(), ["m1.csv", "m2.csv"]);
    assert_eq!(layout.split_files("a", "held.out").unwrap(), ["z.csv", "y.csv"]);
    assert_eq!(layout.split_files("b", "test").unwrap(), ["sub/test_1.csv"]);
    assert_eq!((layout.delimiter("a"), layout.delimiter("b")), (None, Some(b';')));
    assert_eq!(layout.splits("a").unwrap(), ["train", "held.out"]);
    assert_eq!(layout.splits("b").unwrap(), ["test"]);
    let absent = layout.split_files("a", "test").unwrap_err();
    assert_eq!(absent.to_string(), "the repository has no split `test` of `a`; it has `train`, `held.out`");
    assert!(layout.config_named("c").unwrap_err().to_string().contains("no configuration `c`; it has `a`, `b`"));
    let gone = described(&["x.csv"], &[("README.md", yaml)]).unwrap().split_files("a", "held.out").unwrap_err();
    assert!(gone.to_string().contains("`held.out` of `a` is z.csv, and there is no such data file"), "{gone}");
    let bad = described(&[], &[("README.md", "---\nconfigs: x\n---\n")]).unwrap_err();
    assert_eq!(bad.to_string(), "the repository: README.md: `configs` is no list");
}

#[test]
fn folders_with_the_same_split_are_asked_for_and_others_are_one_dataset() {
    assert_eq!(layout(&["a/train.csv", "b/test.csv"]).default_config().unwrap(), "");
    assert_eq!(layout(&["a/train.csv", "b/test.csv"]).split_files("", "test").unwrap(), ["b/test.csv"]);
    let two = layout(&["train.csv", "b/train.csv"]);
    assert_eq!(
        two.default_config().unwrap_err().to_string(),
        "the repository: which configuration? Give --dataset_config_name one of ., b"
    );
    assert_eq!((two.config_named(".").unwrap(), two.config_named("b").unwrap()), (String::new(), "b".to_owned()));
    assert_eq!(layout(&["a/train.csv", "a/test.csv", "notes.csv"]).default_config().unwrap(), "a");
    // What is there and belongs to no split.
    let passed_over = |names: &[&str]| {
        layout(names).described(|_| Ok::<_, DataError>(String::new())).unwrap().passed_over("").unwrap()
    };
    assert_eq!(passed_over(&["train_1.csv", "train_2.csv", "train_3.jsonl", "dev.csv"]), ["train_3.jsonl"]);
    assert_eq!(passed_over(&["train.csv", "notes.csv", "README.md", ".git/x.csv"]), ["notes.csv"]);
    assert_eq!(passed_over(&["all.csv", "more.csv"]), [""; 0]);
    let shards = layout(&["data/train-00000-of-00001.parquet", "data/extra-00000-of-00001.parquet", "test.csv"]);
    assert_eq!(shards.default_config().unwrap(), "data");
    assert_eq!(shards.splits("data").unwrap(), ["train", "extra"]);
    // By folders, and so not by names.
    let mixed = layout(&["train/a.csv", "test/a.csv", "validation.csv"]);
    assert_eq!(mixed.splits("").unwrap(), ["train", "test"]);
}

#[test]
fn the_hubs_conversion_keeps_configurations_apart() {
    let names = [
        "a/train/0001.parquet",
        "a/train/0000.parquet",
        "a/partial-test/0000.parquet",
        "b/train/0000.parquet",
        "b/dev_x/0000.parquet",
    ];
    let converted = layout(&names);
    assert_eq!(converted.configs(), ["a", "b"]);
    assert_eq!(converted.split_files("a", "train").unwrap(), ["a/train/0000.parquet", "a/train/0001.parquet"]);
    assert_eq!(converted.split_files("b", "dev_x").unwrap(), ["b/dev_x/0000.parquet"]);
    // The Hub converts only the first part of a large split, and calls it so.
    assert!(converted.split_files("a", "test").unwrap_err().is_absent_split());
    assert_eq!(converted.splits("b").unwrap(), ["train", "dev_x"]);
}

#[test]
fn saved_folders_name_their_files() {
    let state = r#"{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}"#;
    let texts = [
        ("dataset_dict.json", r#"{"splits": ["test", "train"]}"#),
        ("train/state.json", state),
        ("test/state.json", state),
    ];
    let saved = described(&["train/data-00000-of-00001.arrow", "test/data-00000-of-00001.arrow"], &texts).unwrap();
    assert_eq!(
        (saved.default_config().unwrap().as_str(), saved.splits("").unwrap()),
        ("", vec!["train".to_owned(), "test".to_owned()])
    );
    assert_eq!(saved.split_files("", "train").unwrap(), ["train/data-00000-of-00001.arrow"]);
    assert!(saved.split_files("", "validation").unwrap_err().is_absent_split());
}

#[test]
fn a_script_is_named_and_not_run() {
    let error = layout(&["imdb_like.py", "README.md"]).default_config().unwrap_err().to_string();
    assert!(
        error.contains("by a script, imdb_like.py, which is not run") && error.contains("refs/convert/parquet"),
        "{error}"
    );
}
