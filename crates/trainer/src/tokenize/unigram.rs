//! Unigram tokenizers (Kudo 2018, <https://aclanthology.org/P18-1007>) as the classes of transformers build them: from a SentencePiece
//! model, or of the vocabulary of a `tokenizer.json`, whose normalizer and pre-tokenizer the class overrules.
//!
//! Sources in huggingface/transformers: `models/{albert,xlm_roberta,camembert,deberta_v2,t5,rembert}/tokenization_*.py` and `convert_slow_tokenizer.py`
//! (`SentencePieceExtractor`, `convert_from_spm`).

use std::path::Path;

use tokenizers::SplitDelimiterBehavior;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{Lowercase, NFC, NFKD, Precompiled, Replace, Sequence, Strip, StripAccents};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    AddedToken, Model, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
};

use super::TokenizeError;
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::fit::Fit;
use super::longest_token;
use super::sentencepiece_model::SentencePieceModel;

/// What stands for a space.
const SPACE: char = '▁';

/// Whose tokenizer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnigramClass {
    Albert,
    XlmRoberta,
    Camembert,
    DebertaV2,
    T5,
    RemBert,
}

impl UnigramClass {
    pub(super) fn of(class: &TokenizerClass) -> Option<Self> {
        match class.name.as_str() {
            "AlbertTokenizer" => Some(Self::Albert),
            "XLMRobertaTokenizer" => Some(Self::XlmRoberta),
            "CamembertTokenizer" => Some(Self::Camembert),
            "DebertaV2Tokenizer" => Some(Self::DebertaV2),
            "T5Tokenizer" => Some(Self::T5),
            "RemBertTokenizer" => Some(Self::RemBert),
            _ => None,
        }
    }

    /// The names of the special tokens where nothing else is said: beginning, end, unknown, separator, padding, class, mask.
    pub(super) fn names(self) -> [Option<&'static str>; 7] {
        let [begin, end, unk, pad, mask] = match self {
            Self::T5 => return [None, Some("</s>"), Some("<unk>"), None, Some("<pad>"), None, None],
            Self::Albert | Self::RemBert => ["[CLS]", "[SEP]", "<unk>", "<pad>", "[MASK]"],
            Self::XlmRoberta | Self::Camembert => ["<s>", "</s>", "<unk>", "<pad>", "<mask>"],
            Self::DebertaV2 => ["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"],
        };
        [begin, end, unk, end, pad, begin, mask].map(Some)
    }

