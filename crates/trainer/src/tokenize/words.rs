//! Texts word by word. Where the tokens of a text are those of its words one behind the other, a word that was met before is looked up,
//! which takes a hundredth of the time that normalizing and splitting it takes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokenizers::pre_tokenizers::metaspace::PrependScheme;
use tokenizers::pre_tokenizers::split::SplitPattern;
use tokenizers::{
    ModelWrapper, NormalizedString, Normalizer, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior,
    Tokenizer,
};

use super::byte_bpe::QWEN2_PIECES;

/// Words that a thread keeps. Frequent ones come early, so the first ones are kept.
const MOST_WORDS: usize = 1 << 16;

/// Bytes of the longest word that is kept.
const LONGEST_WORD: usize = 64;

/// Bytes of the longest word that is given to the tokenizers library, which takes up to 300 times as much memory.
pub(super) const LONGEST_PIECE: usize = 4 << 20;

/// Patterns of pieces whose matches have no space behind something else in them: Qwen 2's, and Llama 3's.
const KNOWN_PIECES: [&str; 2] = [
    QWEN2_PIECES,
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
];

/// Bytes of a long word that are tried first, where its first tokens alone are wanted.
const FIRST_BYTES: usize = 1 << 16;

/// Which of a text's tokens are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// So many from its beginning, and whether there are more.
    First(usize),
    /// So many from its beginning, and how many there are.
    FirstAndCount(usize),
}

/// Where texts may be cut without a change to their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cuts {
    /// At every space, which becomes no token: BERT's way. Its normalizer changes characters by themselves, and decomposition (NFD)
    /// moves no mark over a space.
    AtSpaces,
    /// At a space between a visible character and a letter or digit, both of ASCII: where spaces become marks in front of words
    /// (Metaspace), and normalizers look at no more than what stands together.
    BetweenWords,
    /// In front of a space that follows something else: the byte-level way. No match of GPT-2's pattern goes on over such a place
    /// (`pre_tokenizers/byte_level.rs` of tokenizers), nor of those of Llama 3 and Qwen 2.
    BeforeSpaces,
}

/// What is known of the words of one tokenizer.
pub(super) struct Words {
    cuts: Cuts,
    /// One a thread, so that none waits for another.
    known: Vec<Mutex<KnownWords>>,
}

/// Words and their tokens.
#[derive(Default)]
pub(super) struct KnownWords {
    /// Where the tokens of each lie in `ids`.
    places: HashMap<Box<str>, (u32, u32)>,
    ids: Vec<u32>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("cuts", &self.cuts).finish_non_exhaustive()
    }
}

impl Words {
    /// `None`: the tokenizer looks at more than a word.
    pub(super) fn of(tokenizer: &Tokenizer) -> Option<Self> {
        let cuts = Cuts::of(tokenizer)?;
        // A token that matches as a whole may reach over several words, or take the spaces behind it.
        let is_apart = tokenizer.get_added_tokens_decoder().into_values().all(|token| {
            let mut normalized = NormalizedString::from(token.content.as_str());
            let changed = tokenizer.get_normalizer().map_or(Ok(()), |normalizer| normalizer.normalize(&mut normalized));
            let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
            let begins_as_word = token.content.starts_with(|first: char| first.is_ascii_alphanumeric());
            let takes_space = match cuts {
                Cuts::AtSpaces => false,
                Cuts::BetweenWords => token.rstrip || token.lstrip && begins_as_word,
                Cuts::BeforeSpaces => token.rstrip,
            };
            changed.is_ok() && is_word(&token.content) && is_word(normalized.get()) && !takes_space
        });
        let threads = rayon::current_num_threads().max(1);
        is_apart.then(|| Self { cuts, known: (0..threads).map(|_| Mutex::default()).collect() })
    }

