//! What each class that makes its own tokenizer makes of a vocabulary, be it in a `tokenizer.json` or in the files of older versions.

use std::path::{Path, PathBuf};

use tokenizers::normalizers::Precompiled;
use tokenizers::{AddedVocabulary, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, Tokenizer};

use super::added::add_tokens;
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::fit::Fit;
use super::unigram::{self, UnigramClass};
use super::wordpiece::{self, Kin};
use super::{TokenizeError, TokenizerFiles, byte_bpe};

/// A class that makes its own tokenizer, and takes of a `tokenizer.json` the vocabulary and little else
/// (`convert_to_native_format` in `tokenization_utils_tokenizers.py` of transformers).
pub(super) struct Maker {
    class: &'static TokenizerClass,
    algorithm: Algorithm,
}

#[derive(Clone, Copy)]
enum Algorithm {
    WordPiece(Kin),
    ByteLevel,
    Unigram(UnigramClass),
}

impl Maker {
    /// `None`: the class is whatever its `tokenizer.json` says.
    pub(super) fn of(class: &'static TokenizerClass) -> Option<Self> {
        let byte_level = (class.name == "RobertaTokenizer").then_some(Algorithm::ByteLevel);
        let algorithm = Kin::of(class)
            .map(Algorithm::WordPiece)
            .or(UnigramClass::of(class).map(Algorithm::Unigram))
            .or(byte_level)?;
        Some(Self { class, algorithm })
    }

    /// Gives the tokens that such a tokenizer always has their usual names where the configuration is silent.
    pub(super) fn name_special_tokens(&self, special: &mut SpecialTokens) {
        let names = match self.algorithm {
            Algorithm::WordPiece(kin) => kin.names(),
            Algorithm::ByteLevel => byte_bpe::NAMES,
            Algorithm::Unigram(class) => class.names(),
        };
        let mut names = names.map(|name| name.map(TokenText::from));
        let takes_space =
            matches!(self.algorithm, Algorithm::WordPiece(Kin::MpNet) | Algorithm::Unigram(UnigramClass::Camembert));
        if takes_space && let [.., mask] = &mut names {
            *mask = Some(TokenText::with_space_before("<mask>"));
        }
        special.name(names);
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
            return Ok((self.complete(tokenizer, config, path)?, None));
        }
        let fit = match self.algorithm {
            Algorithm::WordPiece(_) => wordpiece::of_saved(tokenizer.get_model(), config),
            Algorithm::ByteLevel => byte_bpe::of_saved(tokenizer.get_model()),
            Algorithm::Unigram(class) => class.of_saved(tokenizer.get_model(), config).map_err(failed)?,
        };
        let said = match self.algorithm {
            Algorithm::WordPiece(_) => wordpiece::disagreement(&tokenizer, self.class, config),
            Algorithm::ByteLevel => byte_bpe::disagreement(&tokenizer, config),
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
        let mut tokenizer = self.assemble(tokenizer, map, config, path)?;
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
                Algorithm::ByteLevel => "byte-level BPE",
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
            (Algorithm::ByteLevel, _, Some(path), Some(merges)) => (path, byte_bpe::from_files(path, merges)?, None),
            (Algorithm::Unigram(class), ..) => {
                let Some(path) = files.sentence_piece(class.file_name()) else { return Ok(None) };
                let found = unigram::from_model(path, class, config)?;
                config.special.additional_special_tokens = Some(found.wholes);
                (path, found.model, found.map)
            }
            _ => return Ok(None),
        };
        Ok(Some((self.assemble(Tokenizer::new(model), map, config, path)?, path.clone())))
    }

    /// `tokenizer`: the model alone.
    fn assemble(
        &self,
        mut tokenizer: Tokenizer,
        map: Option<Precompiled>,
        config: &TokenizerConfig,
        path: &Path,
    ) -> Result<Tokenizer, TokenizeError> {
        let failed = |error: tokenizers::Error| unreadable(path, &error);
        match self.algorithm {
            Algorithm::WordPiece(_) => wordpiece::set_up(&mut tokenizer, self.class, config).map_err(failed)?,
            Algorithm::ByteLevel => byte_bpe::set_up(&mut tokenizer, config),
            Algorithm::Unigram(class) => class.set_up(&mut tokenizer, map, config).map_err(failed)?,
        }
        self.complete(tokenizer, config, path)
    }

    /// Adds the tokens that match as wholes, and those around the texts.
    fn complete(
        &self,
        mut tokenizer: Tokenizer,
        config: &TokenizerConfig,
        path: &Path,
    ) -> Result<Tokenizer, TokenizeError> {
        let failed = |error: tokenizers::Error| unreadable(path, &error);
        let special = &config.special;
        let [first, last] = match self.algorithm {
            Algorithm::Unigram(class) => class.ends(special),
            _ => [("cls_token", &special.cls_token), ("sep_token", &special.sep_token)],
        };
        let mut needed = vec![first, last, ("pad_token", &special.pad_token)];
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
        let with_id = |token: &Option<TokenText>| {
            let text = token.as_ref().map_or("", TokenText::text).to_owned();
            tokenizer.token_to_id(&text).map(|id| (text, id))
        };
        if let (Some(first), Some(last)) = (with_id(first.1), with_id(last.1)) {
            let around: PostProcessorWrapper = match self.algorithm {
                Algorithm::WordPiece(kin) => kin.post_processor(last, first),
                Algorithm::ByteLevel => byte_bpe::post_processor(last, first, config),
                Algorithm::Unigram(class) => class.post_processor(first, last).map_err(failed)?,
            };
            tokenizer.with_post_processor(Some(around));
        }
        Ok(tokenizer)
    }
}

fn unreadable(path: &Path, error: &tokenizers::Error) -> TokenizeError {
    TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() }
}
