//! STS: single codes, what it sees of IAM and when, and the sessions it opens.

use super::client::{call, code, create, noon, pair, session, verdict};
use super::{account, wait};
use glasskey::sim::aws::{Aws, Keys};

const WRONG: &str = "403 AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.";
const UNABLE: &str = "403 AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify \
                      your MFA serial number is valid and associated with this user.";

/// A user with an enabled device that STS has known for long.
fn bob(aws: &Aws) -> (Keys, String) {
    let bob = aws.add_user("bob");
    let serial = aws.add_device_for("bob", 1).remove(0);
    (bob, serial)
}

#[test]
fn codes_of_two_steps_around_are_good_and_each_is_good_once() {
    for (from_now, expected) in
        [(-3, WRONG), (-2, "200"), (-1, "200"), (0, "200"), (1, "200"), (2, "200"), (3, WRONG)]
    {
        let (aws, _) = account();
        let (keys, serial) = bob(&aws);
        assert_eq!(session(&aws, &keys, &serial, from_now).verdict(), expected, "{from_now}");
        if expected == "200" {
            assert_eq!(session(&aws, &keys, &serial, from_now).verdict(), WRONG, "{from_now} again");
        }
    }
}

#[test]
fn a_used_code_stays_used_through_deactivation() {
    let (aws, admin) = account();
    let (keys, serial) = bob(&aws);
    aws.set_propagation(std::time::Duration::ZERO);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), "200");
    let off = [("UserName", "bob"), ("SerialNumber", serial.as_str())];
    assert_eq!(verdict(&aws, &admin, "DeactivateMFADevice", &off), "200");
    assert_eq!(pair(&aws, &admin, "EnableMFADevice", "bob", &serial, 0), "200");
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), WRONG);
    assert_eq!(session(&aws, &keys, &serial, -1).verdict(), "200", "enabling spends no code");
}

#[test]
fn the_tolerance_is_around_the_devices_own_clock() {
    let (aws, admin) = account();
    let keys = aws.add_user("bob");
    let serial = create(&aws, &admin, "slow");
    assert_eq!(pair(&aws, &admin, "EnableMFADevice", "bob", &serial, -20), "200");
    wait(&aws, 10);
    for (from_now, expected) in [(0, WRONG), (-23, WRONG), (-22, "200"), (-18, "200"), (-17, WRONG)] {
        assert_eq!(session(&aws, &keys, &serial, from_now).verdict(), expected, "{from_now}");
    }
}

#[test]
fn a_new_device_is_known_only_after_a_while_and_wants_a_fresh_code() {
    let (aws, admin) = account();
    let keys = aws.add_user("bob");
    let serial = create(&aws, &admin, "key");
    assert_eq!(pair(&aws, &admin, "EnableMFADevice", "bob", &serial, 0), "200");
    let offered = aws.clock().now();
    wait(&aws, 9);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), UNABLE);
    wait(&aws, 1);
    assert_eq!(offered, noon());
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), WRONG, "offered too early, refused later too");
    assert_eq!(session(&aws, &keys, &serial, 1).verdict(), "200");
}

#[test]
fn both_enrolment_codes_work_once_the_device_is_known() {
    let (aws, admin) = account();
    let keys = aws.add_user("bob");
    let serial = create(&aws, &admin, "key");
    assert_eq!(pair(&aws, &admin, "EnableMFADevice", "bob", &serial, 0), "200");
    wait(&aws, 20);
    assert_eq!(session(&aws, &keys, &serial, -1).verdict(), "200");
    assert_eq!(session(&aws, &keys, &serial, -2).verdict(), "200");
}

#[test]
fn a_removed_device_works_a_little_longer() {
    let (aws, admin) = account();
    let (keys, serial) = bob(&aws);
    let off = [("UserName", "bob"), ("SerialNumber", serial.as_str())];
    assert_eq!(verdict(&aws, &admin, "DeactivateMFADevice", &off), "200");
    wait(&aws, 3);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), "200");
    wait(&aws, 7);
    assert_eq!(session(&aws, &keys, &serial, 1).verdict(), UNABLE);
}

