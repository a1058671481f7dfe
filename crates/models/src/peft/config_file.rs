//! adapter_config.json: what `peft` keeps of an adapter's method.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::adapter_file::PREFIX;
use super::error::PeftError;
use super::method::{BiasTraining, Ia3Config, LoraConfig, Method, Targets};
use super::plan::AdapterPlan;
use crate::checkpoint::tensor_shapes;

/// An adapter's adapter_config.json.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterConfig {
    /// The method; its targets are the layers that the tensors name.
    pub method: Method,
    /// A folder or a repository of the Hub.
    pub base_model_name_or_path: Option<String>,
    /// Of the repository.
    pub revision: Option<String>,
}

/// Fields that say nothing about the numbers of an adapter that is loaded: layers are those that its tensors name.
const HARMLESS: [&str; 14] = [
    "auto_mapping",
    "ensure_weight_tying",
    "exclude_modules",
    "inference_mode",
    "init_ia3_weights",
    "layers_pattern",
    "layers_to_transform",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "runtime_config",
    "target_modules",
    "task_type",
];

/// Fields that are read.
const READ: [&str; 10] = [
    "base_model_name_or_path",
    "bias",
    "feedforward_modules",
    "init_lora_weights",
    "lora_alpha",
    "lora_dropout",
    "modules_to_save",
    "r",
    "revision",
    "use_rslora",
];

/// Ways to draw new factors that leave the model's own weights as they are.
const PLAIN_INIT: [&str; 3] = ["gaussian", "eva", "orthogonal"];

/// How the name of a layer's first factor ends, whose rows are as many as `r`.
const FACTOR: &str = ".lora_A.weight";

/// Reads adapter_config.json; `tensors` is adapter_model.safetensors, whose names say which layers it is beside.
///
/// # Errors
/// When a file cannot be read, or asks for what is not implemented.
pub fn read_config(path: &Path, tensors: &Path) -> Result<AdapterConfig, PeftError> {
    let wrong = |reason: String| PeftError::Config { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let fields: Map<String, Value> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let unsupported = |field: &str, expected: &'static str| PeftError::Unsupported {
        path: path.to_owned(),
        field: field.to_owned(),
        value: fields.get(field).map_or_else(|| "absent".to_owned(), Value::to_string),
        expected,
    };
    // The fields of another kind of adapter are of no interest.
    let kind = fields.get("peft_type").and_then(Value::as_str).unwrap_or_default();
    if !["LORA", "IA3"].contains(&kind) {
        return Err(unsupported("peft_type", "LORA or IA3"));
    }
    for (field, value) in &fields {
        let is_off = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if !is_off && !HARMLESS.contains(&field.as_str()) && !READ.contains(&field.as_str()) {
            return Err(unsupported(field, "none"));
        }
    }
    let number = |field: &str, usual: f64| match fields.get(field) {
        None | Some(Value::Null) => Ok(usual),
        Some(value) => value.as_f64().ok_or_else(|| unsupported(field, "a number")),
    };
    let rank = number("r", 8.0)?;
    let dropout = number("lora_dropout", 0.0)?;
    if rank < 1.0 || rank.fract() != 0.0 {
        return Err(unsupported("r", "a whole number from 1"));
    }
    if !(0.0..1.0).contains(&dropout) {
        return Err(unsupported("lora_dropout", "a number from 0 to below 1"));
    }
    if !matches!(fields.get("use_rslora"), None | Some(Value::Null | Value::Bool(_))) {
        return Err(unsupported("use_rslora", "true or false"));
    }
    let names = |field: &str| match fields.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(|| unsupported(field, "names")))
            .collect(),
        Some(_) => Err(unsupported(field, "a list of names")),
    };
    let shapes = tensor_shapes(tensors)?;
    let targets = |suffix: &str| {
        let module = |name: &String| Some(name.strip_prefix(PREFIX)?.strip_suffix(suffix)?.to_owned());
        Targets::Names(shapes.keys().filter_map(module).collect::<BTreeSet<_>>().into_iter().collect())
    };
    let method = match kind {
        "LORA" => {
            match fields.get("init_lora_weights") {
                None | Some(Value::Bool(_)) => {}
                Some(Value::String(init)) if PLAIN_INIT.contains(&init.as_str()) => {}
                Some(_) => return Err(unsupported("init_lora_weights", "true, false or gaussian")),
            }
            check_rank(rank as usize, &shapes, tensors)?;
            Method::Lora(LoraConfig {
                r: rank as usize,
                lora_alpha: number("lora_alpha", 8.0)?,
                lora_dropout: dropout,
                bias: match fields.get("bias").and_then(Value::as_str) {
                    None => BiasTraining::None,
                    Some(name) => {
                        let known = BiasTraining::NAMES.iter().find(|(known, _)| *known == name);
                        known.ok_or_else(|| unsupported("bias", "none, all or lora_only"))?.1
                    }
                },
                use_rslora: fields.get("use_rslora") == Some(&Value::Bool(true)),
                target_modules: targets(FACTOR),
                modules_to_save: names("modules_to_save")?,
            })
        }
        _ => Method::Ia3(Ia3Config {
            target_modules: targets(".ia3_l"),
            feedforward_modules: Targets::Names(names("feedforward_modules")?),
            modules_to_save: names("modules_to_save")?,
        }),
    };
    let text = |field: &str| fields.get(field).and_then(Value::as_str).map(str::to_owned);
    Ok(AdapterConfig { method, base_model_name_or_path: text("base_model_name_or_path"), revision: text("revision") })
}

