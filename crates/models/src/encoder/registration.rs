//! What a family registers itself with.

use super::architecture::Architecture;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// What the rest of the program has to know of a family.
pub struct Family {
    /// `model_type` in config.json.
    pub model_type: &'static str,
    /// Class name that transformers gives a classifier of the family.
    pub classifier_architecture: &'static str,
    /// The class of tokenizer that transformers takes for the family where the checkpoint names none.
    pub tokenizer_class: &'static str,
    /// What config.json comes down to; an error where it asks for something that is not implemented.
    pub architecture: fn(&Config) -> Result<Architecture, ConfigError>,
    /// The tensors of an encoder and its head, in the order in which transformers initialises them.
    pub parameter_specs: fn(&Config) -> Result<Vec<ParameterSpec>, ConfigError>,
    /// The fields that transformers writes into every config.json of the family, for files that lack them.
    pub config_defaults: &'static [(&'static str, FieldDefault)],
    /// The fields of config.json that say how much is dropped.
    pub dropout_fields: DropoutFields,
    /// What precedes an encoder's tensor names in a classifier's checkpoint.
    pub prefix: &'static str,
}

impl Family {
    /// The standard deviation of what is drawn: `PreTrainedModel._init_weights` of `modeling_utils.py`.
    ///
    /// # Errors
    /// When the field that says it is no number of at least 0.
    pub fn initializer_range(&self, config: &Config) -> Result<f64, ConfigError> {
        const RANGE: &str = "initializer_range";
        const USUAL: f64 = 0.02;
        let declares = |field: &str| self.config_defaults.iter().any(|(name, _)| *name == field);
        let has = |field: &str| config.fields().contains_key(field) || declares(field);
        if !has(RANGE) && has("init_std") {
            return config.at_least_zero("init_std", USUAL);
        }
        // Python's `or`, which takes a 0 for nothing, and `null` where the class lets it through.
        if !declares(RANGE) && config.get(RANGE).is_none() {
            return Ok(USUAL);
        }
        Ok(Some(config.at_least_zero(RANGE, USUAL)?).filter(|&std| std > 0.0).unwrap_or(USUAL))
    }
}

/// A family's fields of config.json that say how much is dropped, by what BERT calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutFields {
    /// `hidden_dropout_prob`.
    pub hidden: &'static [&'static str],
    /// `attention_probs_dropout_prob`.
    pub attention: &'static [&'static str],
    /// `classifier_dropout`; none where the head takes another one.
    pub classifier: &'static [&'static str],
}

impl DropoutFields {
    /// BERT's own.
    pub(super) const BERT: Self = Self {
        hidden: &["hidden_dropout_prob"],
        attention: &["attention_probs_dropout_prob"],
        classifier: &["classifier_dropout"],
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Config;
    use crate::encoder::family;

    /// Against the standard deviation of heads that transformers 5.23 drew.
    #[test]
    fn heads_are_drawn_as_wide_as_the_class_says() {
        for (fields, expected) in [
            (json!({"model_type": "opt"}), 0.02),
            (json!({"model_type": "opt", "init_std": 0.1}), 0.1),
            (json!({"model_type": "opt", "init_std": 0.0}), 0.0),
            (json!({"model_type": "opt", "init_std": 0.1, "initializer_range": 0.3}), 0.3),
            (json!({"model_type": "opt", "init_std": 0.1, "initializer_range": 0.0}), 0.02),
            (json!({"model_type": "opt", "init_std": 0.1, "initializer_range": null}), 0.02),
            (json!({"model_type": "bert", "init_std": 0.1}), 0.02),
            (json!({"model_type": "bert", "initializer_range": 0.3}), 0.3),
            (json!({"model_type": "bert", "initializer_range": 0}), 0.02),
        ] {
            let config = Config::from_fields(fields.as_object().unwrap().clone());
            let range = family(&config).unwrap().initializer_range(&config).unwrap();
            assert_eq!(range, expected, "{fields}");
        }
        // Fields that the class declares as numbers.
        for (model_type, field) in [("opt", "init_std"), ("bert", "initializer_range")] {
            let fields = json!({"model_type": model_type, field: null});
            let config = Config::from_fields(fields.as_object().unwrap().clone());
            let said = family(&config).unwrap().initializer_range(&config).unwrap_err().to_string();
            assert!(said.contains(&format!("`{field}` is null, expected a number")), "{said}");
        }
    }
}
