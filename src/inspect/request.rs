//! Whole requests: what AWS puts into every one, and every key that a stack names.

use std::collections::BTreeMap;

use super::stack::{Stack, Whose};
use crate::evaluate::{Decision, Request, Resource, evaluate};
use crate::prove::Kind;

/// A request's context: `None` is a key that is absent.
pub(super) type Context = BTreeMap<String, Option<Vec<String>>>;

/// A concrete request that `evaluate` has decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witness {
    /// `aws:PrincipalArn`.
    pub principal: String,
    /// IAM action.
    pub action: String,
    /// `*` or an ARN.
    pub resource: String,
    /// Every condition key that the stack names, spelled as there; `None`: absent.
    pub context: BTreeMap<String, Option<Vec<String>>>,
}

impl Witness {
    /// The request as `evaluate` takes it.
    pub fn request(&self) -> Request {
        let resource = match self.resource.as_str() {
            "*" => Resource::Any,
            arn => Resource::Arn(arn.to_owned()),
        };
        let request = Request::new(self.action.as_str(), resource)
            .with("aws:PrincipalArn", self.principal.as_str());
        self.context
            .iter()
            .fold(request, |request, (key, values)| match values {
                Some(values) => request.with_all(key, values.clone()),
                None => request,
            })
    }

    /// Does the stack let it through?
    pub fn passes(&self, stack: &Stack) -> bool {
        evaluate(&stack.concrete(), &self.request()) == Decision::Allowed
    }
}

/// A request with every key that the stack names: `special` first, then what AWS always sends,
/// the rest absent.
pub(super) fn whole(
    stack: &Stack,
    whose: &Whose,
    principal: &str,
    (action, resource): (&str, &str),
    special: &Context,
) -> Witness {
    let mut context = BTreeMap::new();
    // Through an endpoint no address of the network is seen.
    let holds = |key: &str| matches!(special.get(key), Some(Some(_)));
    let endpoint = ["aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"];
    let endpoint = endpoint.iter().any(|key| holds(key));
    for (key, spelled) in stack.keys() {
        let values = match special.get(&key) {
            Some(values) => values.clone(),
            None if key == "aws:sourceip" && endpoint => None,
            None if key == "aws:epochtime" && holds("aws:currenttime") => {
                let time = special.get("aws:currenttime").and_then(Option::as_deref);
                time.and_then(in_seconds)
            }
            None => present(&key, principal, whose),
        };
        context.insert(spelled, values);
    }
    Witness {
        principal: principal.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
    }
}

/// A time as `aws:EpochTime` has it.
fn in_seconds(time: &[String]) -> Option<Vec<String>> {
    let text = time.first()?;
    let seconds = text.parse::<crate::model::Timestamp>();
    let seconds = seconds.map(|time| time.as_second().to_string());
    Some(vec![seconds.unwrap_or_else(|_| text.clone())])
}

/// What a key (lower case) holds in an ordinary request; `None`: it is absent.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub fn present(key: &str, principal: &str, whose: &Whose) -> Option<Vec<String>> {
    let one = |text: &str| Some(vec![text.to_owned()]);
    match key {
        "aws:principalarn" => one(principal),
        "aws:principalaccount" => one(whose.account.as_str()),
        "aws:principalorgid" => one(whose.organization.as_ref()?.as_str()),
        "aws:principalorgpaths" => {
            let parents = whose.parents.as_ref()?.iter();
            let parents: Vec<&str> = parents.map(crate::model::NodeId::as_str).collect();
            let organization = whose.organization.as_ref()?;
            one(&format!("{organization}/{}/", parents.join("/")))
        }
        "aws:principaltype" => one(principal_type(kind_of(principal)?)),
        "aws:principalisawsservice" | "aws:viaawsservice" => one("false"),
        "aws:securetransport" => one("true"),
        // Organizations and account management answer in one region of the partition.
        "aws:requestedregion" => one(whose.partition.organizations_region()),
        "aws:currenttime" => one(&whose.now.to_string()),
        "aws:epochtime" => one(&whose.now.as_second().to_string()),
        "aws:userid" => one("AIDAEXAMPLEEXAMPLE000"),
        "aws:username" => match kind_of(principal)? {
            Kind::User | Kind::UserInPath => one(principal.rsplit('/').next()?),
            _ => None,
        },
        "aws:sourceip" => one("203.0.113.10"),
        _ => None,
    }
}

/// Is the action one of the ways out, so that the facts of the exits hold for it?
pub(super) fn is_exit(action: &str) -> bool {
    crate::exits::ExitPath::of_members()
        .flat_map(|path| path.actions)
        .any(|known| known.name.eq_ignore_ascii_case(action))
}

/// The kind of principal that an ARN names; `None` if no SCP binds or knows such a one.
pub(super) fn kind_of(arn: &str) -> Option<Kind> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, tail] = parts.as_slice() else {
        return None;
    };
    let in_path = |rest: &str| rest.contains('/');
    match (*service, tail.split_once('/')) {
        ("iam", None) if *tail == "root" => Some(Kind::Root),
        ("iam", Some(("role", rest))) if in_path(rest) => Some(Kind::RoleInPath),
        ("iam", Some(("role", _))) => Some(Kind::Role),
        ("iam", Some(("user", rest))) if in_path(rest) => Some(Kind::UserInPath),
        ("iam", Some(("user", _))) => Some(Kind::User),
        ("sts", Some(("federated-user", _))) => Some(Kind::Federated),
        _ => None,
    }
}

fn principal_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Root => "Account",
        Kind::Role | Kind::RoleInPath => "AssumedRole",
        Kind::User | Kind::UserInPath => "User",
        Kind::Federated => "FederatedUser",
    }
}
