//! Where a PyTorch file keeps its pickle and its storages: a zip archive of stored entries (torch 1.6 and later), or the
//! pickles and storages one after the other (before).

use std::collections::HashMap;
use std::ops::Range;

use super::pickle::{Unpickled, Value, load};

/// The pickle of `torch.serialization.MAGIC_NUMBER`, 0x1950a86a20f9469cfc6c, after the two bytes of the protocol.
const LEGACY_MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// What a file holds.
pub(super) struct Contents {
    pub(super) object: Unpickled,
    /// The place of each storage in the file, by key.
    pub(super) storages: HashMap<String, Range<usize>>,
}

impl Contents {
    /// Finds the object and the storages of a whole file.
    pub(super) fn find(file: &[u8]) -> Result<Self, String> {
        match file.split_at_checked(2) {
            Some(([0x80, _], rest)) if rest.starts_with(LEGACY_MAGIC) => {
                Self::legacy(file, &rest[LEGACY_MAGIC.len()..])
            }
            _ => Self::zip(file),
        }
    }

    fn legacy(file: &[u8], after_magic: &[u8]) -> Result<Self, String> {
        // The protocol's version and facts of the system, which change nothing: storages are always little-endian.
        let (_, rest) = load(after_magic)?;
        let (_, rest) = load(rest)?;
        let (object, rest) = load(rest)?;
        let (keys, mut rest) = load(rest)?;
        let bytes: HashMap<&str, usize> = object.storages.iter().map(|s| (&*s.key, s.element.bytes)).collect();
        let mut storages = HashMap::new();
        for key in keys.root_items().ok_or("it has no list of storages")? {
            let Value::Text(key) = key else { return Err("a storage's key is no text".to_owned()) };
            let bytes = bytes.get(&**key).ok_or_else(|| format!("nothing tells the type of the storage {key}"))?;
            let (count, data) = rest.split_first_chunk().ok_or("it is cut off")?;
            let n = usize::try_from(i64::from_le_bytes(*count)).ok().and_then(|count| count.checked_mul(*bytes));
            let n = n.filter(|&n| n <= data.len()).ok_or("it is cut off")?;
            let start = file.len() - data.len();
            storages.insert(key.to_string(), start..start + n);
            rest = &data[n..];
        }
        Ok(Self { object, storages })
    }

    fn zip(file: &[u8]) -> Result<Self, String> {
        let entries = zip_entries(file).ok_or("it is no archive of uncompressed entries, or is cut off")?;
        let is_pickle = |name: &str| name == "data.pkl" || name.ends_with("/data.pkl");
        let (name, pickle) = entries.iter().find(|(name, _)| is_pickle(name)).ok_or("it has no data.pkl")?;
        let root = name.strip_suffix("data.pkl").unwrap_or_default();
        let order = format!("{root}byteorder");
        if entries.iter().any(|(name, range)| *name == order && file[range.clone()] == *b"big") {
            return Err("its numbers are big-endian".to_owned());
        }
        let (object, _) = load(&file[pickle.clone()])?;
        let folder = format!("{root}data/");
        let storages = entries
            .iter()
            .filter_map(|(name, range)| Some((name.strip_prefix(&folder)?.to_owned(), range.clone())))
            .collect();
        Ok(Self { object, storages })
    }
}

/// Little-endian numbers at places that a file names, which may be anywhere.
#[derive(Clone, Copy)]
struct LittleEndian<'a>(&'a [u8]);

impl LittleEndian<'_> {
    fn at(self, base: usize, field: usize, bytes: usize) -> Option<usize> {
        let start = base.checked_add(field)?;
        let bytes = self.0.get(start..start.checked_add(bytes)?)?;
        usize::try_from(bytes.iter().rev().fold(0u64, |value, &byte| (value << 8) | u64::from(byte))).ok()
    }
}

/// Names and places of a zip archive's entries, all of which must be stored uncompressed (APPNOTE.TXT of PKWARE, 4.3, and
/// 4.5.3 for archives beyond 4 GiB). `None` where anything is not as it should be or lies outside the file.
fn zip_entries(file: &[u8]) -> Option<Vec<(String, Range<usize>)>> {
    let numbers = LittleEndian(file);
    // The end record is followed by a comment of at most 65,535 bytes.
    let latest = file.len().checked_sub(22)?;
    let end = (latest.saturating_sub(65_535)..=latest).rev().find(|&at| file[at..].starts_with(b"PK\x05\x06"))?;
    let (mut count, mut at) = (numbers.at(end, 10, 2)?, numbers.at(end, 16, 4)?);
    if count == 0xffff || at == 0xffff_ffff {
        let locator = end.checked_sub(20).filter(|&at| file[at..].starts_with(b"PK\x06\x07"))?;
        let record = numbers.at(locator, 8, 8)?;
        numbers.at(record, 0, 4).filter(|&signature| signature == 0x0606_4b50)?;
        (count, at) = (numbers.at(record, 32, 8)?, numbers.at(record, 48, 8)?);
    }
    let mut entries = Vec::new();
    for _ in 0..count {
        let (signature, method) = (numbers.at(at, 0, 4)?, numbers.at(at, 10, 2)?);
        if signature != 0x0201_4b50 || method != 0 {
            return None;
        }
        let [name_len, extra_len, comment_len] =
            [numbers.at(at, 28, 2)?, numbers.at(at, 30, 2)?, numbers.at(at, 32, 2)?];
        let after = file.get(at + 46..)?;
        let (name, after) = after.split_at_checked(name_len)?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        entries.push((name, entry_bytes(file, at, after.get(..extra_len)?)?));
        at += 46 + name_len + extra_len + comment_len;
    }
    Some(entries)
}

/// The bytes of the entry whose central record is at `record`.
fn entry_bytes(file: &[u8], record: usize, mut extra: &[u8]) -> Option<Range<usize>> {
    let numbers = LittleEndian(file);
    // Packed size, size, place of the local header: those that do not fit follow in the extra field 1, in its own order.
    let [packed, mut size, mut header] =
        [numbers.at(record, 20, 4)?, numbers.at(record, 24, 4)?, numbers.at(record, 42, 4)?];
    while let (Some(id), Some(len)) = (LittleEndian(extra).at(0, 0, 2), LittleEndian(extra).at(0, 2, 2)) {
        let field = LittleEndian(extra.get(4..4 + len)?);
        if id == 1 {
            let mut used = 0;
            if size == 0xffff_ffff {
                size = field.at(used, 0, 8)?;
                used += 8;
            }
            if packed == 0xffff_ffff {
                used += 8;
            }
            if header == 0xffff_ffff {
                header = field.at(used, 0, 8)?;
            }
            break;
        }
        extra = &extra[4 + len..];
    }
    numbers.at(header, 0, 4).filter(|&signature| signature == 0x0403_4b50)?;
    // The local header has a name and an extra field of its own; torch pads the latter to align the bytes.
    let start = header + 30 + numbers.at(header, 26, 2)? + numbers.at(header, 28, 2)?;
    let range = start..start.checked_add(size)?;
    file.get(range.clone()).map(|_| range)
}
