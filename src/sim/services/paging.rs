//! Pages and their tokens.
//!
//! Organizations lists 20 a page at most, and a page may come short or empty
//! with a token. Tokens are bound to caller, operation and arguments.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Call, Outcome};
use crate::sim::refusal::Refusal;

/// How the pages of this call go wrong, by a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Paging {
    #[default]
    Normal,
    /// No items, and a token that goes on from there.
    Empty,
    /// The items, and the token that leads to them again.
    Repeat,
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
        let offset = self.offset().ok_or_else(refused)?;
        let (page, next) = self.slice(items, offset, size);
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

    /// `size` items from `offset` on, and where the next page begins if there is one.
    pub(crate) fn slice<T>(
        &self,
        items: impl Iterator<Item = T>,
        offset: usize,
        size: usize,
    ) -> (Vec<T>, Option<usize>) {
        let mut rest = items.skip(offset);
        if self.paging == Paging::Empty {
            return (Vec::new(), Some(offset));
        }
        let page: Vec<T> = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        let next = match self.paging {
            Paging::Repeat => Some(offset),
            _ => more.then_some(offset + page.len()),
        };
        (page, next)
    }

    /// The answer with its items and, if there is more, its token.
    pub(crate) fn answer(&self, member: &str, items: Vec<Value>, next: Option<usize>) -> Value {
        let mut answer = Map::from_iter([(member.to_owned(), Value::Array(items))]);
        if let Some(next) = next {
            answer.insert("NextToken".to_owned(), json!(self.token(next)));
        }
        Value::Object(answer)
    }

    fn token(&self, offset: usize) -> String {
        format!("{}{offset:08x}", self.binding())
    }

    /// Where the page of this call begins; `None` if its token is not one that
    /// was given for this caller, operation and arguments.
    pub(crate) fn offset(&self) -> Option<usize> {
        let Some(token) = self.request.input.get("NextToken") else {
            return Some(0);
        };
        let offset = token.as_str()?.strip_prefix(&self.binding())?;
        usize::from_str_radix(offset, 16).ok()
    }

    fn binding(&self) -> String {
        let mut arguments = self.request.input.clone();
        if let Some(members) = arguments.as_object_mut() {
            members.remove("NextToken");
            members.remove("MaxResults");
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
