//! Where a model's files are: side by side, or an adapter of `peft` and the model that it stands beside.

use std::path::{Path, PathBuf};

use models::checkpoint::{WeightFiles, locate};
use models::peft::{AdapterConfig, read_config};

use crate::error::Error;
use crate::model_layout::{explain, find_model};
use crate::settings::{HubAccess, ModelChoice};
use crate::source::{SourceFiles, TransferHooks};

/// The file that says what an adapter is.
pub(crate) const CONFIG: &str = "adapter_config.json";
/// The file of its tensors.
pub(crate) const TENSORS: &str = "adapter_model.safetensors";

/// An adapter's files, read.
pub(crate) struct AdapterSource {
    pub(crate) config: AdapterConfig,
    pub(crate) config_file: PathBuf,
    pub(crate) tensors: PathBuf,
}

impl AdapterSource {
    /// The adapter of a folder or repository, if it holds one.
    ///
    /// # Errors
    /// When it cannot be read, or asks for what is not implemented.
    pub(crate) fn of(files: &SourceFiles) -> Result<Option<Self>, Error> {
        let Some(config_file) = files.try_fetch(CONFIG)? else { return Ok(None) };
        let Some(tensors) = files.try_fetch(TENSORS)? else {
            let old = files.try_fetch("adapter_model.bin")?.map_or("", |_| {
                "; the adapter_model.bin there is of an old form: PeftModel.from_pretrained(MODEL, ADAPTER).save_pretrained(FOLDER) writes \
                 the new one"
            });
            return Err(Error::usage(format!("{}: there is {CONFIG}, and no {TENSORS}{old}", files.id)));
        };
        let config =
            read_config(&config_file, &tensors).map_err(|error| Error::usage(format!("{}: {error}", files.id)))?;
        Ok(Some(Self { config, config_file, tensors }))
    }

    /// Where the model is that it stands beside: a folder on this machine where there is one of that name, else a repository, as in `peft`.
    ///
    /// # Errors
    /// When the adapter does not say.
    pub(crate) fn base(&self, adapter: &SourceFiles) -> Result<ModelChoice, Error> {
        let Some(base) = &self.config.base_model_name_or_path else {
            return Err(Error::usage(format!(
                "{}: {CONFIG} does not say which model it stands beside (base_model_name_or_path)",
                adapter.id
            )));
        };
        let folder = Path::new(base);
        if folder.is_dir() {
            return Ok(ModelChoice::Folder(folder.to_owned()));
        }
        if folder.is_absolute() || base.starts_with('.') || base.matches('/').count() > 1 {
            return Err(Error::usage(format!(
                "{}: the model that it stands beside is not there: {base} (base_model_name_or_path in {CONFIG})",
                adapter.id
            )));
        }
        let revision = self.config.revision.clone().unwrap_or_else(|| "main".to_owned());
        Ok(ModelChoice::Hub { id: base.clone(), revision })
    }
}

/// Where the model is that the adapter in a folder or repository stands beside; `None`: it is no adapter.
///
/// # Errors
/// When the adapter cannot be read, or its model cannot be had.
pub fn base_of_adapter(
    files: &SourceFiles,
    access: &HubAccess,
    transfers: &TransferHooks,
) -> Result<Option<SourceFiles>, Error> {
    let Some(adapter) = AdapterSource::of(files)? else { return Ok(None) };
    SourceFiles::model(&adapter.base(files)?, access, transfers).map(Some)
}

/// The places of one model's files.
pub(crate) struct ModelPlaces {
    /// What was asked for: the model, or an adapter.
    pub(crate) files: SourceFiles,
    /// The adapter.
    pub(crate) adapter: Option<AdapterSource>,
    /// The model that it stands beside.
    pub(crate) base: Option<SourceFiles>,
    /// What is to be said of where they were found.
    pub(crate) remarks: Vec<String>,
}

impl ModelPlaces {
    /// # Errors
    /// When a repository or revision cannot be had, or an adapter or its model is not there.
    pub(crate) fn of(choice: &ModelChoice, access: &HubAccess, transfers: &TransferHooks) -> Result<Self, Error> {
        let files = SourceFiles::model(choice, access, transfers)?;
        let Some(adapter) = AdapterSource::of(&files)? else {
            let (files, remark) = find_model(files)?;
            return Ok(Self { files, adapter: None, base: None, remarks: remark.into_iter().collect() });
        };
        let base = SourceFiles::model(&adapter.base(&files)?, access, transfers)?;
        if AdapterSource::of(&base)?.is_some() {
            return Err(Error::usage(format!("{}: it stands beside another adapter, {}", files.id, base.id)));
        }
        let (base, remark) = find_model(base)?;
        let said = format!("{}: an adapter of {}", files.id, base.id);
        let remarks = std::iter::once(said).chain(remark).collect();
        Ok(Self { files, adapter: Some(adapter), base: Some(base), remarks })
    }

    /// Where the model is: what was asked for, or what the adapter stands beside.
    pub(crate) fn model(&self) -> &SourceFiles {
        self.base.as_ref().unwrap_or(&self.files)
    }

    /// Where a file is that an adapter may bring: config.json, or one of the tokenizer.
    pub(crate) fn of_file(&self, name: &str) -> Result<&SourceFiles, Error> {
        Ok(if self.adapter.is_some() && self.files.try_fetch(name)?.is_some() { &self.files } else { self.model() })
    }

    /// Where the tokenizer is.
    pub(crate) fn of_tokenizer(&self) -> Result<&SourceFiles, Error> {
        self.of_file("tokenizer_config.json")
    }

    /// The model's weights.
    ///
    /// # Errors
    /// When there are none that can be read.
    pub(crate) fn weights(&self) -> Result<WeightFiles, Error> {
        let model = self.model();
        locate(|name| model.try_fetch(name)).map_err(|error: Error| explain(model, error.at(&model.id)))
    }

    /// The adapter's own files.
    pub(crate) fn adapter_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.adapter.iter().flat_map(|adapter| [&adapter.config_file, &adapter.tensors])
    }
}
