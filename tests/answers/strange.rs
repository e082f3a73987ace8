//! Every call of every flow that changes something is answered by something that is no answer of AWS's, with a status that
//! means success. After each the world is held to the exit code, and recovered where something is left: 0 only where what
//! was to be done is done.

use super::flows::*;
use super::hardening::*;
use crate::docs::hold;
use crate::harden::administrator::faults::{made, made_after_another, unmade};
use crate::harden::world::Kind;
use crate::rotation::faults::scene::Flow;
use crate::support::blows::{side_by_side, tally};
use glasskey::aws::Call;
use glasskey::sim::aws::{Fault, Strange, Wrong};
use std::collections::{BTreeMap, BTreeSet};

/// A call in a flow, and what tries it: the exit code after this fault, and the kind of ending.
struct Row {
    flow: &'static str,
    action: &'static str,
    run: fn(Fault) -> (i32, &'static str),
}

const ENROLL: &str = "enroll";
const ROSTER: &str = "enroll --roster";
const ROTATE: &str = "rotate";
const OWN: &str = "rotate, by the user";
const FIRST: &str = "rotate --replace-first";
const RETIRE: &str = "retire";
const KEY: &str = "rotate --access-key";
const FINISH: &str = "recover --finish, of rotate";
const UNDO: &str = "recover --undo, of rotate";
const REMOVE: &str = "root remove";
const HARDEN: &str = "root harden";
const TRAIL: &str = "root harden, the trail";
const ALARM: &str = "root harden, the alarm";
const RULES: &str = "root harden --via eventbridge";
const KMS: &str = "root harden --kms";
const ADMINISTRATOR: &str = "root harden, the administrator";
const PROOF: &str = "root alarm test";
const ORGANIZATION: &str = "root harden --org";
const UNHARDEN: &str = "root harden --undo";

const ROWS: &[Row] = &[
    Row { flow: ENROLL, action: "CreateVirtualMFADevice", run: enrolled },
    Row { flow: ENROLL, action: "EnableMFADevice", run: enrolled },
    Row { flow: "enroll, undone", action: "DeleteVirtualMFADevice", run: undone },
    Row { flow: "enroll, by the user", action: "GetSessionToken", run: enrolled_by_themselves },
    Row { flow: ROSTER, action: "CreateVirtualMFADevice", run: roster },
    Row { flow: ROSTER, action: "EnableMFADevice", run: roster },
    Row { flow: ROTATE, action: "TagUser", run: |fault| scene(Flow::Rotate, fault) },
    Row { flow: ROTATE, action: "CreateVirtualMFADevice", run: |fault| scene(Flow::Rotate, fault) },
    Row { flow: ROTATE, action: "EnableMFADevice", run: |fault| scene(Flow::Rotate, fault) },
    Row { flow: ROTATE, action: "DeactivateMFADevice", run: |fault| scene(Flow::Rotate, fault) },
    Row { flow: ROTATE, action: "DeleteVirtualMFADevice", run: |fault| scene(Flow::Rotate, fault) },
    Row { flow: ROTATE, action: "UntagUser", run: |fault| scene(Flow::Rotate, fault) },
    Row { flow: OWN, action: "GetSessionToken", run: |fault| scene(Flow::RotateOwn, fault) },
    Row { flow: "rotate, the proof", action: "GetSessionToken", run: |fault| scene(Flow::RotateOwn, second(fault)) },
    Row { flow: FIRST, action: "DeactivateMFADevice", run: |fault| scene(Flow::ReplaceFirst, fault) },
    Row { flow: FIRST, action: "EnableMFADevice", run: |fault| scene(Flow::ReplaceFirst, fault) },
    Row { flow: RETIRE, action: "TagUser", run: |fault| scene(Flow::Retire, fault) },
    Row { flow: RETIRE, action: "DeactivateMFADevice", run: |fault| scene(Flow::Retire, fault) },
    Row { flow: RETIRE, action: "DeleteVirtualMFADevice", run: |fault| scene(Flow::Retire, fault) },
    Row { flow: RETIRE, action: "UntagUser", run: |fault| scene(Flow::Retire, fault) },
    Row { flow: "resync", action: "ResyncMFADevice", run: |fault| scene(Flow::Resync, fault) },
    Row { flow: KEY, action: "CreateAccessKey", run: rotated_key },
    Row { flow: KEY, action: "UpdateAccessKey", run: rotated_key },
    Row { flow: KEY, action: "DeleteAccessKey", run: rotated_key },
    Row { flow: "recover --finish", action: "EnableMFADevice", run: |fault| recovered("--finish", fault) },
    Row { flow: "recover --undo", action: "DeleteVirtualMFADevice", run: |fault| recovered("--undo", fault) },
    Row { flow: "recover --undo, of an enabled device", action: "DeactivateMFADevice", run: enabled_taken_back },
    Row { flow: FINISH, action: "TagUser", run: |fault| rotation("--finish", fault) },
    Row { flow: FINISH, action: "DeactivateMFADevice", run: |fault| rotation("--finish", fault) },
    Row { flow: FINISH, action: "DeleteVirtualMFADevice", run: |fault| rotation("--finish", fault) },
    Row { flow: FINISH, action: "UntagUser", run: |fault| rotation("--finish", fault) },
    Row { flow: UNDO, action: "DeactivateMFADevice", run: |fault| rotation("--undo", fault) },
    Row { flow: UNDO, action: "DeleteVirtualMFADevice", run: |fault| rotation("--undo", fault) },
    Row { flow: "recover --undo, of --replace-first", action: "EnableMFADevice", run: enabled_again },
    Row { flow: "recover --finish, of retire", action: "DeleteVirtualMFADevice", run: retirement },
    Row {
        flow: "recover --finish, of an access key",
        action: "DeleteAccessKey",
        run: |fault| key("--finish", fault),
    },
    Row { flow: "recover --undo, of an access key", action: "UpdateAccessKey", run: |fault| key("--undo", fault) },
    Row { flow: "recover --undo, of an access key", action: "DeleteAccessKey", run: |fault| key("--undo", fault) },
    Row { flow: "devices --prove", action: "GetSessionToken", run: proved },
    Row { flow: "session", action: "GetSessionToken", run: |fault| session(false, fault) },
    Row { flow: "session --role", action: "AssumeRole", run: |fault| session(true, fault) },
    Row { flow: "drill", action: "GetSessionToken", run: drilled },
    Row { flow: "root audit", action: "GenerateCredentialReport", run: audited },
    Row { flow: "root audit --org", action: "AssumeRoot", run: organization_audited },
    Row { flow: HARDEN, action: "UpdateAccountPasswordPolicy", run: |fault| hardened(Kind::Bare, fault) },
    Row { flow: HARDEN, action: "PutAlternateContact", run: |fault| hardened(Kind::Managing, fault) },
    Row { flow: HARDEN, action: "EnableAWSServiceAccess", run: |fault| hardened(Kind::Managing, fault) },
    Row {
        flow: HARDEN,
        action: "EnableOrganizationsRootCredentialsManagement",
        run: |fault| hardened(Kind::Managing, fault),
    },
    Row { flow: HARDEN, action: "EnableOrganizationsRootSessions", run: |fault| hardened(Kind::Managing, fault) },
    Row { flow: HARDEN, action: "UpdateSigningCertificate", run: |fault| hardened(Kind::OfRoot, fault) },
    Row { flow: HARDEN, action: "DeleteSigningCertificate", run: |fault| hardened(Kind::OfRoot, fault) },
    Row { flow: TRAIL, action: "CreateBucket", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutPublicAccessBlock", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutBucketOwnershipControls", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutBucketEncryption", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutBucketVersioning", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutBucketPolicy", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "CreateLogGroup", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutRetentionPolicy", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "CreateRole", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "PutRolePolicy", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "CreateTrail", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: TRAIL, action: "StartLogging", run: |fault| hardened(Kind::Untrailed, fault) },
    Row { flow: "root harden, a trail mended", action: "UpdateTrail", run: mended },
    Row { flow: ALARM, action: "CreateTopic", run: |fault| hardened(Kind::Watched, fault) },
    Row { flow: ALARM, action: "SetTopicAttributes", run: |fault| hardened(Kind::Watched, fault) },
    Row { flow: ALARM, action: "Subscribe", run: |fault| hardened(Kind::Watched, fault) },
    Row { flow: ALARM, action: "PutMetricFilter", run: |fault| hardened(Kind::Watched, fault) },
    Row { flow: ALARM, action: "PutMetricAlarm", run: |fault| hardened(Kind::Watched, fault) },
    Row { flow: RULES, action: "PutRule", run: |fault| hardened(Kind::Ruled, fault) },
    Row { flow: RULES, action: "PutTargets", run: |fault| hardened(Kind::Ruled, fault) },
    Row { flow: KMS, action: "CreateKey", run: |fault| hardened(Kind::Keyed, fault) },
    Row { flow: KMS, action: "EnableKeyRotation", run: |fault| hardened(Kind::Keyed, fault) },
    Row { flow: KMS, action: "CreateAlias", run: |fault| hardened(Kind::Keyed, fault) },
    Row { flow: "root harden --kms, after a run that stopped", action: "PutKeyPolicy", run: keyed_after_another },
    Row { flow: ADMINISTRATOR, action: "CreateGroup", run: made },
    Row { flow: ADMINISTRATOR, action: "AttachGroupPolicy", run: made },
    Row { flow: ADMINISTRATOR, action: "CreateUser", run: made },
    Row { flow: ADMINISTRATOR, action: "CreateLoginProfile", run: made },
    Row { flow: ADMINISTRATOR, action: "AddUserToGroup", run: made },
    Row {
        flow: "root harden, the administrator after a run that stopped",
        action: "UpdateLoginProfile",
        run: made_after_another,
    },
    Row {
        flow: ORGANIZATION,
        action: "EnableAWSServiceAccess",
        run: |fault| hardened(Kind::OrganizationTrail, fault),
    },
    Row { flow: "root harden --delegate", action: "RegisterDelegatedAdministrator", run: delegated },
    Row { flow: ORGANIZATION, action: "CreateTrail", run: |fault| hardened(Kind::OrganizationTrail, fault) },
    Row { flow: ORGANIZATION, action: "DeleteLoginProfile", run: |fault| hardened(Kind::Organization, fault) },
    Row { flow: ORGANIZATION, action: "EnablePolicyType", run: |fault| hardened(Kind::Guarded, fault) },
    Row { flow: ORGANIZATION, action: "CreatePolicy", run: |fault| hardened(Kind::Guarded, fault) },
    Row { flow: ORGANIZATION, action: "AttachPolicy", run: |fault| hardened(Kind::Guarded, fault) },
    Row { flow: "root harden --allow-recovery", action: "CreateLoginProfile", run: recovery_allowed },
    Row { flow: UNHARDEN, action: "DeleteAccountPasswordPolicy", run: unhardened },
    Row { flow: UNHARDEN, action: "DeleteAlternateContact", run: unhardened },
    Row { flow: UNHARDEN, action: "DisableAWSServiceAccess", run: unhardened },
    Row { flow: UNHARDEN, action: "DisableOrganizationsRootCredentialsManagement", run: unhardened },
    Row { flow: UNHARDEN, action: "DisableOrganizationsRootSessions", run: unhardened },
    Row { flow: UNHARDEN, action: "DetachPolicy", run: unguarded },
    Row { flow: UNHARDEN, action: "DeletePolicy", run: unguarded },
    Row { flow: UNHARDEN, action: "StopLogging", run: |fault| untrailed(Kind::Untrailed, fault) },
    Row { flow: UNHARDEN, action: "DeleteTrail", run: |fault| untrailed(Kind::Untrailed, fault) },
    Row { flow: UNHARDEN, action: "DeleteRolePolicy", run: |fault| untrailed(Kind::Untrailed, fault) },
    Row { flow: UNHARDEN, action: "DeleteRole", run: |fault| untrailed(Kind::Untrailed, fault) },
    Row {
        flow: "root harden --undo, of --org",
        action: "DisableAWSServiceAccess",
        run: |fault| untrailed(Kind::OrganizationTrail, fault),
    },
    Row { flow: UNHARDEN, action: "DeleteBucketPolicy", run: unpolicied },
    Row { flow: UNHARDEN, action: "DeregisterDelegatedAdministrator", run: undelegated },
    Row { flow: UNHARDEN, action: "DeleteAlarms", run: |fault| unwatched(Kind::Watched, fault) },
    Row { flow: UNHARDEN, action: "DeleteMetricFilter", run: |fault| unwatched(Kind::Watched, fault) },
    Row { flow: UNHARDEN, action: "DeleteTopic", run: |fault| unwatched(Kind::Watched, fault) },
    Row { flow: UNHARDEN, action: "RemoveTargets", run: |fault| unwatched(Kind::Ruled, fault) },
    Row { flow: UNHARDEN, action: "DeleteRule", run: |fault| unwatched(Kind::Ruled, fault) },
    Row { flow: UNHARDEN, action: "DeleteAlias", run: |fault| unwatched(Kind::Keyed, fault) },
    Row { flow: UNHARDEN, action: "ScheduleKeyDeletion", run: |fault| unwatched(Kind::Keyed, fault) },
    Row { flow: "root harden --undo, where the topic stays", action: "Unsubscribe", run: unsubscribed },
    Row { flow: UNHARDEN, action: "RemoveUserFromGroup", run: unmade },
    Row { flow: UNHARDEN, action: "DeleteLoginProfile", run: unmade },
    Row { flow: UNHARDEN, action: "DeleteUser", run: unmade },
    Row { flow: UNHARDEN, action: "DetachGroupPolicy", run: unmade },
    Row { flow: UNHARDEN, action: "DeleteGroup", run: unmade },
    Row { flow: "recover --undo, of root harden", action: "DeleteLogGroup", run: emptied },
    Row { flow: "recover --undo, of root harden", action: "DeleteBucket", run: emptied },
    Row { flow: "root alarm confirm", action: "ConfirmSubscription", run: confirmed },
    Row { flow: PROOF, action: "CreateLogStream", run: proven },
    Row { flow: PROOF, action: "PutLogEvents", run: proven },
    Row { flow: PROOF, action: "PutEvents", run: proven_by_rules },
    Row { flow: PROOF, action: "SetAlarmState", run: proven_by_mail },
    Row { flow: "root remove, the look", action: "AssumeRoot", run: removed },
    Row { flow: REMOVE, action: "AssumeRoot", run: |fault| removed(second(fault)) },
    Row { flow: REMOVE, action: "DeactivateMFADevice", run: removed },
    Row { flow: REMOVE, action: "DeleteVirtualMFADevice", run: removed_phone },
];

/// Each in a world of its own; those that resynchronise wait for two new codes.
const AT_ONCE: usize = 24;

/// Once, after the request was carried out; once, though it was not; and every time, though it never is.
fn faults(action: &str, what: Strange) -> [Fault; 3] {
    let once = |done| Fault::next(action, Wrong::Reply { what, done });
    [once(true), once(false), Fault { times: 999, ..once(false) }]
}

/// The second of its kind.
fn second(fault: Fault) -> Fault {
    Fault { nth: 2, ..fault }
}

#[test]
fn every_call_that_changes_something_has_a_row() {
    // Part of making a device with tags; nothing calls it by itself.
    let alone = Call::changing().filter(|call| *call != Call::TagMfaDevice).map(|call| call.to_string());
    let tried: BTreeSet<_> = ROWS.iter().map(|row| row.action.to_owned()).collect();
    assert_eq!(tried, alone.collect());
}

#[test]
fn no_flow_takes_what_is_not_an_answer_of_aws_for_one() {
    let mut cases = Vec::new();
    for (nth, row) in ROWS.iter().enumerate() {
        for what in Strange::ALL {
            cases.extend(faults(row.action, what).map(|fault| (nth, row, what, fault)));
        }
    }
    // Those that wait longest begin first.
    cases.sort_by_key(|(_, row, ..)| row.flow != "resync");
    let tried = side_by_side(AT_ONCE, cases, |(nth, row, what, fault)| {
        let always = fault.times > 1;
        let (code, ending) = (row.run)(fault);
        (nth, what, always, code, ending)
    });
    tally("strange replies", &tried.iter().map(|it| it.4).collect::<Vec<_>>());
    let mut cells: BTreeMap<(usize, usize), BTreeSet<(bool, i32)>> = BTreeMap::new();
    for (nth, what, always, code, _) in tried {
        let column = Strange::ALL.iter().position(|it| *it == what).unwrap();
        cells.entry((nth, column)).or_default().insert((always, code));
    }
    let mut right = String::from(
        "| flow | call | 200, a page | 200, nothing | 204 | 200, `{}` | 200, cut short | 200, another call's answer |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (nth, row) in ROWS.iter().enumerate() {
        right += &format!("| {} | {} |", row.flow, row.action);
        for column in 0..Strange::ALL.len() {
            let codes = |of_always: bool| {
                let of = cells[&(nth, column)].iter().filter(|(always, _)| *always == of_always);
                of.map(|(_, code)| code.to_string()).collect::<Vec<_>>().join(" or ")
            };
            right += &format!(" {}; {} |", codes(false), codes(true));
        }
        right.push('\n');
    }
    hold("docs/flows.md", "answers", &right);
}
