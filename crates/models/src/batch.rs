//! One batch of token ids on the host, and where its sequences lie among the rows.

mod shifted;

use std::sync::Arc;

#[cfg(feature = "cube")]
use crate::device_cache::DeviceCache;

/// Positions a row key leaves for one example; larger than any `max_position_embeddings` in use.
pub(crate) const POSITIONS_PER_EXAMPLE: u64 = 1 << 16;

/// Where the sequences of a batch lie in a `[rows, hidden]` matrix.
///
/// Packed: tokens end to end, `rows` is the number of tokens. Padded: every sequence takes `max_len` rows.
/// Both give the same logits and gradients, because padding is never attended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequences {
    starts: Vec<usize>,
    lengths: Vec<usize>,
    rows: usize,
    max_len: usize,
    padded_len: Option<usize>,
    first_example: u32,
    /// The position of each sequence's first row, where it is not 0.
    first_positions: Vec<u32>,
    #[cfg(feature = "cube")]
    pub(crate) device_cache: DeviceCache,
}

impl Sequences {
    /// Tokens of all sequences end to end, no padding rows.
    #[must_use]
    pub fn packed(lengths: Vec<usize>) -> Self {
        let mut rows = 0;
        let starts = lengths
            .iter()
            .map(|length| {
                let start = rows;
                rows += length;
                start
            })
            .collect();
        let max_len = lengths.iter().copied().max().unwrap_or(0);
        Self {
            starts,
            lengths,
            rows,
            max_len,
            padded_len: None,
            first_example: 0,
            first_positions: Vec::new(),
            #[cfg(feature = "cube")]
            device_cache: DeviceCache::default(),
        }
    }

    /// Every sequence in `padded_len` rows (at least the longest length), its tokens first.
    #[must_use]
    pub fn padded(lengths: Vec<usize>, padded_len: usize) -> Self {
        let max_len = lengths.iter().copied().max().unwrap_or(0);
        let padded_len = padded_len.max(max_len);
        let starts = (0..lengths.len()).map(|i| i * padded_len).collect();
        let rows = lengths.len() * padded_len;
        Self {
            starts,
            lengths,
            rows,
            max_len,
            padded_len: Some(padded_len),
            first_example: 0,
            first_positions: Vec::new(),
            #[cfg(feature = "cube")]
            device_cache: DeviceCache::default(),
        }
    }

    /// Packed, with rows of no sequence at the end up to a multiple of `multiple`: padding, for backends that compile
    /// for each number of rows.
    #[must_use]
    pub fn rounded(mut self, multiple: usize) -> Self {
        if self.padded_len.is_none() {
            self.rows = self.rows.next_multiple_of(multiple.max(1));
        }
        self
    }

    /// Says that the first sequence is example `index` of the optimizer step's whole batch. Dropout is keyed by it,
    /// so that micro-batches draw the masks that the undivided batch would.
    #[must_use]
    pub fn with_first_example(mut self, index: usize) -> Self {
        self.first_example = u32::try_from(index).unwrap_or(u32::MAX);
        #[cfg(feature = "cube")]
        {
            self.device_cache = DeviceCache::default();
        }
        self
    }

    /// One row a sequence, keyed as its first token.
    #[must_use]
    pub fn first_tokens(&self) -> Self {
        Self::packed(vec![1; self.len()]).with_first_example(self.first_example())
    }

    /// One row a sequence, keyed as its token at a position of its own.
    #[must_use]
    pub fn tokens_at(&self, positions: &[u32]) -> Self {
        Self { first_positions: positions.to_vec(), ..self.first_tokens() }
    }

    /// Index of the first sequence in the optimizer step's whole batch.
    #[must_use]
    pub fn first_example(&self) -> usize {
        self.first_example as usize
    }

    /// Number of sequences.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no sequence at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Rows of the `[rows, hidden]` matrices, padding included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Tokens without padding.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// First row of sequence `i`; its token 0 (`[CLS]`).
    #[must_use]
    pub fn start(&self, i: usize) -> usize {
        self.starts[i]
    }

    /// First rows of all sequences.
    #[must_use]
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The position of each row in its sequence, padding rows counted on; 0 in rows of no sequence.
    #[must_use]
    pub fn positions(&self) -> Vec<u32> {
        let rows = |i: usize| self.padded_len.unwrap_or(self.lengths[i]);
        let mut positions: Vec<u32> = (0..self.len()).flat_map(|i| 0..rows(i) as u32).collect();
        positions.resize(self.rows, 0);
        positions
    }

