//! The tiny encoder and the miniature tasks inside the program.

use std::path::PathBuf;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use tempfile::TempDir;

use crate::error::Error;

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
pub struct Recipe {
    /// Epochs.
    pub num_train_epochs: f64,
    /// Examples a batch.
    pub per_device_train_batch_size: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
}

/// The demo's recipe.
///
/// # Errors
/// When the recipe inside the program is broken.
pub fn recipe() -> Result<Recipe, Error> {
    let text = DEMO.get_file("recipe.json").map(include_dir::File::contents).unwrap_or_default();
    serde_json::from_slice(text).map_err(|e| Error::failure(format!("the demo's recipe.json is broken: {e}")))
}
