//! The tiny encoder and the miniature tasks inside the program.

use std::path::PathBuf;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use tempfile::TempDir;

use crate::cli::args::RunArgs;
use crate::error::Error;
use crate::settings::IntervalStrategy;

/// The name of the encoder inside the program.
pub const MODEL: &str = "run-glue/demo-bert";

/// The name of the data inside the program.
pub const DATA: &str = "run-glue/demo-glue";

static DEMO: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// A part of the demo on disk, so that it goes through the same code as any folder; removed with this value.
pub struct Embedded {
    root: TempDir,
    part: String,
}

impl Embedded {
    /// Writes the folder `part` of the demo to a temporary folder.
    ///
    /// # Errors
    /// When the temporary folder cannot be written.
    pub fn unpack(part: &str) -> Result<Self, Error> {
        let failed = |e: std::io::Error| {
            Error::input(format!("cannot unpack the demo into {}: {e}", std::env::temp_dir().display()))
        };
        let root = tempfile::Builder::new().prefix("run-glue-demo-").tempdir().map_err(failed)?;
        if let Some(dir) = DEMO.get_dir(part) {
            std::fs::create_dir_all(root.path().join(part)).map_err(failed)?;
            dir.extract(root.path()).map_err(failed)?;
        }
        Ok(Self { root, part: part.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.path().join(&self.part)
    }
}

/// Settings under which the miniature tasks are learned.
#[derive(Deserialize)]
struct Recipe {
    num_train_epochs: f64,
    per_device_train_batch_size: usize,
    learning_rate: f64,
}

/// Fills in the demo's recipe where no flag was given. A model or data of the user's own keep the usual defaults.
///
/// # Errors
/// When the recipe inside the program is broken.
pub fn with_recipe(mut args: RunArgs) -> Result<RunArgs, Error> {
    if !args.model_name_or_path.is_empty() || args.dataset_dir.is_some() || args.dataset_revision.is_some() {
        return Ok(args);
    }
    let text = DEMO.get_file("recipe.json").map(include_dir::File::contents).unwrap_or_default();
    let recipe: Recipe =
        serde_json::from_slice(text).map_err(|e| Error::failure(format!("the demo's recipe.json is broken: {e}")))?;
    args.num_train_epochs.get_or_insert(recipe.num_train_epochs);
    args.per_device_train_batch_size.get_or_insert(recipe.per_device_train_batch_size);
    args.learning_rate.get_or_insert(recipe.learning_rate);
    // The miniature splits are evaluated in no time, and the page of a sweep shows how the scores grow.
    args.watch.eval_strategy.get_or_insert(IntervalStrategy::Epoch);
    Ok(args)
}
