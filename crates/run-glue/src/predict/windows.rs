//! Inputs window by window, made into tokens on a thread of their own while the window before is computed. So any number of inputs takes
//! the memory of a few windows.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use glue_tasks::dataset::Example;
use glue_tasks::task::TaskKind;

use super::lines::{TextSource, Texts};
use trainer::data::Split;
use trainer::error::Error;
use trainer::tokenize::TextTokenizer;

/// Inputs of the first window, so that its answers come soon. Each window is twice the one before.
const FIRST: usize = 64;

/// Inputs of a window at the most: enough to find many of like length.
const MOST: usize = 4096;

/// What is read next, in order.
pub(super) struct Windows {
    receiver: Receiver<Result<Split, Error>>,
    /// Reads and makes tokens.
    maker: Option<JoinHandle<()>>,
}

impl Windows {
    /// Windows of what `source` gives.
    pub(super) fn of(mut source: TextSource, tokenizer: TextTokenizer, max_seq_length: usize) -> Self {
        let (sender, receiver) = sync_channel(1);
        let maker = std::thread::spawn(move || {
            for most in sizes() {
                let window = source.next(most).and_then(|texts| split(texts, &tokenizer, max_seq_length));
                let is_last = !window.as_ref().is_ok_and(|split| !split.is_empty());
                // A receiver that went away has enough.
                if sender.send(window).is_err() || is_last {
                    return;
                }
            }
        });
        Self { receiver, maker: Some(maker) }
    }

    /// The next window; `None` where all were given.
    ///
    /// # Errors
    /// An input that is not what was expected, or that cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Split>, Error> {
        match self.receiver.recv() {
            Ok(window) => Ok(Some(window?).filter(|split| !split.is_empty())),
            // It ends without a last window where it panicked.
            Err(_) => match self.maker.take().map(JoinHandle::join) {
                Some(Err(panic)) => resume_unwind(panic),
                _ => Ok(None),
            },
        }
    }
}

/// How many inputs each window has at the most.
fn sizes() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(FIRST), |size| Some((2 * size).min(MOST)))
}

fn split(texts: Vec<Texts>, tokenizer: &TextTokenizer, max_seq_length: usize) -> Result<Split, Error> {
    let example = |(text, text_pair)| Example { text, text_pair, label: None };
    let examples = texts.into_iter().map(example).collect();
    Ok(Split::new("input", examples, TaskKind::Classification, tokenizer, max_seq_length)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::predict::Input;
    use trainer::tokenize::TokenizerFiles;

    fn windows(lines: &[u8], pairs: bool) -> Windows {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(lines).unwrap();
        let source = TextSource::open(&Input::File(file.path().to_owned()), pairs).unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../trainer/demo/model");
        Windows::of(source, TextTokenizer::load(&TokenizerFiles::in_folder(folder.as_ref())).unwrap(), 16)
    }

    #[test]
    fn windows_grow_and_hold_all_lines_once_and_in_order() {
        assert_eq!(sizes().take(9).collect::<Vec<_>>(), [64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096]);
        // Row i has i % 5 words, so its length says which it is.
        let lines: String = (0..10_000).map(|i| "a ".repeat(i % 5) + "\n").collect();
        let mut windows = windows(lines.as_bytes(), false);
        let (mut lengths, mut largest) = (Vec::new(), 0);
        while let Some(split) = windows.next().unwrap() {
            largest = largest.max(split.len());
            lengths.extend((0..split.len() as u32).map(|row| split.length(row)));
        }
        assert!(largest <= MOST);
        assert_eq!(lengths, (0..10_000).map(|i| 2 + i % 5).collect::<Vec<_>>());
        assert!(windows.next().unwrap().is_none(), "and no more");
    }

    #[test]
    fn a_bad_line_is_named_behind_the_windows_before_it() {
        let lines = "a\tb\n".repeat(20_000) + "no tab\n" + &"a\tb\n".repeat(100);
        let mut windows = windows(lines.as_bytes(), true);
        let (mut rows, mut last) = (0, windows.next());
        while let Ok(Some(split)) = &last {
            rows += split.len();
            last = windows.next();
        }
        let error = last.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("line 20001") && error.contains("a tab between them"), "{error}");
        assert!((20_000 - MOST..=20_000).contains(&rows), "{rows}");
    }
}
