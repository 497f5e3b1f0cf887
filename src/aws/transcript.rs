//! What went over the wire, without secrets: for bug reports and for comparing AWS with the
//! simulator.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use serde::Serialize;

use super::redact;
use super::session::operation;

/// Every attempt of a session's calls, retried ones included, in the order in which they ended.
///
/// Headers are not kept. From bodies, secrets and e-mail addresses are taken out before they
/// are kept. Calls that fetch the credentials of
/// the session itself are not recorded at all.
#[derive(Debug, Default)]
pub struct Transcript(Mutex<Vec<Attempt>>);

#[derive(Debug, Serialize)]
struct Attempt {
    /// When it was over, by the session's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<crate::model::Timestamp>,
    operation: String,
    /// `None`: it was never sent.
    request: Option<String>,
    /// `None`: no answer came.
    status: Option<u16>,
    /// `None`: no answer, or not whole.
    response: Option<String>,
}

impl Transcript {
    /// One JSON object a line and attempt: `time`, `operation`, `request` (body), `status` (HTTP),
    /// `response` (body).
    pub fn lines(&self) -> String {
        let attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts
            .iter()
            .filter_map(|attempt| serde_json::to_string(attempt).ok())
            .fold(String::new(), |text, line| text + &line + "\n")
    }

    fn add(&self, attempt: Attempt) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.push(attempt);
    }
}

/// The request is gone when its answer has come, so it is kept here.
#[derive(Debug, Clone)]
struct Sent {
    body: String,
    secrets: Vec<String>,
}

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

/// Writes the transcript, if one is kept.
#[derive(Debug)]
pub(super) struct Recorder(pub(super) Option<Arc<Transcript>>);

#[dyn_dispatch_hint]
impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.is_some() {
            let request = context.request();
            let secrets = secrets(request);
            let body = redact::body(&text(request.body().bytes()), &secrets);
            bag.interceptor_state().store_put(Sent { body, secrets });
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(transcript), Some(metadata)) = (&self.0, bag.load::<Metadata>()) else {
            return Ok(());
        };
        let sent = bag.load::<Sent>();
        let answer = context.response();
        let body = answer.and_then(|answer| answer.body().bytes());
        // Without what was sent it is not known which words are secret.
        let response = sent.zip(body);
        let now = components.time_source().map(|clock| clock.now());
        transcript.add(Attempt {
            time: now.and_then(|now| now.try_into().ok()),
            operation: operation(metadata),
            request: sent.map(|sent| sent.body.clone()),
            status: answer.map(|answer| answer.status().as_u16()),
            response: response.map(|(sent, body)| redact::body(&text(Some(body)), &sent.secrets)),
        });
        Ok(())
    }
}

fn text(body: Option<&[u8]>) -> String {
    String::from_utf8_lossy(body.unwrap_or_default()).into_owned()
}

/// The words of the signed headers that AWS may repeat in an error, longest first.
fn secrets(request: &HttpRequest) -> Vec<String> {
    let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
    let authorization = header("authorization");
    let part = |name: &str| {
        let (_, from) = authorization.split_once(name)?;
        from.split([',', '/', ' ']).next().map(str::to_owned)
    };
    let mut words = vec![header("x-amz-security-token")];
    words.extend(part("Credential="));
    words.extend(part("Signature="));
    words.push(authorization.clone());
    words.retain(|word| !word.is_empty());
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{Canned, Reply, ok};
    use crate::aws::{Keys, Session, SessionOptions};

    const KEY: &str = "AKIACANARYCANARY0001";
    const SECRET: &str = "canary-secret-key/with+signs";
    const TOKEN: &str = "canary-session-token/with+signs==";

    fn planted(operation: &str) -> Reply {
        match operation {
            "ListRoots" => Reply::Answer(
                400,
                "application/x-amz-json-1.1",
                // As AWS does when a signature does not match.
                json!({"__type": "InvalidSignatureException", "message": format!(
                    "The Canonical String should have been\nhost:x\nx-amz-security-token:{TOKEN}\n\
                     Credential={KEY}/20261124, for canary@example.com"
                )})
                .to_string(),
            ),
            "DescribeOrganization" => ok(
                &json!({"Organization": {"Id": "o-exampleorg1", "Arn": "arn",
                "FeatureSet": "ALL", "MasterAccountId": "111111111111",
                "MasterAccountEmail": "canary@example.com",
                "Credentials": {"SecretAccessKey": SECRET, "SessionToken": TOKEN}}}),
            ),
            "GetCallerIdentity" => ok(&json!({})),
            _ => Reply::Broken,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_transcript_tells_every_attempt_and_no_secret() {
        let aws = Canned::new(|asked| planted(&asked.operation));
        let transcript = Arc::<Transcript>::default();
        let session = Session::open(SessionOptions {
            keys: Some(Keys {
                id: KEY.to_owned(),
                secret: SECRET.to_owned(),
                token: Some(TOKEN.to_owned()),
            }),
            transcript: Some(transcript.clone()),
            ..aws.options()
        })
        .await
        .unwrap();
        let reads = session.reads();
        reads.describe_organization().await.unwrap();
        reads.list_roots().await.unwrap_err();
        let policy = crate::model::PolicyId::full_aws_access();
        reads.describe_policy(&policy).await.unwrap_err();
        let lines = transcript.lines();
        for secret in ["canary", "CANARY", "Signature=", "AWS4-HMAC"] {
            assert!(!lines.contains(secret), "{secret} in {lines}");
        }
        let attempts: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let told: Vec<(&str, Option<u64>)> = attempts
            .iter()
            .map(|one| (one["operation"].as_str().unwrap(), one["status"].as_u64()))
            .collect();
        assert!(attempts.iter().all(|one| one["time"].is_string()));
        assert_eq!(
            told,
            [
                ("sts:GetCallerIdentity", Some(200)),
                ("organizations:DescribeOrganization", Some(200)),
                ("organizations:ListRoots", Some(400)),
                ("organizations:DescribePolicy", None),
                ("organizations:DescribePolicy", None),
                ("organizations:DescribePolicy", None),
            ]
        );
        assert!(
            attempts[0]["request"]
                .as_str()
                .unwrap()
                .contains("Action=GetCallerIdentity")
        );
        assert!(
            attempts[1]["response"]
                .as_str()
                .unwrap()
                .contains("o-exampleorg1")
        );
        assert_eq!(
            attempts[3]["request"],
            json!({"PolicyId": "p-FullAWSAccess"}).to_string()
        );
        assert_eq!(attempts[3]["response"], Value::Null);
    }
}
