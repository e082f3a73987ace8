//! `glasskey root resync-codes`

use crate::cli::args::{Cli, RootResyncCodes};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow::root::{self, ResyncCodesRequest};
use crate::totp::unix;
use serde_json::json;

pub(super) fn run(args: &RootResyncCodes, cli: &Cli, console: &mut Console) -> Outcome {
    let request = ResyncCodesRequest {
        key: args.key,
        device: args.device.clone(),
        account: args.account.clone(),
        blind: args.no_watch,
        hand_over: cli.global.json,
    };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let done = root::resync_codes(&request, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    // Asked for with --json, which prints them and nothing else does.
    let codes = done.codes.as_ref().map(|two| two.codes.each_ref().map(crate::secret::Code::expose));
    let json = json!({
        "type": "root_resync_codes", "account": done.account, "device": done.serial, "credential": done.credential,
        "key": args.key, "codes": codes, "good_until": done.codes.as_ref().map(|two| unix(two.good_until)),
        "clock_ahead_seconds": world.clock.ahead_seconds(),
    });
    console.result(&Page::of(&done.serial), &json);
    Ok(Exit::Done)
}
