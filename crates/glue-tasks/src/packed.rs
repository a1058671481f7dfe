//! Packed files, which are unpacked while they are read.

/// Endings of packed files.
pub(crate) const PACKED: [&str; 2] = [".gz", ".zst"];

/// The name of a file as it would be unpacked.
pub fn unpacked_name(name: &str) -> &str {
    PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// The ending that says the format, without its dot: `csv` of `train.csv.gz`.
pub(crate) fn extension(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    unpacked_name(name).rsplit_once('.').map_or("", |(_, extension)| extension)
}
