//! Gzip member by member, as far as it can be read: the slow way for odd, damaged and large files.
//!
//! <https://www.rfc-editor.org/rfc/rfc1952>

use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It ends too early.
    #[error("cut short")]
    Cut,
    /// Not what deflate writes.
    #[error("corrupt compressed data")]
    Corrupt,
    /// Named as gzip, but neither that nor a log file.
    #[error("neither gzip, as its name says, nor a text with records")]
    NotGzip,
    /// Not a log file, but with such words in it.
    #[error("not a log file, but holds `{0}`; its records were not read")]
    Holds(&'static str),
    /// Named as a log file, but none.
    #[error("named as a log file, but holds no list of records")]
    NoRecords,
    /// A member's checksum differs.
    #[error("the checksum does not match")]
    Checksum,
    /// A member's size differs from what it says.
    #[error("the size field does not match")]
    Size,
    /// Something behind the last member that is no member.
    #[error("bytes that are not gzip behind the compressed data")]
    Trailing,
    /// More than is inflated of one file.
    #[error("inflates to more than {0} bytes; the rest was not searched")]
    OverCap(u64),
    /// The text stops within a value.
    #[error("the text ends within a JSON value")]
    Unfinished,
    /// Compressed or packed in a way that is not read.
    #[error("{0} is not read; unpack it first")]
    OtherPacking(&'static str),
    /// The system refused.
    #[error("{0}")]
    Io(String),
}

/// The inflated bytes of all members. Damage is the end of them, never an error.
pub(super) struct Members<R> {
    input: R,
    inflate: Decompress,
    crc: Crc,
    within: bool,
    ended: bool,
    complete: u64,
    size: u64,
    read: u64,
    inflated: u64,
    cap: u64,
    fault: Option<Fault>,
}

impl<R: BufRead> Members<R> {
    /// At most `cap` bytes are inflated.
    pub(super) fn new(input: R, cap: u64) -> Self {
        Self {
            input,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            within: false,
            ended: false,
            complete: 0,
            size: 0,
            read: 0,
            inflated: 0,
            cap,
            fault: None,
        }
    }

    /// What was wrong, once everything was read.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Compressed bytes taken so far, headers left out.
    pub(super) fn taken(&self) -> u64 {
        self.read
    }

    /// Bytes inflated so far.
    pub(super) fn inflated(&self) -> u64 {
        self.inflated
    }

    fn step(&mut self, output: &mut [u8]) -> Result<usize, Fault> {
        if !self.within {
            if !self.begin()? {
                self.ended = true;
                return Ok(0);
            }
            self.within = true;
        }
        if self.inflated >= self.cap {
            return Err(Fault::OverCap(self.cap));
        }
        let input = self.input.fill_buf().map_err(io_fault)?;
        if input.is_empty() {
            return Err(Fault::Cut);
        }
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None);
        let used = usize::try_from(self.inflate.total_in() - before_in).unwrap_or(0);
        let made = usize::try_from(self.inflate.total_out() - before_out).unwrap_or(0);
        self.input.consume(used);
        self.read += used as u64;
        self.crc.update(output.get(..made).unwrap_or_default());
        self.size += made as u64;
        self.inflated += made as u64;
        let damage = match status {
            Ok(Status::StreamEnd) => self.end().err(),
            Ok(_) if used == 0 && made == 0 => Some(Fault::Corrupt),
            Ok(_) => None,
            Err(_) => Some(Fault::Corrupt),
        };
        if let Some(fault) = damage {
            // What was made before the damage still counts.
            self.ended = true;
            self.fault = Some(fault);
        }
        Ok(made)
    }

    /// Reads a member's header; `false` at the end of the file.
    fn begin(&mut self) -> Result<bool, Fault> {
        loop {
            let input = self.input.fill_buf().map_err(io_fault)?;
            let Some(first) = input.first().copied() else {
                return Ok(false);
            };
            if first != 0 || self.complete == 0 {
                break;
            }
            // Tapes and block devices pad with zeros.
            let zeros = input.iter().take_while(|byte| **byte == 0).count();
            self.input.consume(zeros);
        }
        let strange = if self.complete == 0 {
            Fault::Corrupt
        } else {
            Fault::Trailing
        };
        let [a, b, method, flags, ..] = self.bytes::<10>().map_err(|_| strange.clone())?;
        if [a, b, method] != [0x1f, 0x8b, 8] || flags & 0xe0 != 0 {
            return Err(strange);
        }
        if flags & 0x04 != 0 {
            for _ in 0..u16::from_le_bytes(self.bytes::<2>()?) {
                self.bytes::<1>()?;
            }
        }
        for text in [0x08, 0x10] {
            if flags & text != 0 {
                while self.bytes::<1>()? != [0] {}
            }
        }
        if flags & 0x02 != 0 {
            self.bytes::<2>()?;
        }
        Ok(true)
    }

    /// Compares a member's trailer.
    fn end(&mut self) -> Result<(), Fault> {
        let sum = u32::from_le_bytes(self.bytes::<4>()?);
        let size = u32::from_le_bytes(self.bytes::<4>()?);
        if sum != self.crc.sum() {
            return Err(Fault::Checksum);
        }
        if u64::from(size) != self.size & 0xffff_ffff {
            return Err(Fault::Size);
        }
        self.complete += 1;
        self.size = 0;
        self.within = false;
        self.crc.reset();
        self.inflate.reset(false);
        Ok(())
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        match self.input.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Fault::Cut),
            Err(error) => Err(io_fault(error)),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
pub(super) fn io_fault(error: io::Error) -> Fault {
    Fault::Io(error.to_string())
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !output.is_empty() {
            match self.step(output) {
                Ok(0) => {}
                Ok(made) => return Ok(made),
                Err(fault) => {
                    self.ended = true;
                    self.fault = Some(fault);
                }
            }
        }
        Ok(0)
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

    fn text() -> Vec<u8> {
        (0..50_000_u32)
            .flat_map(|n| (n * n).to_le_bytes())
            .collect()
    }

    fn read(bytes: &[u8]) -> (Vec<u8>, Option<Fault>) {
        let mut members = Members::new(bytes, u64::MAX);
        let mut out = Vec::new();
        members.read_to_end(&mut out).unwrap();
        assert_eq!(members.inflated(), out.len() as u64);
        (out, members.fault().cloned())
    }

    #[test]
    fn members_follow_each_other_padding_included() {
        let text = text();
        let mut file = gzip(&text[..70_000]);
        file.extend(gzip(&text[70_000..]));
        assert_eq!(read(&file), (text.clone(), None));
        file.extend([0; 700]);
        assert_eq!(read(&file), (text.clone(), None));
        file.extend(b"garbage");
        assert_eq!(read(&file), (text, Some(Fault::Trailing)));
    }

    #[test]
    fn whatever_precedes_the_damage_is_read() {
        let text = text();
        let whole = gzip(&text);
        let half = &whole[..whole.len() / 2];
        let (out, fault) = read(half);
        assert_eq!(fault, Some(Fault::Cut));
        assert!(out.len() > text.len() / 3 && text.starts_with(&out));

        for (back, expected) in [(2, Fault::Size), (6, Fault::Checksum)] {
            let mut bad = whole.clone();
            let at = bad.len() - back;
            bad[at] ^= 1;
            assert_eq!(read(&bad), (text.clone(), Some(expected)));
        }
        let cut = &whole[..whole.len() - 3];
        assert_eq!(read(cut), (text.clone(), Some(Fault::Cut)));

        let mut corrupt = whole;
        let middle = corrupt.len() / 2;
        corrupt[middle..middle + 64].fill(0xff);
        let (out, fault) = read(&corrupt);
        assert!(matches!(fault, Some(Fault::Corrupt | Fault::Checksum)));
        assert!(out.len() > text.len() / 3);
    }

    #[test]
    fn the_cap_holds() {
        let file = gzip(&vec![b'x'; 1_000_000]);
        let mut members = Members::new(file.as_slice(), 100_000);
        let mut out = [0; 4096];
        let mut read = 0;
        while let made @ 1.. = members.read(&mut out).unwrap() {
            read += made;
        }
        assert!((100_000..105_000).contains(&read));
        assert_eq!(members.fault(), Some(&Fault::OverCap(100_000)));
    }
}