    /// Tokens of sequence `i`.
    #[must_use]
    pub fn length(&self, i: usize) -> usize {
        self.lengths[i]
    }

    /// The longest sequence's tokens.
    #[must_use]
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// Whether some rows are padding.
    #[must_use]
    pub fn has_padding(&self) -> bool {
        self.rows != self.tokens()
    }

    /// Rows from one sequence's start to the next in the padded layout.
    #[must_use]
    pub fn padded_len(&self) -> Option<usize> {
        self.padded_len
    }

    /// The dropout key of the token at `position` of sequence `i`: the same in both layouts and for any split of the
    /// batch into micro-batches.
    #[must_use]
    pub fn row_key(&self, i: usize, position: usize) -> u64 {
        let example = u64::from(self.first_example) + i as u64;
        let first = self.first_positions.get(i).copied().unwrap_or(0);
        example * POSITIONS_PER_EXAMPLE + u64::from(first) + position as u64
    }

    /// [`Self::row_key`] of every row, in row order.
    #[must_use]
    pub fn row_keys(&self) -> Vec<u64> {
        let mut keys = vec![0; self.rows];
        for i in 0..self.len() {
            let span = self.padded_len.unwrap_or(self.lengths[i]);
            for position in 0..span {
                keys[self.starts[i] + position] = self.row_key(i, position);
            }
        }
        keys
    }
}

/// What an encoder reads: one id a row (padding rows included) and the layout of the rows.
#[derive(Clone, Debug)]
pub struct TokenBatch {
    /// Token ids, `[rows]`; padding rows hold the pad token.
    pub input_ids: Vec<u32>,
    /// Token type ids (segments), `[rows]`: 0 or 1 in most families.
    pub token_type_ids: Vec<u32>,
    /// Position ids, `[rows]`, counted from 0 in each sequence.
    pub position_ids: Vec<u32>,
    /// Where the sequences lie among the rows.
    pub sequences: Arc<Sequences>,
    /// The rows of the words' and of the positions' table that do not learn.
    pub frozen: [Option<u32>; 2],
    distinct_tokens: Arc<DistinctTokens>,
    #[cfg(feature = "cube")]
    pub(crate) device_cache: Arc<DeviceCache>,
}

/// The distinct token ids of a batch: the only rows of the words' table that its gradient touches.
#[derive(Debug)]
pub struct DistinctTokens {
    /// Each once, ascending.
    pub ids: Arc<[u32]>,
    /// The index among `ids` of each row's token, `[rows]`.
    pub index_of_row: Vec<u32>,
}

impl DistinctTokens {
    fn new(input_ids: &[u32]) -> Self {
        let mut ids = input_ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        // Every id is among them.
        let place = |id| ids.binary_search(id).unwrap_or_default() as u32;
        Self { index_of_row: input_ids.iter().map(place).collect(), ids: ids.into() }
    }
}

impl TokenBatch {
    /// The batch's distinct token ids.
    #[must_use]
    pub fn distinct_tokens(&self) -> &DistinctTokens {
        &self.distinct_tokens
    }

    /// The same tokens as a family counts them that has positions from `first` on, or none, and may have no token types. Where it
    /// `skips_padding`, the id before `first` is the padding's: a token like it in a text has that position itself and is not counted
    /// (`create_position_ids_from_input_ids` of transformers).
    #[must_use]
    pub fn counted(&self, first: Option<u32>, skips_padding: bool, has_types: bool) -> Self {
        let mut next = 0;
        let mut position = |place: u32, token: u32| match first {
            None => 0,
            Some(first) if !skips_padding => place + first,
            Some(first) => {
                // Where a sequence begins, so does the count.
                next = if place == 0 { first } else { next };
                if token + 1 == first {
                    return token;
                }
                next += 1;
                next - 1
            }
        };
        Self {
            position_ids: self.position_ids.iter().zip(&self.input_ids).map(|(&at, &id)| position(at, id)).collect(),
            token_type_ids: self.token_type_ids.iter().map(|&id| if has_types { id } else { 0 }).collect(),
            #[cfg(feature = "cube")]
            device_cache: Arc::default(),
            ..self.clone()
        }
    }

    /// Lays `rows` of (ids, segment ids) out, with absolute positions 0, 1, 2, ...
    /// `pad_to`: `None` for the packed layout, else every sequence takes `max(pad_to, longest)` rows.
    #[must_use]
    pub fn new(rows: &[(&[u32], &[u8])], pad_token_id: u32, pad_to: Option<usize>, first_example: usize) -> Self {
        let lengths: Vec<usize> = rows.iter().map(|(ids, _)| ids.len()).collect();
        let sequences = match pad_to {
            None => Sequences::packed(lengths),
            Some(n) => Sequences::padded(lengths, n),
        };
        Self::laid_out(rows, pad_token_id, sequences.with_first_example(first_example))
    }

