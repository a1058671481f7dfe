//! Rows to one flat table of token ids.

use glue_tasks::library_panic::caught;
use rayon::prelude::*;
use tokenizers::utils::truncation::truncate_encodings;
use tokenizers::{Encoding, PostProcessor, TruncationParams, TruncationStrategy};

use super::by_words::{Scratch, Texts};
use super::encoded::{Encoded, Part};
use super::words::{LONGEST_PIECE, too_long};
use super::{TextTokenizer, TokenizeError};

/// Rows that one thread encodes before it looks for more work.
const CHUNK: usize = 64;
/// Rows in flight at once. Only these exist both as pieces and in the table, which bounds memory.
pub(crate) const GROUP: usize = 16_384;

/// Encodes rows group by group, so that texts can go when their tokens are there.
pub(crate) struct RowEncoder<'a> {
    text: &'a TextTokenizer,
    limits: Limits,
    table: Encoded,
    rows: usize,
    /// How often the first row has the token that a model looks for.
    text_ends: Option<usize>,
}

impl<'a> RowEncoder<'a> {
    /// For `rows` rows. `has_pairs`: some of them are pairs of texts.
    pub(super) fn new(
        text: &'a TextTokenizer,
        rows: usize,
        has_pairs: bool,
        max_seq_length: usize,
    ) -> Result<Self, TokenizeError> {
        let limits = Limits::new(text, has_pairs, max_seq_length)?;
        Ok(Self { text, limits, table: Encoded::new(text.vocab_size), rows, text_ends: None })
    }

    /// Encodes the next rows in parallel; `texts` are those of a row.
    ///
    /// # Errors
    /// Names the first row that fails, counted from the first one of all.
    pub(crate) fn add<R: Sync>(
        &mut self,
        rows: &[R],
        texts: impl Fn(&R) -> Texts<'_> + Sync,
    ) -> Result<(), TokenizeError> {
        for group in rows.chunks(GROUP) {
            let done = self.table.len();
            let parts: Vec<Result<Part, TokenizeError>> = group
                .par_chunks(CHUNK)
                .enumerate()
                .map(|(chunk, rows)| encode_chunk(self.text, &self.limits, rows, &texts, done + chunk * CHUNK))
                .collect();
            // In order: of several rows that fail the first is named, whichever thread was faster.
            let parts = parts.into_iter().collect::<Result<Vec<Part>, _>>()?;
            if let Some(token) = self.text.text_end {
                self.check_text_ends(token, &parts, done)?;
            }
            self.table.append(&parts, self.rows.saturating_sub(done + group.len()));
        }
        Ok(())
    }

    /// Whether the rows of `parts` have `token` as often as the first row of all.
    fn check_text_ends(&mut self, token: u32, parts: &[Part], first_row: usize) -> Result<(), TokenizeError> {
        let rows = parts.iter().flat_map(|part| {
            let starts = std::iter::once(&0).chain(&part.ends);
            starts.zip(&part.ends).map(|(&start, &end)| &part.ids[start..end])
        });
        for (i, ids) in rows.enumerate() {
            let count = ids.iter().filter(|id| **id == token).count();
            let expected = *self.text_ends.get_or_insert(count);
            if count == 0 || count != expected {
                let token = self.text.tokenizer.id_to_token(token).unwrap_or_default();
                return Err(TokenizeError::TextEnds { row: first_row + i, token, count, expected });
            }
        }
        Ok(())
    }

    /// All rows.
    #[must_use]
    pub(crate) fn finish(self) -> Encoded {
        self.table
    }
}

/// What is left for texts once a row's special tokens have their places.
struct Limits {
    one_text: TruncationParams,
    two_texts: TruncationParams,
}

