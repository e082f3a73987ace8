//! `glasskey fido config`: how the key itself behaves. Two of the settings stay until the key is reset; they are asked
//! about.

use super::{Failed, Invocation, KeyReport, after, lost};
use crate::cli::Outcome;
use crate::cli::args::{FidoConfigCommand, FidoKeyAndPin, Switch};
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::fido::{Error, Info, Permissions, PinRule, Token};
use crate::unlock::fido::Opened;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(command: &FidoConfigCommand, invocation: &mut Invocation<'_>) -> Outcome {
    match command {
        FidoConfigCommand::AlwaysUv { key, state } => always_uv(key, *state == Switch::On, invocation),
        FidoConfigCommand::MinPinLength { key, length } => min_pin_length(key, (*length).into(), invocation),
        FidoConfigCommand::ForcePinChange(key) => force_pin_change(key, invocation),
        FidoConfigCommand::EnterpriseAttestation(key) => enterprise_attestation(key, invocation),
    }
}

fn always_uv(named: &FidoKeyAndPin, on: bool, invocation: &mut Invocation<'_>) -> Outcome {
    let (mut key, info) = opened(named, invocation)?;
    let now = info.option("alwaysUv");
    let now = now.ok_or_else(|| refused(&key, &Error::NotSupported { what: "always verifying its user" }))?;
    if now != on {
        configurable(&key, &info, "switching that")?;
    }
    // Else the key could be used for nothing until it gets one.
    if on && info.pin_set() != Some(true) && !info.has("uv") {
        return Err(refused(&key, &Error::PinNotSet));
    }
    let changed = now != on && {
        let token = token(&mut key, named, invocation)?;
        key.key.set_always_uv(token.as_ref(), on).map_err(|cause| lost(&key, &cause, "info"))?
    };
    let what = match (on, changed) {
        (true, true) => "always verifies its user from now on, for every registration and sign-in",
        (false, true) => "leaves it to the relying party whether its user is verified",
        (true, false) => "always verifies its user already; nothing to do",
        (false, false) => "leaves it to the relying party already; nothing to do",
    };
    report(&mut key, Setting::AlwaysUv, changed, what, invocation)
}

fn min_pin_length(named: &FidoKeyAndPin, length: usize, invocation: &mut Invocation<'_>) -> Outcome {
    let (mut key, info) = opened(named, invocation)?;
    if !info.has("setMinPINLength") {
        return Err(refused(&key, &Error::NotSupported { what: "a minimum PIN length" }));
    }
    if length < info.min_pin_length {
        let what = format!("{} asks for {} characters already; that can only grow", key.id, info.min_pin_length);
        return Err(Box::new(
            explain::Explanation::new("pin_policy", what)
                .hint("only a reset of the key starts again from the factory's"),
        ));
    }
    let changed = length != info.min_pin_length;
    if changed {
        configurable(&key, &info, "a minimum PIN length")?;
        invocation.confirm_words(&format!(
            "{} will take no PIN shorter than {length} characters until it is reset. Go on? [y/N] ",
            key.id
        ))?;
        let token = token(&mut key, named, invocation)?;
        let rule = PinRule { min_length: Some(length), ..PinRule::default() };
        key.key.set_pin_rule(token.as_ref(), &rule).map_err(|cause| lost(&key, &cause, "info"))?;
    }
    let what = if changed { "takes new PINs of at least" } else { "has this rule already:" };
    report(&mut key, Setting::MinPinLength, changed, &format!("{what} {length} characters"), invocation)
}

fn force_pin_change(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let (mut key, info) = opened(named, invocation)?;
    if info.pin_set() == Some(false) {
        return Err(refused(&key, &Error::PinNotSet));
    }
    let changed = !info.force_pin_change && {
        configurable(&key, &info, "wanting its PIN changed")?;
        let token = token(&mut key, named, invocation)?;
        let rule = PinRule { force_change: true, ..PinRule::default() };
        key.key.set_pin_rule(token.as_ref(), &rule).map_err(|cause| lost(&key, &cause, "info"))?;
        true
    };
    let what = if changed { "takes its PIN only to change it, from now on" } else { "wants its PIN changed already" };
    report(&mut key, Setting::ForcePinChange, changed, what, invocation)
}

