//! GLUE's own download, as <https://gluebenchmark.com/tasks> and `download_glue_data.py` give it: a folder a task, with tsv files whose
//! cells are not quoted.
//!
//! Files and columns are those of the Hub's former script, <https://huggingface.co/datasets/nyu-mll/glue/blob/script/glue.py>.

use std::path::{Path, PathBuf};

use crate::dataset::{DelimitedFormat, Schema};
use crate::task::TaskSpec;

/// A task's folder in the download.
#[derive(Debug, PartialEq, Eq)]
struct Folder {
    task: &'static str,
    name: &'static str,
    /// Columns of the texts, and of the label, as its files call them.
    texts: (&'static str, Option<&'static str>),
    label: &'static str,
    /// The columns of training and development files, where these have no header.
    header: Option<&'static [&'static str]>,
}

const fn folder(
    task: &'static str,
    name: &'static str,
    texts: (&'static str, Option<&'static str>),
    label: &'static str,
) -> Folder {
    Folder { task, name, texts, label, header: None }
}

const SENTENCES: (&str, Option<&str>) = ("sentence1", Some("sentence2"));

const FOLDERS: [Folder; 10] = [
    Folder {
        header: Some(&["source", "label", "star", "sentence"]),
        ..folder("cola", "CoLA", ("sentence", None), "label")
    },
    folder("sst2", "SST-2", ("sentence", None), "label"),
    folder("mrpc", "MRPC", ("#1 String", Some("#2 String")), "Quality"),
    folder("stsb", "STS-B", SENTENCES, "score"),
    folder("qqp", "QQP", ("question1", Some("question2")), "is_duplicate"),
    folder("mnli", "MNLI", SENTENCES, "gold_label"),
    folder("qnli", "QNLI", ("question", Some("sentence")), "label"),
    folder("rte", "RTE", SENTENCES, "label"),
    folder("wnli", "WNLI", SENTENCES, "label"),
    folder("ax", "diagnostic", SENTENCES, "label"),
];

/// A split's file in GLUE's own download, and what to read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadedSplit {
    /// The file, which may not be there.
    pub file: PathBuf,
    /// Its columns.
    pub schema: Schema,
}

/// The folder of a task in GLUE's own download: `place/MRPC`, or `place` itself where it is the task's. `None`: it is none.
///
/// # Errors
/// The folder of another task.
pub fn downloaded_folder(place: &Path, task: &TaskSpec) -> Result<Option<PathBuf>, String> {
    let Some(folder) = folder_of(task) else { return Ok(None) };
    let has_files = |path: &Path| {
        let splits = task.splits().map(|split| path.join(file_name(task, &split.name)));
        splits.into_iter().any(|file| file.is_file())
    };
    let inside = place.join(folder.name);
    if has_files(&inside) {
        return Ok(Some(inside));
    }
    if !has_files(place) {
        return Ok(None);
    }
    let name = place.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_str()?.to_lowercase()));
    let is_named = |other: &&Folder| name.as_deref() == Some(&other.name.to_lowercase());
    match FOLDERS.iter().find(is_named) {
        Some(other) if other.task != folder.task => Err(format!(
            "{} is GLUE's folder of {}; expected that of {}, {}, or the folder around them",
            place.display(),
            other.task,
            folder.task,
            folder.name
        )),
        _ => Ok(Some(place.to_owned())),
    }
}

/// Whether a folder is GLUE's own download or a task's folder of it, even where it lacks the task that is asked for.
pub fn is_download(place: &Path) -> bool {
    let has_files = |path: &Path| {
        ["train.tsv", "dev.tsv", "dev_matched.tsv", "diagnostic.tsv"].iter().any(|file| path.join(file).is_file())
    };
    has_files(place) || FOLDERS.iter().any(|folder| has_files(&place.join(folder.name)))
}

/// A split in a [`downloaded_folder`].
pub fn downloaded_split(folder: &Path, task: &TaskSpec, split: &str) -> Option<DownloadedSplit> {
    let described = folder_of(task)?;
    let (first, second) = described.texts;
    let is_test = split.starts_with("test");
    let format = DelimitedFormat {
        delimiter: Some(b'\t'),
        unquoted_tsv: true,
        header: described.header.filter(|_| !is_test),
        // A few rows of these lack cells, and the Hub's dataset lacks these rows. Of others such a row says that a file was cut off.
        skips_short_rows: matches!(described.task, "qqp" | "qnli"),
    };
    let schema = Schema {
        text_columns: (first.to_owned(), second.map(str::to_owned)),
        label_column: described.label.to_owned(),
        format,
        ..task.schema()
    };
    Some(DownloadedSplit { file: folder.join(file_name(task, split)), schema })
}

