//! What stands around the texts of a row, found out once: the post-processor is asked for rows of stand-ins.

use tokenizers::{Encoding, PostProcessor, Token, Tokenizer};

use super::encoded::Part;

/// Ids that stand for the tokens of the first and the second text. No vocabulary is that large.
const STAND_INS: [u32; 2] = [u32::MAX, u32::MAX - 1];

/// Tokens of the stand-ins: more than one, and not as many in both.
const LENGTHS: [usize; 2] = [2, 3];

/// A row from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Special { id: u32, type_id: u32 },
    Text { which: usize, type_id: u32 },
}

/// What rows of one text and of two are made of.
#[derive(Clone, Debug)]
pub(super) struct Around {
    one: Vec<Piece>,
    two: Vec<Piece>,
}

impl Around {
    /// `None`: the post-processor does something else than to put tokens around the texts.
    pub(super) fn of(tokenizer: &Tokenizer) -> Option<Self> {
        Some(Self { one: pieces(tokenizer, 1)?, two: pieces(tokenizer, 2)? })
    }

    /// Writes the row of these tokens.
    pub(super) fn write(&self, first: &[u32], second: Option<&[u32]>, uses_type_ids: bool, part: &mut Part) {
        let pieces = if second.is_some() { &self.two } else { &self.one };
        let texts = [first, second.unwrap_or_default()];
        for piece in pieces {
            let type_id = match *piece {
                Piece::Special { id, type_id } => {
                    part.ids.push(id);
                    type_id
                }
                Piece::Text { which, type_id } => {
                    part.ids.extend_from_slice(texts[which]);
                    type_id
                }
            };
            part.type_ids.resize(part.ids.len(), if uses_type_ids { type_id as u8 } else { 0 });
        }
        part.ends.push(part.ids.len());
    }
}

/// The pieces of a row of so many texts.
fn pieces(tokenizer: &Tokenizer, texts: usize) -> Option<Vec<Piece>> {
    let stand_in = |which: usize| {
        let token = Token::new(STAND_INS[which], String::new(), (0, 0));
        Encoding::from_tokens(vec![token; LENGTHS[which]], which as u32)
    };
    let row = tokenizer.post_process(stand_in(0), (texts == 2).then(|| stand_in(1)), true).ok()?;
    let (ids, type_ids) = (row.get_ids(), row.get_type_ids());
    if type_ids.iter().any(|&type_id| u8::try_from(type_id).is_err()) {
        return None;
    }
    let (mut pieces, mut at, mut seen) = (Vec::new(), 0, [false; 2]);
    while at < ids.len() {
        let type_id = type_ids[at];
        let Some(which) = STAND_INS.iter().position(|stand_in| *stand_in == ids[at]) else {
            pieces.push(Piece::Special { id: ids[at], type_id });
            at += 1;
            continue;
        };
        let end = at + LENGTHS[which];
        let is_whole = ids.get(at..end)?.iter().all(|&id| id == STAND_INS[which]);
        if !is_whole || seen[which] || type_ids[at..end].iter().any(|&other| other != type_id) {
            return None;
        }
        seen[which] = true;
        pieces.push(Piece::Text { which, type_id });
        at = end;
    }
    // The room that is left for texts is counted by what the post-processor says of itself.
    let special = tokenizer.get_post_processor().map_or(0, |post| post.added_tokens(texts == 2));
    let is_complete = seen == [true, texts == 2] && pieces.len() == texts + special;
    is_complete.then_some(pieces)
}
