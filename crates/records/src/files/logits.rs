//! `eval_logits.jsonl`: what the model said about every evaluated row, one JSON object a line, in dataset order.
//!
//! ```text
//! {"index":0,"logits":[-1.25,2.5],"label":1}
//! ```
//!
//! Numbers are printed with the fewest digits that read back as the same 32-bit float. A logit that is no finite
//! number is `null`, since JSON has no word for it.

use crate::atomic::{WriteError, write_whole_with};
use serde::Serialize;
use std::io;
use std::path::Path;

/// File for the evaluation split (MNLI: the matched one).
pub const FILE_NAME: &str = "eval_logits.jsonl";

/// File for the mismatched MNLI split.
pub const FILE_NAME_MISMATCHED: &str = "eval_logits_mm.jsonl";

/// What a row's label is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LogitsLabel {
    /// The index of a class.
    Class(u32),
    /// The target of a regression.
    Value(f32),
    /// The indices of any number of classes.
    Classes(Vec<u32>),
}

#[derive(Serialize)]
struct Line<'a> {
    index: usize,
    logits: &'a [f32],
    label: Option<&'a LogitsLabel>,
}

/// Logits could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LogitsError {
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The numbers do not make whole rows, or not as many as there are labels.
    #[error("{logits} logits do not make {rows} rows of {outputs}")]
    Shape {
        /// How many logits there are.
        logits: usize,
        /// How many labels, hence rows, there are.
        rows: usize,
        /// How many logits a row should have.
        outputs: usize,
    },
}

/// Write one line a row. `logits` holds the rows one after the other, `outputs` numbers each, in dataset order;
/// `labels` holds one label a row, `None` where the row has none (GLUE's test files say -1).
///
/// # Errors
/// [`LogitsError`] where the file cannot be written or the counts do not fit together.
pub fn write_logits(
    path: &Path,
    logits: &[f32],
    outputs: usize,
    labels: &[Option<LogitsLabel>],
) -> Result<(), LogitsError> {
    if outputs == 0 || labels.len().checked_mul(outputs) != Some(logits.len()) {
        return Err(LogitsError::Shape { logits: logits.len(), rows: labels.len(), outputs });
    }
    write_whole_with(path, |out| {
        for (index, (logits, label)) in logits.chunks_exact(outputs).zip(labels).enumerate() {
            serde_json::to_writer(&mut *out, &Line { index, logits, label: label.as_ref() })
                .map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_line_a_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let logits = [0.1, -2.0, 1e-10, 65504.0, f32::NAN, 0.333_333_34];
        let labels = [Some(LogitsLabel::Class(1)), None, Some(LogitsLabel::Value(2.5))];
        write_logits(&path, &logits, 2, &labels).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "{\"index\":0,\"logits\":[0.1,-2.0],\"label\":1}\n\
             {\"index\":1,\"logits\":[1e-10,65504.0],\"label\":null}\n\
             {\"index\":2,\"logits\":[null,0.33333334],\"label\":2.5}\n"
        );
        for (line, row) in text.lines().zip(logits.chunks(2)) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            for (read, written) in value["logits"].as_array().unwrap().iter().zip(row) {
                #[expect(clippy::cast_possible_truncation, reason = "the number was an f32")]
                let read = read.as_f64().map(|number| number as f32);
                assert_eq!(read, written.is_finite().then_some(*written));
            }
        }
    }

    #[test]
    fn counts_must_fit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME_MISMATCHED);
        let error = write_logits(&path, &[0.0; 5], 2, &[None, None]).unwrap_err();
        assert_eq!(error.to_string(), "5 logits do not make 2 rows of 2");
        assert!(!path.exists());
    }
}
