//! Floating-point operations of a step: additions and multiplications of linear layers and attention. The rest is little,
//! and what the backward pass computes again is not counted.

use models::encoder::architecture::Architecture;

/// Operations of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    /// Those of the model as it is written down, over tokens without padding: what "model FLOPs utilisation" counts
    /// (Chowdhery et al. 2022, appendix B).
    pub(super) model: f64,
    /// Those that are made here: beyond its attention, the last layer has one row a sequence.
    pub(super) made: f64,
}

/// The operations for sequences of these `lengths`; `passes` over the products: one forward, and two backward in training.
pub(super) fn flops(architecture: &Architecture, lengths: &[usize], passes: usize) -> Work {
    let (hidden, ffn) = (architecture.hidden_size as f64, architecture.intermediate_size as f64);
    let [queries, keys] = architecture.attention.columns().map(|columns| columns as f64);
    let layers = architecture.layer_order.len() as f64;
    let (tokens, sequences) = (lengths.iter().sum::<usize>() as f64, lengths.len() as f64);
    let into_ffn = if architecture.feed_forward.gated { 2.0 } else { 1.0 };
    // Queries, keys and values of all rows; the output's projection and the feed-forward layer.
    let projections = 2.0 * layers * tokens * (queries + 2.0 * keys) * hidden;
    let rest = |rows: f64| 2.0 * rows * (queries * hidden + (into_ffn + 1.0) * hidden * ffn);
    let squares: f64 = lengths.iter().map(|&length| (length as f64).powi(2)).sum();
    // A second stack's layers attend twice.
    let crossing = architecture.crossing_layers() as f64;
    let cross = 2.0 * crossing * tokens * (2.0 * queries + 2.0 * keys) * hidden;
    let attention = (layers + crossing) * 4.0 * squares * queries;
    let passes = passes as f64;
    Work {
        model: passes * (projections + cross + rest(layers * tokens) + attention),
        made: passes * (projections + cross + rest((layers - 1.0) * tokens + sequences) + attention),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use models::config::Config;
    use models::encoder::family;

    #[test]
    fn bert_base_makes_what_everybody_counts() {
        let config = serde_json::json!({
            "model_type": "bert", "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12,
            "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 512, "type_vocab_size": 2,
        });
        let config = Config::from_fields(config.as_object().unwrap().clone());
        let architecture = (family(&config).unwrap().architecture)(&config).unwrap();
        let work = flops(&architecture, &[128; 32], 3);
        // Six operations a token and parameter of the layers' products, and attention's 12 layers x tokens x hidden a token.
        let parameters = 12.0 * 12.0 * 768.0 * 768.0;
        let tokens = 32.0 * 128.0;
        let expected = 6.0 * parameters * tokens + 12.0 * 12.0 * tokens * 128.0 * 768.0;
        assert!((work.model - expected).abs() < 1e-9 * expected, "{} {expected}", work.model);
        assert!(work.made < work.model && work.made > 0.93 * work.model);
    }
}
