//! A table of tokens as a file. It is taken again only where all of it is as it was written.
//!
//! In order, numbers with the least byte first: [`MAGIC`], the key (32 bytes), rows, tokens and truncated rows (64 bits each), bytes an id
//! and bytes a type id (8 bits each), the length of each row (32 bits), the ids, the type ids, and CRC-32C over all that.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::Path;

use crc32c::crc32c_append;
use records::atomic::{WriteError, write_whole_with};

use super::encoded::{Encoded, Ids};

/// What such a file begins with; the number is that of the format.
const MAGIC: &[u8; 16] = b"run-glue tokens1";

/// Bytes before the lengths.
const HEAD: u64 = 16 + 32 + 3 * 8 + 2;

/// What a file is known by: the hash of all that its tokens depend on.
pub(crate) type TableKey = [u8; 32];

/// Numbers that are written or read at once.
const AT_ONCE: usize = 16_384;

impl Encoded {
    /// Writes the table whole or not at all.
    ///
    /// # Errors
    /// Names the file and what the system says.
    pub(crate) fn write(&self, path: &Path, key: &TableKey) -> Result<(), WriteError> {
        write_whole_with(path, |out| {
            let mut out = Checked { inner: out, crc: 0 };
            let width = match &self.ids {
                Ids::Narrow(_) => 2,
                Ids::Wide(_) => 4,
            };
            out.put(MAGIC)?;
            out.put(key)?;
            for count in [self.len(), self.ids.len(), self.truncated_rows] {
                out.put(&(count as u64).to_le_bytes())?;
            }
            out.put(&[width, u8::from(!self.type_ids.is_empty())])?;
            let lengths: Vec<u32> = self.offsets.windows(2).map(|ends| (ends[1] - ends[0]) as u32).collect();
            out.put_all(&lengths, |length| length.to_le_bytes())?;
            match &self.ids {
                Ids::Narrow(ids) => out.put_all(ids, |id| id.to_le_bytes())?,
                Ids::Wide(ids) => out.put_all(ids, |id| id.to_le_bytes())?,
            }
            out.put(&self.type_ids)?;
            let crc = out.crc;
            out.inner.write_all(&crc.to_le_bytes())
        })
    }

    /// Reads a table back; `None` where there is no such file.
    ///
    /// # Errors
    /// Says what is wrong with a file that is there.
    pub(crate) fn read(path: &Path, key: &TableKey) -> Result<Option<Self>, String> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        let mut file = Checked { inner: BufReader::with_capacity(1 << 18, file), crc: 0 };
        read(&mut file, size, key).map(Some)
    }
}

fn read(file: &mut Checked<BufReader<File>>, size: u64, key: &TableKey) -> Result<Encoded, String> {
    if file.take::<16>()? != *MAGIC {
        return Err("it is no table of tokens".to_owned());
    }
    if file.take::<32>()? != *key {
        return Err("it is of other rows or another tokenizer".to_owned());
    }
    let mut count = || file.take::<8>().map(u64::from_le_bytes);
    let (rows, tokens, truncated) = (count()?, count()?, count()?);
    let [width, has_types] = file.take::<2>()?;
    let is_width = [2, 4].contains(&width) && has_types < 2;
    let of_ids = tokens.checked_mul(u64::from(width) + u64::from(has_types));
    let expected = rows.checked_mul(4).zip(of_ids).and_then(|(rows, ids)| rows.checked_add(ids)?.checked_add(HEAD + 4));
    // Before room is made for what it says it holds.
    if expected != Some(size) || !is_width || truncated > rows {
        return Err(format!("it has {size} bytes, and its head says otherwise"));
    }
    let (rows, tokens) = (rows as usize, tokens as usize);
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    let mut end = 0;
    file.take_all(rows, |length| {
        end += u32::from_le_bytes(length) as usize;
        offsets.push(end);
    })?;
    let ids = if width == 2 {
        let mut ids = Vec::with_capacity(tokens);
        file.take_all(tokens, |id| ids.push(u16::from_le_bytes(id)))?;
        Ids::Narrow(ids)
    } else {
        let mut ids = Vec::with_capacity(tokens);
        file.take_all(tokens, |id| ids.push(u32::from_le_bytes(id)))?;
        Ids::Wide(ids)
    };
    let mut type_ids = Vec::new();
    if has_types == 1 {
        type_ids.reserve_exact(tokens);
        file.take_all(tokens, |[type_id]| type_ids.push(type_id))?;
    }
    let crc = file.crc;
    if file.take::<4>().map(u32::from_le_bytes)? != crc {
        return Err("its checksum is not that of its bytes".to_owned());
    }
    if end != tokens {
        return Err("its rows are not as long as they say".to_owned());
    }
    Ok(Encoded { ids, type_ids, offsets, truncated_rows: truncated as usize })
}

