//! How few of the parameters are trained.

use models::peft::{BiasTraining, Ia3Config, LoraConfig, Method, Targets};
use serde_json::{Value, json};

use super::choices::Choice;
use super::declared::{Changes, Counts, Setting, check};
use super::training::{DropoutStream, TrainingSettings};
use crate::error::Error;

/// The method of parameter-efficient fine-tuning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeftMethod {
    /// Products of low rank beside linear layers.
    Lora,
    /// Scales of activations.
    Ia3,
    /// The biases and the head.
    BitFit,
    /// The head alone.
    Head,
}

impl Choice for PeftMethod {
    const NAMES: &'static [(&'static str, Self)] =
        &[("lora", Self::Lora), ("ia3", Self::Ia3), ("bitfit", Self::BitFit), ("head", Self::Head)];
}

impl Choice for BiasTraining {
    const NAMES: &'static [(&'static str, Self)] = Self::NAMES;
}

/// Which parameters are trained, and what is put beside the model's layers for it; named as `peft` names it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeftSettings {
    /// `None`: all parameters are trained.
    pub method: Option<PeftMethod>,
    /// Rank of LoRA's factors.
    pub lora_r: Option<usize>,
    /// LoRA's product is multiplied with it over the rank.
    pub lora_alpha: Option<f64>,
    /// Of the input of LoRA's factors.
    pub lora_dropout: Option<f64>,
    /// The biases that are trained beside them.
    pub lora_bias: Option<BiasTraining>,
    /// Over the root of the rank.
    pub use_rslora: Option<bool>,
    /// Names of the layers that something is put beside; `all-linear` stands for all.
    pub target_modules: Option<Vec<String>>,
    /// Those of them whose input (IA)³ scales.
    pub feedforward_modules: Option<Vec<String>>,
    /// Layers of the head that are trained as a whole beside the classifier.
    pub modules_to_save: Option<Vec<String>>,
    /// Whether what was trained is made part of the model's weights at the end.
    pub merge_adapter: bool,
}

/// What stands for every linear layer.
const ALL_LINEAR: &str = "all-linear";