impl Limits {
    fn new(text: &TextTokenizer, has_pairs: bool, max_seq_length: usize) -> Result<Self, TokenizeError> {
        let special = |is_pair| text.tokenizer.get_post_processor().map_or(0, |post| post.added_tokens(is_pair));
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

    /// What is left for a row of these texts.
    fn of(&self, (_, second): Texts<'_>) -> &TruncationParams {
        if second.is_some() { &self.two_texts } else { &self.one_text }
    }
}

fn encode_chunk<R>(
    text: &TextTokenizer,
    limits: &Limits,
    rows: &[R],
    texts: impl Fn(&R) -> Texts<'_>,
    first_row: usize,
) -> Result<Part, TokenizeError> {
    let mut part = Part::default();
    let mut by_words = text.by_words.as_deref().map(|by_words| (by_words, by_words.known(), Scratch::default()));
    for (i, row) in rows.iter().enumerate() {
        let failed = |reason: String| TokenizeError::Encode { row: first_row + i, reason };
        let (start, texts) = (part.ids.len(), texts(row));
        let encoded = caught(|| match &mut by_words {
            Some((by_words, known, scratch)) => {
                let limit = limits.of(texts);
                by_words.encode_row(&text.tokenizer, (texts, limit), text.uses_type_ids, (known, scratch), &mut part)
            }
            None => encode_row(text, limits, texts, &mut part),
        });
        let truncated = encoded.map_err(failed)?.map_err(|error| failed(error.to_string()))?;
        if let Some(&id) = part.ids[start..].iter().find(|id| **id as usize >= text.embedding_rows) {
            let token = text.tokenizer.id_to_token(id).unwrap_or_default();
            return Err(TokenizeError::OutsideEmbedding { row: first_row + i, token, id, rows: text.embedding_rows });
        }
        part.truncated_rows += usize::from(truncated);
    }
    Ok(part)
}

/// Writes one row, cut and with its special tokens; returns whether it was cut.
///
/// Each text is tokenized whole before the cut. Truncation set on the tokenizer would be quicker for long texts, but
/// it stops each text early, after a number of tokens that depends on where a word ends, and "longest first" then
/// weighs the wrong lengths: when a row's room is odd, the odd token would go to the wrong text.
fn encode_row(
    text: &TextTokenizer,
    limits: &Limits,
    texts: Texts<'_>,
    part: &mut Part,
) -> Result<bool, tokenizers::Error> {
    let (limit, (first, second)) = (limits.of(texts), texts);
    if let Some(bytes) = [first.len(), second.map_or(0, str::len)].into_iter().find(|bytes| *bytes > LONGEST_PIECE) {
        return Err(too_long(bytes));
    }
    let tokenizer = &text.tokenizer;
    let first = tokenizer.encode_fast(first, false)?;
    let second = second.map(|second| {
        let mut second = tokenizer.encode_fast(second, false)?;
        // Where something stands around the texts, it says so itself.
        second.set_type_ids(vec![1; second.len()]);
        Ok::<_, tokenizers::Error>(second)
    });
    let second = second.transpose()?;

    let truncated = first.len() + second.as_ref().map_or(0, Encoding::len) > limit.max_length;
    let (mut first, mut second) = truncate_encodings(first, second, limit)?;
    // What was cut off hangs on as further encodings, and the post-processor would combine all of one text's with all
    // of the other's.
    first.take_overflowing();
    if let Some(second) = &mut second {
        second.take_overflowing();
    }
    let row = tokenizer.post_process(first, second, true)?;
    part.ids.extend_from_slice(row.get_ids());
    if text.uses_type_ids {
        for &type_id in row.get_type_ids() {
            part.type_ids.push(u8::try_from(type_id).map_err(|_| format!("type id {type_id} is above 255"))?);
        }
    } else {
        part.type_ids.resize(part.ids.len(), 0);
    }
    part.ends.push(part.ids.len());
    Ok(truncated)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tokenize::TokenizerFiles;

    /// What texts are put together of at random: letters, blanks, marks, tokens that match as wholes, and what normalizers drop or change.
    const PIECES: [&str; 48] = [
        "a", "b", "the", "cat", "The", "running", "s", "x", " ", " ", " ", " ", " ", "  ", "\t", "\n", "\u{a0}",
        "\u{3000}", "\u{2028}", "\u{1f}", "é", "e\u{301}", "\u{301}", " \u{301}", "\0", "\u{ad}", "\u{200b}", "中",
        "文", "가", "!", "...", "'s", "'", "##", "[MASK]", "<mask>", " <mask> ", "[SEP]", "</s>", "<s>", "İ", "ß", "Σ",
        "Ⅷ", "\u{fffd}", "🤗", "12",
    ];

    fn text(random: &mut impl FnMut() -> usize) -> String {
        let mut text: String = (0..random() % 24).map(|_| PIECES[random() % PIECES.len()]).collect();
        if random().is_multiple_of(16) {
            text.push_str(&"long".repeat(40));
        }
        text
    }

    /// A text without a space, of which the first tokens are made of its beginning.
    fn without_a_space(pieces: &[&str], random: &mut impl FnMut() -> usize) -> String {
        (0..30_000).map(|_| pieces[random() % pieces.len()]).collect()
    }

    #[test]
    fn of_a_long_text_the_beginning_is_tokenized() {
        let tokenizer = TextTokenizer::load(&TokenizerFiles::in_folder(Path::new("demo/model"))).unwrap();
        for piece in ["a.", "中文", "a "] {
            let (long, short) = (piece.repeat(LONGEST_PIECE), piece.repeat(1000));
            let (long, short) =
                (tokenizer.encode(&[(&long, None)], 64).unwrap(), tokenizer.encode(&[(&short, None)], 64).unwrap());
            assert_eq!((long.row(0), long.length(0)), (short.row(0), 64), "{piece}");
        }
        // One word, of which the tokens may depend on all of it.
        let one = "a".repeat(LONGEST_PIECE + 1);
        let error = tokenizer.encode(&[("a", None), (&one, None)], 64).unwrap_err().to_string();
        assert!(error.contains("row 1") && error.contains("expected at most 4 MiB"), "{error}");
    }

    #[test]
    fn rows_that_a_model_cannot_take_together_are_named() {
        let tokenizer = TextTokenizer::load(&TokenizerFiles::in_folder(Path::new("demo/model"))).unwrap();
        let end = tokenizer.tokenizer.token_to_id("[SEP]");
        let mut rows = vec![("a [SEP] b", None); 2 * CHUNK + 1];
        rows[2 * CHUNK] = ("a b", Some("a"));
        let ends = tokenizer.clone().for_text_end(end);
        assert_eq!(ends.encode(&rows, 16).unwrap().len(), rows.len());
        rows[CHUNK + 1] = ("a b", None);
        assert_eq!(tokenizer.encode(&rows, 16).unwrap().len(), rows.len());
        let error = ends.encode(&rows, 16).unwrap_err().to_string();
        assert!(
            error.contains("row 65 (counted from 0) has the token `[SEP]` 1 times, and the first row 2"),
            "{error}"
        );
        let none = tokenizer.for_text_end(Some(u32::MAX)).encode(&rows, 16).unwrap_err().to_string();
        assert!(none.contains("row 0 (counted from 0)") && none.contains("0 times"), "{none}");
    }

    /// Tokenizers of every family's fixtures, where texts are taken apart and where they are not.
    #[test]
    fn words_give_the_tokens_of_the_whole_text() {
        let fixtures = Path::new("../run-glue/tests/fixtures");
        let unigram = ["albert-0", "camembert-0", "deberta-v2-1", "xlm-roberta-0"]
            .map(|name| fixtures.join("unigram").join(name).join("fast"));
        let checkpoints = std::fs::read_dir(fixtures.join("trajectory/checkpoints")).unwrap();
        let folders = checkpoints.map(|entry| entry.unwrap().path()).chain(unigram);
        let (mut compared, mut state) = (0, 1u64);
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        for folder in folders.chain([Path::new("demo/model").to_owned()]).filter(|folder| folder.is_dir()) {
            let Ok(tokenizer) = TextTokenizer::load(&TokenizerFiles::in_folder(&folder)) else { continue };
            if tokenizer.by_words.is_none() {
                continue;
            }
            let whole = TextTokenizer { by_words: None, ..tokenizer.clone() };
            let rows: Vec<(String, Option<String>)> =
                (0..300).map(|_| (text(&mut random), (random() % 2 == 0).then(|| text(&mut random)))).collect();
            let pieces: Vec<&str> = PIECES.into_iter().filter(|piece| !piece.contains(' ')).collect();
            let long =
                [&pieces, &vec!["中"], &vec!["a", "."], &vec!["a"]].map(|pieces| without_a_space(pieces, &mut random));
            let rows = rows.iter().map(|(first, second)| (first.as_str(), second.as_deref()));
            let rows: Vec<Texts> = rows.chain(long.iter().map(|text| (text.as_str(), None))).collect();
            for length in [8, 9, 200] {
                let (found, expected) =
                    (tokenizer.encode(&rows, length).unwrap(), whole.encode(&rows, length).unwrap());
                for (at, row) in rows.iter().enumerate() {
                    assert_eq!(found.row(at), expected.row(at), "{}: {row:?}", folder.display());
                }
                assert_eq!(found, expected);
            }
            compared += 1;
        }
        assert!(compared >= 12, "{compared}");
    }
}
