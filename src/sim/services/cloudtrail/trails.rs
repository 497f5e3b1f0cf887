//! Trails: where they are, whether they log. Nothing is delivered to their buckets.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use crate::sim::json::set;
use crate::sim::refusal::Refusal;
use crate::sim::world::Trail;

const MOST_TRAILS: usize = 5;

/// Where a trail is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct At {
    owner: String,
    region: String,
    name: String,
}

impl At {
    fn arn(&self, call: &Call<'_>) -> String {
        let partition = call.world.partition;
        let At {
            owner,
            region,
            name,
        } = self;
        format!("arn:{partition}:cloudtrail:{region}:{owner}:trail/{name}")
    }
}

/// A trail that the caller's account sees, by name or ARN.
fn find(call: &Call<'_>, given: &str) -> Result<At, Refusal> {
    let missing = || {
        let account = &call.caller.account;
        let text = format!("Unknown trail: {given} for the user: {account}");
        Refusal::new("TrailNotFoundException", text)
    };
    let (region, owner, name) = match given.strip_prefix("arn:") {
        None => (
            call.request.region.as_str(),
            call.caller.account.as_str(),
            given,
        ),
        Some(arn) => {
            let mut parts = arn.split(':').skip(2);
            let (region, owner) = (parts.next(), parts.next());
            let (region, owner) = region.zip(owner).ok_or_else(missing)?;
            (region, owner, given.rsplit('/').next().unwrap_or_default())
        }
    };
    let wanted = At {
        owner: owner.to_owned(),
        region: region.to_owned(),
        name: name.to_owned(),
    };
    let mut seen = seen(call).map(|(at, _)| at);
    seen.find(|at| *at == wanted).ok_or_else(missing)
}

fn named(call: &Call<'_>, member: &str) -> Result<At, Refusal> {
    let given = call.optional(member).ok_or_else(|| {
        let text = "Trail name cannot be blank!";
        Refusal::new("InvalidTrailNameException", text)
    })?;
    find(call, given)
}

/// The same, to be changed: members see the organization's trail and may not touch it.
fn own(call: &Call<'_>, member: &str) -> Result<At, Refusal> {
    let at = named(call, member)?;
    if at.owner == call.caller.account {
        return Ok(at);
    }
    let text = "The trail belongs to the organization's management account.";
    let code = "InsufficientDependencyServiceAccessPermissionException";
    Err(Refusal::new(code, text))
}

fn change(call: &mut Call<'_>, at: &At, change: impl FnOnce(&mut Trail)) {
    let account = call.world.accounts.get_mut(&at.owner);
    let trails = account.and_then(|account| account.trails.get_mut(&at.region));
    if let Some(trail) = trails.and_then(|trails| trails.get_mut(&at.name)) {
        change(trail);
    }
}

/// What creating and updating answer; describing answers more.
fn brief(call: &Call<'_>, at: &At, trail: &Trail) -> Value {
    let mut answer = json!({
        "Name": at.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": at.arn(call),
        "LogFileValidationEnabled": trail.validated,
        "IsOrganizationTrail": trail.organization,
    });
    let delivery = [
        ("CloudWatchLogsLogGroupArn", &trail.log_group),
        ("CloudWatchLogsRoleArn", &trail.log_role),
    ];
    for (member, arn) in delivery {
        if let Some(arn) = arn {
            set(&mut answer, member, arn.as_str());
        }
    }
    answer
}

fn full(call: &Call<'_>, at: &At, trail: &Trail) -> Value {
    let mut answer = brief(call, at, trail);
    set(&mut answer, "HomeRegion", at.region.as_str());
    let custom = trail.selectors.is_some();
    set(&mut answer, "HasCustomEventSelectors", custom);
    set(&mut answer, "HasInsightSelectors", false);
    answer
}

/// The account's trails, and those of its organization.
fn seen<'a>(call: &'a Call<'_>) -> impl Iterator<Item = (At, &'a Trail)> {
    let own = &call.caller.account;
    let organization = call.world.organization_of(own);
    let accounts = call.world.accounts.values();
    accounts
        .filter(move |account| {
            account.id == *own
                || organization.is_some_and(|found| found.members.contains_key(&account.id))
        })
        .flat_map(move |account| {
            let trails = account.trails.iter().flat_map(|(region, trails)| {
                trails
                    .iter()
                    .map(move |(name, trail)| (region, name, trail))
            });
            trails
                .filter(move |(_, _, trail)| account.id == *own || trail.organization)
                .map(|(region, name, trail)| {
                    let at = At {
                        owner: account.id.clone(),
                        region: region.clone(),
                        name: name.clone(),
                    };
                    (at, trail)
                })
        })
}

/// Those of them that work in the call's region.
fn visible<'a>(call: &'a Call<'_>) -> impl Iterator<Item = (At, &'a Trail)> {
    let here = &call.request.region;
    seen(call).filter(move |(at, trail)| at.region == *here || trail.multi_region)
}

