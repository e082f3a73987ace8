//! MFA devices: create, enable, resynchronise, deactivate, delete.

use super::super::codes::{self, Codes};
use super::super::qr;
use super::super::state::{DEVICES_PER_USER, Device, Owner, State, Totp};
use super::super::wire::{Form, Refusal, Xml};
use super::super::{Ctx, Outcome};
use super::{name, named_user, owner, path, tags};
use std::ops::RangeInclusive;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Where the second code of a pair is looked for: steps around the device's adjusted clock.
const SEARCH: RangeInclusive<i64> = -998..=1000;

pub(super) fn create_virtual(ctx: &mut Ctx<'_>) -> Outcome {
    let path = path(ctx.form)?;
    let name = name(ctx.form, "VirtualMFADeviceName", 226)?;
    let serial = ctx.state.arn(&format!("mfa{path}{name}"));
    if serial.len() > 256 {
        return Err(Refusal::constraint("SerialNumber", "have length less than or equal to 256"));
    }
    let tags = tags::given(ctx.form)?;
    if ctx.state.devices.contains_key(&serial) {
        return Err(Refusal::exists("MFA device already exists."));
    }
    let totp = Totp::new();
    let base32 = Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&totp.seed));
    let uri = Zeroizing::new(format!("otpauth://totp/{name}@{}?secret={}", ctx.state.account, *base32));
    let picture = Zeroizing::new(data_encoding::BASE64.encode(&qr::png(&uri)));
    let mut xml = Xml::default();
    xml.element("VirtualMFADevice", |device| {
        device.text("SerialNumber", &serial);
        // A blob on the wire: base64 around text that is base32 already.
        device.text("Base32StringSeed", &Zeroizing::new(data_encoding::BASE64.encode(base32.as_bytes())));
        device.text("QRCodePNG", &picture);
        if !tags.is_empty() {
            tags::write(device, &tags);
        }
    });
    let device = Device { serial: serial.clone(), totp: Some(totp), enabled: None, tags };
    ctx.state.devices.insert(serial, device);
    Ok(xml)
}

pub(super) fn delete_virtual(ctx: &mut Ctx<'_>) -> Outcome {
    let serial = ctx.form.required("SerialNumber")?;
    let device = ctx.state.devices.get(serial).filter(|device| device.is_virtual()).ok_or_else(|| missing(serial))?;
    if device.enabled.is_some() {
        return Err(Refusal::conflict("MFA VirtualDevice in use. Must deactivate first."));
    }
    ctx.state.devices.remove(serial);
    Ok(Xml::default())
}

pub(super) fn enable(ctx: &mut Ctx<'_>) -> Outcome {
    let pair = pair(ctx.form)?;
    let serial = ctx.form.required("SerialNumber")?;
    let owner = Owner::User(named_user(ctx.state, ctx.form)?.name.clone());
    may_manage(ctx, &owner)?;
    let device = ctx.state.devices.get(serial).ok_or_else(|| missing(serial))?;
    match (device.owner(), &owner) {
        (Some(holder), Owner::User(name)) if *holder == owner => {
            return Err(Refusal::exists(format!("MFA Device for user {name} already exists.")));
        }
        (Some(_), _) => return Err(Refusal::exists("MFA Device is already in use.")),
        (None, _) => {}
    }
    if ctx.state.devices_of(&owner).count() >= DEVICES_PER_USER {
        return Err(Refusal::limit(format!("Cannot exceed quota for MFADevicesPerUser: {DEVICES_PER_USER}")));
    }
    let (now, propagation) = (ctx.now, ctx.state.propagation);
    let (device, totp) = virtual_device(ctx.state, serial)?;
    synchronise(totp, pair, now)?;
    totp.announce(Some(owner.clone()), now, propagation);
    *device = Some((owner, now));
    Ok(Xml::default())
}

