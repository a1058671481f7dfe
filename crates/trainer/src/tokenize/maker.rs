//! What each class that makes its own tokenizer makes of a vocabulary, be it in a `tokenizer.json` or in the files of older versions.

use std::path::{Path, PathBuf};

use tokenizers::normalizers::Precompiled;
use tokenizers::{AddedToken, AddedVocabulary, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, Tokenizer};

use super::added::{add_again, add_tokens};
use super::byte_bpe::ByteLevelClass;
use super::byte_fallback::{self, FallbackClass};
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::fit::Fit;
use super::unigram::{self, UnigramClass};
use super::wordpiece::{self, Kin};
use super::{TokenizeError, TokenizerFiles, bos_eos, byte_bpe};

/// A class that makes its own tokenizer, and takes of a `tokenizer.json` the vocabulary and little else
/// (`convert_to_native_format` in `tokenization_utils_tokenizers.py` of transformers).
pub(super) struct Maker {
    class: &'static TokenizerClass,
    algorithm: Algorithm,
}

#[derive(Clone, Copy)]
enum Algorithm {
    WordPiece(Kin),
    ByteLevel(ByteLevelClass),
    ByteFallback(FallbackClass),
    Unigram(UnigramClass),
}

/// What a tokenizer is made of.
enum Origin {
    /// A `tokenizer.json`, with what that puts around texts.
    Saved(Option<PostProcessorWrapper>),
    /// The files of older versions.
    Older,
}

impl Maker {
    /// `None`: the class is whatever its `tokenizer.json` says.
    pub(super) fn of(class: &'static TokenizerClass) -> Option<Self> {
        let algorithm = Kin::of(class)
            .map(Algorithm::WordPiece)
            .or(UnigramClass::of(class).map(Algorithm::Unigram))
            .or(ByteLevelClass::of(class).map(Algorithm::ByteLevel))
            .or(FallbackClass::of(class).map(Algorithm::ByteFallback))?;
        Some(Self { class, algorithm })
    }

    /// Gives the tokens that such a tokenizer always has their usual names where the configuration is silent.
    pub(super) fn name_special_tokens(&self, config: &mut TokenizerConfig) {
        let names = match self.algorithm {
            Algorithm::WordPiece(kin) => kin.names(),
            Algorithm::ByteLevel(class) => class.names(),
            Algorithm::ByteFallback(class) => class.names(),
            Algorithm::Unigram(class) => class.names(),
        };
        let mut names = names.map(|name| name.map(TokenText::from));
        let takes_space =
            matches!(self.algorithm, Algorithm::WordPiece(Kin::MpNet) | Algorithm::Unigram(UnigramClass::Camembert));
        if takes_space && let [.., mask] = &mut names {
            *mask = Some(TokenText::with_space_before("<mask>"));
        }
        config.special.name(names);
        if let Algorithm::Unigram(UnigramClass::T5) = self.algorithm {
            unigram::list_extra_ids(config);
        }
    }

    /// Whether it has a padding token where the configuration names one, and else none. Others are given one that is called as usual.
    pub(super) fn pads_as_named(&self) -> bool {
        match self.algorithm {
            Algorithm::WordPiece(_) | Algorithm::ByteLevel(ByteLevelClass::Roberta) => false,
            Algorithm::ByteLevel(_) | Algorithm::ByteFallback(_) => true,
            Algorithm::Unigram(class) => matches!(class, UnigramClass::T5 | UnigramClass::RemBert),
        }
    }

    /// Whether it pads with what a `tokenizer.json` does, where the configuration is silent: the class has no name of its own for that.
    pub(super) fn pads_as_saved(&self) -> bool {
        matches!(self.algorithm, Algorithm::ByteFallback(FallbackClass::Llama))
    }

