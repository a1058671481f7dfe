//! Where a model's files do not fit each other, and the shapes of its tensors would not show it, or too late.

use models::checkpoint::WeightFiles;
use models::encoder::architecture::{Architecture, TokenTypes};

use crate::error::Error;
use crate::tokenize::TextTokenizer;

/// Up to here the weights are not asked: every machine has memory for so many, and shapes are compared when they are there.
const FEW_PARAMETERS: usize = 100_000_000;

/// Tokens of a row that is asked for its type ids.
const LONGEST_ROW: usize = 512;

/// To be asked before the encoder is made, which takes what memory config.json asks for.
///
/// # Errors
/// An encoder of more than twice the numbers that the weights are: a few tensors may be absent, and are drawn.
pub(crate) fn check_parameters(architecture: &Architecture, weights: &WeightFiles) -> Result<(), Error> {
    // The classes of the head are the task's.
    let asked = architecture.parameters(1).total;
    if asked <= FEW_PARAMETERS {
        return Ok(());
    }
    let held = weights.numbers()?;
    if asked / 2 <= held {
        return Ok(());
    }
    Err(Error::usage(format!(
        "config.json asks for {asked} parameters, and the weights are {held} numbers: they belong to two models; fetch both again"
    )))
}

/// To be asked before a row is looked up in tables that may not have it. What texts are made of is looked at when they are tokenized.
///
/// # Errors
/// Names the id that has no row.
pub(crate) fn check_ids(architecture: &Architecture, tokenizer: &TextTokenizer) -> Result<(), Error> {
    let (rows, padding) = (architecture.vocab_size, tokenizer.pad_token_id());
    if padding as usize >= rows {
        return Err(Error::usage(format!(
            "the padding token has the id {padding}, and the model's embedding has {rows} rows (vocab_size in config.json): the tokenizer \
             belongs to another checkpoint, or the embedding was not resized when tokens were added"
        )));
    }
    let TokenTypes::Rows(kinds) = architecture.embeddings.token_types else { return Ok(()) };
    let highest = if tokenizer.uses_type_ids() { highest_type_id(tokenizer) } else { 0 };
    if usize::from(highest) < kinds {
        return Ok(());
    }
    Err(Error::usage(format!(
        "its tokenizer gives tokens the type id {highest}, and the model has {kinds} kinds of token (type_vocab_size in config.json), \
         counted from 0: the tokenizer belongs to another checkpoint (--token_type_ids false gives none)"
    )))
}

/// The highest one in rows of one text and of two: whatever they say, the tokenizer puts the same around them.
fn highest_type_id(tokenizer: &TextTokenizer) -> u8 {
    let rows = ["a", "1", "."].into_iter().flat_map(|text| [(text, None), (text, Some(text))]);
    let encoded = rows.filter_map(|row| tokenizer.encode(&[row], LONGEST_ROW).ok());
    encoded.flat_map(|row| row.row(0).1).max().unwrap_or(0)
}
