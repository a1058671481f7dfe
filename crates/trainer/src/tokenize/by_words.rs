//! Rows of the tokens of their words: the same rows that the tokenizers library makes of whole texts, many times as fast.

use std::sync::MutexGuard;

use tokenizers::{Tokenizer, TruncationDirection, TruncationParams};

use super::around::Around;
use super::encoded::Part;
use super::words::{KnownWords, Wanted, Words};

/// One or two texts.
pub(super) type Texts<'a> = (&'a str, Option<&'a str>);

/// Makes rows of the tokens of their words.
#[derive(Debug)]
pub(super) struct ByWords {
    words: Words,
    around: Around,
}

/// Tokens of a row's texts, before they are cut.
#[derive(Default)]
pub(super) struct Scratch {
    first: Vec<u32>,
    second: Vec<u32>,
}

impl ByWords {
    /// `None`: the tokens of a text are not those of its words.
    pub(super) fn of(tokenizer: &Tokenizer) -> Option<Self> {
        Some(Self { words: Words::of(tokenizer)?, around: Around::of(tokenizer)? })
    }

    /// Gives the memory back that known words take.
    pub(super) fn forget(&self) {
        self.words.forget();
    }

    /// What this thread knows.
    pub(super) fn known(&self) -> MutexGuard<'_, KnownWords> {
        self.words.known()
    }

    /// Writes one row, cut and with its special tokens; returns whether it was cut.
    pub(super) fn encode_row(
        &self,
        tokenizer: &Tokenizer,
        ((first, second), limit): (Texts<'_>, &TruncationParams),
        uses_type_ids: bool,
        (known, scratch): (&mut KnownWords, &mut Scratch),
        part: &mut Part,
    ) -> Result<bool, tokenizers::Error> {
        let wanted = match (limit.direction, second) {
            (TruncationDirection::Left, _) => Wanted::All,
            (TruncationDirection::Right, None) => Wanted::First(limit.max_length),
            // Of two texts that are both too long the longer one gets the odd token.
            (TruncationDirection::Right, Some(_)) => Wanted::FirstAndCount(limit.max_length),
        };
        let Scratch { first: first_ids, second: second_ids } = scratch;
        second_ids.clear();
        let lengths = [
            self.words.encode(known, tokenizer, first, wanted, first_ids)?,
            second.map_or(Ok(0), |second| self.words.encode(known, tokenizer, second, wanted, second_ids))?,
        ];
        let kept = kept(lengths, second.is_some(), limit.max_length);
        let [first, behind] =
            [(&*first_ids, kept[0]), (&*second_ids, kept[1])].map(|(ids, kept)| match limit.direction {
                TruncationDirection::Right => &ids[..kept],
                TruncationDirection::Left => &ids[ids.len() - kept..],
            });
        self.around.write(first, second.map(|_| behind), uses_type_ids, part);
        Ok(kept != lengths)
    }
}

/// How many tokens of two texts are kept so that there are at most `limit`, the longer text cut first: as `truncate_encodings` of
/// tokenizers counts them, down to who gets the odd one.
fn kept([first, second]: [usize; 2], is_pair: bool, limit: usize) -> [usize; 2] {
    if first + second <= limit {
        return [first, second];
    }
    if !is_pair {
        return [limit, 0];
    }
    let (mut short, mut long) = (first.min(second), 0);
    if short <= limit {
        long = short.max(limit - short);
    }
    if short > limit || short + long > limit {
        short = limit / 2;
        long = short + limit % 2;
    }
    if first > second { [long, short] } else { [short, long] }
}

#[cfg(test)]
mod tests {
    use tokenizers::utils::truncation::truncate_encodings;
    use tokenizers::{Encoding, TruncationStrategy};

    use super::*;

    /// Against the library, for all lengths and limits that are small.
    #[test]
    fn as_many_tokens_are_kept_as_truncation_keeps() {
        let encoding = |length: usize| {
            let token = tokenizers::Token::new(0, String::new(), (0, 0));
            Encoding::from_tokens(vec![token; length], 0)
        };
        for (first, limit) in (0..12).flat_map(|first| (0..14).map(move |limit| (first, limit))) {
            let params = TruncationParams {
                max_length: limit,
                strategy: TruncationStrategy::LongestFirst,
                stride: 0,
                direction: TruncationDirection::Right,
            };
            for second in (0..12).map(Some).chain([None]) {
                let (a, b) = truncate_encodings(encoding(first), second.map(encoding), &params).unwrap();
                let expected = [a.len(), b.map_or(0, |b| b.len())];
                let found = kept([first, second.unwrap_or(0)], second.is_some(), limit);
                assert_eq!(found, expected, "{first} {second:?} {limit}");
            }
        }
    }
}
