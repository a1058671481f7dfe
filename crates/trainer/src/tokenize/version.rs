//! What tokens depend on besides files and settings: the code that makes them. Tokens that other code made are made again.

/// The version of the crate tokenizers that `Cargo.toml` pins.
const LIBRARY: &str = "tokenizers 0.23.2";

/// The files of this room, which together decide what the tokens of a row are.
const SOURCES: [&[u8]; 24] = [
    include_bytes!("added.rs"),
    include_bytes!("around.rs"),
    include_bytes!("bos_eos.rs"),
    include_bytes!("by_words.rs"),
    include_bytes!("byte_bpe.rs"),
    include_bytes!("byte_fallback.rs"),
    include_bytes!("classes.json"),
    include_bytes!("classes.rs"),
    include_bytes!("config.rs"),
    include_bytes!("encode.rs"),
    include_bytes!("encoded.rs"),
    include_bytes!("error.rs"),
    include_bytes!("files.rs"),
    include_bytes!("fit.rs"),
    include_bytes!("length.rs"),
    include_bytes!("load.rs"),
    include_bytes!("longest_token.rs"),
    include_bytes!("maker.rs"),
    include_bytes!("mod.rs"),
    include_bytes!("sentencepiece_model.rs"),
    include_bytes!("table_file.rs"),
    include_bytes!("unigram.rs"),
    include_bytes!("wordpiece.rs"),
    include_bytes!("words.rs"),
];

/// Of the sources, computed when the program is built: they are not in it.
const SOURCES_HASH: u64 = fnv(&SOURCES);

/// The code by its content.
pub(super) fn code() -> String {
    format!("{LIBRARY}, sources {SOURCES_HASH:016x}")
}

/// FNV-1a of 64 bits, <http://www.isthe.com/chongo/tech/comp/fnv/>: it only has to change where a file does.
const fn fnv(files: &[&[u8]]) -> u64 {
    let (mut hash, mut file) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while file < files.len() {
        let mut at = 0;
        while at < files[file].len() {
            hash = (hash ^ files[file][at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        file += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_of_the_room_and_the_pinned_library_are_counted() {
        let files = std::fs::read_dir("src/tokenize").unwrap().map(|entry| entry.unwrap().path());
        let counted =
            files.filter(|path| path.file_name().is_some_and(|name| name != "version.rs")).collect::<Vec<_>>();
        assert_eq!(counted.len(), SOURCES.len(), "{counted:?}");
        for path in counted {
            let text = std::fs::read(&path).unwrap();
            assert!(SOURCES.contains(&text.as_slice()), "{}", path.display());
        }
        let pinned = std::fs::read_to_string("../../Cargo.toml").unwrap();
        let version = LIBRARY.strip_prefix("tokenizers ").unwrap();
        assert!(pinned.contains(&format!("tokenizers = {{ version = \"={version}\"")), "another version is pinned");
        assert_eq!(fnv(&[b"foobar"]), 0x85944171f73967e8, "of the page's test vectors");
    }
}
