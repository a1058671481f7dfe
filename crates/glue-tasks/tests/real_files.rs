//! The real files beside the task table, where they are at hand: a folder `shared/hub` next to the repository's, or in
//! the folder that RUN_GLUE_SHARED names, with the dataset in the Hub's own layout.

// A test crate: functions outside `#[test]` may panic as well.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use glue_tasks::{AX, DataError, Label, Schema, TASKS, TaskKind, find_split_files, read_split};

fn glue_folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("RUN_GLUE_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("hub/datasets/nyu-mll/glue");
    folder.is_dir().then_some(folder)
}

#[test]
fn rows_and_labels_are_those_of_the_table() {
    let Some(root) = glue_folder() else {
        eprintln!(
            "skipped: no real GLUE files at hand; set RUN_GLUE_SHARED to a folder with hub/datasets/nyu-mll/glue"
        );
        return;
    };
    let mut read = 0;
    for task in TASKS.iter().chain([&AX]) {
        let evaluated = task.train_split.into_iter().chain(task.eval_splits.iter().map(|split| split.name));
        let labelled = evaluated.map(|split| (split, true));
        for (split, labelled) in labelled.chain(task.test_splits.iter().map(|split| (split.name, false))) {
            let files = match find_split_files(&root, task.config, split) {
                Ok(files) => files,
                // Not every split need be at hand, but those that are must be whole.
                Err(error @ (DataError::AbsentSplit { .. } | DataError::NoConfig { .. })) => {
                    eprintln!("not checked: {error}");
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let name = format!("{} {split}", task.name);
            let found = read_split(&files, &Schema::of_task(task)).unwrap();
            assert_eq!(Some(found.examples.len()), task.rows_of(split), "{name}");
            assert_eq!(found.warnings, [], "{name}: label names differ from the table's");
            for (row, example) in found.examples.iter().enumerate() {
                assert_eq!(example.text_pair.is_some(), task.text_columns.1.is_some(), "{name} {row}");
                // The Hub has the labels of MRPC's test split.
                assert_eq!(example.label.is_some(), labelled || task.name == "mrpc", "{name} {row}");
                match (task.kind, example.label.clone()) {
                    (TaskKind::Regression, Some(Label::Score(score))) => assert!((0.0..=5.0).contains(&score)),
                    (TaskKind::Classification, Some(Label::Class(class))) => assert!(class < task.num_labels()),
                    (_, None) => {}
                    (_, other) => panic!("{name} {row}: {other:?}"),
                }
            }
            read += 1;
        }
    }
    eprintln!("{read} splits checked in {}", root.display());
    assert!(read > 0, "{} holds no split at all", root.display());
}
