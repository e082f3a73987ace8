//! Reading MFA devices: lists, and what is certified. Never a seed.

use super::super::state::{Device, Owner};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::devices::missing;
use super::{named_user, owner, page, users};

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let devices = ctx.state.devices_of(&owner).map(|device| (device.serial.clone(), device)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "MFADevices", devices, |xml, device| {
        if let Owner::User(name) = &owner {
            xml.text("UserName", name);
        }
        xml.text("SerialNumber", &device.serial);
        write_enable_date(xml, device);
    })?;
    Ok(xml)
}

pub(super) fn list_virtual(ctx: &mut Ctx<'_>) -> Outcome {
    let wanted: fn(&Device) -> bool = match ctx.form.get("AssignmentStatus") {
        None | Some("Any") => |_| true,
        Some("Assigned") => |device| device.enabled.is_some(),
        Some("Unassigned") => |device| device.enabled.is_none(),
        Some(_) => {
            let must = "satisfy enum value set: [Unassigned, Any, Assigned]";
            return Err(Refusal::constraint("AssignmentStatus", must));
        }
    };
    let all = ctx.state.devices.values().filter(|device| device.is_virtual() && wanted(device));
    let devices = all.map(|device| (device.serial.clone(), device)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "VirtualMFADevices", devices, |xml, device| {
        xml.text("SerialNumber", &device.serial);
        write_enable_date(xml, device);
        match device.owner() {
            Some(Owner::User(name)) => {
                if let Some(user) = ctx.state.users.get(name) {
                    xml.element("User", |xml| users::write(xml, ctx.state, user));
                }
            }
            Some(Owner::Root) => xml.element("User", |xml| users::write_root(xml, ctx.state)),
            None => {}
        }
    })?;
    Ok(xml)
}

/// For FIDO security keys only.
pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let serial = ctx.form.required("SerialNumber")?;
    let owner = match ctx.form.get("UserName") {
        Some(_) => Some(Owner::User(named_user(ctx.state, ctx.form)?.name.clone())),
        None => ctx.caller.owner(),
    };
    let device = ctx.state.devices.get(serial).ok_or_else(|| missing(serial))?;
    if !device.serial.contains(":u2f/") {
        return Err(Refusal::validation(
            "The MFA device serial number sent in the request is invalid or not supported by this API. Currently, only hardware FIDO security keys are supported. Please use the compatible device or API.",
        ));
    }
    if !owner.is_some_and(|owner| device.is_of(&owner)) {
        return Err(Refusal::missing("MFA Device invalid for user."));
    }
    let mut xml = Xml::default();
    if let Some(Owner::User(name)) = device.owner() {
        xml.text("UserName", name);
    }
    xml.text("SerialNumber", &device.serial);
    write_enable_date(&mut xml, device);
    xml.element("Certifications", |xml| {
        xml.element("entry", |entry| {
            entry.text("key", "FIDO");
            entry.text("value", "L1");
        });
    });
    Ok(xml)
}

fn write_enable_date(xml: &mut Xml, device: &Device) {
    if let Some((_, at)) = &device.enabled {
        xml.text("EnableDate", &iso(*at));
    }
}
