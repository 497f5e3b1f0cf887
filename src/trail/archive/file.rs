//! One file: inflate, pre-filter, cut into objects, read those that may be wanted.

use std::io::{BufReader, Cursor, Read};

use memchr::memmem;

use super::frame::{Frame, Framer};
use super::inflate::Inflater;
use super::members::{Fault, Members, io_fault};
use super::prefilter::Prefilter;
use super::query::Query;
use super::record::{self, is_record, looked_up, read};
use super::scan::Caps;
use super::text::{FromUtf16, Kind, is_tar, unmarked, utf16};
use crate::model::record::Record;

/// Compressed files larger than this are not read whole.
const INPUT: usize = 4 << 20;
/// What a large file is read by.
const PIECE: usize = 64 << 10;
/// Text that inflates further than this, beyond the cap of what is held, is told.
const RATIO: u64 = 200;

/// What a file came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) is_log: bool,
    pub(super) bytes_read: u64,
    pub(super) bytes_searched: u64,
    pub(super) fault: Option<Fault>,
    pub(super) notes: Vec<&'static str>,
    pub(super) records: Vec<Record>,
    pub(super) unparsed: Vec<String>,
    /// Words of CloudTrail's in a JSON text. If it is no log, it may be one in a form that is not
    /// read.
    pub(super) holds: Option<&'static str>,
}

/// What a record holds whatever stands around it.
const WORDS: [&str; 2] = ["CloudTrailEvent", "eventName"];
const SAVED: &str = "saved from the event history (`lookup-events`), read as records";

/// Searches file after file; its buffers are used again.
pub(super) struct Searcher<'q> {
    input: Vec<u8>,
    inflater: Inflater,
    caps: Caps,
    text: Text<'q>,
}

impl<'q> Searcher<'q> {
    pub(super) fn new(query: &'q Query, prefilter: &'q Prefilter, caps: Caps) -> Self {
        Self {
            input: Vec::new(),
            inflater: Inflater::new(caps.held),
            caps,
            text: Text {
                query,
                prefilter,
                framer: Framer::new(),
                json: None,
            },
        }
    }

    /// Searches what a file holds. `named_gz`: its name says that it is compressed.
    pub(super) fn search(&mut self, mut file: impl Read, named_gz: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let whole = match fill(&mut file, &mut self.input) {
            Ok(whole) => whole,
            Err(error) => {
                outcome.fault = Some(io_fault(error));
                return outcome;
            }
        };
        outcome.bytes_read = self.input.len() as u64;
        let rest = Counted { file, count: 0 };
        match Kind::of(&self.input) {
            _ if self.input.is_empty() => outcome.fault = Some(Fault::Empty),
            Kind::Other(packing) => outcome.fault = Some(Fault::OtherPacking(packing)),
            Kind::Plain => {
                self.plainly(whole, rest, &mut outcome);
                match (named_gz, outcome.is_log) {
                    (true, true) => outcome
                        .notes
                        .push("not compressed, though its name says so"),
                    (true, false) => {
                        outcome.bytes_searched = 0;
                        outcome.fault.get_or_insert(Fault::NotGzip);
                    }
                    _ => {}
                }
            }
            Kind::Gzip => {
                let text = whole.then(|| self.inflater.whole(&self.input)).flatten();
                match text {
                    Some(text) if utf16(text).is_none() => self.text.whole(text, &mut outcome),
                    _ => self.slowly(rest, &mut outcome),
                }
            }
        }
        outcome
    }

    fn plainly<R: Read>(&mut self, whole: bool, rest: Counted<R>, outcome: &mut Outcome) {
        if whole && utf16(&self.input).is_none() {
            self.text.whole(&self.input, outcome);
            return;
        }
        let mut all = Cursor::new(&self.input).chain(rest);
        self.text.stream(&mut all, outcome);
        outcome.bytes_read += all.into_inner().1.count;
    }

