//! Pages and their tokens.
//!
//! Organizations lists 20 a page at most, and a page may come short or empty
//! with a token. Tokens are bound to caller, operation and arguments.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Call, Outcome};
use crate::sim::refusal::Refusal;
use crate::sim::world::unit_interval;

/// How the pages of this call go wrong, by a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Paging {
    #[default]
    Normal,
    /// No items, and a token that goes on from there.
    Empty,
    /// The items, and the token that leads to them again.
    Repeat,
    /// One item less than there would be, and a token.
    Short,
}

/// Where a page begins, and how often it came empty already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Start {
    pub offset: usize,
    pub again: usize,
}

/// The page size of every Organizations list.
const PAGE: u64 = 20;

impl Call<'_> {
    /// One page of an Organizations list, under `member` of the answer.
    pub(crate) fn page<T>(
        &self,
        member: &str,
        items: impl Iterator<Item = T>,
        shape: impl Fn(T) -> Value,
    ) -> Outcome {
        let size = self.page_size()?;
        let refused = || Refusal::invalid("INVALID_NEXT_TOKEN", "The NextToken is not valid.");
        let start = self.start().ok_or_else(refused)?;
        let size = self.drawn(start, size);
        let (page, next) = self.slice(items, start, size);
        Ok(self.answer(member, page.into_iter().map(shape).collect(), next))
    }

    fn page_size(&self) -> Result<usize, Refusal> {
        let Some(given) = self.request.input.get("MaxResults") else {
            return Ok(20);
        };
        match given.as_u64() {
            Some(size @ 1..=PAGE) => Ok(usize::try_from(size).unwrap_or(20)),
            Some(0) => Err(Refusal::invalid(
                "MIN_VALUE_EXCEEDED",
                "MaxResults must be 1 or more.",
            )),
            _ => Err(Refusal::invalid(
                "MAX_VALUE_EXCEEDED",
                "MaxResults must be 20 or less.",
            )),
        }
    }

    /// How many items AWS gives, who may give fewer than asked for, or none: all
    /// of them, unless pages are uneven by switch. A page comes empty once at most.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>
    fn drawn(&self, start: Start, size: usize) -> usize {
        if !self.world.switches.uneven_pages {
            return size;
        }
        let seed = self.binding().bytes().fold(self.world.seed, |seed, byte| {
            seed.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte)
        });
        let steps = (start.offset * 2 + start.again) as u64;
        let wide = u32::try_from(size).unwrap_or(20) + 1;
        let drawn = unit_interval(seed.wrapping_add(steps)) * f64::from(wide);
        // Counted instead of converted: a float has no exact way to a usize.
        let drawn =
            (1..=size).take_while(|n| u32::try_from(*n).is_ok_and(|n| f64::from(n) <= drawn));
        drawn.count().max(usize::from(start.again > 0))
    }

    /// `size` items from the start on, and where the next page begins if there is one.
    pub(crate) fn slice<T>(
        &self,
        items: impl Iterator<Item = T>,
        start: Start,
        size: usize,
    ) -> (Vec<T>, Option<Start>) {
        let Start { offset, again } = start;
        let mut rest = items.skip(offset);
        let after = |count: usize| Start {
            offset: offset + count,
            again: if count == 0 { again + 1 } else { 0 },
        };
        if self.paging == Paging::Empty {
            return (Vec::new(), Some(after(0)));
        }
        let size = match self.paging {
            Paging::Short => size.saturating_sub(1).max(1),
            _ => size,
        };
        let page: Vec<T> = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        let next = match self.paging {
            Paging::Repeat => Some(start),
            _ => more.then_some(after(page.len())),
        };
        (page, next)
    }

    /// The answer with its items and, if there is more, its token.
    pub(crate) fn answer(&self, member: &str, items: Vec<Value>, next: Option<Start>) -> Value {
        let mut answer = Map::from_iter([(member.to_owned(), Value::Array(items))]);
        if let Some(next) = next {
            answer.insert("NextToken".to_owned(), json!(self.token(next)));
        }
        Value::Object(answer)
    }

    pub(crate) fn token(&self, next: Start) -> String {
        format!("{}{:08x}{:02x}", self.binding(), next.offset, next.again)
    }

    /// Where the page of this call begins; `None` if its token is not one that
    /// was given for this caller, operation and arguments.
    pub(crate) fn start(&self) -> Option<Start> {
        let input = &self.request.input;
        // CloudWatch Logs writes its members with a small letter in front.
        let Some(token) = input.get("NextToken").or_else(|| input.get("nextToken")) else {
            return Some(Start::default());
        };
        let digits = token.as_str()?.strip_prefix(&self.binding())?;
        let number = |digits: &str| usize::from_str_radix(digits, 16).ok();
        Some(Start {
            offset: number(digits.get(..8)?)?,
            again: number(digits.get(8..)?)?,
        })
    }

    fn binding(&self) -> String {
        let mut arguments = self.request.input.clone();
        if let Some(members) = arguments.as_object_mut() {
            for own in ["NextToken", "nextToken", "MaxResults", "Limit", "limit"] {
                members.remove(own);
            }
            members.sort_keys();
        }
        let text = format!(
            "{} {} {arguments}",
            self.caller.account,
            self.request.action()
        );
        let digest = Sha256::digest(text.as_bytes());
        format!("{digest:x}").chars().take(24).collect()
    }
}
