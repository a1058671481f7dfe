//! How much a file grows when it is unpacked: a few kilobytes can stand for more than any memory holds, which no table of texts does.

use std::io::{self, Read};

/// Bytes that any file may unpack to.
const HARMLESS: u64 = 256 << 20;

/// Beyond them, so many times what it takes when it is packed; of texts that is 2 to 50 times.
const MOST_TIMES: u64 = 1000;

/// What came out of a file so far, or of a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    packed: u64,
    unpacked: u64,
}

impl Growth {
    /// Of a file that takes so many bytes.
    pub(super) fn of(packed: u64) -> Self {
        Self { packed, unpacked: 0 }
    }

    /// Counts bytes that come out of it.
    ///
    /// # Errors
    /// In words behind its name, where they are too many by now.
    pub(super) fn add(&mut self, bytes: u64) -> Result<(), String> {
        self.unpacked = self.unpacked.saturating_add(bytes);
        if self.unpacked <= HARMLESS.max(self.packed.saturating_mul(MOST_TIMES)) {
            return Ok(());
        }
        let Self { packed, unpacked } = self;
        Err(format!(
            "unpacks to {unpacked} bytes or more of {packed}; expected a table of texts, which takes at most 256 MiB, or \
             {MOST_TIMES} times what it takes when it is packed: if all of it is meant, write it anew without packing"
        ))
    }
}

/// The content of a packed file, while it is unpacked.
pub(super) struct Unpacking<R> {
    content: R,
    growth: Growth,
}

impl<R: Read> Unpacking<R> {
    /// `packed`: how many bytes it takes.
    pub(super) fn of(content: R, packed: u64) -> Self {
        Self { content, growth: Growth::of(packed) }
    }
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.growth
            .add(count as u64)
            .map_err(|said| io::Error::new(io::ErrorKind::InvalidData, format!("it {said}")))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_is_no_more_than_a_thousand_times_or_256_mib() {
        const MIB: u64 = 1 << 20;
        for (packed, most) in [(0, 256 * MIB), (1000, 256 * MIB), (MIB, 1000 * MIB), (u64::MAX, u64::MAX)] {
            let mut growth = Growth::of(packed);
            assert_eq!(growth.add(most - 1), Ok(()), "{packed}");
            assert_eq!(growth.add(1), Ok(()), "{packed}");
            // Of 2^64 there is no more.
            assert_eq!(growth.add(1).is_ok(), packed == u64::MAX, "{packed}");
        }
        let said = Growth::of(18_398).add(600_000_618).unwrap_err();
        assert!(said.starts_with("unpacks to 600000618 bytes or more of 18398; expected "), "{said}");
    }

    #[test]
    fn what_never_ends_is_stopped() {
        let mut endless = Unpacking::of(io::repeat(b'a'), 10);
        let error = io::copy(&mut endless, &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().starts_with("it unpacks to 2684"), "{error}");
        let mut plain = Unpacking::of(&b"a text"[..], 10);
        let mut read = String::new();
        plain.read_to_string(&mut read).unwrap();
        assert_eq!(read, "a text");
    }
}