    fn slowly(&mut self, rest: impl Read, outcome: &mut Outcome) {
        let all = Cursor::new(&self.input).chain(rest);
        let mut members = Members::new(BufReader::with_capacity(PIECE, all), self.caps.stream);
        self.text.stream(&mut members, outcome);
        let inflated = members.inflated();
        outcome.bytes_searched = inflated;
        // Damage to the file explains a text that is not whole.
        if let Some(fault) = members.fault() {
            outcome.fault = Some(fault.clone());
        }
        outcome.bytes_read = members.taken().max(outcome.bytes_read);
        if inflated > self.caps.held as u64 && inflated / RATIO > outcome.bytes_read {
            outcome
                .notes
                .push("inflates to more than 200 times its size");
        }
    }
}

/// Reads a file up to [`INPUT`]; `true` if that is all of it.
fn fill(file: &mut impl Read, input: &mut Vec<u8>) -> std::io::Result<bool> {
    input.clear();
    file.by_ref().take(INPUT as u64).read_to_end(input)?;
    Ok(input.len() < INPUT)
}

/// Counts what is read.
struct Counted<R> {
    file: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, output: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(output)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// Searches texts.
struct Text<'q> {
    query: &'q Query,
    prefilter: &'q Prefilter,
    framer: Framer,
    /// Does the text begin as JSON does? `None`: nothing but white space so far.
    json: Option<bool>,
}

impl Text<'_> {
    /// A text in memory.
    fn whole(&mut self, text: &[u8], outcome: &mut Outcome) {
        outcome.bytes_searched = text.len() as u64;
        let text = unmarked(text);
        if is_tar(text) {
            outcome.fault = Some(Fault::OtherPacking("a tar archive"));
            return;
        }
        if text.is_empty() {
            // The compressed form of nothing.
            outcome.is_log = true;
            return;
        }
        let as_written = text.starts_with(b"{\"Records\":[") && text.ends_with(b"]}");
        if as_written && !self.prefilter.may_hold(text) {
            outcome.is_log = true;
            return;
        }
        self.begin();
        self.push(text, outcome);
        self.end(outcome);
    }

    /// A text that comes in pieces.
    fn stream(&mut self, reader: &mut impl Read, outcome: &mut Outcome) {
        let mut piece = Vec::new();
        if let Err(error) = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece) {
            outcome.fault = Some(io_fault(error));
        }
        if is_tar(&piece) {
            outcome.fault = Some(Fault::OtherPacking("a tar archive"));
            return;
        }
        self.begin();
        if let Some(order) = utf16(&piece) {
            outcome.notes.push("UTF-16, converted");
            let all = Cursor::new(piece).chain(reader);
            let mut utf8 = FromUtf16::new(all, order);
            self.pump(&mut utf8, vec![0; PIECE], 0, outcome);
        } else {
            let length = piece.len();
            piece.resize(PIECE, 0);
            self.pump(reader, piece, length, outcome);
        }
        self.end(outcome);
    }

    /// Takes the first bytes of `piece`, then everything from the reader.
    fn pump(
        &mut self,
        reader: &mut impl Read,
        mut piece: Vec<u8>,
        mut length: usize,
        outcome: &mut Outcome,
    ) {
        let mut first = true;
        loop {
            outcome.bytes_searched += length as u64;
            let text = piece.get(..length).unwrap_or_default();
            let text = if first { unmarked(text) } else { text };
            first = first && length == 0;
            self.push(text, outcome);
            match reader.read(&mut piece) {
                Ok(0) => return,
                Ok(read) => length = read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => length = 0,
                Err(error) => {
                    outcome.fault = Some(io_fault(error));
                    return;
                }
            }
        }
    }

    fn begin(&mut self) {
        self.framer.restart();
        self.json = None;
    }

    fn push(&mut self, text: &[u8], outcome: &mut Outcome) {
        let (query, prefilter) = (self.query, self.prefilter);
        self.framer.push(text, &mut |frame| {
            object(frame, query, prefilter, outcome);
        });
        self.words(text, outcome);
    }

    fn words(&mut self, text: &[u8], outcome: &mut Outcome) {
        if outcome.is_log || self.framer.is_log() || outcome.holds.is_some() {
            return;
        }
        if self.json.is_none() {
            let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
            self.json = first.map(|byte| matches!(byte, b'{' | b'['));
        }
        if self.json == Some(true) {
            let held = |word: &&str| memmem::find(text, word.as_bytes()).is_some();
            outcome.holds = WORDS.into_iter().find(held);
        }
    }

    fn end(&mut self, outcome: &mut Outcome) {
        outcome.is_log |= self.framer.is_log();
        let begun = outcome.is_log || self.framer.has_objects();
        if outcome.fault.is_none() && begun && !self.framer.is_whole() {
            outcome.fault = Some(Fault::Unfinished);
        }
    }
}

