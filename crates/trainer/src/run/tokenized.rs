//! Rows to tokens: made now, or kept by an earlier run that had the same rows and the same tokenizer.

use std::cell::OnceCell;

use glue_tasks::task::TaskKind;
use sha2::{Digest, Sha256};

use super::split_reader::Rows;
use crate::data::Split;
use crate::model_files::ModelFiles;
use crate::token_store::TokenStore;
use crate::tokenize::{TableKey, TextTokenizer, TokenizeError};

/// Bytes of text from which on tokens are kept. Less is tokenized in the time that the disk takes.
const LEAST_BYTES: usize = 4 << 20;

/// Makes splits of rows.
pub(super) struct Tokenizing<'a> {
    tokenizer: &'a TextTokenizer,
    kind: TaskKind,
    max_seq_length: usize,
    store: Option<TokenStore>,
    /// Whether what is kept is made again.
    overwrite: bool,
    least_bytes: usize,
    /// Of the tokenizer, known when it is needed.
    identity: OnceCell<Option<String>>,
}

impl<'a> Tokenizing<'a> {
    pub(super) fn new(model: &'a ModelFiles, kind: TaskKind, overwrite: bool) -> Self {
        let (tokenizer, max_seq_length, identity) = (&model.tokenizer, model.max_seq_length, OnceCell::new());
        let store = TokenStore::of_user();
        Self { tokenizer, kind, max_seq_length, store, overwrite, least_bytes: LEAST_BYTES, identity }
    }

    /// The split of these rows. `sha256`: of their texts and labels, in their order.
    ///
    /// # Errors
    /// Those of the tokenizer.
    pub(super) fn split(&self, rows: Rows, sha256: Option<&str>) -> Result<Split, TokenizeError> {
        let Some((store, key)) = self.place(&rows, sha256) else { return self.fresh(rows) };
        let path = store.path(&key);
        if !self.overwrite {
            match store.get(&key) {
                Ok(Some(tokens)) if tokens.len() == rows.examples.len() => {
                    log::debug!(
                        "{}: the tokens of its {} rows are those that an earlier run kept in {}",
                        rows.split,
                        tokens.len(),
                        path.display()
                    );
                    let labels = rows.examples.into_iter().map(|example| example.label).collect();
                    return Ok(Split::of_tokens(&rows.split, tokens, labels, self.kind, self.tokenizer));
                }
                Ok(None) => {}
                Ok(Some(_)) => log::warn!("{}: it has other rows; it is made again", path.display()),
                Err(reason) => log::warn!("{}: {reason}; it is made again", path.display()),
            }
        }
        let split = self.fresh(rows)?;
        if let Err(error) = store.put(&key, split.tokens()) {
            log::warn!("{error}; the next run tokenizes {} again", split.name);
        }
        Ok(split)
    }

    fn fresh(&self, rows: Rows) -> Result<Split, TokenizeError> {
        Split::new(&rows.split, rows.examples, self.kind, self.tokenizer, self.max_seq_length)
    }

