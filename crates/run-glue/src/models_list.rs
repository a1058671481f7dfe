//! `run-glue models`: the families that are supported, and the size of a checkpoint.

use models::config::Config;
use models::encoder::{FAMILIES, family};
use serde_json::{Value, json};

use crate::cli::models_args::ModelsArgs;
use crate::cli::settings::model;
use crate::error::Error;
use crate::settings::HubAccess;
use crate::source::Files;

/// Prints the list, or what a checkpoint is.
///
/// # Errors
/// When its config.json cannot be had or asks for something that is not supported.
pub fn run(args: &ModelsArgs) -> Result<(), Error> {
    let json = args.json.unwrap_or(false);
    let text = match &args.model {
        None if json => pretty(&families()),
        None => list(),
        Some(name) => {
            let facts = facts(name, args)?;
            if json { pretty(&facts) } else { describe(&facts) }
        }
    };
    use std::io::Write;
    // A reader that went away is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
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

fn facts(name: &str, args: &ModelsArgs) -> Result<Value, Error> {
    let place = model(Some(name), args.revision.as_deref(), false)?;
    let access = HubAccess { cache_dir: args.cache_dir.clone(), token: args.token.clone() };
    let files = Files::model(&place, &access)?;
    let of_model = |error: models::config::ConfigError| Error::from(error).at(&files.id);
    let config = Config::read(&files.fetch("config.json")?).map_err(of_model)?;
    let family = family(&config).map_err(of_model)?;
    let architecture = (family.architecture)(&config).map_err(of_model)?;
    let num_labels = args.num_labels.unwrap_or_else(|| config.num_labels()).max(1);
    let parameters = architecture.parameters(num_labels);
    let longest = architecture.longest_input();
    let tokens = args.max_seq_length.unwrap_or(128).min(longest.unwrap_or(usize::MAX)).max(1);
    let batch = args.batch_size.unwrap_or(32).max(1);
    Ok(json!({
        "model": files.id,
        "model_type": family.model_type,
        "architecture": family.classifier_architecture,
        "num_hidden_layers": architecture.steps.len(),
        "hidden_size": architecture.hidden_size,
        "num_attention_heads": architecture.num_attention_heads,
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

fn describe(facts: &Value) -> String {
    let number = |key: &str| facts[key].as_u64().unwrap_or(0);
    let text = |key: &str| facts[key].as_str().unwrap_or_default();
    let longest =
        facts["longest_input"].as_u64().map_or_else(|| "any length".to_owned(), |n| format!("up to {n} tokens"));
    format!(
        "{}: {}, {}\n\
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
        grouped(number("parameters")),
        grouped(number("embedding_parameters")),
        number("num_labels"),
        mebibytes(number("weight_bytes")),
        mebibytes(number("training_bytes")),
        mebibytes(number("activation_bytes")),
        number("batch_size"),
        number("max_seq_length"),
    )
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", (bytes as f64 / f64::from(1 << 20)).round())
}

/// `108,311,810`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_groups_of_three() {
        assert_eq!([0, 999, 1000, 108_311_810].map(grouped), ["0", "999", "1,000", "108,311,810"]);
    }
}