fn object(frame: Frame<'_>, query: &Query, prefilter: &Prefilter, outcome: &mut Outcome) {
    if frame.given_up {
        outcome
            .unparsed
            .push("an object too large to be a record".to_owned());
        return;
    }
    let has = |word: &[u8]| memmem::find(frame.text, word).is_some();
    if !frame.listed && has(b"\"CloudTrailEvent\"") {
        match looked_up(frame.text) {
            Ok(Some(text)) => {
                outcome.is_log = true;
                if !outcome.notes.contains(&SAVED) {
                    outcome.notes.push(SAVED);
                }
                record(text.as_bytes(), query, prefilter, outcome);
                return;
            }
            Ok(None) => {}
            Err(why) => return outcome.unparsed.push(why),
        }
    }
    // An object of its own is a record if it looks like one.
    if !outcome.is_log && !frame.listed && has(b"\"eventName\"") {
        outcome.is_log = is_record(frame.text);
    }
    record(frame.text, query, prefilter, outcome);
}

fn record(text: &[u8], query: &Query, prefilter: &Prefilter, outcome: &mut Outcome) {
    if !prefilter.may_hold(text) {
        return;
    }
    match read(text, query) {
        record::Read::Wanted(record) => {
            outcome.is_log = true;
            outcome.records.push(*record);
        }
        record::Read::Other => {}
        record::Read::Unparsed(why) => outcome.unparsed.push(why),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::trail::archive::Window;

    fn query() -> Query {
        let window = Window {
            since: "2026-11-01T00:00:00Z".parse().unwrap(),
            until: "2026-11-30T00:00:00Z".parse().unwrap(),
            margin_hours: 24,
        };
        Query::exits(window, std::collections::BTreeSet::new())
    }

    fn text() -> String {
        let record = r#"{"eventID":"e1","eventTime":"2026-11-20T10:00:00Z","eventName":"CloseAccount",
            "eventSource":"organizations.amazonaws.com"}"#;
        format!("{{\"Records\":[{{\"a\":\"b\"}},{record}]}}")
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn searched(file: &[u8], caps: Caps) -> Outcome {
        let query = query();
        let prefilter = Prefilter::of_events(query.by_source());
        Searcher::new(&query, &prefilter, caps).search(file, true)
    }

    #[test]
    fn wherever_a_file_is_cut_it_is_named() {
        let whole = gzip(text().as_bytes());
        assert!(searched(&whole, Caps::default()).fault.is_none());
        for end in 0..whole.len() {
            let outcome = searched(&whole[..end], Caps::default());
            assert!(outcome.fault.is_some(), "{end}");
        }
        for end in 1..text().len() {
            let outcome = searched(&gzip(&text().as_bytes()[..end]), Caps::default());
            assert_eq!(outcome.fault, Some(Fault::Unfinished), "{end}");
        }
    }

    #[test]
    fn no_flipped_bit_loses_a_record_in_silence() {
        let whole = gzip(text().as_bytes());
        // Time, extra flags and system of the header mean nothing.
        for at in (0..4).chain(10..whole.len()) {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                let outcome = searched(&flipped, Caps::default());
                let told = outcome.fault.is_some();
                assert!(told || outcome.records.len() == 1, "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn both_ways_find_the_same() {
        let small = Caps {
            held: 16,
            stream: 1 << 30,
        };
        let file = gzip(text().as_bytes());
        let fast = searched(&file, Caps::default());
        let slow = searched(&file, small);
        assert_eq!(fast.records.len(), 1);
        assert_eq!(fast.records, slow.records);
        assert_eq!(fast.bytes_searched, slow.bytes_searched);
    }
}
