//! Cuts a text into the JSON objects that can be records, byte by byte.
//!
//! Records are the objects in the list `Records` of an object, or objects of their own: one a
//! line, in a list, or in the list `Events` of an object, as the event history answers. Strings need not be UTF-8, nesting may be as deep as it likes, and the
//! text may end anywhere: only brackets and quotes count, so one strange record does not hide the
//! next. Whatever a record holds, it takes no more than [`MOST`] bytes here.

use memchr::{memchr2, memchr3};

/// A member of a record longer than this is replaced by [`CUT`]. CloudTrail writes less:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const LONG: usize = 1 << 20;
/// From here on every member is replaced, and beyond [`MOST`] the object is given up.
const FULL: usize = 2 << 20;
const MOST: usize = 3 << 20;
const CUT: &[u8] = b"\"CUT: too large\"";

/// An object that can be a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Its text.
    pub(super) text: &'a [u8],
    /// Does it stand in `Records`?
    pub(super) listed: bool,
    /// Too large to be kept.
    pub(super) given_up: bool,
}

/// Where the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Outside any object.
    Outside,
    /// In an object of its own.
    Own,
    /// Between the elements of a [`List`].
    List,
    /// In an element of it that is an object.
    Listed,
    /// In an element of it that is a list, so many levels deep.
    Skipped(u64),
}

/// A member whose objects are shown one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Records,
    Events,
}

impl List {
    fn of(key: &str) -> Option<Self> {
        match key {
            "Records" => Some(Self::Records),
            "Events" => Some(Self::Events),
            _ => None,
        }
    }
}

/// An object under construction.
#[derive(Debug, Default)]
struct Object {
    text: Vec<u8>,
    /// Levels below it, itself included.
    level: u64,
    /// Does the next string name a member?
    key_next: bool,
    /// Where the last member's name begins and ends.
    key: (usize, usize),
    /// Where the value of the current member begins.
    value: Option<usize>,
    /// The current value is left out.
    dropping: bool,
}

impl Object {
    fn begin(&mut self) {
        self.text.clear();
        self.text.push(b'{');
        self.level = 1;
        self.key_next = true;
        self.value = None;
        self.dropping = false;
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        if self.dropping || self.text.len() > MOST {
            return;
        }
        self.text.extend_from_slice(bytes);
        if let Some(start) = self.value
            && (self.text.len() - start > LONG || self.text.len() > FULL)
        {
            self.text.truncate(start);
            self.text.extend_from_slice(CUT);
            self.dropping = true;
        }
    }

    /// A byte outside strings; `true` at the object's end.
    fn structure(&mut self, byte: u8) -> bool {
        let inner = self.level > 1;
        match byte {
            b'{' | b'[' => self.level += 1,
            b'}' | b']' => self.level -= 1,
            _ => {}
        }
        if !inner && (byte == b',' || self.level == 0) {
            self.value = None;
            self.dropping = false;
            self.key_next = byte == b',';
        }
        self.push(&[byte]);
        if !inner && byte == b':' && self.value.is_none() {
            self.value = Some(self.text.len());
            self.key_next = false;
        }
        self.level == 0
    }

    /// Takes what needs no care, a plain string or what stands outside strings below the members;
    /// `None`: nothing of that kind.
    #[inline]
    fn fast<'a>(&mut self, piece: &'a [u8]) -> Option<&'a [u8]> {
        let Some(inner) = piece.strip_prefix(b"\"") else {
            return self.nested(piece);
        };
        let end = memchr2(b'"', b'\\', inner).filter(|at| inner.get(*at) == Some(&b'"'))?;
        let (string, rest) = piece.split_at_checked(end + 2)?;
        let start = self.text.len();
        let names = self.names();
        self.push(string);
        if names {
            self.key = (start, self.text.len());
        }
        Some(rest)
    }

    fn nested<'a>(&mut self, piece: &'a [u8]) -> Option<&'a [u8]> {
        let mut end = 0;
        for byte in piece {
            match byte {
                b'"' => break,
                b'{' | b'[' if self.level > 1 => self.level += 1,
                b'}' | b']' if self.level > 2 => self.level -= 1,
                _ if self.level > 1 && !matches!(byte, b'}' | b']') => {}
                _ => break,
            }
            end += 1;
        }
        let (taken, rest) = piece.split_at_checked(end).filter(|_| end > 0)?;
        self.push(taken);
        Some(rest)
    }

    /// Does a string that stands here name a member?
    fn names(&self) -> bool {
        self.level == 1 && self.key_next
    }

    /// The list that begins, if the value that begins now is one.
    fn at_list(&self) -> Option<List> {
        let (start, end) = self.key;
        let key = self.text.get(start..end);
        let key = key.filter(|_| self.level == 1 && self.value.is_some())?;
        List::of(&serde_json::from_slice::<String>(key).ok()?)
    }
}