#[test]
fn a_resynchronised_clock_is_seen_only_after_a_while() {
    let (aws, admin) = account();
    let (keys, serial) = bob(&aws);
    assert_eq!(pair(&aws, &admin, "ResyncMFADevice", "bob", &serial, 100), "200");
    assert_eq!(session(&aws, &keys, &serial, 100).verdict(), WRONG);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), "200");
    wait(&aws, 10);
    assert_eq!(session(&aws, &keys, &serial, 1).verdict(), WRONG);
    assert_eq!(session(&aws, &keys, &serial, 99).verdict(), "200");
}

#[test]
fn nine_verifications_to_a_window_whatever_came_of_them() {
    let (aws, admin) = account();
    let (keys, serial) = bob(&aws);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), "200");
    for _ in 0..8 {
        assert_eq!(session(&aws, &keys, &serial, 50).verdict(), WRONG);
    }
    assert_eq!(session(&aws, &keys, &serial, 1).verdict(), UNABLE);
    // The budget outlives the device under the same name.
    let parameters = [("UserName", "bob"), ("SerialNumber", serial.as_str())];
    assert_eq!(verdict(&aws, &admin, "DeactivateMFADevice", &parameters), "200");
    assert_eq!(verdict(&aws, &admin, "DeleteVirtualMFADevice", &parameters[1..]), "200");
    assert_eq!(create(&aws, &admin, serial.rsplit('/').next().unwrap()), serial);
    assert_eq!(pair(&aws, &admin, "EnableMFADevice", "bob", &serial, 0), "200");
    wait(&aws, 20);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), UNABLE);
    // `noon` is 15 seconds into a window of 180.
    wait(&aws, 180 - 15 - 20 - 1);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), UNABLE);
    wait(&aws, 1);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), "200");
}

#[test]
fn a_code_goes_with_the_callers_own_device() {
    let (aws, _) = account();
    let (keys, serial) = bob(&aws);
    let carol = aws.add_user("carol");
    assert_eq!(session(&aws, &carol, &serial, 0).verdict(), UNABLE);
    let (unknown, digits) = ("arn:aws:iam::111122223333:mfa/none", code(&aws, &serial, 0));
    let with = |parameters: &[(&str, &str)]| verdict(&aws, &keys, "GetSessionToken", parameters);
    assert_eq!(with(&[("SerialNumber", unknown), ("TokenCode", &digits)]), UNABLE);
    let half = "403 AccessDenied: MultiFactorAuthentication failed, must provide both MFA serial number and one time \
                pass code.";
    assert_eq!(with(&[("SerialNumber", &serial)]), half);
    assert_eq!(with(&[("TokenCode", &digits)]), half);
    assert_eq!(session(&aws, &keys, &serial, 0).verdict(), "200", "carol's try did not spend bob's code");
}

#[test]
fn a_session_is_marked_and_ends() {
    let (aws, _) = account();
    let (keys, serial) = bob(&aws);
    let guarded = r#"{"Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*",
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"#;
    aws.allow("bob", guarded).unwrap();
    let list = |keys: &Keys| verdict(&aws, keys, "ListUsers", &[]);
    let denied = "403 AccessDenied: User: arn:aws:iam::111122223333:user/bob is not authorized to perform: \
                  iam:ListUsers on resource: arn:aws:iam::111122223333:user/ because no identity-based policy allows \
                  the iam:ListUsers action";
    assert_eq!(list(&keys), denied);

    let opened = call(
        &aws,
        &keys,
        "GetSessionToken",
        &[("SerialNumber", &serial), ("TokenCode", &code(&aws, &serial, 0)), ("DurationSeconds", "900")],
    );
    let (marked, plain) = (opened.keys(), call(&aws, &keys, "GetSessionToken", &[]).keys());
    assert!(marked.access_key_id.starts_with("ASIA"));
    assert_eq!(list(&marked), "200");
    let identity = call(&aws, &marked, "GetCallerIdentity", &[]).get("Arn");
    assert_eq!(identity.as_deref(), Some("arn:aws:iam::111122223333:user/bob"));
    assert_eq!(
        verdict(&aws, &marked, "GetSessionToken", &[]),
        "403 AccessDenied: Cannot call GetSessionToken with session credentials"
    );
    // A session without MFA may not call IAM at all.
    let invalid = "403 InvalidClientTokenId: The security token included in the request is invalid.";
    assert_eq!(list(&plain), invalid);
    assert_eq!(verdict(&aws, &plain, "GetCallerIdentity", &[]), "200");

    let without_token = Keys { session_token: None, ..marked.clone() };
    assert_eq!(list(&without_token), invalid);
    wait(&aws, 899);
    assert_eq!(list(&marked), "200");
    wait(&aws, 1);
    assert_eq!(list(&marked), "403 ExpiredToken: The security token included in the request is expired");
}