/// # Errors
/// Factors of another rank: what is put beside layers is made by `r` alone, and as large as it says.
fn check_rank(rank: usize, shapes: &HashMap<String, Vec<usize>>, tensors: &Path) -> Result<(), PeftError> {
    let is_other = |(name, shape): &(&String, &Vec<usize>)| name.ends_with(FACTOR) && shape.first() != Some(&rank);
    let Some((name, shape)) = shapes.iter().filter(is_other).min() else { return Ok(()) };
    let expected: Vec<usize> = std::iter::once(rank).chain(shape.iter().skip(1).copied()).collect();
    Err(PeftError::Tensors {
        path: tensors.to_owned(),
        reason: format!("tensor `{name}` has shape {shape:?}, but `r` in adapter_config.json asks for {expected:?}"),
    })
}

impl AdapterPlan {
    /// The content of adapter_config.json, with the fields that every version of `peft` knows.
    #[must_use]
    pub fn config_json(&self, base_model_name_or_path: Option<&str>, revision: Option<&str>) -> Value {
        let mut fields = json!({
            "auto_mapping": null,
            "base_model_name_or_path": base_model_name_or_path,
            "fan_in_fan_out": false,
            "inference_mode": true,
            "modules_to_save": self.method.modules_to_save(),
            "revision": revision,
            "target_modules": self.target_modules,
            "task_type": "SEQ_CLS",
        });
        let own = match &self.method {
            Method::Lora(lora) => json!({
                "peft_type": "LORA",
                "r": lora.r,
                "lora_alpha": lora.lora_alpha,
                "lora_dropout": lora.lora_dropout,
                "bias": lora.bias.name(),
                "use_rslora": lora.use_rslora,
                "init_lora_weights": true,
            }),
            Method::Ia3(_) => json!({
                "peft_type": "IA3",
                "feedforward_modules": self.feedforward_modules,
                "init_ia3_weights": true,
            }),
            Method::BitFit | Method::Head => json!({}),
        };
        if let (Value::Object(fields), Value::Object(own)) = (&mut fields, own) {
            fields.extend(own);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::write_safetensors;
    use crate::parameters::HostTensor;

    /// A rank that the tensors have not is refused before anything of its size is made.
    #[test]
    fn the_rank_is_that_of_the_tensors() {
        let folder = tempfile::tempdir().unwrap();
        let (config, tensors) = (folder.path().join("adapter_config.json"), folder.path().join("a.safetensors"));
        let name = format!("{PREFIX}bert.encoder.layer.0.attention.self.query{FACTOR}");
        write_safetensors(&tensors, &[(name, HostTensor { shape: vec![2, 3], values: vec![0.0; 6] })]).unwrap();
        let read = |rank: &str| {
            std::fs::write(&config, format!(r#"{{"peft_type": "LORA", "r": {rank}}}"#)).unwrap();
            read_config(&config, &tensors)
        };
        let Ok(AdapterConfig { method: Method::Lora(lora), .. }) = read("2") else { panic!("no LoRA") };
        assert_eq!(lora.r, 2);
        assert_eq!(lora.target_modules, Targets::Names(vec!["bert.encoder.layer.0.attention.self.query".to_owned()]));
        for (rank, asked) in [("1000000000000", "[1000000000000, 3]"), ("1", "[1, 3]"), ("1e300", ", 3]")] {
            let said = read(rank).unwrap_err().to_string();
            let parts = ["query.lora_A.weight` has shape [2, 3], but `r` in", asked];
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
    }
}
