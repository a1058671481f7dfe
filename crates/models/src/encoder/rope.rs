//! Rotary positions as config.json asks for them: the base, part of a head's columns, and scaling to longer texts.
//!
//! Follows `modeling_rope_utils.py` and `RotaryEmbeddingConfigMixin` of transformers, in f32 as there.

use std::f64::consts::TAU;

use serde_json::{Map, Value};

use crate::config::{Config, ConfigError};
use crate::ops::Rotary;

/// Far more columns than any head has.
const MOST_COLUMNS: usize = 100_000;

/// What a family has where config.json says nothing.
#[derive(Clone, Copy)]
pub(super) struct RopeDefaults {
    /// `rope_theta`.
    pub(super) theta: f64,
    /// The field that older files have the base in.
    pub(super) theta_field: &'static str,
    /// `partial_rotary_factor`.
    pub(super) partial: f64,
    /// The field that older files have it in.
    pub(super) partial_field: &'static str,
}

impl RopeDefaults {
    /// The usual names, of all columns.
    pub(super) const fn theta(theta: f64) -> Self {
        Self { theta, theta_field: "rope_theta", partial: 1.0, partial_field: "partial_rotary_factor" }
    }
}

/// The rotary positions of layers of a `kind` (`full_attention`), or of all; heads have `head_dim` columns.
///
/// # Errors
/// A kind of scaling that is not implemented, or numbers that make no sense.
pub(super) fn rope(
    config: &Config,
    kind: Option<&str>,
    head_dim: usize,
    defaults: RopeDefaults,
) -> Result<Rotary, ConfigError> {
    rope_of(config, &Fields::of(config, kind), head_dim, defaults)
}

/// The same of the fields outside `rope_parameters` and `rope_scaling` alone, and so without scaling.
pub(super) fn unscaled_rope(config: &Config, head_dim: usize, defaults: RopeDefaults) -> Result<Rotary, ConfigError> {
    rope_of(config, &Fields(None), head_dim, defaults)
}

fn rope_of(config: &Config, fields: &Fields, head_dim: usize, defaults: RopeDefaults) -> Result<Rotary, ConfigError> {
    let theta = match fields.number("rope_theta")? {
        Some(theta) => theta,
        None => config.number(defaults.theta_field, defaults.theta)?,
    };
    let partial = match fields.number("partial_rotary_factor")? {
        Some(partial) => partial,
        None => config.number(defaults.partial_field, defaults.partial)?,
    };
    // Before anything of that size is made.
    if head_dim > MOST_COLUMNS {
        let expected = format!("at most {MOST_COLUMNS} columns of a head");
        return Err(ConfigError::Value { field: "head_dim".to_owned(), value: head_dim.to_string(), expected });
    }
    let dim = (head_dim as f64 * partial) as usize;
    if theta <= 0.0 || !dim.is_multiple_of(2) || dim == 0 || dim > head_dim {
        let value = format!("{theta}, of {dim} of {head_dim} columns");
        let expected = "a base above 0, and an even number of a head's columns, which turn in pairs".to_owned();
        return Err(ConfigError::Value { field: "rope_theta".to_owned(), value, expected });
    }
    let plain = Rotary::new(theta, dim);
    let scaled = match fields.rope_type() {
        "default" => Ok(plain),
        "linear" => {
            let factor = fields.needed("factor")? as f32;
            Ok(Rotary { frequencies: plain.frequencies.iter().map(|f| f / factor).collect(), ..plain })
        }
        "llama3" => llama3(config, fields, plain),
        "yarn" => yarn(config, fields, plain, theta, dim),
        other => Err(ConfigError::Unsupported {
            field: "rope_type",
            value: other.to_owned(),
            supported: "default, linear, llama3, yarn".to_owned(),
        }),
    }?;
    if scaled.frequencies.iter().all(|frequency| frequency.is_finite()) && scaled.factor.is_finite() {
        return Ok(scaled);
    }
    Err(ConfigError::Value {
        field: "rope_parameters".to_owned(),
        value: config.get("rope_parameters").map_or_else(|| format!("of base {theta}"), Value::to_string),
        expected: "numbers that make finite angles".to_owned(),
    })
}