/// Counts the checksum of what goes through.
struct Checked<T> {
    inner: T,
    crc: u32,
}

impl Checked<&mut dyn Write> {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.crc = crc32c_append(self.crc, bytes);
        self.inner.write_all(bytes)
    }

    fn put_all<T: Copy, const N: usize>(&mut self, values: &[T], bytes: impl Fn(T) -> [u8; N]) -> std::io::Result<()> {
        let mut buffer = Vec::with_capacity(N * AT_ONCE);
        for values in values.chunks(AT_ONCE) {
            buffer.clear();
            values.iter().for_each(|&value| buffer.extend_from_slice(&bytes(value)));
            self.put(&buffer)?;
        }
        Ok(())
    }
}

impl Checked<BufReader<File>> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.inner.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
            _ => error.to_string(),
        })?;
        self.crc = crc32c_append(self.crc, bytes);
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Gives `sink` so many numbers of `N` bytes each.
    fn take_all<const N: usize>(&mut self, count: usize, mut sink: impl FnMut([u8; N])) -> Result<(), String> {
        let mut buffer = vec![0; N * AT_ONCE.min(count)];
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_ONCE);
            self.fill(&mut buffer[..N * now])?;
            buffer[..N * now].as_chunks::<N>().0.iter().for_each(|bytes| sink(*bytes));
            left -= now;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::encoded::Part;

    fn table(vocab_size: usize, type_id: u8) -> Encoded {
        let mut table = Encoded::new(vocab_size);
        let ids: Vec<u32> = (0..40_000).map(|i| i * 7 % 30_000).collect();
        let part =
            Part { type_ids: vec![type_id; ids.len()], ids, ends: vec![3, 3, 20_000, 40_000], truncated_rows: 2 };
        table.append(&[part], 0);
        table
    }

    #[test]
    fn a_table_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for (at, (vocab_size, type_id)) in
            [(30_000, 0), (30_000, 1), (100_000, 0), (100_000, 1)].into_iter().enumerate()
        {
            let (path, table) = (folder.path().join(at.to_string()), table(vocab_size, type_id));
            table.write(&path, &[7; 32]).unwrap();
            assert_eq!(Encoded::read(&path, &[7; 32]).unwrap(), Some(table));
        }
        let empty = Encoded::new(10);
        empty.write(&folder.path().join("empty"), &[7; 32]).unwrap();
        assert_eq!(Encoded::read(&folder.path().join("empty"), &[7; 32]).unwrap(), Some(empty));
        assert_eq!(Encoded::read(&folder.path().join("nothing"), &[7; 32]).unwrap(), None);
    }

    #[test]
    fn what_is_damaged_or_of_others_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        table(30_000, 1).write(&path, &[7; 32]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8], part: &str| {
            std::fs::write(&path, bytes).unwrap();
            let error = Encoded::read(&path, &[7; 32]).unwrap_err();
            assert!(error.contains(part), "{error}: {part}");
        };
        refused(b"", "cut off");
        refused(b"a text of somebody else", "no table");
        for length in [40, 73, 100, whole.len() - 1] {
            refused(&whole[..length], if length < 74 { "cut off" } else { "bytes, and its head" });
        }
        refused(&[whole.as_slice(), b"x"].concat(), "its head says otherwise");
        // One bit, wherever it is.
        for at in (0..whole.len()).step_by(997).chain([15, 16, 47, 48, 56, 64, 72, 73, whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            assert!(Encoded::read(&path, &[7; 32]).is_err(), "byte {at}");
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(Encoded::read(&path, &[8; 32]).unwrap_err().contains("other rows"));
        assert!(Encoded::read(&path, &[7; 32]).unwrap().is_some());
    }
}
