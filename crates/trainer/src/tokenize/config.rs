//! `tokenizer_config.json` and `special_tokens_map.json`: the settings that change token ids.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokenizers::{AddedToken, TruncationDirection};

/// `transformers` writes "no limit" as `int(1e30)` and treats what lies above this as unlimited.
const LARGE_INTEGER: f64 = 1e20;

/// The settings that matter here; all others are ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TokenizerConfig {
    tokenizer_class: Option<String>,
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    pub(super) add_prefix_space: Option<bool>,
    pub(super) split_special_tokens: Option<bool>,
    truncation_side: Option<String>,
    model_input_names: Option<Vec<String>>,
    /// A float, for a file may hold an integer that no machine integer holds.
    model_max_length: Option<f64>,
    /// The name that `model_max_length` had long ago.
    max_len: Option<f64>,
    added_tokens_decoder: Option<BTreeMap<u32, TokenText>>,
    #[serde(flatten)]
    pub(super) special: SpecialTokens,
}

/// The named special tokens.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SpecialTokens {
    pub(super) unk_token: Option<TokenText>,
    pub(super) sep_token: Option<TokenText>,
    pub(super) pad_token: Option<TokenText>,
    pub(super) cls_token: Option<TokenText>,
    pub(super) mask_token: Option<TokenText>,
    bos_token: Option<TokenText>,
    eos_token: Option<TokenText>,
}

/// A token as files spell it: bare, or with how it matches text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum TokenText {
    /// `"[CLS]"`
    Bare(String),
    /// `{"content": "<mask>", "lstrip": true, ...}`
    Full {
        /// The token.
        content: String,
        #[serde(default)]
        single_word: bool,
        #[serde(default)]
        lstrip: bool,
        #[serde(default)]
        rstrip: bool,
        /// By default true for ordinary tokens and false for special ones.
        normalized: Option<bool>,
        #[serde(default)]
        special: bool,
    },
}

impl TokenText {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Bare(content) | Self::Full { content, .. } => content,
        }
    }

    /// As a token to add. `named` says that it is one of the named special tokens, whatever its own flag.
    fn to_added(&self, named: bool) -> AddedToken {
        match self {
            Self::Bare(content) => AddedToken::from(content.as_str(), named),
            Self::Full { content, single_word, lstrip, rstrip, normalized, special } => {
                let special = *special || named;
                AddedToken::from(content.as_str(), special)
                    .single_word(*single_word)
                    .lstrip(*lstrip)
                    .rstrip(*rstrip)
                    .normalized(normalized.unwrap_or(!special))
            }
        }
    }
}

impl TokenizerConfig {
    /// Let `special_tokens_map.json` speak. Newer configurations carry `added_tokens_decoder` and the map is then only
    /// a leftover, which `transformers` does not read.
    pub(super) fn merge_map(&mut self, map: SpecialTokens) {
        if self.added_tokens_decoder.is_some() {
            return;
        }
        let own = &mut self.special;
        for (mine, theirs) in [
            (&mut own.unk_token, map.unk_token),
            (&mut own.sep_token, map.sep_token),
            (&mut own.pad_token, map.pad_token),
            (&mut own.cls_token, map.cls_token),
            (&mut own.mask_token, map.mask_token),
            (&mut own.bos_token, map.bos_token),
            (&mut own.eos_token, map.eos_token),
        ] {
            if theirs.is_some() {
                *mine = theirs;
            }
        }
    }

    /// The class without the `Fast` that older versions append.
    pub(super) fn class(&self) -> Option<&str> {
        self.tokenizer_class.as_deref().map(|class| class.strip_suffix("Fast").unwrap_or(class))
    }

    /// Take `class` where none is named.
    pub(super) fn class_or(&mut self, class: Option<&str>) {
        if self.tokenizer_class.is_none() {
            self.tokenizer_class = class.map(str::to_owned);
        }
    }

    /// The stated longest input, `None` for the sentinel and for nonsense.
    pub(super) fn max_length(&self) -> Option<usize> {
        let length = self.model_max_length.or(self.max_len)?;
        // The cast saturates, and lengths are whole numbers.
        (1.0..=LARGE_INTEGER).contains(&length).then_some(length as usize)
    }

    pub(super) fn truncation_side(&self) -> Option<TruncationDirection> {
        match self.truncation_side.as_deref() {
            Some("left") => Some(TruncationDirection::Left),
            Some("right") => Some(TruncationDirection::Right),
            _ => None,
        }
    }

    /// Whether `transformers` hands type ids to the model: by the configuration's own list, else by class.
    pub(super) fn uses_type_ids(&self) -> bool {
        const WITHOUT: [&str; 5] =
            ["DistilBertTokenizer", "RobertaTokenizer", "XLMRobertaTokenizer", "CamembertTokenizer", "MPNetTokenizer"];
        match &self.model_input_names {
            Some(names) => names.iter().any(|name| name == "token_type_ids"),
            None => !self.class().is_some_and(|class| WITHOUT.contains(&class)),
        }
    }

    /// Tokens that the configuration adds, by id, and then the named special tokens.
    pub(super) fn added_tokens(&self) -> Vec<AddedToken> {
        let special = &self.special;
        let named = [
            &special.bos_token,
            &special.eos_token,
            &special.unk_token,
            &special.sep_token,
            &special.pad_token,
            &special.cls_token,
            &special.mask_token,
        ];
        let is_named = |text: &str| named.iter().any(|token| token.as_ref().is_some_and(|token| token.text() == text));
        let decoder = self.added_tokens_decoder.iter().flat_map(BTreeMap::values);
        decoder
            .map(|token| token.to_added(is_named(token.text())))
            .chain(named.into_iter().flatten().map(|token| token.to_added(true)))
            .collect()
    }

    /// Whether the configuration itself gives a token an id beyond the model's vocabulary.
    pub(super) fn declares(&self, content: &str) -> bool {
        self.added_tokens_decoder.iter().flat_map(BTreeMap::values).any(|token| token.text() == content)
    }
}