fn enterprise_attestation(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let (mut key, info) = opened(named, invocation)?;
    let now = info.option("ep");
    let now = now.ok_or_else(|| refused(&key, &Error::NotSupported { what: "enterprise attestation" }))?;
    let changed = !now
        && {
            configurable(&key, &info, "enterprise attestation")?;
            invocation.confirm_words(&format!(
            "{} will tell its serial number to the relying parties of its owner's enterprise until it is reset. Go on? [y/N] ",
            key.id
        ))?;
            let token = token(&mut key, named, invocation)?;
            key.key.enable_enterprise_attestation(token.as_ref()).map_err(|cause| lost(&key, &cause, "info"))?
        };
    let what =
        if changed { "attests itself to its enterprise from now on" } else { "does so already; nothing to do" };
    report(&mut key, Setting::EnterpriseAttestation, changed, what, invocation)
}

fn opened(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Result<(Opened, Info), Failed> {
    let mut key = invocation.key_to_write(&named.key)?;
    let info = key.info();
    let info = invocation.described(info)?;
    Ok((key, info))
}

/// A key without authenticatorConfig takes no setting, and would refuse the proof of its PIN for that.
fn configurable(key: &Opened, info: &Info, what: &'static str) -> Result<(), Failed> {
    if info.has("authnrCfg") { Ok(()) } else { Err(refused(key, &Error::NotSupported { what })) }
}

/// No token where no PIN is set: then anybody who holds the key may configure it.
fn token(key: &mut Opened, named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Result<Option<Token>, Failed> {
    let token = key.token_if_pin_is_set(&mut invocation.person, named.last_try, Permissions::CONFIGURATION);
    invocation.described(token)
}

fn refused(key: &Opened, cause: &Error) -> Failed {
    Box::new(explain::fido(Some(&key.id), cause))
}

fn report(key: &mut Opened, setting: Setting, changed: bool, what: &str, invocation: &mut Invocation<'_>) -> Outcome {
    invocation.step(key.id.argument(), what);
    let info = match key.key.info() {
        Ok(info) => info,
        Err(cause) if changed => return Err(after(key, &cause, "the setting was changed")),
        Err(cause) => return Err(refused(key, &cause)),
    };
    if changed && setting == Setting::MinPinLength && info.force_pin_change {
        invocation.warn(&format!(
            "the present PIN is shorter; the key takes it only for `glasskey fido pin change --key {}`",
            key.id.argument()
        ));
    }
    let report = Report {
        key: KeyReport::of(key),
        setting,
        changed,
        always_uv: info.option("alwaysUv"),
        enterprise_attestation: info.option("ep"),
        min_pin_length: info.min_pin_length,
        pin_must_change: info.force_pin_change,
    };
    invocation.console.result(&Page::nothing(), &report);
    Ok(Exit::Done)
}

/// A setting, and what the key reports afterwards.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_config")]
pub(in crate::cli) struct Report {
    #[serde(flatten)]
    key: KeyReport,
    /// The setting.
    setting: Setting,
    /// False where the setting was like this already.
    changed: bool,
    /// Whether the key always verifies its user; null where it has no such setting.
    always_uv: Option<bool>,
    /// Whether the key may tell its serial number to its owner's enterprise; null where it has no such setting.
    enterprise_attestation: Option<bool>,
    /// The fewest characters of a new PIN.
    min_pin_length: usize,
    /// The PIN must be changed before the key accepts it.
    pin_must_change: bool,
}

/// A setting of a key.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub(in crate::cli) enum Setting {
    AlwaysUv,
    MinPinLength,
    ForcePinChange,
    EnterpriseAttestation,
}
