//! A checkpoint's files, read and checked: configuration, tokenizer, names and places of the weights.

use std::path::{Path, PathBuf};

use models::checkpoint::{self, HeadUse, LoadOptions, LoadReport, WeightFiles};
use models::config::Config;
use models::encoder::architecture::Architecture;
use models::encoder::{Family, family};
use models::head::SequenceClassifier;
use models::ops::{EncoderOps, Precision};
use models::parameter_specs::ParameterSpec;
use models::peft::{self, AdapterPlan, Method};
use models::torch_rng::TorchRng;

use crate::error::Error;
use crate::model_places::{ModelPlaces, TENSORS};
use crate::model_sizes::{check_ids, check_parameters};
use crate::padding::{left_padding, with_padding};
use crate::settings::{DropoutSettings, HubAccess, ModelChoice, ModelSettings};
use crate::source::{SourceFiles, TransferHooks};
use crate::tokenize::{TextTokenizer, TokenizerFiles, effective_max_seq_length};
use crate::trained_weights::base_change;
use crate::unfinished_mark;

/// Everything of a checkpoint but its weights' values.
pub struct ModelFiles {
    /// Where they come from.
    places: ModelPlaces,
    /// What is put beside the model's layers, and which parameters are trained; `None`: nothing, and all.
    pub peft: Option<AdapterPlan>,
    /// Whether the model that an adapter stands beside has other weights than when the adapter was trained.
    pub base_has_changed: bool,
    /// Where the tokenizer comes from, if not from there.
    pub tokenizer_source: Option<SourceFiles>,
    /// Where config.json comes from, if not from there.
    pub config_source: Option<SourceFiles>,
    /// Whether flags say of dropout what config.json does not.
    pub has_other_dropout: bool,
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
    /// The checkpoint, or an adapter and its model.
    model: ModelPlaces,
    /// Of the tokenizer, if not of the checkpoint.
    tokenizer: Option<SourceFiles>,
    /// Of config.json, if not of the checkpoint.
    config: Option<SourceFiles>,
    /// What is dropped, in place of what config.json says.
    dropout: DropoutSettings,
    /// The token that short rows are filled with, in place of the tokenizer's.
    pad_token: Option<String>,
}

