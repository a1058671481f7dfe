//! The same tokens one place further on, as the second stack of an encoder-decoder reads them.

use std::sync::Arc;

use super::{DistinctTokens, TokenBatch};

impl TokenBatch {
    /// The same with `token` among the distinct tokens, whether a text has it or not.
    #[must_use]
    pub fn with_distinct(&self, token: u32) -> Self {
        let known = &self.distinct_tokens;
        let Err(place) = known.ids.binary_search(&token) else { return self.clone() };
        let mut ids = known.ids.to_vec();
        ids.insert(place, token);
        let moved = |&index: &u32| index + u32::from(index as usize >= place);
        let index_of_row = known.index_of_row.iter().map(moved).collect();
        Self {
            distinct_tokens: Arc::new(DistinctTokens { ids: ids.into(), index_of_row }),
            #[cfg(feature = "cube")]
            device_cache: Arc::default(),
            ..self.clone()
        }
    }

    /// Each sequence begins with `start`, and its own tokens follow, all but the last one; the distinct tokens are those of
    /// [`Self::with_distinct`].
    #[must_use]
    pub fn shifted(&self, start: u32) -> Self {
        let known = self.with_distinct(start);
        let mut input_ids = known.input_ids.clone();
        for (i, &first) in known.sequences.starts().iter().enumerate() {
            let rows = known.sequences.padded_len().unwrap_or(known.sequences.length(i));
            if rows > 0 {
                input_ids.copy_within(first..first + rows - 1, first + 1);
                input_ids[first] = start;
            }
        }
        let ids = known.distinct_tokens.ids.clone();
        // Every id is among them.
        let index_of_row = input_ids.iter().map(|id| ids.binary_search(id).unwrap_or_default() as u32).collect();
        Self {
            input_ids,
            distinct_tokens: Arc::new(DistinctTokens { ids, index_of_row }),
            #[cfg(feature = "cube")]
            device_cache: Arc::default(),
            ..known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_one_place_on_in_either_layout() {
        let rows: [(&[u32], &[u8]); 2] = [(&[5, 6, 7], &[0; 3]), (&[9], &[0])];
        let shifted = |pad_to| TokenBatch::new(&rows, 1, pad_to, 0).shifted(2);
        assert_eq!(shifted(None).input_ids, [2, 5, 6, 2]);
        assert_eq!(shifted(Some(0)).input_ids, [2, 5, 6, 2, 9, 1]);
        for batch in [shifted(None), shifted(Some(0))] {
            let distinct = batch.distinct_tokens();
            assert!(distinct.ids.contains(&2) && distinct.ids.contains(&7));
            let found: Vec<u32> = distinct.index_of_row.iter().map(|&index| distinct.ids[index as usize]).collect();
            assert_eq!(found, batch.input_ids);
        }
    }

    #[test]
    fn a_distinct_token_changes_no_row() {
        let batch = TokenBatch::new(&[(&[5, 3, 7], &[0; 3])], 1, None, 0);
        for (token, ids) in [(4, vec![3, 4, 5, 7]), (5, vec![3, 5, 7]), (9, vec![3, 5, 7, 9])] {
            let known = batch.with_distinct(token);
            let distinct = known.distinct_tokens();
            assert_eq!(*distinct.ids, *ids);
            let found: Vec<u32> = distinct.index_of_row.iter().map(|&index| distinct.ids[index as usize]).collect();
            assert_eq!((found, &known.input_ids), (batch.input_ids.clone(), &batch.input_ids));
        }
    }
}
