//! An encoder of random weights in a folder, for benchmarks of whole runs.

use std::path::Path;

use burn_autodiff::Autodiff;
use models::checkpoint;
use models::config::Config;
use models::encoder::family;
use models::ops::{EncoderOps, Precision};

use crate::synthetic;
use records::atomic::write_whole;
use trainer::backends::{OnBackend, dispatch};
use trainer::error::Error;
use trainer::settings::{BackendChoice, DeviceChoice};

/// BERT's special tokens, in its order.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Writes config.json, weights, and a vocabulary of `w0`, `w1`, ... into `folder`, which must be empty or not there.
///
/// # Errors
/// When the configuration is wrong, the folder is not empty, or a file cannot be written.
pub(super) fn write(config: &Path, folder: &Path) -> Result<(), Error> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::usage(format!("--save_model: {} is not empty: give another folder", folder.display())));
    }
    let cpu = DeviceChoice { backend: BackendChoice::Auto.on_cpu(), index: None };
    dispatch(cpu, Saved { config: Config::read(config)?, folder })?
}

struct Saved<'a> {
    config: Config,
    folder: &'a Path,
}

impl OnBackend for Saved<'_> {
    type Output = Result<(), Error>;

    fn run<B: EncoderOps>(self, device: B::Device, _: &'static str, _: &str) -> Self::Output {
        let Self { config, folder } = self;
        let family = family(&config)?;
        // Without a head, so that any task may draw its own.
        let names = (family.parameter_specs)(&config)?.into_iter().filter(|name| name.in_encoder).collect::<Vec<_>>();
        let model = synthetic::model::<Autodiff<B>>(&config, Precision::F32, &device)?;
        let vocab_size = (family.architecture)(&config)?.vocab_size;
        let words = (0..vocab_size.saturating_sub(SPECIAL.len())).map(|i| format!("w{i}"));
        let vocabulary: Vec<String> = SPECIAL.map(str::to_owned).into_iter().chain(words).collect();
        let tokenizer = r#"{"tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": 512}"#;
        std::fs::create_dir_all(folder).map_err(|e| Error::input(format!("{}: {e}", folder.display())))?;
        checkpoint::save(&model, &names, family.prefix, &folder.join("model.safetensors"))?;
        let texts = [
            ("config.json", serde_json::Value::Object(config.fields().clone()).to_string()),
            ("tokenizer_config.json", tokenizer.to_owned()),
            ("vocab.txt", vocabulary.join("\n") + "\n"),
        ];
        texts.into_iter().try_for_each(|(name, text)| Ok(write_whole(folder.join(name), text.as_bytes())?))
    }
}
