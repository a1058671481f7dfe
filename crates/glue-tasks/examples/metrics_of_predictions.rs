//! The metrics of a file of predictions, in the form in which `run_glue.py` and `run-glue` write them (`index<TAB>prediction`,
//! classes by name or index), beside a labelled split:
//!
//! ```text
//! cargo run -p glue-tasks --example metrics_of_predictions -- mrpc predict_results_mrpc.txt validation.parquet
//! ```
//!
//! Without arguments it takes two small files that lie beside it.

use std::error::Error;
use std::path::{Path, PathBuf};

use glue_tasks::{Label, Predictions, References, TaskKind, TaskSpec, evaluate, find_task, read_split};

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let (task, predictions, split) = match given.as_slice() {
        [] => ("mrpc", data.join("mrpc_predictions.tsv"), data.join("mrpc_validation.csv")),
        [task, predictions, split] => (task.as_str(), PathBuf::from(predictions), PathBuf::from(split)),
        _ => return Err("expected TASK PREDICTIONS SPLIT, or nothing".into()),
    };
    let task = find_task(task)?;
    let predictions = predictions_of(task, &std::fs::read_to_string(predictions)?)?;
    let labels = read_split(&[split], &task.schema())?.examples.into_iter().map(|example| example.label);
    let references = match task.kind {
        TaskKind::Regression => References::Scores(
            labels.map(|label| if let Some(Label::Score(score)) = label { score.into() } else { f64::NAN }).collect(),
        ),
        _ => {
            let class = |label| if let Some(Label::Class(class)) = label { Some(class) } else { None };
            References::Classes(labels.map(class).collect::<Option<_>>().ok_or("a row has no label")?)
        }
    };
    for (metric, value) in evaluate(&task.metrics, &predictions, &references)? {
        println!("{metric}\t{value:.4}");
    }
    Ok(())
}

/// The second column of every line but the first.
fn predictions_of(task: &TaskSpec, text: &str) -> Result<Predictions, Box<dyn Error>> {
    let values = text.lines().skip(1).map(|line| line.split_once('\t').map_or(line, |(_, value)| value));
    if task.kind == TaskKind::Regression {
        return Ok(Predictions::Scores(values.map(str::parse).collect::<Result<_, _>>()?));
    }
    let class = |value: &str| match task.labels.iter().position(|label| label == value) {
        Some(class) => Ok(class),
        None => value.parse().map_err(|_| format!("`{value}` is no label of {}", task.name)),
    };
    Ok(Predictions::Classes(values.map(class).collect::<Result<_, _>>()?))
}