#[expect(clippy::unnecessary_wraps, reason = "every handler may refuse")]
pub(super) fn describe(call: &mut Call<'_>) -> Outcome {
    let wanted = call.request.input.get("trailNameList");
    let wanted = wanted.and_then(Value::as_array).filter(|l| !l.is_empty());
    let listed: Vec<Value> = visible(call)
        .filter(|(at, _)| {
            wanted.is_none_or(|wanted| {
                let arn = at.arn(call);
                let named = |w: &Value| *w == at.name.as_str() || *w == arn.as_str();
                wanted.iter().any(named)
            })
        })
        .map(|(at, trail)| full(call, &at, trail))
        .collect();
    Ok(json!({"trailList": listed}))
}

#[expect(clippy::unnecessary_wraps, reason = "every handler may refuse")]
pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let listed: Vec<Value> = visible(call)
        .map(|(at, _)| json!({"TrailARN": at.arn(call), "Name": at.name, "HomeRegion": at.region}))
        .collect();
    Ok(json!({"Trails": listed}))
}

fn with(call: &Call<'_>, at: &At, shape: impl FnOnce(&Trail) -> Value) -> Value {
    let account = call.world.accounts.get(&at.owner);
    let trails = account.and_then(|account| account.trails.get(&at.region));
    let trail = trails.and_then(|trails| trails.get(&at.name));
    trail.map_or(Value::Null, shape)
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let at = named(call, "Name")?;
    let trail = with(call, &at, |trail| full(call, &at, trail));
    Ok(json!({"Trail": trail}))
}

pub(super) fn status(call: &mut Call<'_>) -> Outcome {
    let at = named(call, "Name")?;
    Ok(with(call, &at, |trail| {
        let mut answer = json!({"IsLogging": trail.logging});
        let times = [
            ("StartLoggingTime", trail.started_at),
            ("StopLoggingTime", trail.stopped_at),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                set(&mut answer, name, time.as_second());
            }
        }
        let errors = [
            ("LatestDeliveryError", &trail.delivery_error),
            ("LatestCloudWatchLogsDeliveryError", &trail.log_group_error),
        ];
        for (name, error) in errors {
            if let Some(error) = error {
                set(&mut answer, name, error.as_str());
            }
        }
        answer
    }))
}

pub(super) fn event_selectors(call: &mut Call<'_>) -> Outcome {
    let at = named(call, "TrailName")?;
    let arn = at.arn(call);
    Ok(with(call, &at, |trail| selected(&arn, trail)))
}

/// What a new trail records: every management event.
fn selected(arn: &str, trail: &Trail) -> Value {
    let everything = || {
        json!({"EventSelectors": [{
            "ReadWriteType": "All",
            "IncludeManagementEvents": true,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }]})
    };
    let mut answer = trail.selectors.clone().unwrap_or_else(everything);
    set(&mut answer, "TrailARN", arn);
    answer
}

/// Either list replaces what there was.
pub(super) fn put_event_selectors(call: &mut Call<'_>) -> Outcome {
    let at = own(call, "TrailName")?;
    let lists = ["EventSelectors", "AdvancedEventSelectors"];
    let input = &call.request.input;
    let given = lists.map(|name| input.get(name).filter(|list| list.is_array()));
    let selectors = match given {
        [Some(list), None] => json!({"EventSelectors": list}),
        [None, Some(list)] => json!({"AdvancedEventSelectors": list}),
        _ => {
            let text = "Give either event selectors or advanced event selectors.";
            return Err(Refusal::new("InvalidEventSelectorsException", text));
        }
    };
    change(call, &at, |trail| trail.selectors = Some(selectors));
    event_selectors(call)
}

/// The log group of the caller's account and the role to write there come together.
fn log_group(call: &Call<'_>) -> Result<Option<(String, String)>, Refusal> {
    let group = call.optional("CloudWatchLogsLogGroupArn");
    let role = call.optional("CloudWatchLogsRoleArn");
    if group.or(role).is_none() {
        return Ok(None);
    }
    let refuse = |text: &str| Refusal::new("InvalidCloudWatchLogsLogGroupArnException", text);
    let (group, role) = group
        .zip(role)
        .ok_or_else(|| refuse("You must specify both a log group and a role."))?;
    let mut parts = group.splitn(7, ':').skip(3);
    let (region, account, name) = (parts.next(), parts.next(), parts.nth(1));
    let name = name.map(|name| name.trim_end_matches(":*"));
    let owner = account.and_then(|account| call.world.accounts.get(account));
    let groups = owner
        .zip(region)
        .and_then(|(owner, region)| owner.log_groups.get(region));
    if groups
        .zip(name)
        .is_some_and(|(groups, name)| groups.contains_key(name))
    {
        return Ok(Some((group.to_owned(), role.to_owned())));
    }
    Err(refuse("The log group does not exist."))
}

