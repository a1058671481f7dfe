//! Lines of a file or of standard input: a thread reads ahead. Of what somebody types, or another program writes, one line is
//! answered at once where there is one, and many are taken together where there are many. A file's are always taken together, so
//! that what is answered before a wrong line does not depend on how fast the thread is.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::settings::Input;
use trainer::error::Error;

/// Lines that are read ahead of those that are taken.
const AHEAD: usize = 8192;

/// Bytes that are read ahead, and of a window's texts, where lines are long; one line may be longer.
const AHEAD_BYTES: usize = 16 << 20;

/// Bytes of the longest line: far more than any model reads, and little memory.
const LONGEST_LINE: u64 = 256 << 20;

/// One or two texts.
pub(super) type Texts = (String, Option<String>);

/// Inputs in order.
pub(super) enum TextSource {
    Texts(std::vec::IntoIter<Texts>),
    Lines(Lines),
}

/// Bytes of lines that were read and are not taken yet.
#[derive(Default)]
struct Waiting {
    bytes: Mutex<usize>,
    taken: Condvar,
}

impl Waiting {
    /// Waits until there is room.
    fn add(&self, bytes: usize) {
        let mut waiting = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        while *waiting > 0 && *waiting + bytes > AHEAD_BYTES {
            waiting = self.taken.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        *waiting += bytes;
    }

    fn take(&self, bytes: usize) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
        self.taken.notify_one();
    }
}

/// What the reading thread sends.
pub(super) struct Lines {
    receiver: Receiver<std::io::Result<Vec<u8>>>,
    waiting: Arc<Waiting>,
    /// For messages.
    name: String,
    pairs: bool,
    /// Whether more may be long in coming.
    live: bool,
    /// The number of the last one, from 1 on.
    line: u64,
}

impl TextSource {
    /// # Errors
    /// When the file cannot be opened.
    pub(super) fn open(input: &Input, pairs: bool) -> Result<Self, Error> {
        let (reader, name, live): (Box<dyn BufRead + Send>, String, bool) = match input {
            Input::Texts(texts) => return Ok(Self::Texts(texts.clone().into_iter())),
            Input::Stdin => (Box::new(BufReader::new(std::io::stdin())), "standard input".to_owned(), true),
            Input::File(path) => {
                let unreadable = |error| Error::usage(format!("--file {}: {error}", path.display()));
                let file = std::fs::File::open(path).map_err(unreadable)?;
                let live = !file.metadata().map_err(unreadable)?.is_file();
                (Box::new(BufReader::new(file)), path.display().to_string(), live)
            }
        };
        let (sender, receiver) = sync_channel(AHEAD);
        let waiting = Arc::new(Waiting::default());
        let read = Arc::clone(&waiting);
        std::thread::spawn(move || {
            let mut reader = reader;
            while let Some(line) = bounded_line(&mut reader).transpose() {
                let failed = line.is_err();
                read.add(line.as_ref().map_or(0, Vec::len));
                // A receiver that went away ends the reading, and so does an error, which would come again.
                if sender.send(line).is_err() || failed {
                    return;
                }
            }
        });
        Ok(Self::Lines(Lines { receiver, waiting, name, pairs, live, line: 0 }))
    }

    /// The next inputs, `most` of them at the most, and at least one, unless all were given.
    ///
    /// # Errors
    /// When reading fails, or a line is not what was expected.
    pub(super) fn next(&mut self, most: usize) -> Result<Vec<Texts>, Error> {
        match self {
            Self::Texts(texts) => Ok(texts.take(most).collect()),
            Self::Lines(lines) => lines.next(most),
        }
    }
}

impl Lines {
    fn next(&mut self, most: usize) -> Result<Vec<Texts>, Error> {
        let (mut chunk, mut size) = (Vec::new(), 0);
        let mut next = self.receiver.recv().ok();
        while let Some(bytes) = next {
            self.line += 1;
            let length = bytes.as_ref().map_or(0, Vec::len);
            self.waiting.take(length);
            size += length;
            let read = bytes.map_err(|error| error.to_string()).and_then(|bytes| texts(bytes, self.pairs));
            chunk.push(read.map_err(|reason| Error::input(format!("{}, line {}: {reason}", self.name, self.line)))?);
            if chunk.len() == most || size > AHEAD_BYTES {
                break;
            }
            next = if self.live { self.receiver.try_recv().ok() } else { self.receiver.recv().ok() };
        }
        Ok(chunk)
    }
}

/// The next line without its end; `None` behind the last one.
fn bounded_line(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut limited = reader.take(LONGEST_LINE + 1);
    if limited.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > LONGEST_LINE {
        let reason = format!("it is longer than {} MiB; is that a file of texts?", LONGEST_LINE >> 20);
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, reason));
    }
    Ok(Some(line))
}

/// A line's one or two texts.
fn texts(mut line: Vec<u8>, pairs: bool) -> Result<Texts, String> {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let line = String::from_utf8(line).map_err(|_| "the text is not UTF-8".to_owned())?;
    if !pairs {
        return Ok((line, None));
    }
    match line.split_once('\t') {
        Some((first, second)) => Ok((first.to_owned(), Some(second.to_owned()))),
        None => Err("expected two texts with a tab between them, as --pairs says".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_or_two_texts() {
        assert_eq!(texts(b"a\tb\r".to_vec(), false), Ok(("a\tb".to_owned(), None)));
        assert_eq!(texts(b"a\tb\tc".to_vec(), true), Ok(("a".to_owned(), Some("b\tc".to_owned()))));
        assert_eq!(texts(Vec::new(), false), Ok((String::new(), None)));
        assert!(texts(b"a b".to_vec(), true).is_err());
        assert!(texts(vec![0xff], false).is_err());
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
        let mut endless = BufReader::new(std::io::repeat(b'a'));
        assert!(bounded_line(&mut endless).unwrap_err().to_string().contains("longer than 256 MiB"));
        let mut three: &[u8] = b"one\n\nlast";
        let lines: Vec<Vec<u8>> =
            std::iter::from_fn(|| bounded_line(&mut three).transpose()).map(Result::unwrap).collect();
        assert_eq!(lines, [&b"one"[..], b"", b"last"]);
    }

    /// However many lines are asked for.
    #[test]
    fn long_lines_are_taken_a_few_at_a_time_and_all_of_them() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let line = "a".repeat(1 << 20) + "\n";
        (0..40).for_each(|_| std::io::Write::write_all(&mut file, line.as_bytes()).unwrap());
        let mut source = TextSource::open(&Input::File(file.path().to_owned()), false).unwrap();
        let taken: Vec<usize> =
            std::iter::from_fn(|| Some(source.next(4096).unwrap().len()).filter(|&lines| lines > 0)).collect();
        assert_eq!(taken, [17, 17, 6]);
    }
}
