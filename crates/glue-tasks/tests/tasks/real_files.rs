//! The real files beside the task table: a folder `shared/hub` next to the repository's, or in the folder that
//! RUN_GLUE_SHARED names, with the dataset in the Hub's own layout.

use std::path::{Path, PathBuf};

use glue_tasks::{DataError, GLUE, Label, Layout, TaskKind, read_split};

fn glue_folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("RUN_GLUE_SHARED").map_or_else(beside, PathBuf::from);
    shared.join("hub/datasets").join(&GLUE.repository)
}

#[test]
#[ignore = "needs GLUE's own files: set RUN_GLUE_SHARED to a folder with hub/datasets/nyu-mll/glue"]
fn rows_and_labels_are_those_of_the_table() {
    let root = glue_folder();
    assert!(root.is_dir(), "{} is no folder", root.display());
    let layout = Layout::of_folder_names(&root).expect("a folder");
    let mut read = 0;
    for task in GLUE.tasks.iter().chain(GLUE.diagnostics()) {
        let labelled = task.train_split.iter().chain(&task.eval_splits).map(|split| (split, true));
        for (split, labelled) in labelled.chain(task.test_splits.iter().map(|split| (split, false))) {
            let files = match layout.split_files(&task.config, &split.name) {
                Ok(files) => files.iter().map(|file| root.join(file)).collect::<Vec<PathBuf>>(),
                // Not every split need be at hand, but those that are must be whole.
                Err(error @ (DataError::AbsentSplit { .. } | DataError::NoConfig { .. })) => {
                    eprintln!("not checked: {error}");
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let name = format!("{} {}", task.name, split.name);
            let found = read_split(&files, &task.schema()).unwrap();
            assert_eq!(Some(found.examples.len()), split.rows, "{name}");
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
