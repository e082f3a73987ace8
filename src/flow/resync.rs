//! Resync: AWS is told anew what time it is for a device, with two codes of its key.
//!
//! A key has no clock. What is out of step is AWS's idea of the device, set by the last pair of codes it took, and so by
//! the clock of the computer that computed them. The codes here are computed by AWS's own time.

use super::context::Context;
use super::failure::{Cause, CommonRefusal, Failed, Stage};
use super::holdings::Holding;
use super::proof::{key_sink, resync_with};
use super::retire::{devices_and_keys, named_device};
use crate::aws::{self, Account, Call, MfaDevice};
use crate::keys::Serial;
use crate::person::Notice;
use crate::sink::KeySink;
use crate::totp::AWS;
use crate::world::World;
use std::time::SystemTime;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResyncRequest {
    pub user: String,
    /// The device, by its name or serial number; the one that the key holds when not named.
    pub device: Option<String>,
    pub key: Serial,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resynced {
    pub account: String,
    pub serial: String,
    /// When the two codes' steps begin.
    pub codes: [SystemTime; 2],
}

#[must_use]
pub fn resync_permissions() -> Vec<&'static str> {
    [Call::ListMfaDevices, Call::ResyncMfaDevice].map(Call::permission).to_vec()
}

/// Resynchronises.
///
/// # Errors
/// [`Failed`]; a device that was in step still is.
pub fn resync(request: &ResyncRequest, world: &mut World) -> Result<Resynced, Failed> {
    let (connector, mut context) = Context::open(Stage::Preflight, world)?;
    let (account, serial, sink) =
        preflight(request, &connector, &mut context).map_err(|cause| context.fail(Stage::Preflight, cause))?;
    let step = resync_with(&request.user, &serial, &sink, &account, &mut context).map_err(|cause| {
        let cause = context.interrupted_or(cause);
        context.fail(Stage::Resync, cause)
    })?;
    let codes = [step.previous(), step].map(|step| step.begins(AWS.period));
    context.tell(Notice::Resynced { serial: serial.clone(), codes });
    Ok(Resynced { account: account.caller().account.clone(), serial, codes })
}

fn preflight(
    request: &ResyncRequest,
    connector: &aws::Connector,
    context: &mut Context<'_>,
) -> Result<(Account, String, KeySink), Cause> {
    // The key first: without it nothing is asked of AWS.
    drop(context.keys.session(request.key, context.person)?);
    let account = connector.connect()?;
    if let Some(ahead) = context.clock.ahead_seconds() {
        context.tell(Notice::ClockVerdict { ahead });
    }
    let (devices, held) = devices_and_keys(&request.user, &account, context)?;
    let by_key = request.key.to_string();
    let device = named_device(request.device.as_deref().unwrap_or(&by_key), &devices, &held)?;
    let on_key = held.of(&device.serial).find(|held| held.key == request.key);
    let Holding { key, name, .. } = on_key.ok_or_else(|| not_on(request.key, device))?;
    let sink = key_sink(*key, name.clone(), context)?;
    Ok((account, device.serial.clone(), sink))
}

fn not_on(key: Serial, device: &MfaDevice) -> Cause {
    Cause::refused(CommonRefusal::NotOnKey { key, serial: device.serial.clone() })
}
