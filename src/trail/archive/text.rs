//! What the first bytes say of a file, and texts that are not UTF-8.

use std::io::{self, BufReader, Read};

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gzip,
    /// A packing that is not read.
    Other(&'static str),
    /// Perhaps text.
    Plain,
}

const PACKINGS: [(&[u8], &str); 5] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "Zstandard"),
    (b"BZh", "bzip2"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PAR1", "Parquet"),
];

impl Kind {
    pub(super) fn of(start: &[u8]) -> Self {
        if start.starts_with(&[0x1f, 0x8b]) {
            return Self::Gzip;
        }
        let packing = PACKINGS.iter().find(|(magic, _)| start.starts_with(magic));
        packing.map_or(Self::Plain, |(_, name)| Self::Other(name))
    }
}

/// Does a tar archive begin so?
pub(super) fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// The text behind a UTF-8 mark, if there is one.
pub(super) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The byte order that a UTF-16 mark tells, or the first two characters of a JSON text without
/// one: what they begin with is ASCII, so that every other byte is 0.
pub(super) fn utf16(start: &[u8]) -> Option<Order> {
    let begins = |first: &u8, next: &u8| {
        matches!(first, b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n') && *next != 0 && next.is_ascii()
    };
    match start {
        [0, first, 0, next, ..] if begins(first, next) => Some(Order::Big),
        [first, 0, next, 0, ..] if begins(first, next) => Some(Order::Little),
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// UTF-16 as UTF-8, without its mark; what is not UTF-16 becomes U+FFFD.
pub(super) struct FromUtf16<R> {
    input: BufReader<R>,
    order: Order,
    /// The first half of a pair.
    high: Option<u16>,
    ready: Vec<u8>,
    ended: bool,
}

impl<R: Read> FromUtf16<R> {
    pub(super) fn new(input: R, order: Order) -> Self {
        Self {
            input: BufReader::new(input),
            order,
            high: None,
            ready: Vec::new(),
            ended: false,
        }
    }

    /// Reads one unit.
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut pair = [0; 2];
        match self.input.read_exact(&mut pair) {
            Ok(()) => Ok(Some(match self.order {
                Order::Little => u16::from_le_bytes(pair),
                Order::Big => u16::from_be_bytes(pair),
            })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn push(&mut self, c: char) {
        if c != '\u{feff}' {
            let mut bytes = [0; 4];
            self.ready
                .extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
        }
    }

    fn take(&mut self, unit: u16) {
        let units = [self.high.take(), Some(unit)];
        for decoded in char::decode_utf16(units.into_iter().flatten()) {
            match decoded {
                Ok(c) => self.push(c),
                Err(lone) if lone.unpaired_surrogate() == unit && (unit & 0xfc00) == 0xd800 => {
                    self.high = Some(unit);
                }
                Err(_) => self.push(char::REPLACEMENT_CHARACTER),
            }
        }
    }
}

impl<R: Read> Read for FromUtf16<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        while !self.ended && self.ready.len() < output.len() {
            match self.unit()? {
                Some(unit) => self.take(unit),
                None => self.ended = true,
            }
        }
        let count = self.ready.len().min(output.len());
        for (to, from) in output.iter_mut().zip(self.ready.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_comes_out_as_utf8_in_pieces_of_any_size() {
        let text = "{\"a\": \"\u{e9}\u{1f44b}\"}".repeat(40);
        let big: Vec<u8> = std::iter::once(0xfeff)
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(utf16(&big), Some(Order::Big));
        for step in [1, 3, 7, 4096] {
            let mut reader = FromUtf16::new(big.as_slice(), Order::Big);
            let (mut out, mut piece) = (Vec::new(), vec![0; step]);
            while let count @ 1.. = reader.read(&mut piece).unwrap() {
                out.extend_from_slice(&piece[..count]);
            }
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        let lone = [0x3d, 0xd8, b'x', 0];
        let mut out = String::new();
        let mut reader = FromUtf16::new(lone.as_slice(), Order::Little);
        reader.read_to_string(&mut out).unwrap();
        assert_eq!(out, "\u{fffd}x");
    }

    #[test]
    fn json_in_utf16_is_known_without_a_mark() {
        for (bytes, order) in [
            (b"{\0\"\0".as_slice(), Some(Order::Little)),
            (b"\0[\0\n\0{", Some(Order::Big)),
            (b"\0\0\x08 overwritten", None),
            (b"{\0\0\0\"\0\0\0", None),
            (b"{\"Records\":[]}", None),
        ] {
            assert_eq!(utf16(bytes), order, "{bytes:?}");
        }
    }

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(Kind::of(&[0x1f, 0x8b, 8]), Kind::Gzip);
        assert_eq!(Kind::of(b"{}"), Kind::Plain);
        assert_eq!(Kind::of(b"PK\x03\x04"), Kind::Other("a ZIP archive"));
    }
}
