//! `AssumeRole`: trust policy, session policies, durations.

use serde_json::{Value, json};

use super::super::iam::tags;
use super::super::{Call, Outcome};
use super::{invalid, issue, required, trust, until};
use crate::evaluate::{Request, Resource};
use crate::scp::{self, Dialect};
use crate::sim::authorize::{context, denied};
use crate::sim::identify::CallerKind;
use crate::sim::refusal::Refusal;
use crate::sim::wire::Api;
use crate::sim::world::{Principal, Role, Session};

/// Longest session of a role that was assumed by a role.
const LONGEST_CHAINED: i64 = 3600;
/// Session policies together, in characters.
const MOST_CHARACTERS: usize = 2048;
const ADMINISTRATOR: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const READ_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["organizations:Describe*","organizations:List*","iam:Get*","iam:List*","cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents","account:Get*","events:Describe*","events:List*","logs:Describe*"],"Resource":"*"}]}"#;

/// The account and the name in a role's ARN, path left out.
pub(crate) fn parse_role(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    let name = parts.next()?.strip_prefix("role/")?;
    Some((account, name.rsplit('/').next().unwrap_or(name)))
}

pub(super) fn assume_role(call: &mut Call<'_>) -> Outcome {
    let (arn, name) = (
        required(call, "RoleArn")?,
        required(call, "RoleSessionName")?,
    );
    check_name(name)?;
    let duration = call.number("DurationSeconds").unwrap_or(3600);
    if !(900..=43_200).contains(&duration) {
        let text = "DurationSeconds must be between 900 and 43200";
        return Err(invalid(text));
    }
    let policies = session_policies(call)?;
    let (account, name_of_role) =
        parse_role(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    let role = find(call, account, name_of_role, arn)?;
    let chained = matches!(call.caller.kind, CallerKind::Session { .. });
    let longest = if chained {
        LONGEST_CHAINED
    } else {
        role.longest
    };
    if duration > longest {
        let text = if chained {
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        } else {
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        };
        return Err(invalid(text));
    }
    let (role_id, partition) = (role.id.clone(), call.world.partition);
    let packed = packed(&policies);
    let session = Session {
        account: account.to_owned(),
        principal: Principal::Role(name_of_role.to_owned()),
        name: name.to_owned(),
        token: call.world.draw_secret().repeat(3),
        policies,
        tags: tags::given(call).map_err(|()| invalid("Tags are not valid"))?,
        since: call.now(),
        expires: until(call, duration),
    };
    let mut answer = json!({
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{role_id}:{name}"),
            "Arn": format!("arn:{partition}:sts::{account}:assumed-role/{name_of_role}/{name}"),
        },
        "Credentials": issue(call, session),
    });
    if let Some(packed) = packed {
        crate::sim::json::set(&mut answer, "PackedPolicySize", packed);
    }
    Ok(answer)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (2..=64).contains(&name.len()) && name.chars().all(sound) {
        Ok(())
    } else {
        Err(invalid("RoleSessionName is not valid"))
    }
}

/// The role, if it is there and trusts the caller; AWS does not say which of both fails.
fn find<'a>(call: &'a Call<'_>, account: &str, name: &str, arn: &str) -> Result<&'a Role, Refusal> {
    let found = call.world.accounts.get(account);
    let role = found
        .filter(|account| account.state != "CLOSED")
        .and_then(|account| account.roles.get(name))
        .filter(|role| trusts(call, role, arn, ASSUME));
    let refuse = |action: &str| {
        let who = &call.caller.arn;
        let text = format!("User: {who} is not authorized to perform: {action} on resource: {arn}");
        denied(Api::Sts, text)
    };
    let role = role.ok_or_else(|| refuse(ASSUME))?;
    // Tags on the session need a permission of their own, in the trust policy too.
    if call.request.input.get("Tags").is_some() && !trusts(call, role, arn, TAG) {
        return Err(refuse(TAG));
    }
    Ok(role)
}

const ASSUME: &str = "sts:AssumeRole";
const TAG: &str = "sts:TagSession";

fn trusts(call: &Call<'_>, role: &Role, arn: &str, action: &str) -> bool {
    if role.trust.is_none() {
        // What most accounts have is not worth a parse.
        return action == ASSUME && role.trusted_accounts.contains(&call.caller.account);
    }
    let Some(document) = trust::parse(&role.trust_text(call.world.partition)) else {
        return false;
    };
    let request = Request::new(action, Resource::Arn(arn.to_owned()));
    let request = context(call.world, call.caller, call.request, request);
    trust::trusts(&document, call.world.partition, call.caller, &request)
}

/// How much of the room for session policies they take, in percent; `None` without any.
/// AWS packs them first, in a way that it does not tell.
pub(super) fn packed(policies: &[String]) -> Option<usize> {
    let characters: usize = policies.iter().map(|text| text.chars().count()).sum();
    (!policies.is_empty()).then(|| (characters * 100).div_ceil(MOST_CHARACTERS).min(100))
}

/// The texts of `Policy` and of the managed policies in `PolicyArns`; a
/// managed policy whose text is not here allows nothing.
pub(super) fn session_policies(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let mut texts = Vec::new();
    if let Some(text) = call.optional("Policy") {
        if text.chars().count() > MOST_CHARACTERS {
            let code = "PackedPolicyTooLarge";
            return Err(Refusal::new(code, "The session policy is too large."));
        }
        if scp::parse(text, Dialect::Scp).is_err() {
            let code = "MalformedPolicyDocument";
            return Err(Refusal::new(code, "Syntax errors in policy."));
        }
        texts.push(text.to_owned());
    }
    let arns = call
        .request
        .input
        .get("PolicyArns")
        .and_then(Value::as_array);
    for item in arns.into_iter().flatten() {
        let arn = item.get("arn").and_then(Value::as_str).unwrap_or_default();
        let text = match arn.rsplit('/').next() {
            Some("AdministratorAccess") => ADMINISTRATOR,
            Some("ReadOnlyAccess" | "SecurityAudit" | "AWSOrganizationsReadOnlyAccess") => {
                READ_ONLY
            }
            _ => r#"{"Version":"2012-10-17","Statement":[]}"#,
        };
        texts.push(text.to_owned());
    }
    Ok(texts)
}
