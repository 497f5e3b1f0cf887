//! Virtual MFA devices. The codes are not verified, and no session counts as signed in with one.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html>

use serde_json::{Value, json};

use super::super::{Call, Outcome};
use super::{
    account, account_mut, conflict, exists, invalid, missing, page, required, shown, time, user,
    user_name, users,
};
use crate::sim::refusal::Refusal;
use crate::sim::world::MfaDevice;

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let name = required(call, "VirtualMFADeviceName")?;
    let (partition, id) = (call.world.partition, &call.caller.account);
    let serial = format!("arn:{partition}:iam::{id}:mfa/{name}");
    if account(call)?.mfa_devices.contains_key(&serial) {
        return Err(exists("MFADevice", name));
    }
    let devices = &mut account_mut(call)?.mfa_devices;
    devices.insert(serial.clone(), MfaDevice::default());
    Ok(json!({"VirtualMFADevice": {"SerialNumber": serial}}))
}

fn device_mut<'a>(call: &'a mut Call<'_>, serial: &str) -> Result<&'a mut MfaDevice, Refusal> {
    let found = account_mut(call)?.mfa_devices.get_mut(serial);
    found.ok_or_else(|| missing("MFA device", serial))
}

pub(super) fn enable(call: &mut Call<'_>) -> Outcome {
    let (name, serial) = (required(call, "UserName")?, required(call, "SerialNumber")?);
    for member in ["AuthenticationCode1", "AuthenticationCode2"] {
        let code = required(call, member)?;
        if code.len() != 6 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(invalid(&format!("{member} must be six digits")));
        }
    }
    user(call, name)?;
    let enabled = Some((name.to_owned(), call.now()));
    let device = device_mut(call, serial)?;
    if device.enabled.is_some() {
        return Err(exists("MFADevice", serial));
    }
    device.enabled = enabled;
    Ok(Value::Null)
}

pub(super) fn deactivate(call: &mut Call<'_>) -> Outcome {
    let (name, serial) = (user_name(call)?, required(call, "SerialNumber")?);
    user(call, &name)?;
    let device = device_mut(call, serial)?;
    let belongs = device
        .enabled
        .as_ref()
        .is_some_and(|(owner, _)| *owner == name);
    if !belongs {
        return Err(missing("MFA device", serial));
    }
    device.enabled = None;
    Ok(Value::Null)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let serial = required(call, "SerialNumber")?;
    if device_mut(call, serial)?.enabled.is_some() {
        return Err(conflict("Virtual MFA device must be deactivated first."));
    }
    account_mut(call)?.mfa_devices.remove(serial);
    Ok(Value::Null)
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let name = user_name(call)?;
    user(call, &name)?;
    let devices = account(call)?.mfa_devices.iter();
    let devices = devices.filter_map(|(serial, device)| {
        let (owner, since) = device.enabled.as_ref()?;
        let shape = || {
            json!({
                "UserName": shown(&name),
                "SerialNumber": serial,
                "EnableDate": time(*since),
            })
        };
        (*owner == name).then(shape)
    });
    page(call, "MFADevices", devices.collect())
}

pub(super) fn list_virtual(call: &mut Call<'_>) -> Outcome {
    let wanted = match call.optional("AssignmentStatus") {
        None | Some("Any") => None,
        Some("Assigned") => Some(true),
        Some("Unassigned") => Some(false),
        Some(_) => return Err(invalid("AssignmentStatus is not valid")),
    };
    let devices = account(call)?.mfa_devices.iter();
    let devices = devices
        .filter(|(_, device)| wanted.is_none_or(|wanted| device.enabled.is_some() == wanted))
        .map(|(serial, device)| {
            let mut shape = json!({"SerialNumber": serial});
            if let Some((owner, since)) = &device.enabled {
                crate::sim::json::set(&mut shape, "EnableDate", time(*since));
                if let Ok(user) = user(call, owner) {
                    let owner = users::shape(call, owner, user);
                    crate::sim::json::set(&mut shape, "User", owner);
                }
            }
            shape
        });
    page(call, "VirtualMFADevices", devices.collect())
}
