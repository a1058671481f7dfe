//! A checkpoint's files, read and checked: configuration, tokenizer, names and places of the weights.

use std::path::PathBuf;

use models::checkpoint::{self, LoadOptions, LoadReport, WeightFiles, locate};
use models::config::Config;
use models::encoder::architecture::Architecture;
use models::encoder::{Family, family};
use models::head::SequenceClassifier;
use models::ops::{EncoderOps, Precision};
use models::parameter_specs::ParameterSpec;
use models::torch_rng::TorchRng;

use crate::error::Error;
use crate::model_layout::{explain, find_model};
use crate::settings::{HubAccess, ModelChoice, ModelSettings};
use crate::source::{SourceFiles, TransferHooks};
use crate::tokenize::{TextTokenizer, TokenizerFiles, effective_max_seq_length};
use crate::unfinished_mark;

/// Everything of a checkpoint but its weights' values.
pub struct ModelFiles {
    /// Where they come from.
    pub files: SourceFiles,
    /// Where the tokenizer comes from, if not from there.
    pub tokenizer_source: Option<SourceFiles>,
    /// Where config.json comes from, if not from there.
    pub config_source: Option<SourceFiles>,
    /// The fields of config.json.
    pub config: Config,
    /// Of encoders, by config.json's `model_type`.
    pub family: &'static Family,
    /// What its configuration comes down to.
    pub architecture: Architecture,
    /// The model's parameters, and the checkpoint's tensors that each is made of.
    pub names: Vec<ParameterSpec>,
    /// The files that hold the tensors.
    pub weights: WeightFiles,
    /// Texts to token ids.
    pub tokenizer: TextTokenizer,
    /// The files that it was made of.
    pub tokenizer_files: TokenizerFiles,
    /// config.json.
    pub config_file: PathBuf,
    /// The longest input in tokens: what was asked for, bounded by model and tokenizer.
    pub max_seq_length: usize,
    /// What is odd about the files, or was decided for the user; to be said once.
    pub warnings: Vec<String>,
}

/// Where a model's files come from.
pub struct ModelSources {
    /// The checkpoint.
    model: SourceFiles,
    /// Of the tokenizer, if not of the checkpoint.
    tokenizer: Option<SourceFiles>,
    /// Of config.json, if not of the checkpoint.
    config: Option<SourceFiles>,
}

impl From<SourceFiles> for ModelSources {
    fn from(model: SourceFiles) -> Self {
        Self { model, tokenizer: None, config: None }
    }
}

impl ModelSources {
    /// # Errors
    /// When a repository or revision cannot be had.
    pub fn of(settings: &ModelSettings, access: &HubAccess, transfers: &TransferHooks) -> Result<Self, Error> {
        let part = |choice: &Option<ModelChoice>| {
            choice.as_ref().map(|choice| SourceFiles::model(choice, access, transfers)).transpose()
        };
        Ok(Self {
            model: SourceFiles::model(&settings.choice, access, transfers)?,
            tokenizer: part(&settings.tokenizer)?,
            config: part(&settings.config)?,
        })
    }
}

/// The class that a config.json gives its tokenizer.
fn class_in(config: &Config) -> Option<String> {
    config.text("tokenizer_class", "").ok().filter(|class| !class.is_empty()).map(str::to_owned)
}

/// The files of a tokenizer, which may lie beside another model than the one that it is for: as AutoTokenizer, which asks the config.json
/// beside them. Where there is none, the model's type says whose it is.
fn tokenizer_from(source: &SourceFiles, model: &Family) -> Result<TokenizerFiles, Error> {
    let files = TokenizerFiles::find(|name| source.try_fetch(name))?;
    let beside = source.try_fetch("config.json")?.map(|path| Config::read(&path)).transpose()?;
    // The class of a type that is not known here is not known either, and refused unless a file names one.
    let (own_type, usual) = match &beside {
        Some(config) => (config.model_type(), family(config).map_or(config.model_type(), |own| own.tokenizer_class)),
        None => (model.model_type, model.tokenizer_class),
    };
    let files = files.of_model(beside.as_ref().and_then(class_in), usual);
    let as_it_stands = TokenizerFiles::default().of_model(None, model.tokenizer_class).as_it_stands;
    if files.as_it_stands == as_it_stands {
        return Ok(files);
    }
    Err(Error::usage(format!(
        "{}: beside a {} model its tokenizer is made in one way, and beside a {} model in another: a model that was saved \
         with it would have other tokens. Give the tokenizer of a {} model",
        source.id, own_type, model.model_type, model.model_type
    )))
}

/// Tokens of the longest input to a model that has no limit of its own.
const LONGEST_INPUT: usize = 8192;

/// How a model is made of files.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// Logits a row: the task's classes, or 1.
    pub num_labels: usize,
    /// Of matrix products.
    pub precision: Precision,
    /// Seed of what the checkpoint lacks.
    pub seed: u64,
    /// Whether a head of another size is drawn anew.
    pub ignore_mismatched_sizes: bool,
}

