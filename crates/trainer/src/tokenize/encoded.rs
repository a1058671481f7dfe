//! Token ids of many rows in one table.

/// Token ids of many rows, laid end to end without padding: two bytes an id where the vocabulary allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub(super) ids: Ids,
    /// One a token, or none at all while all of them are 0.
    pub(super) type_ids: Vec<u8>,
    /// Where each row begins, and at the end where the last one stops.
    pub(super) offsets: Vec<usize>,
    pub(super) truncated_rows: usize,
}

/// Token ids as wide as they need to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ids {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl Ids {
    /// For ids below `vocab_size`.
    pub(super) fn of(vocab_size: usize) -> Self {
        if vocab_size <= usize::from(u16::MAX) + 1 { Self::Narrow(Vec::new()) } else { Self::Wide(Vec::new()) }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(ids) => ids.len(),
            Self::Wide(ids) => ids.len(),
        }
    }

    fn room(&self) -> usize {
        match self {
            Self::Narrow(ids) => ids.capacity() - ids.len(),
            Self::Wide(ids) => ids.capacity() - ids.len(),
        }
    }

    fn reserve(&mut self, additional: usize) {
        match self {
            Self::Narrow(ids) => ids.reserve_exact(additional),
            Self::Wide(ids) => ids.reserve_exact(additional),
        }
    }

    fn extend(&mut self, new: &[u32]) {
        // What a tokenizer.json puts around texts need not be in its vocabulary.
        if let Self::Narrow(ids) = self
            && new.iter().any(|&id| id > u32::from(u16::MAX))
        {
            *self = Self::Wide(ids.iter().copied().map(u32::from).collect());
        }
        match self {
            Self::Narrow(ids) => ids.extend(new.iter().map(|&id| id as u16)),
            Self::Wide(ids) => ids.extend_from_slice(new),
        }
    }

    fn of_range(&self, range: std::ops::Range<usize>) -> Vec<u32> {
        match self {
            Self::Narrow(ids) => ids[range].iter().map(|&id| u32::from(id)).collect(),
            Self::Wide(ids) => ids[range].to_vec(),
        }
    }
}

/// Rows that one thread encoded, on their way into the table.
#[derive(Default)]
pub(super) struct Part {
    pub(super) ids: Vec<u32>,
    pub(super) type_ids: Vec<u8>,
    /// Where each row ends.
    pub(super) ends: Vec<usize>,
    pub(super) truncated_rows: usize,
}

impl Encoded {
    /// For ids below `vocab_size`.
    pub(super) fn new(vocab_size: usize) -> Self {
        Self { ids: Ids::of(vocab_size), type_ids: Vec::new(), offsets: vec![0], truncated_rows: 0 }
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
    pub fn row(&self, i: usize) -> (Vec<u32>, Vec<u8>) {
        let range = self.offsets[i]..self.offsets[i + 1];
        let type_ids = match self.type_ids.is_empty() {
            true => vec![0; range.len()],
            false => self.type_ids[range.clone()].to_vec(),
        };
        (self.ids.of_range(range), type_ids)
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

    /// Takes the rows behind those that are there. `left`: rows that come after them, for which room is made in one go, as if they
    /// were as long as these.
    pub(super) fn append(&mut self, parts: &[Part], left: usize) {
        let (rows, tokens) =
            parts.iter().fold((0, 0), |(rows, tokens), part| (rows + part.ends.len(), tokens + part.ids.len()));
        if self.ids.room() < tokens {
            let share = (left + rows) as f64 / rows.max(1) as f64;
            self.ids.reserve(((tokens as f64 * share * 1.02) as usize).max(tokens));
            self.offsets.reserve_exact(left + rows);
        }
        for part in parts {
            let start = self.ids.len();
            if !self.type_ids.is_empty() || part.type_ids.iter().any(|&type_id| type_id != 0) {
                self.type_ids.resize(start, 0);
                self.type_ids.extend_from_slice(&part.type_ids);
            }
            self.ids.extend(&part.ids);
            self.offsets.extend(part.ends.iter().map(|end| start + end));
            self.truncated_rows += part.truncated_rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rows: &[(&[u32], u8)]) -> Part {
        let mut part = Part::default();
        for (ids, type_id) in rows {
            part.ids.extend_from_slice(ids);
            part.type_ids.extend(ids.iter().map(|_| type_id));
            part.ends.push(part.ids.len());
        }
        part
    }

    #[test]
    fn rows_come_back_whatever_the_width() {
        for vocab_size in [65_536, 65_537] {
            let mut table = Encoded::new(vocab_size);
            assert_eq!(matches!(table.ids, Ids::Narrow(_)), vocab_size == 65_536);
            table.append(&[part(&[(&[1, 65_535], 0), (&[], 0)])], 2);
            assert!(table.type_ids.is_empty());
            assert_eq!(table.row(0), (vec![1, 65_535], vec![0, 0]));
            // From the first type id on that is not 0, all are kept.
            table.append(&[part(&[(&[7], 0)]), part(&[(&[8, 9], 1)])], 0);
            assert_eq!((table.len(), table.total_tokens(), table.length(1)), (4, 5, 0));
            assert_eq!(table.row(1), (vec![], vec![]));
            assert_eq!(table.row(2), (vec![7], vec![0]));
            assert_eq!(table.row(3), (vec![8, 9], vec![1, 1]));
            table.append(&[part(&[(&[70_000], 0)])], 0);
            assert_eq!((table.row(4).0, table.row(0).0, table.row(3).0), (vec![70_000], vec![1, 65_535], vec![8, 9]));
        }
    }
}