/// Takes a text piece by piece.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "two say where the next byte stands, two what was met"
)]
pub(super) struct Framer {
    at: At,
    list: List,
    string: bool,
    escaped: bool,
    /// Lists around the objects.
    lists: i64,
    own: Object,
    listed: Object,
    log: bool,
    any: bool,
}

impl Framer {
    pub(super) fn new() -> Self {
        Self {
            at: At::Outside,
            list: List::Records,
            string: false,
            escaped: false,
            lists: 0,
            own: Object::default(),
            listed: Object::default(),
            log: false,
            any: false,
        }
    }

    /// Makes it ready for another text.
    pub(super) fn restart(&mut self) {
        self.at = At::Outside;
        (self.string, self.escaped) = (false, false);
        self.lists = 0;
        (self.log, self.any) = (false, false);
    }

    /// Was there a list `Records`?
    pub(super) fn is_log(&self) -> bool {
        self.log
    }

    /// Was there any object?
    pub(super) fn has_objects(&self) -> bool {
        self.any
    }

    /// Did the text end where a text may end?
    pub(super) fn is_whole(&self) -> bool {
        self.at == At::Outside && !self.string && self.lists == 0
    }

    /// Takes the next piece and shows each object that ends in it.
    pub(super) fn push(&mut self, mut piece: &[u8], show: &mut impl FnMut(Frame<'_>)) {
        while let Some((first, rest)) = piece.split_first() {
            if self.string {
                piece = self.in_string(piece);
            } else if let Some(rest) = self.object().and_then(|object| object.fast(piece)) {
                piece = rest;
            } else {
                self.byte(*first, show);
                piece = rest;
            }
        }
    }

    /// Up to the end of a string, or of the piece.
    fn in_string<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let skip = usize::from(self.escaped);
        self.escaped = false;
        let open = piece.get(skip..).unwrap_or_default();
        let found = if self.at == At::Outside {
            // A quote outside any object begins no string that goes on behind its line.
            memchr3(b'"', b'\\', b'\n', open)
        } else {
            memchr2(b'"', b'\\', open)
        };
        let end = found.map_or(piece.len(), |at| at + skip + 1);
        let (taken, rest) = piece.split_at(end);
        match taken.last() {
            Some(b'\\') if found.is_some() => self.escaped = true,
            Some(_) if found.is_some() => self.string = false,
            _ => {}
        }
        if let Some(object) = self.object() {
            object.push(taken);
        }
        let ended = !self.string;
        if let Some(object) = self.object().filter(|object| ended && object.names()) {
            object.key.1 = object.text.len();
        }
        rest
    }

    fn object(&mut self) -> Option<&mut Object> {
        match self.at {
            At::Own => Some(&mut self.own),
            At::Listed => Some(&mut self.listed),
            At::Outside | At::List | At::Skipped(_) => None,
        }
    }

    fn byte(&mut self, byte: u8, show: &mut impl FnMut(Frame<'_>)) {
        if byte == b'"' {
            self.string = true;
            if let Some(object) = self.object() {
                if object.names() {
                    object.key.0 = object.text.len();
                }
                object.push(b"\"");
            }
            return;
        }
        match self.at {
            At::Outside => self.outside(byte),
            At::List => self.between(byte),
            At::Skipped(level) => match byte {
                b'{' | b'[' => self.at = At::Skipped(level + 1),
                b'}' | b']' if level == 1 => self.at = At::List,
                b'}' | b']' => self.at = At::Skipped(level - 1),
                _ => {}
            },
            At::Own => {
                let list = (byte == b'[').then(|| self.own.at_list());
                if let Some(list) = list.flatten() {
                    // The object itself keeps an empty list.
                    self.own.push(b"[");
                    self.at = At::List;
                    self.list = list;
                    self.log |= list == List::Records;
                } else if self.own.structure(byte) {
                    self.at = At::Outside;
                    show(frame(&self.own, false));
                }
            }
            At::Listed => {
                if self.listed.structure(byte) {
                    self.at = At::List;
                    show(frame(&self.listed, self.list == List::Records));
                }
            }
        }
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'{' => {
                self.at = At::Own;
                self.any = true;
                self.own.begin();
            }
            b'[' => self.lists += 1,
            b']' => self.lists -= 1,
            _ => {}
        }
    }

