//! How many invitations AWS still takes today.
//!
//! Attempts within 24 hours: the higher of 20 and the organization's account maximum; accepted
//! ones do not count.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>

use jiff::SignedDuration;

use super::step::{NotDone, Plan};
use crate::model::organization::HandshakeState;
use crate::model::{AccountId, Snapshot, Timestamp};

/// What AWS takes in any organization.
const LEAST: usize = 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is left of the day's invitations while a plan is made.
#[derive(Debug)]
pub(super) struct Invitations {
    /// The most within 24 hours, as far as is known.
    most: usize,
    /// Was the account maximum named, or is it only known to be no lower than today's members?
    named: bool,
    /// When each that counts was sent, oldest first.
    sent: Vec<Timestamp>,
    now: Timestamp,
    /// Invitations of the plan, and those among them that keep counting.
    planned: usize,
    waiting: usize,
    postponed: Vec<AccountId>,
}

impl Invitations {
    /// Counts what the snapshot's handshakes show. If they are not known, nobody is invited at
    /// all, so nothing needs to be counted.
    pub(super) fn of(snapshot: &Snapshot, account_maximum: Option<usize>) -> Self {
        let now = snapshot.taken_at;
        let members = snapshot
            .accounts
            .known()
            .map_or(0, std::collections::BTreeMap::len);
        let ours = snapshot.organization.known().map(|found| &found.id);
        let handshakes = snapshot.handshakes.known().into_iter().flatten();
        let mut sent: Vec<Timestamp> = handshakes
            .filter(|one| {
                one.action == "INVITE"
                    && one.state != HandshakeState::Accepted
                    && (one.organization.is_none() || one.organization.as_ref() == ours)
            })
            // Of one without a time it is not known that it does not count.
            .map(|one| one.requested_at.unwrap_or(now))
            .filter(|at| *at > now - DAY)
            .collect();
        sent.sort_unstable();
        Self {
            most: LEAST.max(account_maximum.unwrap_or(members)),
            named: account_maximum.is_some(),
            sent,
            now,
            planned: 0,
            waiting: 0,
            postponed: Vec::new(),
        }
    }

    /// May the account be invited today? One that the same run accepts does not count afterwards.
    pub(super) fn take(&mut self, account: &AccountId, accepted_at_once: bool) -> bool {
        let left = self.most.saturating_sub(self.sent.len() + self.waiting);
        if left == 0 {
            self.postponed.push(account.clone());
            return false;
        }
        self.planned += 1;
        if !accepted_at_once {
            self.waiting += 1;
        }
        true
    }

    /// Says in the plan who has to wait, and until when.
    pub(super) fn tell(self, plan: &mut Plan) {
        if self.postponed.is_empty() {
            return;
        }
        let accounts: Vec<&str> = self.postponed.iter().map(AccountId::as_str).collect();
        // The first that ends its day makes room for the first that waits, and so on.
        let room = |number: usize| {
            let ended = (self.sent.len() + self.waiting + number).checked_sub(self.most);
            let ended = ended.and_then(|at| self.sent.get(at));
            ended.copied().unwrap_or(self.now) + DAY
        };
        let (first, last) = (room(0), room(self.postponed.len() - 1));
        let when = if first == last {
            format!("from {first} on")
        } else {
            format!("the first from {first} on, the last from {last} on")
        };
        let maximum = if self.named {
            "the organization's account maximum as --account-maximum names it"
        } else {
            "the accounts of today; if the organization's account maximum is higher, name it with --account-maximum"
        };
        plan.not_done.push(NotDone {
 unmet: true,
            what: format!("invite today: {}", accounts.join(", ")),
            why: format!(
                "AWS takes {} invitations within 24 hours (the higher of {LEAST} and {maximum}; accepted ones do not \
                 count), and {} were sent since {}: {} can be invited today, the rest {when}; plan again then",
                self.most,
                self.sent.len(),
                self.now - DAY,
                self.planned,
            ),
        });
    }
}
