//! Unigram tokenizers (Kudo 2018, <https://aclanthology.org/P18-1007>) as the classes of transformers build them: from a SentencePiece
//! model, or of the vocabulary of a `tokenizer.json`, whose normalizer and pre-tokenizer the class overrules.
//!
//! Sources in huggingface/transformers: `models/{albert,xlm_roberta,camembert,deberta_v2}/tokenization_*.py` and `convert_slow_tokenizer.py`
//! (`SentencePieceExtractor`, `convert_from_spm`).

use std::path::Path;

use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{Lowercase, NFC, NFKD, Precompiled, Replace, Sequence, Strip, StripAccents};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::TokenizeError;
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
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
}

impl UnigramClass {
    pub(super) fn of(class: &TokenizerClass) -> Option<Self> {
        match class.name.as_str() {
            "AlbertTokenizer" => Some(Self::Albert),
            "XLMRobertaTokenizer" => Some(Self::XlmRoberta),
            "CamembertTokenizer" => Some(Self::Camembert),
            "DebertaV2Tokenizer" => Some(Self::DebertaV2),
            _ => None,
        }
    }

    /// Gives the tokens that such a tokenizer always has their usual names where the configuration is silent.
    pub(super) fn name_special_tokens(self, special: &mut SpecialTokens) {
        let [unk, sep, pad, cls, mask] = match self {
            Self::Albert => ["<unk>", "[SEP]", "<pad>", "[CLS]", "[MASK]"],
            Self::XlmRoberta | Self::Camembert => ["<unk>", "</s>", "<pad>", "<s>", "<mask>"],
            Self::DebertaV2 => ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"],
        };
        let mask = match self {
            Self::Camembert => TokenText::mask_with_space(mask),
            _ => TokenText::from(mask),
        };
        special.name([unk.into(), sep.into(), pad.into(), cls.into(), mask]);
    }