impl ModelSources {
    /// # Errors
    /// When a repository or revision cannot be had.
    pub fn of(settings: &ModelSettings, access: &HubAccess, transfers: &TransferHooks) -> Result<Self, Error> {
        let part = |choice: &Option<ModelChoice>| {
            choice.as_ref().map(|choice| SourceFiles::model(choice, access, transfers)).transpose()
        };
        if let Some(from) = &settings.init_from {
            let Some(run) = &from.run else {
                return Err(Error::usage(format!("--init_from {}: that run is not done yet", from.task)));
            };
            // Its folder has all parts; those that are given apart are of the model at its beginning.
            let folder = ModelChoice::Folder(run.folder.clone());
            let model = ModelPlaces::of(&folder, access, transfers)?;
            let pad_token = settings.pad_token.clone();
            return Ok(Self { model, tokenizer: None, config: None, dropout: settings.dropout, pad_token });
        }
        Ok(Self {
            model: ModelPlaces::of(&settings.choice, access, transfers)?,
            tokenizer: part(&settings.tokenizer)?,
            config: part(&settings.config)?,
            dropout: settings.dropout,
            pad_token: settings.pad_token.clone(),
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
    // The class of a type that is not known is not known either, and refused unless a file names one.
    let (own_type, usual) = match &beside {
        Some(config) => (config.model_type(), family(config).map_or(config.model_type(), |own| own.tokenizer_class)),
        None => (model.model_type, model.tokenizer_class),
    };
    let files = files.of_model(beside.as_ref().and_then(class_in), own_type, usual);
    let ruling_class = TokenizerFiles::default().of_model(None, model.model_type, model.tokenizer_class).ruling_class;
    if files.ruling_class == ruling_class {
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
    /// What becomes of a head that the checkpoint has.
    pub head: HeadUse,
}

impl ModelFiles {
    /// Reads all but the values. Without a `max_seq_length`, it is the longest input that model and tokenizer take.
    ///
    /// # Errors
    /// When a file is missing or wrong, or asks for something that is not implemented.
    pub fn read(sources: ModelSources, max_seq_length: Option<usize>) -> Result<Self, Error> {
        let ModelSources { model: places, tokenizer: tokenizer_source, config: config_source, dropout, pad_token } =
            sources;
        let config_file = match &config_source {
            Some(config) => config,
            None => places.of_file("config.json")?,
        };
        let config_file = config_file.fetch("config.json")?;
        let config = Config::read(&config_file)?;
        let of_model = |error: Error| error.at(&places.files.id);
        config.check_label_names().map_err(|e| of_model(e.into()))?;
        let family = family(&config).map_err(|e| of_model(e.into()))?;
        let own = config.clone();
        let config = dropout.applied(config, family)?;
        let has_other_dropout = config != own;
        let beside = match &tokenizer_source {
            Some(tokenizer) => tokenizer,
            None => places.of_tokenizer()?,
        };
        let tokenizer_files = tokenizer_from(beside, family)?.with_pad_token(pad_token.as_deref());
        let tokenizer = TextTokenizer::load(&tokenizer_files).map_err(|error| Error::from(error).at(&beside.id))?;
        let config = with_padding(config, family, &tokenizer, pad_token.as_deref()).map_err(of_model)?;
        let architecture = (family.architecture)(&config).map_err(|e| of_model(e.into()))?;
        let names = (family.parameter_specs)(&config)?;
        let weights = places.weights()?;
        let tokenizer = tokenizer.for_embedding(architecture.vocab_size).for_text_end(architecture.text_end());
        let kinds = architecture.embeddings.token_types.rows().unwrap_or(0);
        let has_too_few = tokenizer.uses_type_ids() && kinds == 1;
        let tokenizer = if has_too_few { tokenizer.with_type_ids(false) } else { tokenizer };
        // Without positions of its own a model takes any length; what fits into memory is less than the cap.
        let positions = architecture.longest_input().unwrap_or(LONGEST_INPUT);
        let (longest, lowered) =
            effective_max_seq_length(max_seq_length.unwrap_or(usize::MAX), tokenizer.model_max_length(), positions)?;
        let mut warnings: Vec<String> = places.remarks.iter().chain(tokenizer.warnings()).cloned().collect();
        warnings.extend(left_padding(&architecture, &tokenizer));
        warnings.extend(lowered.filter(|_| max_seq_length.is_some()));
        let base_change = base_change(&places, &weights)?;
        let base_has_changed = base_change.is_some();
        warnings.extend(base_change);
        let holders = [places.adapter_files().next(), weights.files.first()];
        warnings.extend(holders.into_iter().flatten().filter_map(|file| unfinished_mark::warning(file.parent()?)));
        warnings.extend(has_too_few.then(|| {
            format!(
                "{}: its tokenizer gives two kinds of token, and the model has one (type_vocab_size in config.json): none are given",
                places.files.id
            )
        }));
        let of_adapter = places.adapter.as_ref().map(|adapter| plan(adapter.config.method.clone(), &names, family));
        let peft = of_adapter.transpose().map_err(of_model)?;
        let peft = peft.map(|plan| plan.in_short(&names, family.prefix, family.model_type));
        Ok(Self {
            places,
            has_other_dropout,
            peft,
            base_has_changed,
            tokenizer_source,
            config_source,
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

    /// The same, trained by `method`; an adapter goes on as it is, which `method` may say once more.
    ///
    /// # Errors
    /// When the model does not have what the method asks for, or it is an adapter that was made in another way.
    pub fn with_peft(self, method: Option<Method>) -> Result<Self, Error> {
        let Some(method) = method else { return Ok(self) };
        let (name, asked) = (method.name(), plan(method, &self.names, self.family)?);
        match self.peft.as_ref().filter(|_| self.places.adapter.is_some()) {
            None => Ok(Self { peft: Some(asked), ..self }),
            Some(own) if own.is_same_as(&asked) => Ok(self),
            Some(own) => Err(Error::usage(format!(
                "--peft {name}: {} is an adapter that was made in another way ({}), and is trained on as it is: leave --peft and its flags \
                 out, or give the model that it stands beside",
                self.files().id,
                own.in_words()
            ))),
        }
    }

    /// The parameters of the model, and of what stands beside its layers.
    #[must_use]
    pub fn all_names(&self) -> Vec<ParameterSpec> {
        self.names.iter().cloned().chain(self.peft.iter().flat_map(AdapterPlan::specs)).collect()
    }

    /// The files of the weights: of an adapter its own too.
    pub fn weight_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.weights.files.iter().chain(self.places.adapter_files())
    }

    /// What was asked for: the model, or an adapter.
    #[must_use]
    pub fn files(&self) -> &SourceFiles {
        &self.places.files
    }

    /// Where the model is that an adapter stands beside.
    #[must_use]
    pub fn base_source(&self) -> Option<&SourceFiles> {
        self.places.base.as_ref()
    }

    /// Where the tokenizer's files are.
    ///
    /// # Errors
    /// When that cannot be asked.
    pub fn tokenizer_place(&self) -> Result<&SourceFiles, Error> {
        self.tokenizer_source.as_ref().map_or_else(|| self.places.of_tokenizer(), Ok)
    }

    /// Whether there is a classifier's head, of whatever size.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub(crate) fn have_head(&self) -> Result<bool, Error> {
        let own = self.weights.have_head().map_err(|error| Error::from(error).at(&self.places.model().id))?;
        Ok(own || self.places.adapter.is_some())
    }

    /// The adapter's plan, where a model of this run is saved as one.
    pub(crate) fn adapter_plan(&self) -> Option<&AdapterPlan> {
        self.peft.as_ref().filter(|plan| plan.is_adapter())
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
                self.files().id,
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
        self.assemble(
            &self.weights,
            self.places.adapter.as_ref().map(|adapter| adapter.tensors.as_path()),
            build,
            device,
        )
    }

    /// The model with its values, all of them from its files.
    ///
    /// # Errors
    /// When the weights cannot be read, do not fit, or lack a tensor, such as those of the head.
    pub fn build_whole<B: EncoderOps>(
        &self,
        build: &Build,
        device: &B::Device,
    ) -> Result<SequenceClassifier<B>, Error> {
        let (model, report) = self.build::<B>(build, device)?;
        match report.initialized.first() {
            None => Ok(model),
            Some(missing) => Err(Error::usage(format!(
                "{}: the checkpoint has no {missing}; expected a model that was fine-tuned for classification, as transformers saves it",
                self.files().id
            ))),
        }
    }

    /// The model as one of this run's folders has it, such as a checkpoint.
    ///
    /// # Errors
    /// When the weights cannot be read or do not fit.
    pub fn build_saved<B: EncoderOps>(
        &self,
        folder: &Path,
        build: &Build,
        device: &B::Device,
    ) -> Result<SequenceClassifier<B>, Error> {
        // What is saved is of this run's classes.
        let build = &Build { head: HeadUse::MustFit, ..*build };
        let built = match self.adapter_plan() {
            Some(_) => self.assemble(&self.weights, Some(&folder.join(TENSORS)), build, device),
            None => {
                let weights = WeightFiles::find(folder);
                let weights = weights.map_err(|error| Error::from(error).at(&folder.display().to_string()))?;
                self.assemble(&weights, None, build, device)
            }
        };
        built.map(|(model, _)| model)
    }

    /// The model of `weights`, and with the values of an adapter's file.
    fn assemble<B: EncoderOps>(
        &self,
        weights: &WeightFiles,
        adapter: Option<&Path>,
        build: &Build,
        device: &B::Device,
    ) -> Result<(SequenceClassifier<B>, LoadReport), Error> {
        check_ids(&self.architecture, &self.tokenizer).map_err(|error| error.at(&self.files().id))?;
        check_parameters(&self.architecture, weights).map_err(|error| error.at(&self.places.model().id))?;
        let architecture = self.architecture.clone();
        let padding_rows = architecture.embeddings.padding_rows();
        let empty = SequenceClassifier::<B>::zeros(architecture, build.num_labels, build.precision, device);
        let brings_head = match (adapter, self.adapter_plan()) {
            (Some(path), Some(plan)) => {
                peft::brings_saved(plan, path).map_err(|error| Error::usage(format!("{}: {error}", self.files().id)))?
            }
            _ => false,
        };
        let options = LoadOptions {
            model_type: self.family.model_type.to_owned(),
            prefix: self.family.prefix,
            initializer_range: self.family.initializer_range(&self.config)?,
            padding_rows,
            // Where an adapter brings a head of its own, the model's is not used.
            head: if brings_head && build.head == HeadUse::MustFit { HeadUse::WhereItFits } else { build.head },
        };
        let mut rng = TorchRng::new(build.seed);
        let (model, mut report) = checkpoint::load(empty, &self.names, weights, &options, &mut rng)
            .map_err(|error| Error::from(error).at(&self.places.model().id))?;
        let Some(plan) = self.adapter_plan() else { return Ok((model, report)) };
        let model = peft::attach(model, plan, &mut rng, device);
        let Some(path) = adapter else { return Ok((model, report)) };
        let loaded = peft::load_adapter(model, plan, path, build.head);
        let (model, left) = loaded.map_err(|error| Error::usage(format!("{}: {error}", self.files().id)))?;
        // What the adapter brings counts as loaded; what the model had of it is not used.
        let brought: Vec<&String> =
            plan.saved.iter().map(|saved| &saved.name).filter(|name| !left.contains(name)).collect();
        report.initialized.retain(|name| !brought.contains(&name));
        report.mismatched.retain(|name| !brought.contains(&name));
        let missing = brought.into_iter().filter(|name| !report.loaded.contains(name)).cloned().collect::<Vec<_>>();
        report.loaded.extend(missing);
        report.loaded.extend(plan.specs().into_iter().flat_map(|spec| spec.tensors));
        Ok((model, report))
    }
}

/// What a method comes down to for a model.
fn plan(method: Method, names: &[ParameterSpec], family: &Family) -> Result<AdapterPlan, Error> {
    AdapterPlan::new(method, names, family.prefix, family.model_type).map_err(|error| Error::usage(error.to_string()))
}
