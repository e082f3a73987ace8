//! Codes for the console's form that resynchronises a device of root's. AWS has no call for it.

use super::NotDone;
use super::codes::{Shown, Source};
use super::fido::tell_view;
use super::view::View;
use crate::aws::DeviceKind;
use crate::flow::context::Context;
use crate::flow::failure::{Cause, RootRefusal, Stage};
use crate::flow::holdings::{Holding, holdings_of};
use crate::flow::proof::key_sink;
use crate::keys::Serial;
use crate::person::{AtCodes, ConsoleTask, Notice, RootStep, RootView, TwoCodes};
use crate::world::World;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResyncCodesRequest {
    pub key: Serial,
    /// The device's name or serial number; the one that the key holds when not named.
    pub device: Option<String>,
    /// A member account, or, where AWS is not asked, the account that is meant.
    pub account: Option<String>,
    pub blind: bool,
    /// The codes are handed over, and not shown.
    pub hand_over: bool,
}

pub struct ResyncCodes {
    pub account: String,
    pub serial: String,
    pub credential: String,
    /// The codes, where they were to be handed over.
    pub codes: Option<TwoCodes>,
}

/// Shows codes until the person says that the console has taken them, or hands two over.
///
/// # Errors
/// Nothing was changed.
pub fn resync_codes(request: &ResyncCodesRequest, world: &mut World) -> Result<ResyncCodes, NotDone> {
    let at = |cause| NotDone::from((Stage::Codes, cause));
    if !request.hand_over && !world.person.is_there() {
        return Err(Cause::refused(RootRefusal::NobodyToShow { enrolls: false }).into());
    }
    let mut view = View::open(&world.aws, request.account.as_deref(), request.blind)?;
    let look = view.read().map_err(Cause::Aws)?;
    let account = view.account.clone().ok_or(Cause::refused(RootRefusal::NameTheAccount))?;
    let ahead = world.clock.ahead_seconds();
    let mut context = Context::over(world).map_err(at)?;
    if let Some(ahead) = ahead {
        context.tell(Notice::ClockVerdict { ahead });
    }
    let roots: Vec<String> = look
        .devices
        .iter()
        .filter(|device| DeviceKind::of(&device.serial) == DeviceKind::Virtual)
        .map(|device| device.serial.clone())
        .collect();
    let held = holdings_of(request.key, &view.partition, &account, &mut context).map_err(at)?;
    let is_meant = |holding: &&Holding| {
        let serial = holding.device.to_string();
        let named = request.device.as_deref().is_none_or(|named| named == serial || named == holding.device.name());
        // Where root's devices show, a credential of anybody else's device is none.
        named && (roots.contains(&serial) || (roots.is_empty() && view.sees() == RootView::Nowhere))
    };
    let meant: Vec<&Holding> = held.iter().filter(is_meant).collect();
    let [holding] = meant.as_slice() else {
        let several = meant.len() > 1;
        let on_key = held.iter().map(|holding| holding.device.to_string()).collect();
        return Err(Cause::refused(RootRefusal::WhichCredential { key: request.key, roots, on_key, several }).into());
    };
    let serial = holding.device.to_string();
    let sink = key_sink(request.key, holding.name.clone(), &mut context).map_err(at)?;
    let mut shown = Shown::first(Source::Key(&sink), &serial, &mut context).map_err(at)?;
    let credential = holding.name.id().to_owned();
    if request.hand_over {
        shown.used(&serial, &mut context);
        return Ok(ResyncCodes { account, serial, credential, codes: Some(shown.into_codes()) });
    }
    tell_view(&view, &look, context.person);
    let task = ConsoleTask::Resync { serial: Some(serial.clone()) };
    context.tell(Notice::Root(RootStep::AtConsole { task, partition: view.partition.clone() }));
    let end = loop {
        match shown.show(Source::Key(&sink), &mut context) {
            Ok(AtCodes::Reads) => {}
            Ok(AtCodes::Done) => break Ok(()),
            Ok(AtCodes::GivesUp) | Err(Cause::Interrupted) => break Err(at(Cause::Interrupted)),
            Err(cause) => break Err(at(cause)),
        }
    };
    context.person.hide_codes();
    // Shown is as good as sent: whoever asks next gets later ones.
    shown.used(&serial, &mut context);
    end?;
    Ok(ResyncCodes { account, serial, credential, codes: None })
}
