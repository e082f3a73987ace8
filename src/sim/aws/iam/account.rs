//! The account as a whole: its summary and its alias.

use super::super::state::{DEVICES_PER_USER, Owner};
use super::super::wire::Xml;
use super::super::{Ctx, Outcome};

/// The counts and quotas of GetAccountSummary. Root's keys count whether active or not.
pub(super) fn summary(ctx: &mut Ctx<'_>) -> Outcome {
    let state = &ctx.state;
    let virtual_devices = state.devices.values().filter(|device| device.is_virtual());
    let root_keys = state.keys_of(&Owner::Root).count();
    let root_certificates = state.certificates.values().filter(|one| one.owner == Owner::Root).count();
    let root_devices = state.devices_of(&Owner::Root).count();
    let counts = [
        ("Users", state.users.len()),
        ("UsersQuota", 5000),
        ("Groups", state.groups.len()),
        ("GroupsQuota", 300),
        ("GroupsPerUserQuota", 10),
        ("Roles", state.roles.len()),
        ("RolesQuota", 1000),
        ("Policies", state.managed.len()),
        ("PoliciesQuota", 1500),
        ("AccessKeysPerUserQuota", 2),
        ("SigningCertificatesPerUserQuota", 2),
        ("MFADevicesPerUserQuota", DEVICES_PER_USER),
        ("MFADevices", virtual_devices.count()),
        ("MFADevicesInUse", state.devices.values().filter(|device| device.enabled.is_some()).count()),
        ("AccountMFAEnabled", usize::from(root_devices > 0)),
        ("AccountAccessKeysPresent", root_keys.min(1)),
        ("AccountPasswordPresent", usize::from(state.root.password.is_some())),
        ("AccountSigningCertificatesPresent", root_certificates.min(1)),
        ("GlobalEndpointTokenVersion", 1),
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

pub(super) fn aliases(_: &mut Ctx<'_>) -> Outcome {
    let mut xml = Xml::default();
    xml.list("AccountAliases", std::iter::empty::<()>(), |_, ()| {});
    xml.text("IsTruncated", "false");
    Ok(xml)
}
