//! The rows of many files as the readers take them, for comparisons with other readers of the same files. REQUESTS has one JSON
//! object a file, standard output one for each, in their order:
//!
//! ```text
//! cargo run -p glue-tasks --example rows_of_files -- REQUESTS
//! {"file": "train.csv", "texts": ["text"], "label": "label"}
//! {"kind": "classes", "names": ["ham", "spam"], "rows": [[["free money"], "spam"]], "marked": [], "warnings": []}
//! ```
//!
//! A row is its texts and its label: a class's name, a number, a list of names, or null. `"label": null` asks for the texts alone,
//! `"unquoted": true` reads tsv as GLUE's own. What cannot be read is `{"error": "..."}`. Without
//! REQUESTS it reads a small file that lies beside it. `scripts/fixtures/fuzz_tables.py` runs it.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use glue_tasks::dataset::{DelimitedFormat, infer_label_kind};
use glue_tasks::{DataError, Example, Label, LabelKind, Schema, Split, read_split, read_unlabelled_split};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let requests = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?,
        None => {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/mrpc_validation.csv");
            json!({"file": file, "texts": ["sentence1", "sentence2"], "label": "label"}).to_string()
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in requests.lines() {
        let request: Value = serde_json::from_str(line)?;
        let answer = answer(&request)?.unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

/// What is answered to a request; the outer error is one of the request itself.
fn answer(request: &Value) -> Result<Result<Value, DataError>, Box<dyn Error>> {
    let file = PathBuf::from(request["file"].as_str().ok_or("a request has no `file`")?);
    let texts = request["texts"].as_array().ok_or("a request has no `texts`")?;
    let text = |at: usize| texts.get(at).and_then(Value::as_str).map(str::to_owned);
    let label = request["label"].as_str();
    let format = DelimitedFormat { unquoted_tsv: request["unquoted"] == true, ..DelimitedFormat::default() };
    let mut schema = Schema {
        text_columns: (text(0).ok_or("a request has no text")?, text(1)),
        label_column: label.unwrap_or_default().to_owned(),
        kind: LabelKind::Score,
        format,
    };
    let files = [file];
    Ok((|| {
        let split = match label {
            Some(label) => {
                schema.kind = infer_label_kind(&files, label, format)?;
                read_split(&files, &schema)?
            }
            None => read_unlabelled_split(&files, &schema)?,
        };
        Ok(as_json(&schema.kind, &split))
    })())
}

fn as_json(kind: &LabelKind, split: &Split) -> Value {
    let name = |class: usize| kind.names().get(class).cloned();
    let label = |label: &Label| match label {
        Label::Class(class) => json!(name(*class)),
        // The shortest decimal of the 32-bit number, and not that of its 64-bit equal.
        Label::Score(score) => json!(score.to_string().parse::<f64>().ok()),
        Label::Classes(classes) => json!(classes.iter().map(|class| name(*class)).collect::<Vec<_>>()),
    };
    let row = |row: &Example| {
        let texts: Vec<&String> = [&row.text].into_iter().chain(&row.text_pair).collect();
        json!([texts, row.label.as_ref().map(label)])
    };
    json!({
        "kind": match kind {
            LabelKind::Classes(_) => "classes",
            LabelKind::Score => "score",
            LabelKind::ClassLists(_) => "class_lists",
        },
        "names": kind.names(),
        "rows": split.examples.iter().map(row).collect::<Vec<_>>(),
        "marked": split.marked,
        "warnings": split.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
