//! Root did not get its factors, or not all; or kept them.

use super::flow::{cause as flow_cause, left as flow_left};
use super::refusals::not_seen;
use super::{Exit, Explanation, nobody};
use crate::aws::{Call, Error};
use crate::flow::root::{Evidence, NotDone, Registered};
use crate::flow::{Cause, Failed, Refusal, Residue, RootRefusal};
use crate::sink;

/// Root was not given its factors, or not all.
pub(in crate::cli) fn root_not_done(not_done: &NotDone) -> Explanation {
    let NotDone { failed, registered, awaited, removed, undone } = not_done;
    let mut text = cause(failed, awaited.as_deref());
    // What a phone has is the person's to remove, unless it may be root's factor.
    let unsettled = failed.left.iter().any(|left| !undone || left.is_for_recover());
    if *undone && !unsettled {
        text.state.push("what had been done was undone again; nothing was left behind".to_owned());
        text.hints.push("in the console, cancel the device that was being made".to_owned());
    }
    text.state.extend(failed.left.iter().map(|one| left(one, *undone)));
    if unsettled {
        text.exit = Exit::Left;
        text.hints.push("`glasskey recover` looks at what is left, and settles it".to_owned());
    }
    text.state.extend(registered.iter().map(there));
    if !removed.is_empty() {
        text.exit = Exit::Left;
        text.state.extend(removed.iter().map(|serial| format!("removed before this: {serial}")));
        use RootRefusal::{NoMfaLeft, PerhapsDeleted, StaysUnseen};
        let is_all = |why: &RootRefusal| matches!(why, PerhapsDeleted { .. } | NoMfaLeft { .. } | StaysUnseen { .. });
        if !matches!(&failed.cause, Cause::Refused(Refusal::Root(why)) if is_all(why)) {
            text.hints.push("the same command goes on with the others, without those".to_owned());
        }
    }
    if registered.is_empty() {
        return text;
    }
    text.exit = Exit::Left;
    if let Some(key) = awaited.as_deref().and_then(|name| name.strip_prefix("yubikey-")) {
        text.hints.push(format!("`glasskey root enroll --one-key --key {key}` goes on with the key that is missing"));
    }
    text.note("root has one factor fewer than it should: losing the only one locks root out")
}

fn left(left: &Residue, undone: bool) -> String {
    match left {
        Residue::OnPhone { .. } if undone => A_PHONE.to_owned(),
        Residue::OnPhone { .. } => "kept: the entry on the phone, since it may be root's factor by now".to_owned(),
        Residue::Credential { key, name, why: None } => {
            format!("kept: the credential \"{name}\" on YubiKey {key}, since it may be root's factor by now")
        }
        left => flow_left(left),
    }
}

/// What glasskey cannot take back.
pub(in crate::cli) const A_PHONE: &str = "a phone that scanned a QR code of this device still shows its codes: remove \
    the entry there, unless the console has taken them";

fn there(one: &Registered) -> String {
    match (&one.serial, one.evidence) {
        (Some(serial), _) => format!("registered before this: {} as {serial}", one.key),
        (None, Evidence::Seen | Evidence::RootHasMfa) => {
            format!("registered before this: {}, since root has MFA now", one.key)
        }
        (None, Evidence::Said) => format!("registered before this, as you said: {}", one.key),
    }
}

fn cause(failed: &Failed, awaited: Option<&str>) -> Explanation {
    let cause = &failed.cause;
    let text = || flow_cause(cause, failed.stage);
    match cause {
        Cause::Aws(Error::Denied { call: Call::AssumeRoot, .. }) => text()
            .note("AWS says no more: the account may not be an active member, or central root access may be off")
            .hint("`glasskey root audit` in the management account tells which of it is so"),
        Cause::Sink(sink::Error::NobodyToAsk) => {
            nobody("--phone needs a terminal: the QR code is shown there, and the phone's code is typed")
                .hint("run the command on a terminal, without --no-input; or leave out --phone")
        }
        Cause::Sink(sink::Error::NotConfirmed) => {
            text().hint("without AWS credentials the codes are by this computer's clock: that must be right too")
        }
        Cause::Refused(Refusal::Root(RootRefusal::NotSeen { after })) => match awaited {
            Some(name) => not_seen(&format!("\"{name}\""), *after),
            None => text(),
        },
        _ => text(),
    }
}