/// Organization trails are for the management account and `CloudTrail`'s delegated administrator.
fn check_organization(call: &Call<'_>, wanted: bool) -> Result<(), Refusal> {
    if !wanted {
        return Ok(());
    }
    let account = &call.caller.account;
    let organization = call.world.organization_of(account).ok_or_else(|| {
        let text = "The account is not a member of an organization.";
        Refusal::new("OrganizationsNotInUseException", text)
    })?;
    let service = "cloudtrail.amazonaws.com";
    if !organization.trusted_services.contains_key(service) {
        let text = "Trusted access is not enabled for CloudTrail.";
        let code = "CloudTrailAccessNotEnabledException";
        return Err(Refusal::new(code, text));
    }
    let delegated = organization.delegated_administrators.get(account);
    let administers = delegated.is_some_and(|by| by.services.contains_key(service));
    if organization.management == *account || administers {
        Ok(())
    } else {
        let text = "The account may not create an organization trail.";
        let code = "InsufficientDependencyServiceAccessPermissionException";
        Err(Refusal::new(code, text))
    }
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let name = call.optional("Name").unwrap_or_default();
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !(3..=128).contains(&name.len()) || !name.chars().all(sound) {
        let text = "Trail name must have 3 to 128 letters, digits, -, _ or periods.";
        return Err(Refusal::new("InvalidTrailNameException", text));
    }
    let bucket = call.optional("S3BucketName").ok_or_else(|| {
        let text = "S3 bucket name cannot be blank!";
        Refusal::new("InvalidS3BucketNameException", text)
    })?;
    let organization = call.flag("IsOrganizationTrail").unwrap_or(false);
    check_organization(call, organization)?;
    let (log_group, log_role) = log_group(call)?.unzip();
    let region = call.request.region.clone();
    let account = &call.caller.account;
    let existing = call.world.accounts.get(account);
    let existing = existing.and_then(|account| account.trails.get(&region));
    if existing.is_some_and(|trails| trails.contains_key(name)) {
        let text = format!("Trail {name} already exists for customer: {account}");
        return Err(Refusal::new("TrailAlreadyExistsException", text));
    }
    if existing.is_some_and(|trails| trails.len() >= MOST_TRAILS) {
        let code = "MaximumNumberOfTrailsExceededException";
        return Err(Refusal::new(code, "There are too many trails."));
    }
    let trail = Trail {
        bucket: bucket.to_owned(),
        multi_region: call.flag("IsMultiRegionTrail").unwrap_or(false),
        organization,
        global_events: call.flag("IncludeGlobalServiceEvents").unwrap_or(true),
        logging: false,
        validated: call.flag("EnableLogFileValidation").unwrap_or(false),
        log_group,
        log_role,
        ..Trail::default()
    };
    let at = At {
        owner: account.clone(),
        region: region.clone(),
        name: name.to_owned(),
    };
    let answer = brief(call, &at, &trail);
    if let Some(account) = call.world.accounts.get_mut(account) {
        let trails = account.trails.entry(region).or_default();
        trails.insert(name.to_owned(), trail);
    }
    Ok(answer)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let at = own(call, "Name")?;
    let logs = log_group(call)?;
    let validated = call.flag("EnableLogFileValidation");
    let organization = call.flag("IsOrganizationTrail");
    check_organization(call, organization.unwrap_or(false))?;
    let bucket = call.optional("S3BucketName");
    let multi = call.flag("IsMultiRegionTrail");
    change(call, &at, |trail| {
        if let Some(bucket) = bucket {
            bucket.clone_into(&mut trail.bucket);
        }
        trail.multi_region = multi.unwrap_or(trail.multi_region);
        trail.organization = organization.unwrap_or(trail.organization);
        trail.validated = validated.unwrap_or(trail.validated);
        if let Some((group, role)) = logs {
            (trail.log_group, trail.log_role) = (Some(group), Some(role));
        }
    });
    Ok(with(call, &at, |trail| brief(call, &at, trail)))
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let at = own(call, "Name")?;
    let account = call.world.accounts.get_mut(&at.owner);
    if let Some(trails) = account.and_then(|account| account.trails.get_mut(&at.region)) {
        trails.remove(&at.name);
    }
    Ok(json!({}))
}

pub(super) fn start(call: &mut Call<'_>) -> Outcome {
    let (at, now) = (own(call, "Name")?, call.now());
    change(call, &at, |trail| {
        (trail.logging, trail.started_at) = (true, Some(now));
    });
    Ok(json!({}))
}

pub(super) fn stop(call: &mut Call<'_>) -> Outcome {
    let (at, now) = (own(call, "Name")?, call.now());
    change(call, &at, |trail| {
        (trail.logging, trail.stopped_at) = (false, Some(now));
    });
    Ok(json!({}))
}