    /// Makes its own of the tokenizer of a `tokenizer.json`. With a warning where the file does to texts what the class does not.
    pub(super) fn of_saved(
        &self,
        mut tokenizer: Tokenizer,
        config: &TokenizerConfig,
        path: &Path,
    ) -> Result<(Tokenizer, Option<String>), TokenizeError> {
        let failed = |error: tokenizers::Error| unreadable(path, &error);
        if self.class.keeps_the_file() {
            return Ok((self.complete(tokenizer, Origin::Saved(None), config, path)?, None));
        }
        let fit = match self.algorithm {
            Algorithm::WordPiece(_) => wordpiece::of_saved(tokenizer.get_model(), config),
            Algorithm::ByteLevel(_) => byte_bpe::of_saved(tokenizer.get_model()),
            Algorithm::ByteFallback(class) => class.of_saved(tokenizer.get_model(), config),
            Algorithm::Unigram(class) => class.of_saved(tokenizer.get_model(), config).map_err(failed)?,
        };
        let said = match self.algorithm {
            Algorithm::WordPiece(_) => wordpiece::disagreement(&tokenizer, self.class, config),
            Algorithm::ByteLevel(class) => class.disagreement(&tokenizer, config),
            Algorithm::ByteFallback(class) => class.disagreement(&tokenizer, config),
            Algorithm::Unigram(class) => class.disagreement(&tokenizer),
        };
        let said = said.map(|what| {
            format!(
                "tokenizer.json {what}: {} of transformers 5 goes by its own rules and by tokenizer_config.json, and so does this. Where \
                 the file is what the model was trained with, set \"tokenizer_class\": \"PreTrainedTokenizerFast\" there",
                self.class.name
            )
        });
        match fit {
            Fit::AsItIs => {}
            Fit::Changed(model) => {
                tokenizer.with_model(*model);
            }
            Fit::None => return Err(self.other_model(tokenizer.get_model(), path)),
        }
        let (map, around) = (unigram::saved_map(&tokenizer), tokenizer.get_post_processor().cloned());
        tokenizer.with_added_vocabulary(AddedVocabulary::new());
        tokenizer.with_normalizer(None::<NormalizerWrapper>).map_err(failed)?;
        let mut tokenizer = self.assemble(tokenizer, map, Origin::Saved(around.clone()), config, path)?;
        // The one class that sets it first, so that the file's comes after.
        if let (Algorithm::Unigram(UnigramClass::Albert), Some(around)) = (self.algorithm, around) {
            tokenizer.with_post_processor(Some(around));
        }
        Ok((tokenizer, said))
    }

    fn other_model(&self, found: &ModelWrapper, path: &Path) -> TokenizeError {
        TokenizeError::OtherModel {
            path: path.to_owned(),
            class: self.class.name.clone(),
            expected: match self.algorithm {
                Algorithm::WordPiece(_) => "WordPiece",
                Algorithm::ByteLevel(_) => "byte-level BPE",
                Algorithm::ByteFallback(_) => "BPE",
                Algorithm::Unigram(_) => "Unigram",
            },
            found: match found {
                ModelWrapper::BPE(_) => "BPE",
                ModelWrapper::WordPiece(_) => "WordPiece",
                ModelWrapper::WordLevel(_) => "WordLevel",
                ModelWrapper::Unigram(_) => "Unigram",
            },
        }
    }

    /// The tokenizer of older versions' files, and the one that holds the vocabulary; `None`: it is not there. `config` gets the tokens
    /// of the files that match as wholes.
    pub(super) fn of_slow_files(
        &self,
        files: &TokenizerFiles,
        config: &mut TokenizerConfig,
    ) -> Result<Option<(Tokenizer, PathBuf)>, TokenizeError> {
        let (path, model, map) = match (self.algorithm, &files.vocab_txt, &files.vocab_json, &files.merges_txt) {
            (Algorithm::WordPiece(_), Some(path), ..) => (path, wordpiece::from_vocab(path, config)?, None),
            (Algorithm::ByteLevel(_), _, Some(path), Some(merges)) => (path, byte_bpe::from_files(path, merges)?, None),
            (Algorithm::ByteFallback(class), ..) => {
                let Some(path) = files.sentence_piece(byte_fallback::FILE_NAME) else { return Ok(None) };
                let (model, wholes) = class.model_of(path, config)?;
                config.special.additional_special_tokens = Some(wholes);
                (path, model, None)
            }
            (Algorithm::Unigram(class), ..) => {
                let Some(path) = files.sentence_piece(class.file_name()) else { return Ok(None) };
                let found = unigram::from_model(path, class, config)?;
                config.special.additional_special_tokens = Some(found.wholes);
                if class == UnigramClass::T5 {
                    unigram::list_extra_ids(config);
                }
                (path, found.model, found.map)
            }
            _ => return Ok(None),
        };
        Ok(Some((self.assemble(Tokenizer::new(model), map, Origin::Older, config, path)?, path.clone())))
    }

    /// `tokenizer`: the model alone.
    fn assemble(
        &self,
        mut tokenizer: Tokenizer,
        map: Option<Precompiled>,
        origin: Origin,
        config: &TokenizerConfig,
        path: &Path,
    ) -> Result<Tokenizer, TokenizeError> {
        let failed = |error: tokenizers::Error| unreadable(path, &error);
        match self.algorithm {
            Algorithm::WordPiece(_) => wordpiece::set_up(&mut tokenizer, self.class, config).map_err(failed)?,
            Algorithm::ByteLevel(class) => class.set_up(&mut tokenizer, config).map_err(failed)?,
            Algorithm::ByteFallback(class) => class.set_up(&mut tokenizer, config).map_err(failed)?,
            Algorithm::Unigram(class) => class.set_up(&mut tokenizer, map, config).map_err(failed)?,
        }
        self.complete(tokenizer, origin, config, path)
    }

