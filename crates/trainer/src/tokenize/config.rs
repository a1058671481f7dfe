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
    /// ALBERT's.
    pub(super) keep_accents: Option<bool>,
    /// DeBERTa's.
    pub(super) split_by_punct: Option<bool>,
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
    /// Those without a name of their own.
    #[serde(default)]
    additional_special_tokens: Vec<TokenText>,
}

impl SpecialTokens {
    /// Gives the tokens that a class always has their usual names where the configuration is silent: those for what is unknown, a
    /// separator, padding, a class and a mask.
    pub(super) fn name(&mut self, names: [TokenText; 5]) {
        let tokens =
            [&mut self.unk_token, &mut self.sep_token, &mut self.pad_token, &mut self.cls_token, &mut self.mask_token];
        for (token, name) in tokens.into_iter().zip(names) {
            token.get_or_insert(name);
        }
    }
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

impl From<&str> for TokenText {
    fn from(content: &str) -> Self {
        Self::Bare(content.to_owned())
    }
}

impl TokenText {
    /// A mask that takes the space before it along.
    pub(super) fn mask_with_space(content: &str) -> Self {
        Self::Full {
            content: content.to_owned(),
            single_word: false,
            lstrip: true,
            rstrip: false,
            normalized: None,
            special: true,
        }
    }

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
        if !map.additional_special_tokens.is_empty() {
            own.additional_special_tokens = map.additional_special_tokens;
        }
    }

    /// Let `added_tokens.json` speak, which older versions wrote. Newer configurations carry `added_tokens_decoder` instead.
    pub(super) fn merge_added(&mut self, added: BTreeMap<String, u32>) {
        if self.added_tokens_decoder.is_none() && !added.is_empty() {
            let tokens = added.into_iter().map(|(content, id)| (id, TokenText::Bare(content)));
            self.added_tokens_decoder = Some(tokens.collect());
        }
    }

    /// The class without the `Fast` that older versions append.
    pub(super) fn class(&self) -> Option<&str> {
        self.tokenizer_class.as_deref().map(|class| class.strip_suffix("Fast").unwrap_or(class))
    }

    /// Take `class` for the tokenizer's.
    pub(super) fn set_class(&mut self, class: &str) {
        self.tokenizer_class = Some(class.to_owned());
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

    /// Whether type ids are handed to the model, by the configuration's own list; `None`: the class decides.
    pub(super) fn gives_type_ids(&self) -> Option<bool> {
        let names = self.model_input_names.as_ref()?;
        Some(names.iter().any(|name| name == "token_type_ids"))
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
        let others = &special.additional_special_tokens;
        let is_named = |text: &str| named.into_iter().flatten().chain(others).any(|token| token.text() == text);
        let decoder = self.added_tokens_decoder.iter().flat_map(BTreeMap::values);
        decoder
            .map(|token| token.to_added(is_named(token.text())))
            .chain(named.into_iter().flatten().chain(others).map(|token| token.to_added(true)))
            .collect()
    }

    /// Whether a token is a special one without a name of its own.
    pub(super) fn is_additional(&self, content: &str) -> bool {
        self.special.additional_special_tokens.iter().any(|token| token.text() == content)
    }

    /// The id that the configuration gives a token.
    pub(super) fn declared_id(&self, content: &str) -> Option<u32> {
        let mut declared = self.added_tokens_decoder.iter().flatten();
        declared.find(|(_, token)| token.text() == content).map(|(id, _)| *id)
    }
}
