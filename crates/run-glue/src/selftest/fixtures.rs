//! Checkpoints, data and logs of training runs that the Hugging Face Trainer made (`scripts/fixtures/trajectory.py`,
//! `families.py`), inside the program.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use trainer::error::Error;

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../tests/fixtures/trajectory/", $path)))),*]
    };
}

/// Path and content.
const FILES: &[(&str, &[u8])] = embedded![
    "checkpoints/mrpc_head/config.json",
    "checkpoints/mrpc_head/model.safetensors",
    "checkpoints/mrpc_head/tokenizer.json",
    "checkpoints/mrpc_head/tokenizer_config.json",
    "checkpoints/deberta_v3/config.json",
    "checkpoints/deberta_v3/model.safetensors",
    "checkpoints/deberta_v3/tokenizer.json",
    "checkpoints/deberta_v3/tokenizer_config.json",
    "checkpoints/modernbert/config.json",
    "checkpoints/modernbert/model.safetensors",
    "checkpoints/modernbert/tokenizer.json",
    "checkpoints/modernbert/tokenizer_config.json",
    "data/glue/mrpc/train-00000-of-00001.parquet",
    "mrpc_sequential/settings.json",
    "mrpc_sequential/log_history.json",
    "family_deberta_v3/settings.json",
    "family_deberta_v3/log_history.json",
    "family_modernbert/settings.json",
    "family_modernbert/log_history.json",
];

/// Writes all files to a temporary folder, which goes with the value.
///
/// # Errors
/// When it cannot be written.
pub(super) fn unpack() -> Result<TempDir, Error> {
    let failed = |e: std::io::Error| {
        Error::input(format!("cannot unpack the self-test's files into {}: {e}", std::env::temp_dir().display()))
    };
    let root = tempfile::Builder::new().prefix("run-glue-selftest-").tempdir().map_err(failed)?;
    for (path, content) in FILES {
        let path = root.path().join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        std::fs::write(path, content).map_err(failed)?;
    }
    Ok(root)
}

/// A JSON file of the folder.
///
/// # Errors
/// When it is not there or no JSON.
pub(super) fn json(path: &Path) -> Result<Value, Error> {
    let wrong = |reason: &dyn std::fmt::Display| Error::failure(format!("{}: {reason}", path.display()));
    serde_json::from_slice(&std::fs::read(path).map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))
}
