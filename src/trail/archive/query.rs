//! What is looked for: event names of sources, in a window of time, in some accounts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::exits::{EVENTS, event};
use crate::model::record::Record;
use crate::model::{AccountId, Timestamp};

/// A window of event times, and how much later their delivery may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub since: Timestamp,
    /// The last moment.
    pub until: Timestamp,
    /// Files delivered up to so many hours after `until` are searched. AWS delivers within about
    /// five minutes and guarantees no time.
    ///
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>
    pub margin_hours: u32,
}

impl Window {
    /// The last moment of delivery that is searched.
    pub fn last_delivery(&self) -> Timestamp {
        let margin = SignedDuration::from_hours(i64::from(self.margin_hours));
        self.until.checked_add(margin).unwrap_or(Timestamp::MAX)
    }

    /// Does an event time lie in it?
    pub fn holds(&self, time: Timestamp) -> bool {
        self.since <= time && time <= self.until
    }
}

/// Which records are wanted.
#[derive(Debug, Clone)]
pub struct Query {
    /// `(eventSource, eventName)`.
    events: BTreeSet<(String, String)>,
    /// When.
    pub window: Window,
    /// Only what was logged in these accounts; empty: in any.
    pub accounts: BTreeSet<AccountId>,
}

impl Query {
    /// The events of the catalog.
    pub fn exits(window: Window, accounts: BTreeSet<AccountId>) -> Self {
        let events = EVENTS.iter().map(|spec| (spec.source, spec.name));
        Self::new(events, window, accounts)
    }

    /// These events.
    pub fn new<'a>(
        events: impl Iterator<Item = (&'a str, &'a str)>,
        window: Window,
        accounts: BTreeSet<AccountId>,
    ) -> Self {
        Self {
            events: events
                .map(|(source, name)| (source.to_owned(), name.to_owned()))
                .collect(),
            window,
            accounts,
        }
    }

    /// Are all of its events recorded in the Organizations region of their partition only, as
    /// those of the catalog are?
    pub fn in_one_region(&self) -> bool {
        self.events
            .iter()
            .all(|(source, name)| event(source, name).is_some())
    }

    /// Every source with its names.
    pub(super) fn by_source(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut sources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (source, name) in &self.events {
            sources.entry(source).or_default().push(name);
        }
        sources
    }

    /// Is it a wanted source?
    pub(super) fn has_source(&self, source: &str) -> bool {
        self.events.iter().any(|(own, _)| own == source)
    }

    /// Is it a wanted name?
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.events.iter().any(|(_, own)| own == name)
    }

    /// Is this pair wanted?
    pub(super) fn wants(&self, source: &str, name: &str) -> bool {
        self.events
            .iter()
            .any(|(own, event)| own == source && event == name)
    }

    /// Does a wanted record lie in the window and in the accounts?
    pub fn takes(&self, record: &Record) -> bool {
        let account = match &record.recipient {
            Some(account) => self.accounts.is_empty() || self.accounts.contains(account),
            None => true,
        };
        account && self.window.holds(record.time)
    }
}