/// The object that holds the scaling.
struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// `rope_scaling` of older files, else `rope_parameters`; where each kind of layer has its own, that one.
    fn of(config: &'a Config, kind: Option<&str>) -> Self {
        let object = |field| config.get(field).and_then(Value::as_object).filter(|fields| !fields.is_empty());
        let all = object("rope_scaling").or_else(|| object("rope_parameters"));
        let own = kind.and_then(|kind| all.and_then(|all| all.get(kind)));
        Self(match own {
            Some(own) => own.as_object(),
            None => all,
        })
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        self.0.and_then(|fields| fields.get(field)).filter(|value| !value.is_null())
    }

    /// `rope_type`, which older files call `type`.
    fn rope_type(&self) -> &'a str {
        self.get("rope_type").or_else(|| self.get("type")).and_then(Value::as_str).unwrap_or("default")
    }

    fn number(&self, field: &str) -> Result<Option<f64>, ConfigError> {
        let wrong = |value: &Value| ConfigError::Value {
            field: format!("rope_parameters.{field}"),
            value: value.to_string(),
            expected: "a number".to_owned(),
        };
        self.get(field).map(|value| value.as_f64().ok_or_else(|| wrong(value))).transpose()
    }

    fn needed(&self, field: &str) -> Result<f64, ConfigError> {
        let number = self.number(field)?;
        number.filter(|number| *number > 0.0).ok_or_else(|| ConfigError::Value {
            field: format!("rope_parameters.{field}"),
            value: number.map_or_else(|| "absent".to_owned(), |number| number.to_string()),
            expected: format!("a number above 0, for rope_type {}", self.rope_type()),
        })
    }

    /// Tokens of the texts that the model was trained on first.
    fn original_length(&self, config: &Config) -> Result<f64, ConfigError> {
        match self.number("original_max_position_embeddings")? {
            Some(length) => Ok(length),
            None => Ok(config.count("max_position_embeddings")? as f64),
        }
    }
}

/// Long waves are stretched, short ones kept, and those between them in part (Llama 3.1).
fn llama3(config: &Config, fields: &Fields, plain: Rotary) -> Result<Rotary, ConfigError> {
    let factor = fields.needed("factor")? as f32;
    let (low, high) = (fields.needed("low_freq_factor")?, fields.needed("high_freq_factor")?);
    let length = fields.original_length(config)?;
    let (longest, shortest) = ((length / low) as f32, (length / high) as f32);
    let stretched = |&frequency: &f32| {
        let wave = TAU as f32 / frequency;
        if wave > longest {
            return frequency / factor;
        }
        if wave < shortest {
            return frequency;
        }
        let smooth = (length as f32 / wave - low as f32) / (high - low) as f32;
        (1.0 - smooth) * frequency / factor + smooth * frequency
    };
    Ok(Rotary { frequencies: plain.frequencies.iter().map(stretched).collect(), ..plain })
}