    /// The vocabulary in the order of the model's ids, and which of them is the unknown token.
    fn vocabulary(self, model: &SentencePieceModel, special: &SpecialTokens) -> (Vec<(String, f64)>, usize) {
        let pieces = model.vocabulary();
        let own =
            |token: &Option<TokenText>, score: f64| (token.as_ref().map_or("", TokenText::text).to_owned(), score);
        let named = |name: &str, score: f64| (name.to_owned(), score);
        let (first, skipped) = match self {
            Self::Albert | Self::DebertaV2 => (Vec::new(), 0),
            // fairseq's first ids, and what SentencePiece has in their place.
            Self::XlmRoberta => {
                let first = [&special.cls_token, &special.pad_token, &special.sep_token, &special.unk_token];
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
        let unknown = special.unk_token.as_ref().map_or("", TokenText::text);
        let place = || all.iter().position(|(token, _)| token == unknown);
        let unk_id = match self {
            Self::Albert => 1,
            Self::XlmRoberta => 3,
            Self::Camembert => place().unwrap_or(0),
            Self::DebertaV2 => {
                all.iter().position(|(token, score)| token == unknown && *score == 0.0).unwrap_or(model.unk_id())
            }
        };
        (all, unk_id)
    }

    /// Sets how texts become pieces; `map`: the character map that the vocabulary was trained with.
    fn set_up(
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
            Self::XlmRoberta | Self::Camembert => map.into_iter().collect(),
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
        let add_prefix_space = config.add_prefix_space.unwrap_or(true);
        let before: Option<PreTokenizerWrapper> = match self {
            Self::DebertaV2 if config.split_by_punct.unwrap_or(false) => {
                Some(Punctuation::new(SplitDelimiterBehavior::Isolated).into())
            }
            Self::DebertaV2 => None,
            _ => Some(WhitespaceSplit.into()),
        };
        let scheme = match (add_prefix_space, self) {
            (true, _) => PrependScheme::Always,
            (false, Self::DebertaV2) => PrependScheme::First,
            (false, _) => PrependScheme::Never,
        };
        let spaces = Metaspace::new(SPACE, scheme, true).into();
        tokenizer.with_pre_tokenizer(Some(PreTokenizers::new(before.into_iter().chain([spaces]).collect())));
        Ok(())
    }

    /// The special tokens around the texts; those of the classes that rename them are found by their names.
    fn template(self, tokenizer: &Tokenizer, special: &SpecialTokens) -> Result<TemplateProcessing, tokenizers::Error> {
        let token = |token: &Option<TokenText>| {
            let text = token.as_ref().map_or("", TokenText::text).to_owned();
            let id =
                tokenizer.token_to_id(&text).ok_or_else(|| format!("there is no token {text} in its vocabulary"))?;
            Ok::<_, tokenizers::Error>((text, id))
        };
        let (cls, sep) = (token(&special.cls_token)?, token(&special.sep_token)?);
        let (first, last) = (cls.0.clone(), sep.0.clone());
        let pair = match self {
            Self::Albert | Self::DebertaV2 => {
                vec![format!("{first}:0"), "$A:0".into(), format!("{last}:0"), "$B:1".into(), format!("{last}:1")]
            }
            Self::XlmRoberta | Self::Camembert => {
                vec![first.clone(), "$A".into(), last.clone(), last.clone(), "$B".into(), last.clone()]
            }
        };
        let template = TemplateProcessing::builder()
            .try_single(vec![first, "$A".to_owned(), last])?
            .try_pair(pair)?
            .special_tokens(vec![cls, sep])
            .build();
        template.map_err(|error| error.to_string().into())
    }
}

/// The tokenizer of a SentencePiece model. `config` has its special tokens named.
pub(super) fn from_model(
    path: &Path,
    class: UnigramClass,
    config: &TokenizerConfig,
) -> Result<Tokenizer, TokenizeError> {
    let model = SentencePieceModel::read(path)?;
    let failed =
        |error: tokenizers::Error| TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() };
    let (vocabulary, unk_id) = class.vocabulary(&model, &config.special);
    let unigram = Unigram::from(vocabulary, Some(unk_id), false).map_err(failed)?;
    let mut tokenizer = Tokenizer::new(unigram);
    let map = model.character_map().map(Precompiled::from).transpose();
    let map = map.map_err(|error| failed(error.to_string().into()))?;
    class.set_up(&mut tokenizer, map, config).map_err(failed)?;
    for (text, is_special) in model.wholes() {
        let token = AddedToken::from(text, is_special).normalized(false);
        let added = if is_special { tokenizer.add_special_tokens([token]) } else { tokenizer.add_tokens([token]) };
        added.map_err(failed)?;
    }
    // DeBERTa's vocabulary lacks it, and it comes last.
    if let Some(mask) = config.special.mask_token.as_ref().filter(|mask| tokenizer.token_to_id(mask.text()).is_none()) {
        tokenizer.add_special_tokens([AddedToken::from(mask.text(), true)]).map_err(failed)?;
    }
    let template = class.template(&tokenizer, &config.special).map_err(failed)?;
    tokenizer.with_post_processor(Some(template));
    Ok(tokenizer)
}

/// Brings a `tokenizer.json` into line with its class, as transformers 5 does: of the file it takes the vocabulary, the character map,
/// the added tokens and what stands around the texts. Returns a warning where the class leaves out what the file has.
pub(super) fn apply_class(
    tokenizer: &mut Tokenizer,
    class: UnigramClass,
    config: &TokenizerConfig,
) -> Result<Option<String>, tokenizers::Error> {
    if !matches!(tokenizer.get_model(), ModelWrapper::Unigram(_)) {
        return Ok(None);
    }
    let map = match tokenizer.get_normalizer() {
        Some(NormalizerWrapper::Precompiled(map)) => Some(map.clone()),
        Some(NormalizerWrapper::Sequence(all)) => all.as_ref().iter().find_map(|normalizer| match normalizer {
            NormalizerWrapper::Precompiled(map) => Some(map.clone()),
            _ => None,
        }),
        _ => None,
    };
    let is_left_out = map.is_some() && class == UnigramClass::DebertaV2;
    class.set_up(tokenizer, map, config)?;
    Ok(is_left_out.then(|| {
        "tokenizer.json maps some characters to others (full-width letters, ligatures), and DebertaV2Tokenizer of transformers 5 does \
         not: the latter counts"
            .to_owned()
    }))
}