    /// Its SentencePiece model.
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::Albert | Self::T5 => "spiece.model",
            Self::RemBert => "sentencepiece.model",
            Self::XlmRoberta | Self::Camembert => "sentencepiece.bpe.model",
            Self::DebertaV2 => "spm.model",
        }
    }

    /// The tokens before and behind a text, with their names: two classes take what marks the ends of a text for it.
    pub(super) fn ends(self, special: &SpecialTokens) -> [(&'static str, &Option<TokenText>); 2] {
        match self {
            Self::Albert | Self::DebertaV2 | Self::RemBert => {
                [("cls_token", &special.cls_token), ("sep_token", &special.sep_token)]
            }
            Self::T5 => [("eos_token", &special.eos_token); 2],
            Self::XlmRoberta | Self::Camembert => {
                [("bos_token", &special.bos_token), ("eos_token", &special.eos_token)]
            }
        }
    }

    /// The vocabulary in the order of the model's ids, and which of them is the unknown token.
    fn vocabulary(self, model: &SentencePieceModel, config: &TokenizerConfig) -> (Vec<(String, f64)>, usize) {
        let (mut pieces, special) = (model.vocabulary(), &config.special);
        if self == Self::T5 {
            pieces.extend(extra_ids(config).rev().map(|token| (token, 0.0)));
        }
        let own =
            |token: &Option<TokenText>, score: f64| (token.as_ref().map_or("", TokenText::text).to_owned(), score);
        let named = |name: &str, score: f64| (name.to_owned(), score);
        let (first, skipped) = match self {
            Self::Albert | Self::DebertaV2 | Self::T5 | Self::RemBert => (Vec::new(), 0),
            // fairseq's first ids, and what SentencePiece has in their place.
            Self::XlmRoberta => {
                let first = [&special.bos_token, &special.pad_token, &special.eos_token, &special.unk_token];
                (first.map(|token| own(token, 0.0)).to_vec(), 3)
            }
            Self::Camembert => {
                let first = vec![
                    named("<s>NOTUSED", 0.0),
                    own(&special.pad_token, 0.0),
                    named("</s>NOTUSED", 0.0),
                    own(&special.unk_token, 0.0),
                    named("<unk>NOTUSED", -100.0),
                ];
                (first, 1)
            }
        };
        let is_rearranged = skipped > 0;
        let mut all: Vec<(String, f64)> = first.into_iter().chain(pieces.into_iter().skip(skipped)).collect();
        if is_rearranged {
            all.push(own(&special.mask_token, 0.0));
        }
        let unk_id = self.unk_id(all.iter(), special, model.unk_id());
        (all, unk_id)
    }

    /// The place of what stands for pieces that are in no vocabulary. `stated`: where files say that it is.
    fn unk_id<'a>(
        self,
        mut vocabulary: impl Iterator<Item = &'a (String, f64)>,
        special: &SpecialTokens,
        stated: usize,
    ) -> usize {
        let unknown = special.unk_token.as_ref().map_or("", TokenText::text);
        match self {
            Self::Albert => 1,
            Self::T5 | Self::RemBert => 2,
            Self::XlmRoberta => 3,
            Self::Camembert => vocabulary.position(|(token, _)| token == unknown).unwrap_or(0),
            Self::DebertaV2 => {
                vocabulary.position(|(token, score)| token == unknown && *score == 0.0).unwrap_or(stated)
            }
        }
    }

    /// Sets how texts become pieces; `map`: the character map that the vocabulary was trained with.
    pub(super) fn set_up(
        self,
        tokenizer: &mut Tokenizer,
        map: Option<Precompiled>,
        config: &TokenizerConfig,
    ) -> Result<(), tokenizers::Error> {
        let map = map.map(NormalizerWrapper::from);
        let quotes = |pattern: &str| Replace::new(ReplacePattern::String(pattern.to_owned()), "\"");
        let normalizers: Vec<NormalizerWrapper> = match self {
            Self::Albert => {
                let mut all: Vec<NormalizerWrapper> = vec![quotes("``")?.into(), quotes("''")?.into()];
                if !config.keep_accents.unwrap_or(false) {
                    all.extend([NFKD.into(), StripAccents.into()]);
                }
                if config.do_lower_case.unwrap_or(true) {
                    all.push(Lowercase.into());
                }
                all.into_iter().chain(map).collect()
            }
            Self::RemBert => {
                let spaces = Replace::new(ReplacePattern::Regex(" {2,}".to_owned()), " ")?;
                let mut all: Vec<NormalizerWrapper> = vec![quotes("``")?.into(), quotes("''")?.into(), spaces.into()];
                if !config.keep_accents.unwrap_or(true) {
                    all.extend([NFKD.into(), StripAccents.into()]);
                }
                if config.do_lower_case.unwrap_or(false) {
                    all.push(Lowercase.into());
                }
                all.into_iter().chain(map).collect()
            }
            Self::XlmRoberta | Self::Camembert | Self::T5 => map.into_iter().collect(),
            // Its class has no use for the map.
            Self::DebertaV2 => {
                let lower: Option<NormalizerWrapper> = config.do_lower_case.unwrap_or(false).then(|| Lowercase.into());
                let spaces = Replace::new(ReplacePattern::Regex(r"\s{2,}|[\n\r\t]".to_owned()), " ")?;
                lower.into_iter().chain([spaces.into(), NFC.into(), Strip::new(false, true).into()]).collect()
            }
        };
        if normalizers.is_empty() {
            tokenizer.with_normalizer(None::<NormalizerWrapper>)?;
        } else {
            tokenizer.with_normalizer(Some(Sequence::new(normalizers)))?;
        }
        let add_prefix_space = self == Self::T5 || config.add_prefix_space.unwrap_or(true);
        let before: Option<PreTokenizerWrapper> = match self {
            Self::DebertaV2 if config.split_by_punct.unwrap_or(false) => {
                Some(Punctuation::new(SplitDelimiterBehavior::Isolated).into())
            }
            Self::DebertaV2 | Self::RemBert => None,
            _ => Some(WhitespaceSplit.into()),
        };
        let scheme = match (add_prefix_space, self) {
            (true, _) => PrependScheme::Always,
            (false, Self::DebertaV2) => PrependScheme::First,
            (false, _) => PrependScheme::Never,
        };
        let spaces = Metaspace::new(SPACE, scheme, true).into();
        let pieces = before.into_iter().chain([spaces]).collect();
        tokenizer.with_pre_tokenizer(Some(PreTokenizers::new(pieces)));
        Ok(())
    }

    /// What stands around the texts.
    pub(super) fn post_processor(
        self,
        first: (String, u32),
        last: (String, u32),
    ) -> Result<PostProcessorWrapper, tokenizers::Error> {
        let (begin, end) = (first.0.clone(), last.0.clone());
        let one = vec![begin.clone(), "$A".to_owned(), end.clone()];
        let (one, two, special) = match self {
            Self::Albert | Self::DebertaV2 | Self::RemBert => {
                let two =
                    vec![format!("{begin}:0"), "$A:0".into(), format!("{end}:0"), "$B:1".into(), format!("{end}:1")];
                (one, two, vec![first, last])
            }
            Self::XlmRoberta | Self::Camembert => {
                let two = vec![begin, "$A".into(), end.clone(), end.clone(), "$B".into(), end];
                (one, two, vec![first, last])
            }
            // Its end is called by its usual name, whatever that is.
            Self::T5 => {
                let [one, two] = [["$A", "</s>"], ["$B", "</s>"]].map(|text| text.map(str::to_owned).to_vec());
                (one.clone(), [one, two].concat(), vec![("</s>".to_owned(), last.1)])
            }
        };
        let template = TemplateProcessing::builder().try_single(one)?.try_pair(two)?.special_tokens(special).build();
        Ok(template.map_err(|error| error.to_string())?.into())
    }

    /// The model of a `tokenizer.json` as the class has it.
    pub(super) fn of_saved(self, model: &ModelWrapper, config: &TokenizerConfig) -> Result<Fit, tokenizers::Error> {
        let ModelWrapper::Unigram(held) = model else { return Ok(Fit::None) };
        let unk_id = self.unk_id(held.iter(), &config.special, config.unk_id.unwrap_or(1));
        // It does not tell its own but by what it makes of what no vocabulary has: the last code point, which is no character.
        let own = held.tokenize("\u{10FFFF}").ok().and_then(|pieces| pieces.first().map(|piece| piece.id as usize));
        if own == Some(unk_id) && !held.byte_fallback() {
            return Ok(Fit::AsItIs);
        }
        let model = Unigram::from(held.iter().cloned().collect(), Some(unk_id), false)?;
        Ok(Fit::Changed(Box::new(model.into())))
    }

    /// What a `tokenizer.json` does to texts and its class does not.
    pub(super) fn disagreement(self, saved: &Tokenizer) -> Option<String> {
        (self == Self::DebertaV2 && saved_map(saved).is_some())
            .then(|| "maps some characters to others (full-width letters, ligatures)".to_owned())
    }
}

