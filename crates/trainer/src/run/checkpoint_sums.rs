//! Checksums of a checkpoint's tensors: a file that a disk or a person changed since is not gone on from as if it were whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crc32c::crc32c_append;

/// CRC-32C by the names of files.
pub(super) type Sums = BTreeMap<String, u32>;

/// Of all files of tensors in `folder`.
pub(super) fn sums(folder: &Path) -> io::Result<Sums> {
    let mut sums = Sums::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| name.ends_with(".safetensors")) {
            sums.insert(name.to_owned(), sum(&entry.path())?);
        }
    }
    Ok(sums)
}

/// Whether the files in `folder` are those of `expected`.
///
/// # Errors
/// Names the first that is not.
pub(super) fn check(folder: &Path, expected: &Sums) -> Result<(), String> {
    for (name, expected) in expected {
        let path = folder.join(name);
        match sum(&path) {
            Ok(sum) if sum == *expected => {}
            Ok(_) => return Err(format!("{} is not as it was saved: its checksum is another one", path.display())),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    Ok(())
}

fn sum(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let (mut buffer, mut sum) = (vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum),
            read => sum = crc32c_append(sum, &buffer[..read]),
        }
    }
}
