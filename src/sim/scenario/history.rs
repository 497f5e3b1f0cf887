//! Events of the past, as `CloudTrail` would have logged them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::model::Timestamp;

use super::super::json::set;
use super::super::world::World;

/// Somebody who did something, and from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub name: &'static str,
    pub ip: &'static str,
    pub agent: &'static str,
    /// A role session; otherwise an IAM user.
    pub session_of: Option<&'static str>,
}

/// Writes the past of a management account.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub world: &'a mut World,
    pub account: String,
}

impl History<'_> {
    fn days_ago(&self, days: i64) -> Timestamp {
        self.world.now - SignedDuration::from_hours(24 * days)
    }

    /// An API call; `error` is its code and message.
    pub(super) fn call(
        &mut self,
        days: i64,
        who: Who,
        name: &str,
        request: &Value,
        error: Option<(&str, &str)>,
    ) {
        let time = super::super::world::seconds(self.days_ago(days));
        let region = self.world.partition.organizations_region();
        let mut record = json!({
            "eventVersion": "1.08",
            "userIdentity": self.identity(who, time),
            "eventTime": time.to_string(),
            "eventSource": "organizations.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": who.ip,
            "userAgent": who.agent,
            "requestParameters": request,
            "responseElements": null,
            "requestID": self.world.draw_uuid(),
            "eventID": self.world.draw_uuid(),
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": self.account,
            "eventCategory": "Management",
        });
        if let Some((code, message)) = error {
            set(&mut record, "errorCode", code);
            set(&mut record, "errorMessage", message);
        }
        self.world.log_event(&self.account, region, record);
    }

    fn identity(&mut self, who: Who, time: Timestamp) -> Value {
        let (account, partition) = (&self.account.clone(), self.world.partition);
        match who.session_of {
            None => json!({
                "type": "IAMUser",
                "principalId": self.world.draw_unique_id("AIDA"),
                "arn": format!("arn:{partition}:iam::{account}:user/{}", who.name),
                "accountId": account,
                "accessKeyId": self.world.draw_unique_id("AKIA"),
                "userName": who.name,
            }),
            Some(role) => {
                let id = self.world.draw_unique_id("AROA");
                json!({
                    "type": "AssumedRole",
                    "principalId": format!("{id}:{}", who.name),
                    "arn": format!("arn:{partition}:sts::{account}:assumed-role/{role}/{}", who.name),
                    "accountId": account,
                    "accessKeyId": self.world.draw_unique_id("ASIA"),
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role",
                            "principalId": id,
                            "arn": format!("arn:{partition}:iam::{account}:role/{role}"),
                            "accountId": account,
                            "userName": role,
                        },
                        "attributes": {
                            "creationDate": time.to_string(),
                            "mfaAuthenticated": "true",
                        },
                    },
                })
            }
        }
    }

    /// A service event. Its details are given the time under `time_key`.
    pub(super) fn service(&mut self, days: i64, name: &str, time_key: &str, mut details: Value) {
        let now = self.world.now;
        self.world.now = self.days_ago(days);
        set(
            &mut details,
            time_key,
            super::super::world::seconds(self.world.now).to_string(),
        );
        let account = self.account.clone();
        self.world.service_event(&account, name, &details);
        self.world.now = now;
    }
}
