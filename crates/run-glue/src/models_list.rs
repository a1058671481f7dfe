//! `run-glue models`: the families that are supported, and the size of a checkpoint.

use indicatif::{HumanBytes, HumanCount};
use models::config::Config;
use models::encoder::{FAMILIES, family};
use serde_json::{Value, json};

use crate::progress::print;
use crate::transfer_hooks::transfer_hooks;
use trainer::error::Error;
use trainer::model_places::base_of_adapter;
use trainer::settings::{HubAccess, ModelChoice};
use trainer::source::SourceFiles;

/// What is listed.
#[derive(Clone, Debug)]
pub struct ModelsOptions {
    /// The checkpoint to look at; `None`: the families are listed.
    pub model: Option<ModelChoice>,
    /// How the Hub is reached.
    pub hub: HubAccess,
    /// Logits of its head; `None`: the checkpoint's.
    pub num_labels: Option<usize>,
    /// Examples a batch, at least 1, for the memory of a training step.
    pub batch_size: usize,
    /// Tokens an example; of a model that takes fewer, as many as it takes.
    pub max_seq_length: usize,
    /// JSON instead of text.
    pub json: bool,
}

/// Prints the list, or what a checkpoint is.
///
/// # Errors
/// When its config.json cannot be had or asks for something that is not supported.
pub fn run(options: &ModelsOptions) -> Result<(), Error> {
    let text = match &options.model {
        None if options.json => pretty(&families()),
        None => list(),
        Some(model) => {
            let summary = checkpoint_summary(model, options)?;
            if options.json { pretty(&summary) } else { describe(&summary) }
        }
    };
    print(&text)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn families() -> Value {
    let row = |family: &models::encoder::Family| json!({"model_type": family.model_type, "architecture": family.classifier_architecture});
    FAMILIES.iter().map(row).collect()
}

fn list() -> String {
    let width = FAMILIES.iter().map(|family| family.model_type.len()).max().unwrap_or(0);
    let rows =
        FAMILIES.iter().map(|family| format!("{:width$}  {}\n", family.model_type, family.classifier_architecture));
    rows.collect()
}

fn checkpoint_summary(model: &ModelChoice, options: &ModelsOptions) -> Result<Value, Error> {
    let files = SourceFiles::model(model, &options.hub, &transfer_hooks())?;
    let of_model = |error: models::config::ConfigError| Error::from(error).at(&files.id);
    let base = base_of_adapter(&files, &options.hub, &transfer_hooks())?;
    let config_file = match (files.try_fetch("config.json")?, &base) {
        (None, Some(base)) => base.fetch("config.json")?,
        (Some(own), _) => own,
        (None, None) => files.fetch("config.json")?,
    };
    let config = Config::read(&config_file).map_err(of_model)?;
    config.check_label_names().map_err(of_model)?;
    let family = family(&config).map_err(of_model)?;
    let architecture = (family.architecture)(&config).map_err(of_model)?;
    let num_labels = options.num_labels.unwrap_or_else(|| config.num_labels());
    let parameters = architecture.parameters(num_labels);
    let longest = architecture.longest_input();
    let tokens = options.max_seq_length.min(longest.unwrap_or(usize::MAX));
    let batch = options.batch_size;
    Ok(json!({
        "model": files.id,
        "adapter_of": base.map(|base| base.id),
        "model_type": family.model_type,
        "architecture": family.classifier_architecture,
        "num_hidden_layers": architecture.layer_order.len(),
        "hidden_size": architecture.hidden_size,
        "num_attention_heads": architecture.attention.heads,
        "intermediate_size": architecture.intermediate_size,
        "vocab_size": architecture.vocab_size,
        "longest_input": longest,
        "num_labels": num_labels,
        "parameters": parameters.total,
        "embedding_parameters": parameters.embeddings,
        "weight_bytes": 4 * parameters.total,
        "training_bytes": architecture.training_bytes(num_labels),
        "batch_size": batch,
        "max_seq_length": tokens,
        "activation_bytes": architecture.activation_bytes(batch * tokens),
    }))
}

fn describe(summary: &Value) -> String {
    let number = |key: &str| summary[key].as_u64().unwrap_or(0);
    let text = |key: &str| summary[key].as_str().unwrap_or_default();
    let longest =
        summary["longest_input"].as_u64().map_or_else(|| "any length".to_owned(), |n| format!("up to {n} tokens"));
    let adapter = summary["adapter_of"].as_str().map_or_else(String::new, |base| {
        format!("an adapter of {base}; what follows is of that model, trained as a whole\n")
    });
    format!(
        "{}: {}, {}\n{adapter}\
         layers {}, hidden_size {}, heads {}, intermediate_size {}, vocab_size {}, inputs {longest}\n\
         parameters {} ({} in embeddings), with a head of {} logits\n\
         memory: weights {}; training {} (weights, gradients, AdamW's moments), and about {} of activations for {} x {} tokens\n",
        text("model"),
        text("model_type"),
        text("architecture"),
        number("num_hidden_layers"),
        number("hidden_size"),
        number("num_attention_heads"),
        number("intermediate_size"),
        number("vocab_size"),
        HumanCount(number("parameters")),
        HumanCount(number("embedding_parameters")),
        number("num_labels"),
        HumanBytes(number("weight_bytes")),
        HumanBytes(number("training_bytes")),
        HumanBytes(number("activation_bytes")),
        number("batch_size"),
        number("max_seq_length"),
    )
}
