//! `run-glue predict`: labels and scores of texts, in their order, line by line.

mod lines;
mod scores;
mod settings;
mod windows;

use std::io::{ErrorKind, Write};

use models::checkpoint::HeadUse;
use models::ops::EncoderOps;

use self::lines::TextSource;
use self::scores::{Labels, json_line, plain_line};
pub use self::settings::{Input, PredictSettings};
use self::windows::Windows;
use crate::progress::cannot_write;
use crate::transfer_hooks::transfer_hooks;
use trainer::backends::{self, OnBackend};
use trainer::data::Padding;
use trainer::error::Error;
use trainer::model_files::{Build, ModelFiles, ModelSources};
use trainer::settings::ModelSettings;
use trainer::training::evaluate::predict;

/// Prints a line for each input.
///
/// # Errors
/// When the model or an input is wrong, or the output cannot be written.
pub fn run(settings: &PredictSettings) -> Result<(), Error> {
    backends::check(settings.device, settings.precision)?;
    let source = TextSource::open(&settings.input, settings.pairs)?;
    let model = ModelFiles::read(
        ModelSources::of(
            &ModelSettings { choice: settings.model.clone(), ..ModelSettings::default() },
            &settings.hub,
            &transfer_hooks(),
        )?,
        settings.max_seq_length,
    )?;
    backends::dispatch(settings.device, Prediction { settings, model, source })?
}

struct Prediction<'a> {
    settings: &'a PredictSettings,
    model: ModelFiles,
    source: TextSource,
}

impl OnBackend for Prediction<'_> {
    type Output = Result<(), Error>;

    fn run<B: EncoderOps>(self, device: B::Device, _: &'static str, _: &str) -> Self::Output {
        let Self { settings, model: files, source } = self;
        files.warnings.iter().for_each(|warning| log::warn!("{}", warning));
        let num_labels = files.config.num_labels();
        let build = Build { num_labels, precision: settings.precision, seed: 0, head: HeadUse::MustFit };
        let model = files.build_whole::<B>(&build, &device)?;
        let labels = Labels::new(&files.config, num_labels);
        let padding = Padding::of::<B>(None);
        let mut out = std::io::stdout().lock();
        let mut windows = Windows::of(source, files.tokenizer, files.max_seq_length);
        let mut done = 0;
        while let Some(split) = windows.next()? {
            let logits = predict(&model, &split, settings.batch_size, padding);
            let lost = logits.lost_row();
            let mut lines = String::new();
            for row in logits.rows().take(lost.unwrap_or(usize::MAX)) {
                let best = labels.best(row, settings.top_k);
                lines.push_str(&if settings.json {
                    json_line(&best, settings.top_k)
                } else {
                    plain_line(&best, &labels)
                });
                lines.push('\n');
            }
            match out.write_all(lines.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => {}
                // A reader that has enough, such as `head`.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(cannot_write(&error)),
            }
            if let Some(at) = lost {
                return Err(Error::failure(format!(
                    "input {} (from 1): the model's logits are no numbers; nothing is predicted from there on",
                    done + at + 1
                )));
            }
            done += split.len();
        }
        Ok(())
    }
}
