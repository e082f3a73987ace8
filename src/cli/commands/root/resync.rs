//! `glasskey root resync-codes`

use crate::cli::args::{Cli, RootResyncCodes};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::root::{self, ResyncCodesRequest};
use crate::keys::Serial;
use crate::totp::unix;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(args: &RootResyncCodes, cli: &Cli, console: &mut Console) -> Outcome {
    let request = ResyncCodesRequest {
        key: args.key,
        device: args.device.clone(),
        account: args.account.clone(),
        blind: args.no_watch,
        hand_over: cli.global.json,
    };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let done = root::resync_codes(&request, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    // Asked for with --json, which prints them and nothing else does.
    let codes = done.codes.as_ref().map(|two| two.codes.each_ref().map(crate::secret::Code::expose));
    let report = Report {
        account: &done.account,
        device: &done.serial,
        credential: &done.credential,
        key: args.key,
        codes,
        good_until: done.codes.as_ref().map(|two| unix(two.good_until)),
        clock_ahead_seconds: world.clock.ahead_seconds(),
    };
    console.result(&Page::of(&done.serial), &report);
    Ok(Exit::Done)
}

/// Two codes for the console. This is the only output with codes of root's, and the way to ask for them.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "root_resync_codes")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The device's serial number, an ARN.
    device: &'a str,
    /// The credential's name on the key.
    credential: &'a str,
    /// The key's serial number.
    key: Serial,
    /// Two consecutive codes, the earlier one first.
    codes: Option<[&'a str; 2]>,
    /// When the codes become too old, in seconds since the Unix epoch.
    good_until: Option<u64>,
    /// How far this computer's clock is ahead of AWS, in seconds; negative where it is behind, null where AWS was not asked.
    clock_ahead_seconds: Option<i64>,
}