#[test]
fn sessions_last_between_a_quarter_of_an_hour_and_a_day_and_a_half() {
    let (aws, admin) = account();
    for (seconds, bound) in [("899", "greater than or equal to 900"), ("129601", "less than or equal to 129600")] {
        assert_eq!(
            verdict(&aws, &admin, "GetSessionToken", &[("DurationSeconds", seconds)]),
            format!(
                "400 ValidationError: 1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to \
                 satisfy constraint: Member must have value {bound}"
            )
        );
    }
    let opened = call(&aws, &admin, "GetSessionToken", &[("DurationSeconds", "900")]);
    assert_eq!(opened.get("Expiration").as_deref(), Some("2026-11-22T12:15:15Z"));
}

#[test]
fn a_role_can_ask_for_mfa() {
    let (aws, admin) = account();
    let (keys, serial) = bob(&aws);
    let arn = "arn:aws:iam::111122223333:role/glass";
    let trust = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"AWS":"arn:aws:iam::111122223333:root"},
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"#;
    let made = [("RoleName", "glass"), ("AssumeRolePolicyDocument", trust)];
    assert_eq!(verdict(&aws, &admin, "CreateRole", &made), "200");
    let assume = |parameters: &[(&str, &str)]| {
        let all = [&[("RoleArn", arn), ("RoleSessionName", "drill")], parameters].concat();
        call(&aws, &keys, "AssumeRole", &all)
    };
    let refused = "403 AccessDenied: User: arn:aws:iam::111122223333:user/bob is not authorized to perform: \
                   sts:AssumeRole on resource: arn:aws:iam::111122223333:role/glass";
    let unsupported = format!("{refused} because no identity-based policy allows the sts:AssumeRole action");
    assert_eq!(assume(&[]).verdict(), refused, "the role wants MFA");
    let with = |from_now| [("SerialNumber", serial.clone()), ("TokenCode", code(&aws, &serial, from_now))];
    fn borrowed<'a>(pairs: &'a [(&'static str, String); 2]) -> Vec<(&'a str, &'a str)> {
        pairs.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
    assert_eq!(assume(&borrowed(&with(0))).verdict(), unsupported, "bob's own policies say nothing");
    aws.allow("bob", r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#).unwrap();
    let opened = assume(&borrowed(&with(1)));
    assert_eq!(opened.verdict(), "200");
    let arn = "arn:aws:sts::111122223333:assumed-role/glass/drill";
    assert_eq!(opened.get("Arn").as_deref(), Some(arn));
    let identity = call(&aws, &opened.keys(), "GetCallerIdentity", &[]);
    assert_eq!(identity.get("Arn").as_deref(), Some(arn));
    let denied = verdict(&aws, &opened.keys(), "ListUsers", &[]);
    assert!(denied.contains(&format!("User: {arn} is not authorized to perform: iam:ListUsers")), "{denied}");
    let nameless = verdict(&aws, &opened.keys(), "ListMFADevices", &[]);
    assert!(nameless.starts_with("403 AccessDenied"), "{nameless}");
}
