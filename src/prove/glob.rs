//! Patterns: rows of tokens over sets of characters.

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Set {
    /// This one.
    One(char),
    /// This one in either case.
    Fold(char),
    /// Any.
    Any,
    /// Any but the colon: a wildcard inside a part of an ARN.
    NotColon,
    /// What the name of a principal may hold.
    Name,
    /// What the path of a principal may hold, the slash included.
    Path,
    /// Digits.
    Digit,
    /// Lower-case letters and digits.
    LowerDigit,
    /// None.
    Nothing,
}

impl Set {
    pub(super) fn contains(self, c: char) -> bool {
        match self {
            Self::One(own) => own == c,
            // Of other letters AWS does not say which are alike.
            Self::Fold(own) => own.eq_ignore_ascii_case(&c),
            Self::Any => true,
            Self::NotColon => c != ':',
            Self::Name => c.is_ascii_alphanumeric() || "_+=,.@-".contains(c),
            Self::Path => ('!'..='~').contains(&c),
            Self::Digit => c.is_ascii_digit(),
            Self::LowerDigit => c.is_ascii_lowercase() || c.is_ascii_digit(),
            Self::Nothing => false,
        }
    }
}

/// One token of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    /// One character of the set.
    One(Set),
    /// Any number of characters of the set.
    Run(Set),
}

impl Token {
    pub(super) fn set(self) -> Set {
        let (Self::One(set) | Self::Run(set)) = self;
        set
    }
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Glob(pub(super) Vec<Token>);

impl Glob {
    /// The text itself.
    pub(super) fn literal(text: &str) -> Self {
        Self(text.chars().map(|c| Token::One(Set::One(c))).collect())
    }

    /// What no text matches.
    pub(super) fn never() -> Self {
        Self(vec![Token::One(Set::Nothing)])
    }

    /// Does the pattern match the whole text?
    pub(super) fn matches(&self, text: &str) -> bool {
        self.reached(text).last() == Some(&self.0.len())
    }

    /// For texts that are read from their ends.
    pub(super) fn reversed(&self) -> Self {
        Self(self.0.iter().rev().copied().collect())
    }

    /// The texts of this shape but for the empty one, if that is one of them.
    pub(super) fn without_empty(&self) -> Self {
        match self.0.as_slice() {
            [Token::Run(set)] => Self(vec![Token::One(*set), Token::Run(*set)]),
            _ => self.clone(),
        }
    }

    /// What every text has first.
    pub(super) fn prefix(&self) -> String {
        let literal = |token: &Token| match token {
            Token::One(Set::One(c)) => Some(*c),
            _ => None,
        };
        self.0.iter().map_while(literal).collect()
    }

    /// A shortest text that matches, if any does.
    pub(super) fn shortest(&self) -> String {
        let one = |token: &Token| match token {
            Token::One(Set::One(c) | Set::Fold(c)) => Some(*c),
            Token::One(set) => "a0".chars().find(|c| set.contains(*c)),
            Token::Run(_) => None,
        };
        self.0.iter().filter_map(one).collect()
    }

    /// The positions reached by reading `text`, in order.
    pub(super) fn reached(&self, text: &str) -> Vec<usize> {
        let mut now = Vec::new();
        let mut next = Vec::new();
        self.reach(&mut now, 0);
        for c in text.chars() {
            if now.is_empty() {
                break;
            }
            for position in now.drain(..) {
                match self.0.get(position) {
                    Some(Token::One(set)) if set.contains(c) => {
                        self.reach(&mut next, position + 1);
                    }
                    Some(Token::Run(set)) if set.contains(c) => self.reach(&mut next, position),
                    _ => {}
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
        now
    }

    /// Adds `position`, and what lies behind runs that may be empty.
    fn reach(&self, positions: &mut Vec<usize>, mut position: usize) {
        loop {
            if positions.last().is_none_or(|last| *last < position) {
                positions.push(position);
            }
            if !matches!(self.0.get(position), Some(Token::Run(_))) {
                return;
            }
            position += 1;
        }
    }
}