fn folder_of(task: &TaskSpec) -> Option<&'static Folder> {
    FOLDERS.iter().find(|folder| folder.task == task.name)
}

/// `dev_matched.tsv` of `validation_matched`.
fn file_name(task: &TaskSpec, split: &str) -> String {
    match (task.name.as_str(), split.strip_prefix("validation")) {
        ("ax", _) => "diagnostic.tsv".to_owned(),
        (_, Some(rest)) => format!("dev{rest}.tsv"),
        (_, None) => format!("{split}.tsv"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::GLUE;
    use crate::dataset::{Label, read_split, read_unlabelled_split};

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn of(root: &Path, task: &TaskSpec, split: &str) -> DownloadedSplit {
        let folder = downloaded_folder(root, task).unwrap().unwrap();
        downloaded_split(&folder, task, split).unwrap()
    }

    #[test]
    fn every_task_has_a_folder() {
        let tasks: Vec<&TaskSpec> = GLUE.tasks.iter().chain(GLUE.diagnostics()).collect();
        assert!(tasks.iter().all(|task| folder_of(task).is_some()));
        assert_eq!(tasks.len(), FOLDERS.len());
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                ("CoLA/train.tsv", "gj04\t1\t\tA \"great film.\ngj04\t0\t*\tFilm a.\n"),
                ("CoLA/test.tsv", "index\tsentence\n0\tA story.\n"),
                ("MRPC/dev.tsv", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t11\t12\t\"a b\tc\n"),
                (
                    "QQP/dev.tsv",
                    "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\ta\tb\t1\n4\t5\t6\tcut\n7\t8\t9\tc\td\t0\n",
                ),
                (
                    "MNLI/dev_mismatched.tsv",
                    "index\tsentence1\tsentence2\tlabel1\tgold_label\n0\ta\tb\tneutral\tcontradiction\n",
                ),
                ("diagnostic/diagnostic.tsv", "index\tsentence1\tsentence2\n0\ta\tb\n"),
            ],
        );
        let task = |name: &str| GLUE.tasks.iter().chain(GLUE.diagnostics()).find(|task| task.name == name).unwrap();
        let read = |name: &str, split: &str| {
            let DownloadedSplit { file, schema } = of(root.path(), task(name), split);
            read_split(&[file], &schema).unwrap()
        };
        let cola = read("cola", "train").examples;
        assert_eq!((cola.len(), cola[0].text.as_str(), &cola[1].label), (2, "A \"great film.", &Some(Label::Class(0))));
        let test = of(root.path(), task("cola"), "test");
        assert_eq!(read_unlabelled_split(&[test.file], &test.schema).unwrap().examples[0].text, "A story.");
        let mrpc = &read("mrpc", "validation").examples[0];
        assert_eq!((mrpc.text.as_str(), mrpc.text_pair.as_deref()), ("\"a b", Some("c")));
        let qqp = read("qqp", "validation");
        assert_eq!(qqp.examples.len(), 2);
        assert!(
            qqp.warnings.iter().any(|warning| warning.to_string().contains("1 row lacks cells")),
            "{:?}",
            qqp.warnings
        );
        assert_eq!(read("mnli", "validation_mismatched").examples[0].label, Some(Label::Class(2)));
        write(root.path(), &[("RTE/dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n1\ta")]);
        let cut_off = of(root.path(), task("rte"), "validation");
        let error = read_split(&[cut_off.file], &cut_off.schema).unwrap_err().to_string();
        assert!(error.contains("2 cells under 4 columns"), "{error}");
        std::fs::remove_dir_all(root.path().join("RTE")).unwrap();
        let ax = of(root.path(), task("ax"), "test");
        assert_eq!(read_unlabelled_split(&[ax.file], &ax.schema).unwrap().examples.len(), 1);
        assert_eq!(downloaded_folder(root.path(), task("rte")), Ok(None));
        assert!(is_download(root.path()) && is_download(&root.path().join("MRPC")));
        assert!(!is_download(&root.path().join("CoLA/none")));
    }

    #[test]
    fn another_tasks_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &[("RTE/dev.tsv", ""), ("mine/dev.tsv", "")]);
        let task = |name: &str| GLUE.task(name).unwrap();
        assert_eq!(downloaded_folder(&root.path().join("RTE"), task("rte")), Ok(Some(root.path().join("RTE"))));
        assert_eq!(downloaded_folder(&root.path().join("mine"), task("wnli")), Ok(Some(root.path().join("mine"))));
        let error = downloaded_folder(&root.path().join("RTE"), task("wnli")).unwrap_err();
        assert!(
            error.ends_with("is GLUE's folder of rte; expected that of wnli, WNLI, or the folder around them"),
            "{error}"
        );
    }
}