    /// What this thread knows.
    pub(super) fn known(&self) -> MutexGuard<'_, KnownWords> {
        let thread = rayon::current_thread_index().unwrap_or(0) % self.known.len();
        self.known[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the memory back.
    pub(super) fn forget(&self) {
        for known in &self.known {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = KnownWords::default();
        }
    }

    /// Writes the tokens of a text that are wanted into `ids`; returns how many it has, or where that is not wanted a number above that
    /// of the wanted ones.
    pub(super) fn encode(
        &self,
        known: &mut KnownWords,
        tokenizer: &Tokenizer,
        text: &str,
        wanted: Wanted,
        ids: &mut Vec<u32>,
    ) -> Result<usize, tokenizers::Error> {
        ids.clear();
        let (mut rest, mut left_out) = (text, 0);
        while let Some((word, behind)) = self.cuts.next(rest) {
            match wanted {
                Wanted::First(most) if ids.len() > most => break,
                Wanted::First(most) if word.len() > FIRST_BYTES => {
                    let missing = most + 1 - ids.len();
                    match first_tokens(tokenizer, word, missing)? {
                        Some(first) => ids.extend_from_slice(&first),
                        None => known.encode(tokenizer, word, ids)?,
                    }
                }
                _ => known.encode(tokenizer, word, ids)?,
            }
            if let Wanted::FirstAndCount(most) = wanted
                && ids.len() > most
            {
                left_out += ids.len() - most;
                ids.truncate(most);
            }
            rest = behind;
        }
        Ok(ids.len() + left_out)
    }
}

impl Cuts {
    /// `None`: nowhere, as far as is known.
    fn of(tokenizer: &Tokenizer) -> Option<Self> {
        match (tokenizer.get_normalizer(), tokenizer.get_pre_tokenizer(), tokenizer.get_model()) {
            (
                None | Some(NormalizerWrapper::BertNormalizer(_)),
                Some(PreTokenizerWrapper::BertPreTokenizer(_)),
                ModelWrapper::WordPiece(_),
            ) => Some(Self::AtSpaces),
            // No character is composed with the space before it.
            (None | Some(NormalizerWrapper::NFC(_)), Some(pieces), ModelWrapper::BPE(model))
                if model.dropout.is_none() && splits_before_spaces(pieces) =>
            {
                Some(Self::BeforeSpaces)
            }
            (normalizer, Some(pieces), ModelWrapper::Unigram(_)) => {
                let is_local = normalizer.is_none_or(|all| {
                    let mut words = NormalizedString::from("a b");
                    let keeps_the_space = all.normalize(&mut words).is_ok() && words.get() == "a b";
                    keeps_the_space && serde_json::to_value(all).is_ok_and(|all| is_local(&all))
                });
                (is_local && marks_words(pieces)).then_some(Self::BetweenWords)
            }
            _ => None,
        }
    }

