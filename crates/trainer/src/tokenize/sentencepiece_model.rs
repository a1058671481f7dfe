//! The file of a SentencePiece model: a protocol buffer of which these fields are read
//! (google/sentencepiece, `src/sentencepiece_model.proto`).

use std::path::Path;

use prost::Message;

use super::TokenizeError;
use super::files::read;

/// A trained model.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SentencePieceModel {
    /// The vocabulary, in the order of the ids.
    #[prost(message, repeated, tag = "1")]
    pub(super) pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer_spec: Option<TrainerSpec>,
    #[prost(message, optional, tag = "3")]
    normalizer_spec: Option<NormalizerSpec>,
}

/// A token.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Piece {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    /// Log probability.
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct TrainerSpec {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, optional, tag = "40")]
    unk_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct NormalizerSpec {
    #[prost(bytes = "vec", optional, tag = "2")]
    precompiled_charsmap: Option<Vec<u8>>,
}

/// `SentencePiece.Type` of a token that is no text but a sign.
const CONTROL: i32 = 3;
/// Of one that is never split.
const USER_DEFINED: i32 = 4;
/// `ModelType`.
const UNIGRAM: i32 = 1;
const BPE: i32 = 2;

impl SentencePieceModel {
    /// # Errors
    /// A file that cannot be read, or is no such model, or one of another algorithm than Unigram.
    pub(super) fn read(path: &Path) -> Result<Self, TokenizeError> {
        Self::read_of(path, (UNIGRAM, "Unigram"))
    }

    /// # Errors
    /// The same, of BPE.
    pub(super) fn read_bpe(path: &Path) -> Result<Self, TokenizeError> {
        Self::read_of(path, (BPE, "BPE"))
    }

    fn read_of(path: &Path, (expected, name): (i32, &str)) -> Result<Self, TokenizeError> {
        let wrong = |reason: String| TokenizeError::Tokenizer { path: path.to_owned(), reason };
        let model = Self::decode(read(path)?.as_slice()).map_err(|error| wrong(error.to_string()))?;
        if model.pieces.is_empty() {
            return Err(wrong("there is no token in it".to_owned()));
        }
        match model.trainer_spec.as_ref().and_then(|spec| spec.model_type).unwrap_or(UNIGRAM) {
            found if found == expected => Ok(model),
            other => {
                Err(wrong(format!("its algorithm is number {other} of SentencePiece, expected {expected}, {name}")))
            }
        }
    }

    /// Id of the token for what no token is made of.
    pub(super) fn unk_id(&self) -> usize {
        let id = self.trainer_spec.as_ref().and_then(|spec| spec.unk_id);
        id.and_then(|id| usize::try_from(id).ok()).unwrap_or(0)
    }

    /// What characters become, in SentencePiece's own form; `None`: what they are.
    pub(super) fn character_map(&self) -> Option<&[u8]> {
        let map = self.normalizer_spec.as_ref()?.precompiled_charsmap.as_deref()?;
        (!map.is_empty()).then_some(map)
    }

    /// Tokens that match as wholes, with whether they are special.
    pub(super) fn wholes(&self) -> impl Iterator<Item = (&str, bool)> {
        let whole = |piece: &&Piece| matches!(piece.kind, Some(CONTROL | USER_DEFINED));
        self.pieces.iter().filter(whole).map(|piece| (piece.text(), piece.kind == Some(CONTROL)))
    }

    /// The vocabulary with its log probabilities.
    pub(super) fn vocabulary(&self) -> Vec<(String, f64)> {
        self.pieces.iter().map(|piece| (piece.text().to_owned(), f64::from(piece.score()))).collect()
    }
}