/// YaRN (Peng et al. 2023, <https://arxiv.org/abs/2309.00071>): waves that turn seldom in the original length are stretched, and attention is
/// made sharper by a factor of cosines and sines.
fn yarn(config: &Config, fields: &Fields, plain: Rotary, theta: f64, dim: usize) -> Result<Rotary, ConfigError> {
    let length = fields.original_length(config)?;
    let factor = match fields.number("factor")? {
        Some(_) => fields.needed("factor")?,
        None => config.count("max_position_embeddings")? as f64 / length,
    };
    let sharper = |mscale: f64| if factor <= 1.0 { 1.0 } else { 0.1 * mscale * factor.ln() + 1.0 };
    let mscales = (fields.number("mscale")?.unwrap_or(0.0), fields.number("mscale_all_dim")?.unwrap_or(0.0));
    let attention_factor = match (fields.number("attention_factor")?, mscales) {
        (Some(given), _) => given,
        (None, (mscale, all)) if mscale != 0.0 && all != 0.0 => sharper(mscale) / sharper(all),
        (None, _) => sharper(1.0),
    };
    let or = |given: Option<f64>, default| given.filter(|given| *given != 0.0).unwrap_or(default);
    let (fast, slow) = (or(fields.number("beta_fast")?, 32.0), or(fields.number("beta_slow")?, 1.0));
    // The pair that turns so many times within the original length.
    let pair = |turns: f64| dim as f64 * (length / (turns * TAU)).ln() / (2.0 * theta.ln());
    let (mut first, mut last) = (pair(fast), pair(slow));
    if truncates(config) {
        (first, last) = (first.floor(), last.ceil());
    }
    (first, last) = (first.max(0.0), last.min(dim as f64 - 1.0));
    if first == last {
        last += 0.001;
    }
    let stretched = |(i, frequency): (usize, &f32)| {
        let kept = 1.0 - ((i as f32 - first as f32) / (last - first) as f32).clamp(0.0, 1.0);
        let interpolated = 1.0 / (factor as f32 * (1.0 / frequency));
        interpolated * (1.0 - kept) + frequency * kept
    };
    let frequencies = plain.frequencies.iter().enumerate().map(stretched).collect();
    Ok(Rotary { frequencies, factor: attention_factor as f32, ..plain })
}

/// Whether YaRN's bounds are whole pairs. transformers reads the switch beside the kinds of layers, not within them.
fn truncates(config: &Config) -> bool {
    let all = Fields::of(config, None);
    all.get("truncate").and_then(Value::as_bool).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(fields: Value) -> Config {
        Config::from_fields(fields.as_object().unwrap().clone())
    }

    #[test]
    fn the_base_is_found_where_any_version_wrote_it() {
        let defaults = RopeDefaults::theta(10_000.0);
        let base = |fields: Value| rope(&config(fields), Some("full_attention"), 4, defaults).unwrap().frequencies[1];
        assert_eq!(base(json!({})), 0.01);
        assert_eq!(base(json!({"rope_theta": 100.0})), 0.1);
        assert_eq!(base(json!({"rope_theta": 100.0, "rope_parameters": {"rope_theta": 400.0}})), 0.05);
        let of_kinds = json!({"full_attention": {"rope_theta": 100.0}, "sliding_attention": {"rope_theta": 4.0}});
        assert_eq!(base(json!({ "rope_parameters": of_kinds })), 0.1);
        let scaled = json!({"rope_theta": 100.0, "rope_scaling": {"type": "linear", "factor": 2.0}});
        assert_eq!(base(scaled), 0.05);
    }

    #[test]
    fn what_is_not_implemented_or_makes_no_sense_is_refused_by_name() {
        let said = |parameters: Value| {
            let config = config(json!({"rope_parameters": parameters, "max_position_embeddings": 8}));
            rope(&config, None, 4, RopeDefaults::theta(10_000.0)).unwrap_err().to_string()
        };
        assert!(said(json!({"rope_type": "longrope"})).contains("`rope_type` is \"longrope\""));
        assert!(said(json!({"rope_type": "linear"})).contains("`rope_parameters.factor` is absent"));
        assert!(said(json!({"rope_type": "llama3", "factor": "8"})).contains("`rope_parameters.factor` is \"8\""));
        assert!(said(json!({"rope_theta": 0.0})).contains("a base above 0"));
        assert!(said(json!({"partial_rotary_factor": 0.25})).contains("1 of 4 columns"));
        let infinite = json!({"rope_type": "linear", "factor": 1e-60});
        assert!(said(infinite).contains("expected numbers that make finite angles"));
        let wide = rope(&config(json!({})), None, 1 << 40, RopeDefaults::theta(10_000.0)).unwrap_err().to_string();
        assert!(wide.contains("`head_dim` is 1099511627776"), "{wide}");
    }
}
