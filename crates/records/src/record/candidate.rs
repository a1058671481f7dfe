//! Which JSON files may be records. Folders of results lie among data and settings of other programs, of which nothing is said, and no
//! more is read than their beginning.

use super::run_record::without_mark;
use serde::de::IgnoredAny;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// So much of a file is looked through for its version. The program writes it first; where other tools have sorted the fields, a
/// confusion matrix stands before it.
const HEAD: u64 = 1 << 20;

/// The field that every record has, as it stands in JSON.
const VERSION_FIELD: &[u8] = b"\"format_version\"";

/// Whether a file is a record, or may have been one before it was damaged: it has a record's name, or names a version.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn may_be_record(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    let names_version = head.windows(VERSION_FIELD.len()).any(|part| part == VERSION_FIELD);
    Ok(names_version || has_name_of_record(path))
}

/// Whether a file that names a version and is no record was never one: it is whole, and the version is that of a part of it, as in the
/// schema of records.
pub(super) fn is_something_else(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let fields = serde_json::from_str::<HashMap<String, IgnoredAny>>(without_mark(&text));
    !has_name_of_record(path) && fields.is_ok_and(|fields| !fields.contains_key("format_version"))
}

/// Whether a file has such a name as [`file_name`](super::path::file_name) makes: `seed-42-3f9c02aa81d4.json`.
fn has_name_of_record(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix("seed-").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}