    /// The tokens that the class itself puts before and behind a text, with their names.
    fn ends<'a>(&self, special: &'a SpecialTokens) -> Option<[(&'static str, &'a Option<TokenText>); 2]> {
        let usual = [("cls_token", &special.cls_token), ("sep_token", &special.sep_token)];
        match self.algorithm {
            Algorithm::WordPiece(_) => Some(usual),
            Algorithm::ByteLevel(class) => class.has_ends().then_some(usual),
            Algorithm::ByteFallback(_) => None,
            Algorithm::Unigram(class) => Some(class.ends(special)),
        }
    }

    /// Adds the tokens that match as wholes, and those around the texts.
    fn complete(
        &self,
        mut tokenizer: Tokenizer,
        origin: Origin,
        config: &TokenizerConfig,
        path: &Path,
    ) -> Result<Tokenizer, TokenizeError> {
        let special = &config.special;
        let ends = self.ends(special);
        let mut needed: Vec<_> = ends.into_iter().flatten().collect();
        if ends.is_some() && !self.pads_as_named() {
            needed.push(("pad_token", &special.pad_token));
        }
        if let Algorithm::WordPiece(_) = self.algorithm {
            needed.push(("unk_token", &special.unk_token));
        }
        for (name, token) in needed {
            let token = token.as_ref().map_or("", TokenText::text);
            if tokenizer.token_to_id(token).is_none() && config.declared_id(token).is_none() {
                return Err(TokenizeError::MissingToken { path: path.to_owned(), name, token: token.to_owned() });
            }
        }
        add_tokens(&mut tokenizer, config, path)?;
        add_again(&mut tokenizer, self.again(special), path)?;
        if let Some(around) = self.around(&tokenizer, origin, config).map_err(|error| unreadable(path, &error))? {
            tokenizer.with_post_processor(Some(around));
        }
        Ok(tokenizer)
    }

    /// The tokens that the class adds once more, as special ones.
    fn again(&self, special: &SpecialTokens) -> Vec<AddedToken> {
        let listed = special.listed();
        match self.algorithm {
            Algorithm::ByteLevel(ByteLevelClass::Qwen2) => {
                let named = special.seven().into_iter().flatten().cloned().chain(special.named_otherwise());
                let all: Vec<TokenText> = named.chain(listed.iter().cloned()).collect();
                all.iter().map(|token| AddedToken::from(token.text(), true)).collect()
            }
            Algorithm::Unigram(UnigramClass::RemBert) => listed.iter().map(|token| token.to_added(true)).collect(),
            _ => Vec::new(),
        }
    }

    /// What the class puts around texts; `None`: it cannot. `tokenizer` has its special tokens.
    fn around(
        &self,
        tokenizer: &Tokenizer,
        origin: Origin,
        config: &TokenizerConfig,
    ) -> Result<Option<PostProcessorWrapper>, tokenizers::Error> {
        let is_older = matches!(origin, Origin::Older);
        let saved = match origin {
            Origin::Saved(around) => around,
            Origin::Older => None,
        };
        let Some([first, last]) = self.ends(&config.special) else {
            // GPT-NeoX's is made once more when all else is there, and the file's is gone.
            let keeps = !matches!(self.algorithm, Algorithm::ByteLevel(ByteLevelClass::GptNeoX));
            return match saved.filter(|_| keeps) {
                Some(around) => Ok(Some(around)),
                None => bos_eos::post_processor(tokenizer, config, is_older).map(Some),
            };
        };
        // RemBERT's own gives way to what stands for none in a file.
        if let Algorithm::Unigram(UnigramClass::RemBert) = self.algorithm
            && saved.is_none()
        {
            return bos_eos::post_processor(tokenizer, config, is_older).map(Some);
        }
        let with_id = |token: &Option<TokenText>| {
            let text = token.as_ref().map_or("", TokenText::text).to_owned();
            tokenizer.token_to_id(&text).map(|id| (text, id))
        };
        let (Some(first), Some(last)) = (with_id(first.1), with_id(last.1)) else { return Ok(None) };
        Ok(Some(match self.algorithm {
            Algorithm::WordPiece(kin) => kin.post_processor(last, first),
            Algorithm::ByteLevel(class) => class.post_processor(last, first, config)?,
            Algorithm::Unigram(class) => class.post_processor(first, last)?,
            Algorithm::ByteFallback(_) => return Ok(None),
        }))
    }
}

fn unreadable(path: &Path, error: &tokenizers::Error) -> TokenizeError {
    TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() }
}