pub(super) fn resync(ctx: &mut Ctx<'_>) -> Outcome {
    let pair = pair(ctx.form)?;
    let serial = ctx.form.required("SerialNumber")?;
    let owner = Owner::User(named_user(ctx.state, ctx.form)?.name.clone());
    assigned(ctx.state, serial, &owner)?;
    let (now, propagation) = (ctx.now, ctx.state.propagation);
    let (_, totp) = virtual_device(ctx.state, serial)?;
    synchronise(totp, pair, now)?;
    totp.announce(Some(owner), now, propagation);
    Ok(Xml::default())
}

pub(super) fn deactivate(ctx: &mut Ctx<'_>) -> Outcome {
    let serial = ctx.form.required("SerialNumber")?;
    let owner = owner(ctx)?;
    may_manage(ctx, &owner)?;
    assigned(ctx.state, serial, &owner)?;
    let (now, propagation) = (ctx.now, ctx.state.propagation);
    let device = ctx.state.devices.get_mut(serial).filter(|device| device.is_virtual());
    match device {
        // The device, its seed, its tags and its history stay, unassigned.
        Some(Device { totp: Some(totp), enabled, .. }) => {
            totp.announce(None, now, propagation);
            *enabled = None;
        }
        // A security key or a hardware token has no life of its own in IAM.
        _ => drop(ctx.state.devices.remove(serial)),
    }
    Ok(Xml::default())
}

pub(super) fn missing(serial: &str) -> Refusal {
    Refusal::missing(format!("MFA Device with serial number {serial} does not exist."))
}

/// A user who has a device may add or remove their own only through a session opened with MFA, whatever the policies
/// say (AWS bulletin AWS-2023-001). Told before anything about the device is.
fn may_manage(ctx: &Ctx<'_>, owner: &Owner) -> Result<(), Refusal> {
    let own = matches!(owner, Owner::User(_)) && ctx.caller.owner().as_ref() == Some(owner);
    if own && !ctx.caller.mfa && ctx.state.devices_of(owner).next().is_some() {
        return Err(Refusal::denied(
            "To complete this action, please ensure that you are authenticated with an MFA device that is enabled \
             for this user.",
        ));
    }
    Ok(())
}

/// The device exists and is this owner's.
fn assigned(state: &State, serial: &str, owner: &Owner) -> Result<(), Refusal> {
    let device = state.devices.get(serial).ok_or_else(|| missing(serial))?;
    if device.is_of(owner) { Ok(()) } else { Err(Refusal::missing("MFA Device invalid for user.")) }
}

type Enabled = Option<(Owner, SystemTime)>;

fn virtual_device<'s>(state: &'s mut State, serial: &str) -> Result<(&'s mut Enabled, &'s mut Totp), Refusal> {
    match state.devices.get_mut(serial) {
        Some(Device { totp: Some(totp), enabled, .. }) => Ok((enabled, totp)),
        Some(_) => Err(wrong_codes()),
        None => Err(missing(serial)),
    }
}

fn pair(form: &Form) -> Result<(&str, &str), Refusal> {
    let code = |name: &str| {
        let code = form.required(name)?;
        codes::well_formed(name, code).map(|()| code)
    };
    Ok((code("AuthenticationCode1")?, code("AuthenticationCode2")?))
}

fn wrong_codes() -> Refusal {
    Refusal::new(403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
}

/// Finds the pair around the device's adjusted clock and sets that clock by it. Both codes must be newer than the last
/// pair accepted, whoever the device belonged to then. A pair far from the present is accepted too: the device then
/// counts as out of step by that much.
pub(in super::super) fn synchronise(
    totp: &mut Totp,
    (first, second): (&str, &str),
    now: SystemTime,
) -> Result<(), Refusal> {
    let current = codes::step(now);
    let codes = Codes::of(&totp.seed);
    // The nearest steps first: nearly every pair is the present one.
    let mut steps: Vec<i64> = SEARCH.map(|delta| current + totp.offset + delta).collect();
    steps.sort_by_key(|step| (step - current - totp.offset).abs());
    let found = steps
        .into_iter()
        .filter(|step| totp.last_pair.is_none_or(|last| step - 1 > last))
        .find(|step| codes.is(first, step - 1) && codes.is(second, *step))
        .ok_or_else(wrong_codes)?;
    totp.last_pair = Some(found);
    totp.offset = found - current;
    Ok(())
}
