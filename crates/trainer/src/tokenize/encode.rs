//! Rows to one flat table of token ids.

use rayon::prelude::*;
use tokenizers::utils::truncation::truncate_encodings;
use tokenizers::{Encoding, PostProcessor, Tokenizer, TruncationParams, TruncationStrategy};

use super::{TextTokenizer, TokenizeError};

/// Rows that one thread encodes before it looks for more work.
const CHUNK: usize = 64;
/// Rows in flight at once. Only these exist both as pieces and in the table, which bounds memory.
const GROUP: usize = 16_384;

/// Token ids of many rows, laid end to end without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    ids: Vec<u32>,
    type_ids: Vec<u8>,
    /// Where each row begins, and at the end where the last one stops.
    offsets: Vec<usize>,
    truncated_rows: usize,
}

impl Encoded {
    fn with_rows(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { ids: Vec::new(), type_ids: Vec::new(), offsets, truncated_rows: 0 }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `i`: its token ids, and for each the type id, which is 1 in the second text of a pair.
    ///
    /// Like a slice, it panics when there is no row `i`.
    pub fn row(&self, i: usize) -> (&[u32], &[u8]) {
        let range = self.offsets[i]..self.offsets[i + 1];
        (&self.ids[range.clone()], &self.type_ids[range])
    }

    /// Number of tokens in row `i`, special tokens included. Panics like [`Encoded::row`].
    pub fn length(&self, i: usize) -> usize {
        self.offsets[i + 1] - self.offsets[i]
    }

    /// Number of tokens in all rows together.
    pub fn total_tokens(&self) -> usize {
        self.ids.len()
    }

    /// Number of rows that lost tokens to the length limit.
    pub fn truncated_rows(&self) -> usize {
        self.truncated_rows
    }

    fn append(&mut self, part: Self) {
        let start = self.ids.len();
        self.ids.extend(part.ids);
        self.type_ids.extend(part.type_ids);
        self.offsets.extend(part.offsets.iter().skip(1).map(|offset| start + offset));
        self.truncated_rows += part.truncated_rows;
    }
}

pub(super) fn encode(
    text: &TextTokenizer,
    rows: &[(&str, Option<&str>)],
    max_seq_length: usize,
) -> Result<Encoded, TokenizeError> {
    let limits = Limits::new(text, rows, max_seq_length)?;
    let mut table = Encoded::with_rows(rows.len());
    for (group, group_rows) in rows.chunks(GROUP).enumerate() {
        let parts: Vec<Result<Encoded, TokenizeError>> = group_rows
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, rows)| encode_chunk(text, &limits, rows, group * GROUP + chunk * CHUNK))
            .collect();
        // In order: of several rows that fail the first is named, whichever thread was faster.
        for part in parts {
            table.append(part?);
        }
    }
    Ok(table)
}

/// What is left for texts once a row's special tokens have their places.
struct Limits {
    one_text: TruncationParams,
    two_texts: TruncationParams,
}

impl Limits {
    fn new(text: &TextTokenizer, rows: &[(&str, Option<&str>)], max_seq_length: usize) -> Result<Self, TokenizeError> {
        let special = |is_pair| text.tokenizer.get_post_processor().map_or(0, |post| post.added_tokens(is_pair));
        let has_pairs = rows.iter().any(|(_, second)| second.is_some());
        let most_special = if has_pairs { special(true).max(special(false)) } else { special(false) };
        if max_seq_length < most_special {
            return Err(TokenizeError::SpecialTokensDoNotFit { length: max_seq_length, special: most_special });
        }
        let limit = |is_pair| TruncationParams {
            // Without pairs their limit is never used, and may be below zero.
            max_length: max_seq_length.saturating_sub(special(is_pair)),
            strategy: TruncationStrategy::LongestFirst,
            stride: 0,
            direction: text.truncation_side,
        };
        Ok(Self { one_text: limit(false), two_texts: limit(true) })
    }
}

fn encode_chunk(
    text: &TextTokenizer,
    limits: &Limits,
    rows: &[(&str, Option<&str>)],
    first_row: usize,
) -> Result<Encoded, TokenizeError> {
    let mut part = Encoded::with_rows(rows.len());
    for (i, &row) in rows.iter().enumerate() {
        let failed = |reason: String| TokenizeError::Encode { row: first_row + i, reason };
        let (encoding, truncated) =
            encode_row(&text.tokenizer, limits, row).map_err(|error| failed(error.to_string()))?;
        if let Some(at) = encoding.get_ids().iter().position(|id| *id as usize >= text.embedding_rows) {
            let id = encoding.get_ids()[at];
            let token = text.tokenizer.id_to_token(id).unwrap_or_default();
            return Err(TokenizeError::OutsideEmbedding { row: first_row + i, token, id, rows: text.embedding_rows });
        }
        part.ids.extend_from_slice(encoding.get_ids());
        if text.uses_type_ids {
            for &type_id in encoding.get_type_ids() {
                let narrow = u8::try_from(type_id).map_err(|_| failed(format!("type id {type_id} is above 255")))?;
                part.type_ids.push(narrow);
            }
        } else {
            part.type_ids.resize(part.ids.len(), 0);
        }
        part.offsets.push(part.ids.len());
        part.truncated_rows += usize::from(truncated);
    }
    Ok(part)
}

/// One row, cut and with its special tokens, and whether it was cut.
///
/// Each text is tokenized whole before the cut. Truncation set on the tokenizer would be quicker for long texts, but
/// it stops each text early, after a number of tokens that depends on where a word ends, and "longest first" then
/// weighs the wrong lengths: when a row's room is odd, the odd token would go to the wrong text.
fn encode_row(
    tokenizer: &Tokenizer,
    limits: &Limits,
    (first, second): (&str, Option<&str>),
) -> Result<(Encoding, bool), tokenizers::Error> {
    let first = tokenizer.encode_fast(first, false)?;
    let second = second.map(|second| {
        let mut second = tokenizer.encode_fast(second, false)?;
        // Where something stands around the texts, it says so itself.
        second.set_type_ids(vec![1; second.len()]);
        Ok::<_, tokenizers::Error>(second)
    });
    let second = second.transpose()?;

    let limit = if second.is_some() { &limits.two_texts } else { &limits.one_text };
    let truncated = first.len() + second.as_ref().map_or(0, Encoding::len) > limit.max_length;
    let (mut first, mut second) = truncate_encodings(first, second, limit)?;
    // What was cut off hangs on as further encodings, and the post-processor would combine all of one text's with all
    // of the other's.
    first.take_overflowing();
    if let Some(second) = &mut second {
        second.take_overflowing();
    }
    Ok((tokenizer.post_process(first, second, true)?, truncated))
}
