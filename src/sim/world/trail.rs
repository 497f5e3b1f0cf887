//! The event history of each account and region: what `CloudTrail` logs.

use jiff::Unit;
use serde_json::{Value, json};

use crate::model::Timestamp;

use super::World;

/// `CloudTrail` times have whole seconds.
pub(crate) fn seconds(time: Timestamp) -> Timestamp {
    time.round(Unit::Second).unwrap_or(time)
}

impl World {
    /// Logs a record in an account's event history.
    pub fn log_event(&mut self, account: &str, region: &str, record: Value) {
        if let Some(account) = self.accounts.get_mut(account) {
            let history = account.trail.entry(region.to_owned()).or_default();
            history.push(record);
        }
    }

    /// Logs what Organizations itself did, in a management account's history.
    ///
    /// No public sample of these records exists; see the room's documentation.
    pub fn service_event(&mut self, account: &str, name: &str, details: &Value) {
        let region = self.partition.organizations_region();
        let record = json!({
            "eventVersion": "1.11",
            "userIdentity": {"type": "AWSService", "invokedBy": "AWS Internal"},
            "eventTime": seconds(self.now).to_string(),
            "eventSource": "organizations.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": "AWS Internal",
            "userAgent": "AWS Internal",
            "requestParameters": null,
            "responseElements": null,
            "eventID": self.draw_uuid(),
            "readOnly": false,
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": account,
            "serviceEventDetails": details,
            "eventCategory": "Management",
        });
        self.log_event(account, region, record);
    }
}
