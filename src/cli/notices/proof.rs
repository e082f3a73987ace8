//! What is proved of a new device before it is enabled, what is not, and what is lost when it takes another's place.

use super::place;
use crate::cli::console::Style;
use crate::cli::counts::count;
use crate::person::{Loss, Plan, PlannedDevice, Proving, RosterPlan};

/// The places that prove a seed by a code.
pub(super) fn places(device: &PlannedDevice) -> Option<String> {
    let mut places: Vec<String> = device.keys.iter().map(|(key, model)| place(*key, model)).collect();
    if device.phone {
        places.push("the phone, typed in".to_owned());
    }
    places.extend(device.code.iter().map(|program| format!("`{program}`")));
    (!places.is_empty()).then(|| places.join(" and "))
}

/// The places that do not, and devices that no place proves.
pub(super) fn unchecked(plan: &Plan, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let any = plan.devices.first();
    if let Some(program) = any.filter(|device| device.code.is_none()).and_then(|device| device.command.as_ref()) {
        lines.push(format!("What `{program}` stores is not checked; --code-from-command checks a code of it."));
    }
    if any.is_some_and(|device| device.escrow.is_some()) {
        lines.push("The age file is read back; whether its recipients can open it is not checked.".to_owned());
    }
    for device in plan.devices.iter().filter(|device| !device.is_proved()) {
        let name = device.arn.name();
        lines.push(warning(
            &format!(
                "no place proves the seed of {name} by a code: if none of them has it, {} cannot sign in with {name}",
                plan.user
            ),
            style,
        ));
    }
    lines
}

/// As above, of a roster.
pub(super) fn unchecked_users(plan: &RosterPlan, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(program) = plan.command.as_ref().filter(|_| plan.code.is_none()) {
        lines.push(format!("What `{program}` stores is not checked; --code-from-command checks a code of it."));
    }
    if !plan.recipients.is_empty() {
        lines.push("Each age file is read back; whether its recipients can open it is not checked.".to_owned());
    }
    if plan.unproved > 0 {
        let whose = count(plan.unproved, "user");
        lines.push(warning(
            &format!(
                "no place proves the seed of {whose} by a code: if none of them has it, they cannot sign in with it"
            ),
            style,
        ));
    }
    lines
}

/// How the new device is proved before the old one goes.
pub(super) fn proving(proving: Proving) -> &'static str {
    match proving {
        Proving::Session => {
            "Before the old one goes, AWS must take a code of the new one: that takes up to a minute."
        }
        Proving::Keys => {
            "No session can be opened as this user here: the new one is proved by its keys' codes alone."
        }
        Proving::Store => "No session is opened with the new one: it is proved by the store's code alone.",
        Proving::Nothing => "Nothing proves the new one before the old one goes.",
    }
}

/// What the user has less of. Another name comes with every rotation, and is no reason to stop.
pub(super) fn loss(loss: &Loss, style: Style) -> String {
    match loss {
        Loss::Name { .. } => sentence(loss),
        _ => warning(&sentence(loss), style),
    }
}

fn sentence(loss: &Loss) -> String {
    match loss {
        Loss::FewerKeys { before, after } => {
            let keys = before.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let after = match after {
                0 => "no key".to_owned(),
                1 => "1 key".to_owned(),
                several => format!("{several} keys"),
            };
            format!("fewer keys: the old device is on {} ({keys}), the new one will be on {after}", before.len())
        }
        Loss::NoTouch => "no touch: the old device's codes want one, the new one's will not".to_owned(),
        Loss::Unseen { name, held, touch } => {
            let touch = if *touch { "will" } else { "will not; --touch makes them" };
            let unseen = if *held {
                format!("the keys that hold {name} did not say whether its codes want a touch")
            } else {
                format!(
                    "no key here holds {name}: on how many keys it is, and whether its codes want a touch, is not known"
                )
            };
            format!("{unseen}. The new one's codes {touch}")
        }
        Loss::Name { before, after } => {
            format!("The device gets another name: it is {before} now, and will be {after}.")
        }
        Loss::Phishing => {
            "weaker: a security key works on AWS's own page alone, and a code can be typed on a false one".to_owned()
        }
    }
}

fn warning(what: &str, style: Style) -> String {
    format!("glasskey: {} {what}", style.yellow("warning:"))
}
