//! The account as a whole.

use super::super::state::{DEVICES_PER_USER, Owner};
use super::super::wire::Xml;
use super::super::{Ctx, Outcome};

/// The counts this simulator knows. Root always has a password.
pub(super) fn summary(ctx: &mut Ctx<'_>) -> Outcome {
    let state = &ctx.state;
    let virtual_devices = state.devices.values().filter(|device| device.is_virtual());
    let root_keys = state.keys_of(&Owner::Root).count();
    let root_devices = state.devices_of(&Owner::Root).count();
    let counts = [
        ("Users", state.users.len()),
        ("UsersQuota", 5000),
        ("Roles", state.roles.len()),
        ("RolesQuota", 1000),
        ("AccessKeysPerUserQuota", 2),
        ("MFADevicesPerUserQuota", DEVICES_PER_USER),
        ("MFADevices", virtual_devices.count()),
        ("MFADevicesInUse", state.devices.values().filter(|device| device.enabled.is_some()).count()),
        ("AccountMFAEnabled", usize::from(root_devices > 0)),
        ("AccountAccessKeysPresent", root_keys.min(1)),
        ("AccountPasswordPresent", 1),
        ("AccountSigningCertificatesPresent", 0),
    ];
    let mut xml = Xml::default();
    xml.element("SummaryMap", |map| {
        for (key, value) in counts {
            map.element("entry", |entry| {
                entry.text("key", key);
                entry.text("value", &value.to_string());
            });
        }
    });
    Ok(xml)
}
