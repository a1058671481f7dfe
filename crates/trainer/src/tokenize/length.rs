//! How long a row may be.

use super::TokenizeError;

/// The least sequence length: a RoBERTa pair carries four special tokens.
pub const MIN_SEQ_LENGTH: usize = 4;

/// The sequence length to use: the least of what `--max_seq_length` asks for, what the tokenizer's author states, and
/// how many positions the model has. The second value is a warning to show when the flag was lowered.
pub fn effective_max_seq_length(
    requested: usize,
    tokenizer: Option<usize>,
    model_max_positions: usize,
) -> Result<(usize, Option<String>), TokenizeError> {
    let stated = tokenizer.unwrap_or(usize::MAX);
    let (limit, limit_is) = if stated < model_max_positions {
        (stated, "the tokenizer's model_max_length")
    } else {
        (model_max_positions, "the model's number of positions")
    };
    let length = requested.min(limit);
    if length < MIN_SEQ_LENGTH {
        let origin =
            if length < requested { format!(" (lowered from {requested} to {limit_is})") } else { String::new() };
        return Err(TokenizeError::LengthTooSmall { length, origin, least: MIN_SEQ_LENGTH });
    }
    let warning = (length < requested)
        .then(|| format!("--max_seq_length {requested} is larger than {limit_is} ({limit}): using {length}"));
    Ok((length, warning))
}