    /// The next word and what is behind it; `None` at the end.
    fn next(self, text: &str) -> Option<(&str, &str)> {
        match self {
            Self::AtSpaces => {
                let text = text.trim_start_matches(' ');
                (!text.is_empty()).then(|| text.split_once(' ').unwrap_or((text, "")))
            }
            Self::BetweenWords => {
                let bytes = text.as_bytes();
                let is_cut = |at: usize| {
                    let next = bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
                    next && at > 0 && bytes[at - 1].is_ascii_graphic()
                };
                let cut = text.match_indices(' ').map(|(at, _)| at).find(|&at| is_cut(at));
                (!text.is_empty()).then(|| cut.map_or((text, ""), |cut| (&text[..cut], &text[cut + 1..])))
            }
            Self::BeforeSpaces => {
                let is_cut = |at: usize| text[..at].ends_with(|before: char| !before.is_whitespace());
                let cut = text.match_indices(' ').map(|(at, _)| at).find(|&at| is_cut(at));
                (!text.is_empty()).then(|| text.split_at(cut.unwrap_or(text.len())))
            }
        }
    }
}

/// The first tokens of a long word, at least so many, by its beginning alone: what is cut off can change no more than what stands at the end, and
/// the last two of the pieces that tokens are looked for in are left out. `None`: the beginning has too few.
fn first_tokens(tokenizer: &Tokenizer, word: &str, count: usize) -> Result<Option<Vec<u32>>, tokenizers::Error> {
    let end = (0..=FIRST_BYTES).rev().find(|at| word.is_char_boundary(*at)).unwrap_or_default();
    // `encode_fast` does not say of which pieces tokens are.
    let encoding = tokenizer.encode(&word[..end], false)?;
    let pieces = encoding.get_word_ids();
    let last = pieces.last().copied().flatten().unwrap_or_default();
    let safe = pieces.iter().take_while(|piece| piece.is_some_and(|piece| piece + 1 < last)).count();
    Ok((safe >= count).then(|| encoding.get_ids()[..safe].to_vec()))
}

/// Whether pieces are those of a pattern of which no match goes on over a space behind something else.
fn splits_before_spaces(pieces: &PreTokenizerWrapper) -> bool {
    match pieces {
        PreTokenizerWrapper::ByteLevel(bytes) => bytes.use_regex,
        PreTokenizerWrapper::Sequence(all) => match all.as_ref() {
            [PreTokenizerWrapper::Split(words), PreTokenizerWrapper::ByteLevel(bytes)] => {
                let is_known =
                    matches!(&words.pattern, SplitPattern::Regex(pattern) if KNOWN_PIECES.contains(&pattern.as_str()));
                let is_whole = words.behavior == SplitDelimiterBehavior::Isolated && !words.invert;
                is_known && is_whole && !bytes.use_regex && !bytes.add_prefix_space
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether every word gets a mark in front, the first one too, and is a piece of its own.
fn marks_words(pieces: &PreTokenizerWrapper) -> bool {
    match pieces {
        PreTokenizerWrapper::Metaspace(spaces) => {
            spaces.get_split() && spaces.get_prepend_scheme() == PrependScheme::Always
        }
        PreTokenizerWrapper::Sequence(all) => match all.as_ref().split_last() {
            Some((last, before)) => {
                let is_plain = |pieces: &PreTokenizerWrapper| {
                    matches!(pieces, PreTokenizerWrapper::WhitespaceSplit(_) | PreTokenizerWrapper::Punctuation(_))
                };
                before.iter().all(is_plain) && marks_words(last)
            }
            None => false,
        },
        _ => false,
    }
}

/// Whether a normalizer, as `tokenizer.json` has it, changes what stands on either side of a single space between words as if the
/// other side were not there.
fn is_local(normalizer: &Value) -> bool {
    match normalizer["type"].as_str() {
        Some("NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" | "StripAccents" | "Precompiled" | "Strip") => true,
        Some("Sequence") => normalizer["normalizers"].as_array().is_some_and(|all| all.iter().all(is_local)),
        Some("Replace") => match (&normalizer["pattern"]["String"], &normalizer["pattern"]["Regex"]) {
            (Value::String(text), _) => text == "``" || text == "''",
            // Of more than one space, or of other blanks.
            (_, Value::String(pattern)) => pattern == r"\s{2,}|[\n\r\t]" || pattern == " {2,}",
            _ => false,
        },
        _ => false,
    }
}

/// Why a text, or a part of it, is not tokenized.
pub(super) fn too_long(bytes: usize) -> tokenizers::Error {
    format!(
        "{} MiB of the text have no place where this tokenizer could be given less at a time, and it takes up to 300 times as much memory; \
         expected at most {} MiB",
        bytes >> 20,
        LONGEST_PIECE >> 20
    )
    .into()
}

impl KnownWords {
    fn encode(&mut self, tokenizer: &Tokenizer, word: &str, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        if let Some(&(start, end)) = self.places.get(word) {
            ids.extend_from_slice(&self.ids[start as usize..end as usize]);
            return Ok(());
        }
        if word.len() > LONGEST_PIECE {
            return Err(too_long(word.len()));
        }
        let encoding = tokenizer.encode_fast(word, false)?;
        ids.extend_from_slice(encoding.get_ids());
        if word.len() <= LONGEST_WORD && self.places.len() < MOST_WORDS {
            let start = self.ids.len() as u32;
            self.ids.extend_from_slice(encoding.get_ids());
            self.places.insert(word.into(), (start, self.ids.len() as u32));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(cuts: Cuts, text: &str) -> Vec<&str> {
        let mut rest = text;
        std::iter::from_fn(|| {
            let (word, behind) = cuts.next(rest)?;
            rest = behind;
            Some(word)
        })
        .collect()
    }

    #[test]
    fn texts_are_cut_at_spaces_alone() {
        assert_eq!(words(Cuts::AtSpaces, "  a b\u{a0}c\td  e "), ["a", "b\u{a0}c\td", "e"]);
        assert_eq!(words(Cuts::BeforeSpaces, " a b  c\t d e "), [" a", " b", "  c\t d", " e", " "]);
        assert_eq!(words(Cuts::BetweenWords, " a b. c  d !e é f"), [" a", "b.", "c  d !e é f"]);
        assert_eq!(words(Cuts::BeforeSpaces, "  "), ["  "]);
        assert_eq!(words(Cuts::AtSpaces, "  "), [""; 0]);
        assert_eq!(words(Cuts::BeforeSpaces, ""), [""; 0]);
    }

    fn cuts(normalizer: &str, pieces: &str) -> Option<Cuts> {
        let text = format!(
            r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": {normalizer},
                "pre_tokenizer": {pieces}, "post_processor": null, "decoder": null,
                "model": {{"type": "BPE", "vocab": {{"a": 0}}, "merges": []}}}}"#
        );
        Cuts::of(&text.parse().unwrap())
    }

    #[test]
    fn bytes_are_cut_before_spaces_where_the_pattern_is_known() {
        let bytes = |uses_pattern: bool| {
            format!(
                r#"{{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": {uses_pattern}}}"#
            )
        };
        let split = |pattern: &str| {
            let pattern = serde_json::json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
            format!(r#"{{"type": "Sequence", "pretokenizers": [{pattern}, {}]}}"#, bytes(false))
        };
        for normalizer in ["null", r#"{"type": "NFC"}"#] {
            assert_eq!(cuts(normalizer, &bytes(true)), Some(Cuts::BeforeSpaces));
            assert_eq!(cuts(normalizer, &bytes(false)), None);
            for pattern in KNOWN_PIECES {
                assert_eq!(cuts(normalizer, &split(pattern)), Some(Cuts::BeforeSpaces));
            }
            assert_eq!(cuts(normalizer, &split("[a ]+")), None);
        }
        assert_eq!(cuts(r#"{"type": "NFKC"}"#, &bytes(true)), None);
        assert_eq!(
            cuts("null", r#"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}"#),
            None
        );
    }
}