    /// Where the tokens of these rows are kept, if they are.
    fn place(&self, rows: &Rows, sha256: Option<&str>) -> Option<(&TokenStore, TableKey)> {
        let (store, sha256) = (self.store.as_ref()?, sha256?);
        let of_row = |text: &str, pair: &Option<String>| text.len() + pair.as_ref().map_or(0, String::len);
        let bytes: usize = rows.examples.iter().map(|row| of_row(&row.text, &row.text_pair)).sum();
        if bytes < self.least_bytes {
            return None;
        }
        let tokenizer = self.identity.get_or_init(|| self.tokenizer.identity()).as_ref()?;
        let parts = format!("rows {sha256}\ntokenizer {tokenizer}\nmax_seq_length {}\n", self.max_seq_length);
        Some((store, Sha256::digest(parts.as_bytes()).into()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use glue_tasks::dataset::{Example, Label};

    use super::*;
    use crate::run::row_info::rows_sha256;
    use crate::tokenize::TokenizerFiles;

    const DEMO: &str = "demo/model";

    fn rows(texts: &[(&str, Option<&str>)]) -> Rows {
        let example = |(text, pair): &(&str, Option<&str>)| Example {
            text: (*text).to_owned(),
            text_pair: pair.map(str::to_owned),
            label: Some(Label::Class(1)),
        };
        let examples: Vec<Example> = texts.iter().map(example).collect();
        Rows { split: "train".to_owned(), of_split: examples.len(), examples, limit: None, files: Vec::new() }
    }

    fn load(folder: &Path) -> TextTokenizer {
        TextTokenizer::load(&TokenizerFiles::in_folder(folder)).unwrap()
    }

    fn tokenizing<'a>(tokenizer: &'a TextTokenizer, folder: &Path, max_seq_length: usize) -> Tokenizing<'a> {
        let store = Some(TokenStore::in_folder(folder.to_owned()));
        let kind = TaskKind::Classification;
        Tokenizing {
            tokenizer,
            kind,
            max_seq_length,
            store,
            overwrite: false,
            least_bytes: 1,
            identity: OnceCell::new(),
        }
    }

    /// Takes the tokens or makes them, and checks that they are those of a fresh tokenization.
    fn checked(tokenizing: &Tokenizing, texts: &[(&str, Option<&str>)]) {
        let sha256 = rows_sha256(&rows(texts).examples, &["no".to_owned(), "yes".to_owned()]);
        let (split, fresh) =
            (tokenizing.split(rows(texts), Some(&sha256)).unwrap(), tokenizing.fresh(rows(texts)).unwrap());
        assert_eq!(split.tokens(), fresh.tokens());
        assert_eq!((split.name.as_str(), split.labels()), ("train", fresh.labels()));
    }

    fn files(folder: &Path) -> BTreeSet<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    const TEXTS: [(&str, Option<&str>); 3] = [("the film is good", None), ("A film", Some("is bad")), ("", None)];

    /// A copy of the demo's tokenizer with something changed in one of its files.
    fn changed(name: &str, from: &str, to: &str) -> (tempfile::TempDir, TextTokenizer) {
        let folder = tempfile::tempdir().unwrap();
        for file in ["tokenizer.json", "tokenizer_config.json"] {
            let text = std::fs::read_to_string(Path::new(DEMO).join(file)).unwrap();
            assert!(file != name || text.contains(from), "{name} has no {from}");
            let text = if file == name { text.replacen(from, to, 1) } else { text };
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let tokenizer = load(folder.path());
        (folder, tokenizer)
    }

    /// Each change makes a file of its own, and never takes that of another.
    #[test]
    fn whatever_tokens_depend_on_is_in_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let demo = load(Path::new(DEMO));
        checked(&tokenizing(&demo, folder.path(), 16), &TEXTS);
        let mut known = files(folder.path());
        assert_eq!(known.len(), 1);
        // The same again, from the same files loaded anew: nothing is written.
        let again = load(Path::new(DEMO));
        checked(&tokenizing(&again, folder.path(), 16), &TEXTS);
        assert_eq!(files(folder.path()), known);
        let mut is_new = |what: &str| {
            let now = files(folder.path());
            assert_eq!(now.len(), known.len() + 1, "{what}");
            known = now;
        };

        checked(&tokenizing(&demo, folder.path(), 7), &TEXTS);
        is_new("another length");
        let mut others = [TEXTS.to_vec(), TEXTS.to_vec(), TEXTS.to_vec(), TEXTS.to_vec(), TEXTS[..2].to_vec()];
        others[0][0].0 = "the film is bad";
        others[1][0].1 = Some("");
        others[2][1] = ("A film is", Some(" bad"));
        others[3].swap(0, 1);
        for (what, texts) in
            ["a text", "an empty second text", "where texts end", "order", "a limit"].iter().zip(&others)
        {
            checked(&tokenizing(&demo, folder.path(), 16), texts);
            is_new(what);
        }
        checked(&tokenizing(&demo.clone().with_type_ids(false), folder.path(), 16), &TEXTS);
        is_new("no token types");
        checked(&tokenizing(&demo.clone().for_embedding(5000), folder.path(), 16), &TEXTS);
        is_new("rows of the embedding, without which tokens are refused");
        for (what, name, from, to) in [
            ("a vocabulary", "tokenizer.json", "\"film\"", "\"filn\""),
            ("casing", "tokenizer_config.json", "\"do_lower_case\": true", "\"do_lower_case\": false"),
            ("truncation", "tokenizer_config.json", "{", "{\"truncation_side\": \"left\","),
            ("special tokens in texts", "tokenizer_config.json", "{", "{\"split_special_tokens\": true,"),
        ] {
            let (_dir, tokenizer) = changed(name, from, to);
            checked(&tokenizing(&tokenizer, folder.path(), 16), &TEXTS);
            is_new(what);
        }
    }

    #[test]
    fn what_is_damaged_is_made_again_and_so_is_what_is_to_be_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = load(Path::new(DEMO));
        let usual = tokenizing(&tokenizer, folder.path(), 16);
        checked(&usual, &TEXTS);
        let path = files(folder.path()).pop_first().unwrap();
        let whole = std::fs::read(&path).unwrap();
        for bytes in [&whole[..whole.len() - 9], b"something else", b""] {
            std::fs::write(&path, bytes).unwrap();
            checked(&usual, &TEXTS);
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        // Of other rows than its name says, as after a copy by hand.
        checked(&usual, &TEXTS[..1]);
        let other = files(folder.path()).into_iter().find(|other| *other != path).unwrap();
        std::fs::copy(&other, &path).unwrap();
        checked(&usual, &TEXTS);
        assert_eq!(std::fs::read(&path).unwrap(), whole);

        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let set =
            |path: &Path| std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
        set(&path);
        checked(&Tokenizing { overwrite: true, ..tokenizing(&tokenizer, folder.path(), 16) }, &TEXTS);
        assert_ne!(std::fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn small_splits_and_a_folder_that_cannot_be_written_are_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = load(Path::new(DEMO));
        checked(&Tokenizing { least_bytes: 1000, ..tokenizing(&tokenizer, folder.path(), 16) }, &TEXTS);
        assert!(files(folder.path()).is_empty());
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        checked(&tokenizing(&tokenizer, &file.join("tokens"), 16), &TEXTS);
        checked(&Tokenizing { store: None, ..tokenizing(&tokenizer, folder.path(), 16) }, &TEXTS);
    }
}
