//! `glasskey fido blink`: which key is it? It blinks, and where it can, until it is touched.

use super::{Invocation, KeyReport};
use crate::cli::Outcome;
use crate::cli::args::FidoKey;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::fido::Error;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(named: &FidoKey, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_read(named)?;
    match key.key.wink() {
        Ok(()) | Err(Error::NotSupported { .. }) => {}
        Err(cause) => return Err(Box::new(explain::fido(Some(&key.id), &cause))),
    }
    let touched = match key.touched(&mut invocation.person, |key, touch| key.select(touch)) {
        // Before CTAP 2.1 there is only the wink.
        Err(crate::unlock::fido::Error::Fido { cause: Error::NotSupported { .. }, .. }) => false,
        outcome => invocation.described(outcome).map(|()| true)?,
    };
    invocation.step(key.id.argument(), if touched { "it was touched" } else { "it blinked" });
    invocation.console.result(&Page::nothing(), &Report { key: KeyReport::of(&key), touched });
    Ok(Exit::Done)
}

/// The key blinked.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_blinked")]
pub(in crate::cli) struct Report {
    #[serde(flatten)]
    key: KeyReport,
    /// The key was touched. False: it can only blink, and not ask for a touch.
    touched: bool,
}
