//! Trails: where they are, whether they log. Nothing is delivered to their buckets.

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use crate::sim::json::set;
use crate::sim::refusal::Refusal;
use crate::sim::world::Trail;

const MOST_TRAILS: usize = 5;

/// Region and name of a trail of the caller's account, by name or ARN.
fn find(call: &Call<'_>, given: &str) -> Result<(String, String), Refusal> {
    let missing = || {
        let account = &call.caller.account;
        let text = format!("Unknown trail: {given} for the user: {account}");
        Refusal::new("TrailNotFoundException", text)
    };
    let (region, name) = match given.strip_prefix("arn:") {
        None => (call.request.region.as_str(), given),
        Some(arn) => {
            let region = arn.split(':').nth(2).ok_or_else(missing)?;
            (region, given.rsplit('/').next().unwrap_or_default())
        }
    };
    let account = call.world.accounts.get(&call.caller.account);
    let trails = account.and_then(|account| account.trails.get(region));
    let known = trails.is_some_and(|trails| trails.contains_key(name));
    if known {
        Ok((region.to_owned(), name.to_owned()))
    } else {
        Err(missing())
    }
}

fn named(call: &Call<'_>, member: &str) -> Result<(String, String), Refusal> {
    let given = call.optional(member).ok_or_else(|| {
        let text = "Trail name cannot be blank!";
        Refusal::new("InvalidTrailNameException", text)
    })?;
    find(call, given)
}

fn change(call: &mut Call<'_>, (region, name): &(String, String), change: impl FnOnce(&mut Trail)) {
    let account = call.world.accounts.get_mut(&call.caller.account);
    let trails = account.and_then(|account| account.trails.get_mut(region));
    if let Some(trail) = trails.and_then(|trails| trails.get_mut(name)) {
        change(trail);
    }
}

fn arn(call: &Call<'_>, region: &str, name: &str) -> String {
    let (partition, account) = (call.world.partition, &call.caller.account);
    format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}")
}

/// What creating and updating answer; describing answers more.
fn brief(call: &Call<'_>, region: &str, name: &str, trail: &Trail) -> Value {
    json!({
        "Name": name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": arn(call, region, name),
        "LogFileValidationEnabled": false,
        "IsOrganizationTrail": trail.organization,
    })
}

fn full(call: &Call<'_>, region: &str, name: &str, trail: &Trail) -> Value {
    let mut answer = brief(call, region, name, trail);
    set(&mut answer, "HomeRegion", region);
    set(&mut answer, "HasCustomEventSelectors", false);
    set(&mut answer, "HasInsightSelectors", false);
    answer
}

/// The account's trails that work in the call's region, with their home region and name.
fn visible<'a>(call: &'a Call<'_>) -> impl Iterator<Item = (&'a String, &'a String, &'a Trail)> {
    let here = &call.request.region;
    let account = call.world.accounts.get(&call.caller.account);
    let trails = account.into_iter().flat_map(|account| &account.trails);
    trails
        .flat_map(|(region, trails)| {
            trails
                .iter()
                .map(move |(name, trail)| (region, name, trail))
        })
        .filter(move |(region, _, trail)| *region == here || trail.multi_region)
}

#[expect(clippy::unnecessary_wraps, reason = "every handler may refuse")]
pub(super) fn describe(call: &mut Call<'_>) -> Outcome {
    let wanted = call.request.input.get("trailNameList");
    let wanted = wanted.and_then(Value::as_array).filter(|l| !l.is_empty());
    let listed: Vec<Value> = visible(call)
        .filter(|(region, name, _)| {
            wanted.is_none_or(|wanted| {
                let arn = arn(call, region, name);
                wanted.iter().any(|w| w == *name || *w == arn.as_str())
            })
        })
        .map(|(region, name, trail)| full(call, region, name, trail))
        .collect();
    Ok(json!({"trailList": listed}))
}

#[expect(clippy::unnecessary_wraps, reason = "every handler may refuse")]
pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let listed: Vec<Value> = visible(call)
        .map(|(region, name, _)| {
            json!({"TrailARN": arn(call, region, name), "Name": name, "HomeRegion": region})
        })
        .collect();
    Ok(json!({"Trails": listed}))
}

fn with(
    call: &Call<'_>,
    (region, name): &(String, String),
    shape: impl FnOnce(&Trail) -> Value,
) -> Value {
    let account = call.world.accounts.get(&call.caller.account);
    let trails = account.and_then(|account| account.trails.get(region));
    let trail = trails.and_then(|trails| trails.get(name));
    trail.map_or(Value::Null, shape)
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let at = named(call, "Name")?;
    let trail = with(call, &at, |trail| full(call, &at.0, &at.1, trail));
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
        answer
    }))
}

pub(super) fn event_selectors(call: &mut Call<'_>) -> Outcome {
    let at = named(call, "TrailName")?;
    Ok(json!({
        "TrailARN": arn(call, &at.0, &at.1),
        "EventSelectors": [{
            "ReadWriteType": "All",
            "IncludeManagementEvents": true,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }],
    }))
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
        started_at: None,
        stopped_at: None,
    };
    let answer = brief(call, &region, name, &trail);
    if let Some(account) = call.world.accounts.get_mut(account) {
        let trails = account.trails.entry(region).or_default();
        trails.insert(name.to_owned(), trail);
    }
    Ok(answer)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let at = named(call, "Name")?;
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
    });
    Ok(with(call, &at, |trail| brief(call, &at.0, &at.1, trail)))
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let (region, name) = named(call, "Name")?;
    let account = call.world.accounts.get_mut(&call.caller.account);
    if let Some(trails) = account.and_then(|account| account.trails.get_mut(&region)) {
        trails.remove(&name);
    }
    Ok(json!({}))
}

pub(super) fn start(call: &mut Call<'_>) -> Outcome {
    let (at, now) = (named(call, "Name")?, call.now());
    change(call, &at, |trail| {
        (trail.logging, trail.started_at) = (true, Some(now));
    });
    Ok(json!({}))
}

pub(super) fn stop(call: &mut Call<'_>) -> Outcome {
    let (at, now) = (named(call, "Name")?, call.now());
    change(call, &at, |trail| {
        (trail.logging, trail.stopped_at) = (false, Some(now));
    });
    Ok(json!({}))
}
