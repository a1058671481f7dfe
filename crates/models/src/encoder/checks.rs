//! Whether the parts of an architecture fit each other, and memory.

use super::architecture::{Architecture, Block, Distances, Projection};
use crate::config::{Config, ConfigError};

/// Larger than any encoder that people fine-tune.
const MOST_PARAMETERS: f64 = 1e10;

impl Architecture {
    /// As [`Self::fitting`], and heads divide the width. `heads_field` is what the family's config.json calls their number.
    ///
    /// # Errors
    /// Names the field of config.json or the part of the architecture that is wrong.
    pub fn checked(self, heads_field: &'static str) -> Result<Self, ConfigError> {
        let (hidden, heads) = (self.hidden_size, self.attention.heads);
        // Where no field says how wide a head is, the width is divided.
        if self.attention.head_dim == hidden / heads && !hidden.is_multiple_of(heads) {
            return Err(ConfigError::Value {
                field: "hidden_size".to_owned(),
                value: hidden.to_string(),
                expected: format!("a multiple of {heads_field} ({heads})"),
            });
        }
        self.fitting()
    }

    /// The same where its parts fit each other and memory.
    ///
    /// # Errors
    /// Names the field of config.json or the part of the architecture that is wrong.
    pub fn fitting(self) -> Result<Self, ConfigError> {
        let hidden = self.hidden_size;
        let wrong = |value: String, expected: String| {
            Err(ConfigError::Value { field: "hidden_size".to_owned(), value, expected })
        };
        let turned = self.attention.layers.iter().filter_map(|layer| layer.rotary.as_ref());
        let turned = turned.map(|rotary| 2 * rotary.frequencies.len()).max().unwrap_or(0);
        if turned > self.attention.head_dim {
            let expected = format!("heads of {turned} columns or more, which positions turn");
            return wrong(hidden.to_string(), expected);
        }
        // Memory for so many cannot be had, and asking for it would end the program without a message.
        if self.about_parameters() > MOST_PARAMETERS {
            let value = format!("{hidden} (with the other sizes {:.1e} parameters)", self.about_parameters());
            return wrong(value, format!("sizes that make at most {MOST_PARAMETERS:e} parameters"));
        }
        self.check_parts()?;
        Ok(self)
    }

    /// What no config.json decides, but the file of a family.
    fn check_parts(&self) -> Result<(), ConfigError> {
        let wrong = |part, value: String, expected: String| Err(ConfigError::Architecture { part, value, expected });
        let (layers, width, hidden) = (self.num_layers, self.embeddings.size, self.hidden_size);
        if self.layer_order.is_empty() || self.layer_order.iter().any(|&layer| layer >= layers) {
            let expected = format!("at least one, all from 0 to below num_layers ({layers})");
            return wrong("layer_order", format!("{:?}", self.layer_order), expected);
        }
        if self.embeddings.projection == Projection::None && width != hidden {
            let expected = format!("hidden_size ({hidden}) where no projection follows");
            return wrong("embeddings.size", width.to_string(), expected);
        }
        let attention = &self.attention;
        if attention.layers.len() != layers {
            let value = format!("{} layers long", attention.layers.len());
            return wrong("attention.layers", value, format!("num_layers ({layers})"));
        }
        if !attention.heads.is_multiple_of(attention.key_value_heads.max(1)) || attention.key_value_heads == 0 {
            let expected = format!("a divisor of heads ({})", attention.heads);
            return wrong("attention.key_value_heads", attention.key_value_heads.to_string(), expected);
        }
        // The first layer has no normalisation before its attention, or a convolution beside it, so it can stand nowhere else.
        let first_differs = self.block == (Block::PreNorm { first_attention: false }) || self.convolution.is_some();
        if first_differs && !self.layer_order.iter().copied().eq(0..layers) {
            let expected = format!("each of the {layers} layers once, in order");
            return wrong("layer_order", format!("{:?}", self.layer_order), expected);
        }
        if let Some(groups) =
            self.convolution.map(|c| c.groups).filter(|&groups| groups == 0 || !hidden.is_multiple_of(groups))
        {
            return wrong("convolution.groups", groups.to_string(), format!("a divisor of hidden_size ({hidden})"));
        }
        if let Some(decoder) = self.decoder {
            let norms_first = self.block == (Block::PreNorm { first_attention: true });
            let is_within = (1..=layers).contains(&decoder.first_layer);
            if !norms_first || !is_within || !self.layer_order.iter().copied().eq(0..layers) {
                let value = format!("from layer {} on", decoder.first_layer);
                let expected = format!(
                    "one of layers 1 to {layers}, all of them with normalisations first, each once and in order"
                );
                return wrong("decoder", value, expected);
            }
        }
        Ok(())
    }

    /// About how many numbers the encoder has; sizes out of a file may be beyond any integer's range.
    fn about_parameters(&self) -> f64 {
        let rows = self.vocab_size as f64
            + self.embeddings.positions.map_or(0.0, |positions| positions.rows as f64)
            + self.embeddings.token_types.rows().unwrap_or(0) as f64
            + self.embeddings.task_types.unwrap_or(0) as f64;
        let [hidden, ffn, layers] = [self.hidden_size as f64, self.intermediate_size as f64, self.num_layers as f64];
        let heads = self.attention.heads as f64 + self.attention.key_value_heads as f64;
        let columns = heads * self.attention.head_dim as f64;
        let size = self.embeddings.size as f64;
        let projection = if self.embeddings.projection == Projection::None { 0.0 } else { size * hidden };
        let dense = if self.head.dense.is_some() { hidden * hidden } else { 0.0 };
        let distances = match self.attention.distances {
            Distances::Disentangled(table) => 2.0 * table.span as f64 * hidden + layers * 2.0 * hidden * hidden,
            Distances::Buckets(table) => layers * table.rows as f64 * self.attention.heads as f64,
            Distances::None => 0.0,
        };
        let of_layers = layers * (2.0 * hidden * columns + 3.0 * hidden * ffn);
        let convolution = self.convolution.map_or(0.0, |c| hidden * hidden * c.kernel_size as f64 / c.groups as f64);
        let crossing = self.crossing_layers() as f64 * 2.0 * hidden * columns;
        rows * size + projection + convolution + of_layers + crossing + dense + distances
    }

    /// The longest input in tokens, where the model has a limit.
    #[must_use]
    pub fn longest_input(&self) -> Option<usize> {
        self.embeddings.positions.map(|positions| positions.rows.saturating_sub(positions.first))
    }
}

/// Refuses a config.json in which `field` asks for something else than `expected`; absent, it is taken as expected.
pub(super) fn only(config: &Config, field: &'static str, expected: &serde_json::Value) -> Result<(), ConfigError> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match config.get(field) {
        Some(value) if value != expected => {
            Err(ConfigError::Unsupported { field, value: text(value), supported: text(expected) })
        }
        _ => Ok(()),
    }
}

/// `pad_token_id` of config.json: an id, or none.
pub(super) fn padding(config: &Config, default: Option<u32>) -> Result<Option<u32>, ConfigError> {
    match config.fields().get("pad_token_id") {
        None => Ok(default),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => {
            let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
            let expected = "the id of a token, or null".to_owned();
            let wrong = || ConfigError::Value { field: "pad_token_id".to_owned(), value: value.to_string(), expected };
            id.map(Some).ok_or_else(wrong)
        }
    }
}
