//! The steps, one file each, in the order in which they are made: whoever comes later relies on what came before, and
//! what protects the person from lock-out comes first.

mod administrator;
mod central_root_access;
mod deny_root_scp;
mod last_use; // of an access key of root's
mod logs_place; // where a trail's events can be watched
mod member_root_credentials;
mod of_members; // what the steps about members have in common
mod of_root; // what the steps about root's own credentials have in common
mod own_credentials; // how they are taken away
mod password_policy;
mod root_access_keys;
mod root_alarm;
mod root_certificates;
mod security_contact;
mod trail;

use super::step::Step;

/// All steps, in their order.
pub(in crate::flow) const STEPS: &[&dyn Step] = &[
    &administrator::Administrator,
    &trail::Trail,
    &root_alarm::RootAlarm,
    &password_policy::PasswordPolicy,
    &security_contact::SecurityContact,
    &central_root_access::CentralRootAccess,
    &root_certificates::RootCertificates,
    // The last of the own account, since it may take away the key that signs the calls: root's, who is no caller for the
    // steps about members.
    &root_access_keys::RootAccessKeys,
    &member_root_credentials::MemberRootCredentials,
    &deny_root_scp::DenyRootScp,
];

/// The step of this name.
pub(in crate::flow) fn step(id: &str) -> Option<&'static dyn Step> {
    STEPS.iter().copied().find(|step| step.id() == id)
}
