//! `root remove`: in the console, or through AssumeRoot's delete task; never the last factor unasked.

use super::place::Place;
use crate::cli::json::is_documented;
use crate::support::{Run, run};
use glasskey::sim::aws::{AtConsole, Aws, Fault, Wrong};
use std::process::Command;

/// A member account whose root has two keys.
pub(crate) struct Member {
    place: Place,
    pub(crate) aws: Aws,
    first: String,
}

impl Member {
    pub(crate) fn with_two_keys() -> Self {
        let (place, aws) = Place::organization();
        let [first, _] = ["first", "second"].map(|name| aws.add_fido_for("root", name));
        Self { place, aws, first }
    }

    /// One whose root has a virtual device and a key.
    pub(crate) fn with_a_phone() -> Self {
        let (place, aws) = Place::organization();
        let first = aws.add_virtual_for("root", "phone");
        let _ = aws.add_fido_for("root", "key");
        Self { place, aws, first }
    }

    /// Whose the first is; `None` where there is none.
    pub(crate) fn user_of_first(&self) -> Option<Option<String>> {
        self.aws.devices().into_iter().find(|device| device.arn == self.first).map(|device| device.user)
    }

    /// `root remove` of the first, through AssumeRoot.
    pub(crate) fn remove_first(&self) -> Run {
        run(&mut self.removal())
    }

    pub(crate) fn removal(&self) -> Command {
        let line = format!("root remove --account {} {} --yes", self.aws.account(), self.first);
        self.place.command(Some(&self.place.aws.admin()), &line)
    }

    pub(crate) fn has_first(&self) -> bool {
        self.aws.devices().iter().any(|device| device.arn == self.first)
    }
}

#[test]
fn a_members_device_goes_once_confirmed() {
    let (place, member) = Place::organization();
    let [old, _new] = ["old", "new"].map(|name| member.add_fido_for("root", name));
    let line = format!("root remove --account {} {old} --json", member.account());
    let asked = place.run_as(&place.aws.admin(), &line);
    assert_eq!((asked.code, member.devices().len()), (5, 2), "{asked:?}");
    let run = place.run_as(&place.aws.admin(), &format!("{line} --yes"));
    assert_eq!((run.code, member.devices().len()), (0, 1), "{run:?}");
    is_documented(&run.json());
}

#[test]
fn the_last_factor_goes_only_where_the_account_is_named() {
    let (place, member) = Place::organization();
    let serial = member.add_virtual_for("root", "phone");
    let line = format!("root remove --account {} --all --yes", member.account());
    let refused = place.run_as(&place.aws.admin(), &line);
    assert_eq!((refused.code, member.devices().len()), (3, 1), "{refused:?}");
    assert!(refused.stderr.contains("would be left without MFA; nothing was changed"), "{refused:?}");
    let named = format!("glasskey: {serial} is root's last factor: without it the password alone signs in\n");
    assert!(refused.stderr.contains(&named), "{refused:?}");
    let other = place.run_as(&place.aws.admin(), &format!("{line} --without-mfa {}", place.aws.account()));
    assert_eq!(other.code, 3, "{other:?}");
    let done = place.run_as(&place.aws.admin(), &format!("{line} --without-mfa {}", member.account()));
    assert_eq!((done.code, done.stdout), (0, format!("{serial}\n")), "{}", done.stderr);
    // The task does not let it be deleted: it is nobody's.
    assert_eq!(member.devices()[0].user, None);
    assert!(done.stderr.contains("is nobody's now, and not deleted"), "{}", done.stderr);
}

/// Two administrators at once, each of whom leaves what the other removes.
#[test]
fn what_was_to_stay_goes_meanwhile() {
    for (action, nth, code, says) in [
        ("AssumeRoot", 2, 3, "would be left without MFA, since what was to stay is gone\n"),
        ("DeactivateMFADevice", 1, 4, "has no MFA any more: what was to stay was taken away meanwhile\n"),
    ] {
        let (place, aws) = Place::organization();
        let [first, second] = ["first", "second"].map(|name| aws.add_fido_for("root", name));
        place.then(&aws, &[(action, nth, AtConsole::Remove(second))]);
        let line = format!("root remove --account {} {first} --yes", aws.account());
        let run = place.run_as(&place.aws.admin(), &line);
        let left = usize::from(code == 3);
        assert_eq!((run.code, aws.devices().len()), (code, left), "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
}

#[test]
fn each_call_may_fail_and_what_is_gone_is_named() {
    for (action, nth, wrong, code) in [
        ("AssumeRoot", 1, Wrong::Deny, 3),
        ("AssumeRoot", 2, Wrong::Deny, 3),
        ("ListMFADevices", 1, Wrong::Deny, 3),
        ("GetAccountSummary", 1, Wrong::Deny, 3),
        ("DeactivateMFADevice", 1, Wrong::Deny, 3),
        ("DeactivateMFADevice", 2, Wrong::Deny, 4),
        ("DeactivateMFADevice", 1, Wrong::LoseReply, 0),
        ("DeactivateMFADevice", 2, Wrong::NeverArrive, 0),
        ("DeactivateMFADevice", 1, Wrong::Throttle, 0),
    ] {
        let (place, member) = Place::organization();
        let [one, two, _] = ["a", "b", "c"].map(|name| member.add_fido_for("root", name));
        member.fail(Fault { nth, ..Fault::next(action, wrong.clone()) });
        let line = format!("root remove --account {} {one} {two} --yes", member.account());
        let run = place.run_as(&place.aws.admin(), &line);
        // Without the summary nobody knows whether root has a password; two of three go all the same.
        let expected = if action == "GetAccountSummary" { 0 } else { code };
        assert_eq!(run.code, expected, "{action} {nth} {wrong:?}: {run:?}");
        let left = member.devices().len();
        assert_eq!(
            left,
            match expected {
                0 => 1,
                4 => 2,
                _ => 3,
            },
            "{action} {nth}: {run:?}"
        );
        if expected == 4 {
            assert!(run.stderr.contains(&format!("removed before this: {one}")), "{run:?}");
        }
    }
}
