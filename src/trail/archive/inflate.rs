//! The fast way: a file of one sound gzip member, into a buffer that is used again.

use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem::Finder;

/// DEFLATE's limit: no input inflates further.
const MOST_RATIO: usize = 1032;

/// Inflates into its own buffer, at most so many bytes.
pub(super) struct Inflater {
    decompressor: Decompressor,
    output: Vec<u8>,
    magic: Finder<'static>,
    cap: usize,
}

impl Inflater {
    pub(super) fn new(cap: usize) -> Self {
        Self {
            decompressor: Decompressor::new(),
            output: Vec::new(),
            magic: Finder::new(&[0x1f, 0x8b, 8]).into_owned(),
            cap,
        }
    }

    /// The text of a file of one sound member; `None` if it is anything else or too large.
    pub(super) fn whole(&mut self, file: &[u8]) -> Option<&[u8]> {
        let size = *file.last_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(size)).ok()?;
        if size > self.cap {
            return None;
        }
        let mut room = size.min(file.len().saturating_mul(MOST_RATIO));
        loop {
            if self.output.len() < room {
                self.output.resize(room, 0);
            }
            let output = self.output.get_mut(..room)?;
            match self.decompressor.gzip_decompress(file, output) {
                Ok(length) if length == size && self.is_one_member(file) => {
                    return self.output.get(..length);
                }
                Err(DecompressionError::InsufficientSpace) if room < self.cap => {
                    room = room.saturating_mul(2).clamp(64 * 1024, self.cap);
                }
                _ => return None,
            }
        }
    }

    /// The library reads the first member and does not tell how far. With another one behind it,
    /// the last size field is rarely the first member's; since whoever writes the file can make it
    /// so, no member may begin anywhere behind the first header either.
    fn is_one_member(&self, file: &[u8]) -> bool {
        file.get(10..)
            .is_some_and(|rest| self.magic.find(rest).is_none())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn one_sound_member_is_read_and_nothing_else() {
        let mut inflater = Inflater::new(1 << 20);
        let text = b"some text ".repeat(1000);
        let whole = gzip(&text);
        assert_eq!(inflater.whole(&whole), Some(text.as_slice()));
        assert_eq!(inflater.whole(&whole[..whole.len() - 1]), None);
        assert_eq!(inflater.whole(&[]), None);
        // Its own size field lies either way.
        for size in [1_u32, 4_000_000_000, 500_000] {
            let mut lying = whole.clone();
            let at = lying.len() - 4;
            lying[at..].copy_from_slice(&size.to_le_bytes());
            assert_eq!(inflater.whole(&lying), None);
        }
        assert_eq!(Inflater::new(100).whole(&whole), None);
        // The buffer of a longer text shows nothing of it.
        assert_eq!(inflater.whole(&gzip(b"short")), Some(b"short".as_slice()));
    }

    #[test]
    fn two_members_of_one_length_are_not_taken_for_one() {
        let mut file = gzip(b"first....");
        file.extend(gzip(b"second..."));
        assert_eq!(Inflater::new(1 << 20).whole(&file), None);
    }
}