    /// Lays `rows` of (ids, segment ids) out as `sequences` of their lengths says.
    #[must_use]
    pub fn laid_out(rows: &[(&[u32], &[u8])], pad_token_id: u32, sequences: Sequences) -> Self {
        let mut input_ids = vec![pad_token_id; sequences.rows()];
        let mut token_type_ids = vec![0; sequences.rows()];
        let mut position_ids = vec![0; sequences.rows()];
        for (i, (ids, types)) in rows.iter().enumerate() {
            let start = sequences.start(i);
            let span = sequences.padded_len().unwrap_or(ids.len());
            for (position, slot) in position_ids[start..start + span].iter_mut().enumerate() {
                *slot = position as u32;
            }
            input_ids[start..start + ids.len()].copy_from_slice(ids);
            for (slot, id) in token_type_ids[start..start + ids.len()].iter_mut().zip(*types) {
                *slot = u32::from(*id);
            }
        }
        let distinct_tokens = Arc::new(DistinctTokens::new(&input_ids));
        Self {
            input_ids,
            token_type_ids,
            position_ids,
            sequences: Arc::new(sequences),
            frozen: [None; 2],
            distinct_tokens,
            #[cfg(feature = "cube")]
            device_cache: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padding_token_in_a_text_is_not_counted() {
        let rows: [(&[u32], &[u8]); 2] = [(&[0, 7, 1, 8, 2], &[0, 0, 0, 1, 1]), (&[0, 9], &[0, 0])];
        let batch = TokenBatch::new(&rows, 1, Some(0), 0);
        let counted = batch.counted(Some(2), true, false);
        assert_eq!(counted.position_ids, [2, 3, 1, 4, 5, 2, 3, 1, 1, 1]);
        assert_eq!(counted.token_type_ids, [0; 10]);
        assert_eq!(batch.counted(Some(2), false, true).position_ids, [2, 3, 4, 5, 6, 2, 3, 4, 5, 6]);
        assert_eq!(batch.counted(Some(0), false, true).position_ids, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
        assert_eq!(batch.counted(None, false, true).position_ids, [0; 10]);
    }

    #[test]
    fn row_keys_are_the_same_in_both_layouts_and_for_micro_batches() {
        let packed = Sequences::packed(vec![3, 1, 2]);
        let padded = Sequences::padded(vec![3, 1, 2], 4);
        let (a, b) = (packed.row_keys(), padded.row_keys());
        for i in 0..3 {
            for p in 0..packed.length(i) {
                assert_eq!(a[packed.start(i) + p], b[padded.start(i) + p]);
            }
        }
        let second_half = Sequences::packed(vec![1, 2]).with_first_example(1);
        assert_eq!(second_half.row_keys(), a[3..]);
    }

    #[test]
    fn rows_are_rounded_up_with_padding_of_no_sequence() {
        let sequences = Sequences::packed(vec![3, 2]).rounded(4);
        assert_eq!((sequences.rows(), sequences.tokens(), sequences.has_padding()), (8, 5, true));
        assert_eq!(sequences.positions(), [0, 1, 2, 0, 1, 0, 0, 0]);
        assert_eq!(sequences.row_keys().len(), 8);
        assert_eq!(Sequences::packed(vec![4]).rounded(4), Sequences::packed(vec![4]));
        let batch = TokenBatch::laid_out(&[(&[5, 6, 7], &[0, 0, 1]), (&[9, 8], &[0, 0])], 1, sequences);
        assert_eq!(batch.input_ids, [5, 6, 7, 9, 8, 1, 1, 1]);
    }

    #[test]
    fn padded_rows_hold_the_pad_token() {
        let batch = TokenBatch::new(&[(&[5, 6, 7], &[0, 0, 1]), (&[9], &[0])], 1, Some(0), 0);
        assert_eq!(batch.input_ids, [5, 6, 7, 9, 1, 1]);
        assert_eq!(batch.token_type_ids, [0, 0, 1, 0, 0, 0]);
        assert_eq!(batch.position_ids, [0, 1, 2, 0, 1, 2]);
        assert!(batch.sequences.has_padding());
        assert!(!TokenBatch::new(&[(&[5, 6], &[0, 0])], 1, None, 0).sequences.has_padding());
    }
}
