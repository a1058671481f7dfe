//! Flags of a teacher beside the labels.

use clap::Args;

use super::model_args::named_choice;
use super::value_parsers::{is_none, number};
use trainer::error::Error;
use trainer::settings::DistillationSettings;

/// Flags of distillation, named as in transformers' run_squad_w_distillation.py.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct DistillationArgs {
    /// Learn from the logits of this model too, a folder or Hub repository that was fine-tuned on the task
    #[arg(long, alias = "teacher_name_or_path", value_name = "MODEL", help_heading = "Distillation")]
    pub teacher: Option<String>,
    /// Divide the logits of both by this [default: 2]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Distillation")]
    pub temperature: Option<f64>,
    /// The teacher's share of the loss; the labels have the rest [default: 0.5]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Distillation")]
    pub alpha_ce: Option<f64>,
}

impl DistillationArgs {
    /// The teacher; `None` where none is given.
    ///
    /// # Errors
    /// A path that is no folder, or numbers without a teacher.
    pub(super) fn settings(&self) -> Result<Option<DistillationSettings>, Error> {
        let Some(name) = self.teacher.as_deref().filter(|name| !is_none(name)) else {
            let given = [("temperature", self.temperature.is_some()), ("alpha_ce", self.alpha_ce.is_some())];
            return match given.into_iter().find(|(_, given)| *given) {
                Some((flag, _)) => Err(Error::usage(format!("--{flag} belongs to --teacher, which is not given"))),
                None => Ok(None),
            };
        };
        Ok(Some(DistillationSettings {
            teacher: named_choice("--teacher", name, None)?,
            temperature: self.temperature.unwrap_or(DistillationSettings::TEMPERATURE),
            alpha_ce: self.alpha_ce.unwrap_or(DistillationSettings::ALPHA_CE),
        }))
    }
}
