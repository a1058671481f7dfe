//! What lies in a folder.

use std::path::Path;

use crate::dataset::DataError;

/// How deep folders are looked into: deeper than people lay files, and an end to links that lead in a circle.
const FOLDERS: usize = 16;

/// The files in a folder and in the folders in it, by their paths in it with `/` between.
pub(super) fn files_in(folder: &Path) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    list(folder, "", FOLDERS, &mut names)?;
    Ok(names)
}

fn list(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> Result<(), DataError> {
    for name in entries(folder)? {
        let path = folder.join(&name);
        let name = join(prefix, &name);
        if path.is_dir() {
            if depth > 0 {
                list(&path, &name, depth - 1, names)?;
            }
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// The path of a file in a folder, whose name may be empty.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The names in a folder.
fn entries(folder: &Path) -> Result<Vec<String>, DataError> {
    let read = |source| DataError::Read { file: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        // A name that is not UTF-8 is no split's.
        if let Ok(name) = entry.map_err(read)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