impl PeftSettings {
    /// The method with its numbers; `None` where all parameters are trained.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        let targets = |names: &Option<Vec<String>>| match names {
            None => Targets::Default,
            Some(names) if *names == [ALL_LINEAR] => Targets::AllLinear,
            Some(names) => Targets::Names(names.clone()),
        };
        let usual = LoraConfig::default();
        let modules_to_save = self.modules_to_save.clone().unwrap_or_default();
        Some(match self.method? {
            PeftMethod::Lora => Method::Lora(LoraConfig {
                r: self.lora_r.unwrap_or(usual.r),
                lora_alpha: self.lora_alpha.unwrap_or(usual.lora_alpha),
                lora_dropout: self.lora_dropout.unwrap_or(usual.lora_dropout),
                bias: self.lora_bias.unwrap_or(usual.bias),
                use_rslora: self.use_rslora.unwrap_or(usual.use_rslora),
                target_modules: targets(&self.target_modules),
                modules_to_save,
            }),
            PeftMethod::Ia3 => Method::Ia3(Ia3Config {
                target_modules: targets(&self.target_modules),
                feedforward_modules: targets(&self.feedforward_modules),
                modules_to_save,
            }),
            PeftMethod::BitFit => Method::BitFit,
            PeftMethod::Head => Method::Head,
        })
    }

    /// The settings that give `method`, every number of it written down.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        let names = |targets: &Targets| match targets {
            Targets::Default => None,
            Targets::AllLinear => Some(vec![ALL_LINEAR.to_owned()]),
            Targets::Names(names) => Some(names.clone()),
        };
        let saved = |names: &[String]| Some(names.to_vec()).filter(|names| !names.is_empty());
        match method {
            Method::Lora(LoraConfig {
                r,
                lora_alpha,
                lora_dropout,
                bias,
                use_rslora,
                target_modules,
                modules_to_save,
            }) => Self {
                method: Some(PeftMethod::Lora),
                lora_r: Some(*r),
                lora_alpha: Some(*lora_alpha),
                lora_dropout: Some(*lora_dropout),
                lora_bias: Some(*bias),
                use_rslora: Some(*use_rslora),
                target_modules: names(target_modules),
                modules_to_save: saved(modules_to_save),
                ..Self::default()
            },
            Method::Ia3(Ia3Config { target_modules, feedforward_modules, modules_to_save }) => Self {
                method: Some(PeftMethod::Ia3),
                target_modules: names(target_modules),
                feedforward_modules: names(feedforward_modules),
                modules_to_save: saved(modules_to_save),
                ..Self::default()
            },
            Method::BitFit => Self { method: Some(PeftMethod::BitFit), ..Self::default() },
            Method::Head => Self { method: Some(PeftMethod::Head), ..Self::default() },
        }
    }

    /// The settings by their names, as a record has them.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let mut all = Vec::new();
        self.declare(&mut all);
        all.into_iter().filter(|setting| setting.changes.is_measured()).map(|s| (s.name, s.value)).collect()
    }

    /// Whether the numbers can be, and belong to the method.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub(super) fn check(&self, do_train: bool) -> Result<(), Error> {
        let of_lora = [
            ("lora_r", self.lora_r.is_some()),
            ("lora_alpha", self.lora_alpha.is_some()),
            ("lora_dropout", self.lora_dropout.is_some()),
            ("lora_bias", self.lora_bias.is_some()),
            ("use_rslora", self.use_rslora.is_some()),
        ];
        let of_both =
            [("target_modules", self.target_modules.is_some()), ("modules_to_save", self.modules_to_save.is_some())];
        let (lora, ia3) = (Some(PeftMethod::Lora), Some(PeftMethod::Ia3));
        let given =
            |flags: &[(&'static str, bool)]| flags.iter().find(|(_, is_given)| *is_given).map(|(name, _)| *name);
        let misplaced = [
            given(&of_lora).filter(|_| self.method != lora).map(|name| (name, "--peft lora")),
            given(&of_both)
                .filter(|_| self.method != lora && self.method != ia3)
                .map(|name| (name, "--peft lora or ia3")),
            self.feedforward_modules
                .as_ref()
                .filter(|_| self.method != ia3)
                .map(|_| ("feedforward_modules", "--peft ia3")),
        ];
        if let Some((name, of)) = misplaced.into_iter().flatten().next() {
            return Err(Error::usage(format!("--{name} belongs to {of}, which is not given")));
        }
        if let Some(method) = self.method.filter(|_| !do_train) {
            return Err(Error::usage(format!(
                "--peft {} says how a model is trained, and --do_train is false: leave it out; an adapter is evaluated by --model ADAPTER",
                method.name()
            )));
        }
        let rank = self.lora_r.unwrap_or(1);
        check(rank >= 1, "lora_r", rank, "at least 1")?;
        let alpha = self.lora_alpha.unwrap_or(1.0);
        check(alpha.is_finite() && alpha != 0.0, "lora_alpha", alpha, "a number other than 0")?;
        let dropout = self.lora_dropout.unwrap_or(0.0);
        check((0.0..1.0).contains(&dropout), "lora_dropout", dropout, "at least 0 and below 1")?;
        for (name, names) in [
            ("target_modules", &self.target_modules),
            ("feedforward_modules", &self.feedforward_modules),
            ("modules_to_save", &self.modules_to_save),
        ] {
            let Some(names) = names else { continue };
            let is_name = |name: &String| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
            };
            if let Some(wrong) = names.iter().find(|name| !is_name(name)) {
                return Err(Error::usage(format!(
                    "--{name}: `{wrong}` is no name of a layer; expected names as transformers has them, with commas between (no patterns)"
                )));
            }
            if names.len() > 1 && names.iter().any(|name| name == ALL_LINEAR) {
                return Err(Error::usage(format!("--{name}: {ALL_LINEAR} stands alone")));
            }
        }
        Ok(())
    }

    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self {
            method,
            lora_r,
            lora_alpha,
            lora_dropout,
            lora_bias,
            use_rslora,
            target_modules,
            feedforward_modules,
            modules_to_save,
            merge_adapter,
        } = self;
        let steps = |name, value: Value| Setting::new(name, value, Changes::Steps);
        // As it is where it was left out: a default that is written down is the same run.
        let lora = match self.method() {
            Some(Method::Lora(lora)) => Some(lora),
            _ => None,
        };
        let names = |names: &Option<Vec<String>>| names.as_ref().map_or(Value::Null, |names| json!(names.join(",")));
        let number = |given: Value, of: fn(&LoraConfig) -> Value| lora.as_ref().map_or(given, of);
        // What is off is not there.
        let dropout = lora_dropout.filter(|p| *p > 0.0);
        let bias = lora_bias.filter(|bias| *bias != BiasTraining::None);
        let rslora = use_rslora.filter(|on| *on);
        all.extend([
            steps("peft", method.map(Choice::name).into()),
            steps("lora_r", number(json!(lora_r), |lora| json!(lora.r))),
            steps("lora_alpha", number(json!(lora_alpha), |lora| json!(lora.lora_alpha))),
            steps("lora_dropout", json!(dropout)),
            steps("lora_bias", json!(bias.map(Choice::name))),
            steps("use_rslora", json!(rslora)),
            steps("target_modules", names(target_modules)),
            steps("feedforward_modules", names(feedforward_modules)),
            steps("modules_to_save", names(modules_to_save)),
            // Merged weights are evaluated as they were trained.
            // The scores are the same; what is left, and so what goes on from it, is not.
            Setting::new("merge_adapter", merge_adapter.then_some(true), Changes::Evaluation)
                .counting(Counts::InRequest),
        ]);
    }
}

/// Whether the training goes together with a method, of a flag or of an adapter; `who` says whose it is.
///
/// # Errors
/// Names the setting that it does not go together with.
pub(crate) fn check_training(who: &str, method: &Method, training: &TrainingSettings) -> Result<(), Error> {
    if training.freeze_layers > 0 || training.freeze_embeddings {
        return Err(Error::usage(format!(
            "{who} says which parameters are trained; leave out --freeze_layers and --freeze_embeddings"
        )));
    }
    if method.drops_units() && training.dropout_stream == DropoutStream::Torch {
        return Err(Error::usage(format!(
            "{who} has a lora_dropout (--lora_dropout), and where peft drops units is not followed by --dropout_stream torch; leave the \
             stream out"
        )));
    }
    Ok(())
}