/// T5's tokens for what is left out of a text, from the first one on.
fn extra_ids(config: &TokenizerConfig) -> impl DoubleEndedIterator<Item = String> + use<> {
    (0..config.extra_ids.unwrap_or(100)).map(|number| format!("<extra_id_{number}>"))
}

/// T5's list of special tokens has those, whatever else it has.
pub(super) fn list_extra_ids(config: &mut TokenizerConfig) {
    let extra: Vec<TokenText> = extra_ids(config).map(|token| TokenText::from(token.as_str())).collect();
    let listed = config.special.additional_special_tokens.get_or_insert_default();
    if !listed.iter().any(|token| token.text().contains("<extra_id_")) {
        listed.extend(extra);
    }
}

/// The character map in a `tokenizer.json`.
pub(super) fn saved_map(saved: &Tokenizer) -> Option<Precompiled> {
    match saved.get_normalizer() {
        Some(NormalizerWrapper::Precompiled(map)) => Some(map.clone()),
        Some(NormalizerWrapper::Sequence(all)) => all.as_ref().iter().find_map(|normalizer| match normalizer {
            NormalizerWrapper::Precompiled(map) => Some(map.clone()),
            _ => None,
        }),
        _ => None,
    }
}

/// What a SentencePiece model holds.
pub(super) struct FromModel {
    pub(super) model: ModelWrapper,
    pub(super) map: Option<Precompiled>,
    /// The tokens of it that match as wholes.
    pub(super) wholes: Vec<TokenText>,
}

/// Reads a SentencePiece model. `config` has its special tokens named.
pub(super) fn from_model(
    path: &Path,
    class: UnigramClass,
    config: &TokenizerConfig,
) -> Result<FromModel, TokenizeError> {
    let model = SentencePieceModel::read(path)?;
    let failed =
        |error: tokenizers::Error| TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() };
    let (vocabulary, unk_id) = class.vocabulary(&model, config);
    longest_token::check(path, vocabulary.iter().map(|(piece, _)| piece.as_str()))?;
    let unigram = Unigram::from(vocabulary, Some(unk_id), false).map_err(failed)?;
    let map = model.character_map().map(Precompiled::from).transpose();
    let map = map.map_err(|error| failed(error.to_string().into()))?;
    let whole = |(text, is_special)| TokenText::from(AddedToken::from(text, is_special).normalized(false));
    Ok(FromModel { model: unigram.into(), map, wholes: model.wholes().map(whole).collect() })
}