impl ModelFiles {
    /// Reads all but the values. Without a `max_seq_length`, it is the longest input that model and tokenizer take.
    ///
    /// # Errors
    /// When a file is missing or wrong, or asks for something that is not implemented.
    pub fn read(sources: ModelSources, max_seq_length: Option<usize>) -> Result<Self, Error> {
        let (files, layout) = find_model(sources.model)?;
        let config_file = sources.config.as_ref().unwrap_or(&files).fetch("config.json")?;
        let config = Config::read(&config_file)?;
        let of_model = |error: Error| error.at(&files.id);
        config.check_label_names().map_err(|e| of_model(e.into()))?;
        let family = family(&config).map_err(|e| of_model(e.into()))?;
        let architecture = (family.architecture)(&config).map_err(|e| of_model(e.into()))?;
        let names = (family.parameter_specs)(&config)?;
        let weights = locate(|name| files.try_fetch(name)).map_err(|error| explain(&files, of_model(error)))?;
        let tokenizer_source = sources.tokenizer.as_ref().unwrap_or(&files);
        let tokenizer_files = tokenizer_from(tokenizer_source, family)?;
        let tokenizer =
            TextTokenizer::load(&tokenizer_files).map_err(|error| Error::from(error).at(&tokenizer_source.id))?;
        let tokenizer = tokenizer.for_embedding(architecture.vocab_size);
        let kinds = architecture.embeddings.token_types.rows().unwrap_or(0);
        let has_too_few = tokenizer.uses_type_ids() && kinds == 1;
        let tokenizer = if has_too_few { tokenizer.with_type_ids(false) } else { tokenizer };
        // Without positions of its own a model takes any length; what fits into memory is less than the cap.
        let positions = architecture.longest_input().unwrap_or(LONGEST_INPUT);
        let (longest, lowered) =
            effective_max_seq_length(max_seq_length.unwrap_or(usize::MAX), tokenizer.model_max_length(), positions)?;
        let mut warnings: Vec<String> = layout.into_iter().chain(tokenizer.warnings().iter().cloned()).collect();
        warnings.extend(lowered.filter(|_| max_seq_length.is_some()));
        warnings.extend(weights.files.first().and_then(|file| unfinished_mark::warning(file.parent()?)));
        warnings.extend(has_too_few.then(|| {
            format!(
                "{}: its tokenizer gives two kinds of token, and the model has one (type_vocab_size in config.json): none are given",
                files.id
            )
        }));
        Ok(Self {
            files,
            tokenizer_source: sources.tokenizer,
            config_source: sources.config,
            config,
            family,
            architecture,
            names,
            weights,
            tokenizer,
            tokenizer_files,
            config_file,
            max_seq_length: longest,
            warnings,
        })
    }

    /// Whether config.json and the tokenizer come from two places.
    #[must_use]
    pub fn is_put_together(&self) -> bool {
        self.tokenizer_source.is_some() || self.config_source.is_some()
    }

    /// The kinds of token that the model tells apart.
    #[must_use]
    pub fn token_types(&self) -> usize {
        self.architecture.embeddings.token_types.rows().unwrap_or(0)
    }

    /// The same, with or without token types whatever the tokenizer's class gives.
    ///
    /// # Errors
    /// When the model has none.
    pub fn with_type_ids(self, uses_type_ids: bool) -> Result<Self, Error> {
        if uses_type_ids && self.token_types() < 2 {
            return Err(Error::usage(format!(
                "--token_type_ids true: {} has {} kinds of token (type_vocab_size in config.json), and two are needed",
                self.files.id,
                self.token_types()
            )));
        }
        Ok(Self { tokenizer: self.tokenizer.with_type_ids(uses_type_ids), ..self })
    }

    /// The model with its values.
    ///
    /// # Errors
    /// When the weights cannot be read or do not fit.
    pub fn build<B: EncoderOps>(
        &self,
        build: &Build,
        device: &B::Device,
    ) -> Result<(SequenceClassifier<B>, LoadReport), Error> {
        self.build_from(&self.weights, build, device)
    }

    /// The model with the values of other files, such as a checkpoint's.
    ///
    /// # Errors
    /// When the weights cannot be read or do not fit.
    pub fn build_from<B: EncoderOps>(
        &self,
        weights: &WeightFiles,
        build: &Build,
        device: &B::Device,
    ) -> Result<(SequenceClassifier<B>, LoadReport), Error> {
        let architecture = self.architecture.clone();
        let empty = SequenceClassifier::<B>::zeros(architecture, build.num_labels, build.precision, device);
        let options = LoadOptions {
            model_type: self.family.model_type.to_owned(),
            prefix: self.family.prefix,
            initializer_range: self.config.number("initializer_range", 0.02)?,
            ignore_mismatched_sizes: build.ignore_mismatched_sizes,
        };
        checkpoint::load(empty, &self.names, weights, &options, &mut TorchRng::new(build.seed))
            .map_err(|error| Error::from(error).at(&self.files.id))
    }
}