    fn between(&mut self, byte: u8) {
        match byte {
            b'{' => {
                self.at = At::Listed;
                self.listed.begin();
            }
            b'[' => self.at = At::Skipped(1),
            b']' => {
                self.own.push(b"]");
                self.at = At::Own;
            }
            _ => {}
        }
    }
}

fn frame(object: &Object, listed: bool) -> Frame<'_> {
    Frame {
        text: &object.text,
        listed,
        given_up: object.text.len() > MOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The objects of a text given in pieces of a size; each with `*` if it stands in `Records`.
    fn frames(text: &[u8], size: usize) -> (Vec<String>, bool) {
        let mut framer = Framer::new();
        let mut seen = Vec::new();
        for piece in text.chunks(size) {
            framer.push(piece, &mut |frame| {
                let mark = if frame.listed { "*" } else { "" };
                seen.push(format!("{mark}{}", String::from_utf8_lossy(frame.text)));
            });
        }
        (seen, framer.is_whole())
    }

    #[test]
    fn records_are_found_wherever_they_may_stand() {
        for (text, wanted) in [
            (
                r#"{"Records":[{"a":1},{"b":[{}]}]}"#,
                &[r#"*{"a":1}"#, r#"*{"b":[{}]}"#, r#"{"Records":[]}"#][..],
            ),
            (
                r#"{"x":{"Records":[{"a":1}]}}"#,
                &[r#"{"x":{"Records":[{"a":1}]}}"#],
            ),
            (
                r#"{"x":"Records","y":[{"a":1}]}"#,
                &[r#"{"x":"Records","y":[{"a":1}]}"#],
            ),
            (
                r#"{"Rec\u006frds" : [ {"a":"}\"]"} ]}"#,
                &[r#"*{"a":"}\"]"}"#, r#"{"Rec\u006frds" : []}"#],
            ),
            (
                r#"{"Records":[null,5,"{",[{"no":1}],{"a":1}],"Records":[{"b":2}]}"#,
                &[
                    r#"*{"a":1}"#,
                    r#"*{"b":2}"#,
                    r#"{"Records":[],"Records":[]}"#,
                ],
            ),
            (
                "[{\"a\":1},\n{\"Records\":[{\"b\":1}]}]",
                &[r#"{"a":1}"#, r#"*{"b":1}"#, r#"{"Records":[]}"#],
            ),
            (
                r#"{"Events": [{"a":1}], "NextToken": "x"}"#,
                &[r#"{"a":1}"#, r#"{"Events": [], "NextToken": "x"}"#],
            ),
            ("{\"a\":1}\n{\"a\":2}\n", &[r#"{"a":1}"#, r#"{"a":2}"#]),
            ("it's \"text\n {\"a\":1}", &[r#"{"a":1}"#]),
        ] {
            for size in [1, 2, 5, 1000] {
                let (seen, whole) = frames(text.as_bytes(), size);
                assert_eq!(seen, wanted, "{text}");
                assert!(whole, "{text}");
            }
        }
    }

    #[test]
    fn an_end_within_a_value_is_noticed() {
        let text = br#"{"Records":[{"a":1},{"b":"\"x"}]}"#;
        for end in 1..text.len() {
            let (seen, whole) = frames(&text[..end], 7);
            assert!(!whole, "{end}");
            assert_eq!(!seen.is_empty(), end >= 19, "{end}");
        }
    }

    #[test]
    fn what_a_record_holds_is_bounded() {
        let long = "x".repeat(3 * LONG);
        let text = format!(r#"{{"Records":[{{"a":"{long}","b":[["{long}"]],"c":3}},{{"d":4}}]}}"#);
        let (seen, whole) = frames(text.as_bytes(), 10_000);
        assert!(whole);
        assert_eq!(
            seen[0],
            r#"*{"a":"CUT: too large","b":"CUT: too large","c":3}"#
        );
        assert_eq!(seen[1], r#"*{"d":4}"#);
        // A name as long cannot be replaced.
        let text = format!(r#"{{"Records":[{{"{long}":1}},{{"d":4}}]}}"#);
        let mut framer = Framer::new();
        let mut given_up = Vec::new();
        framer.push(text.as_bytes(), &mut |frame| given_up.push(frame.given_up));
        assert_eq!(given_up, [true, false, false]);
        assert!(framer.listed.text.capacity() < 4 * MOST);
        let deep = format!(
            r#"{{"Records":[{{"a":{}{},"b":1}}]}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert!(frames(deep.as_bytes(), 10_000).0[0].ends_with(r#","b":1}"#));
    }
}
