//! Whether IAM shows what AWS has acknowledged.
//!
//! IAM copies changes about, and a list may be read before it has them (IAM User Guide, "Troubleshoot IAM", "Changes that I
//! make are not always immediately visible"), so it is read again for half a minute.

use super::context::{Context, count_down};
use crate::aws::{self, Call};
use crate::world::World;
use std::time::Duration;

/// Between the looks, in seconds.
const WAITS: [u64; 5] = [1, 2, 4, 8, 15];

/// Looks until what AWS has acknowledged is to be seen, and gives the last look and whether it is.
pub(super) fn look_until<T>(
    waiting: &'static str,
    context: &mut Context<'_>,
    look: impl FnMut() -> Result<(T, bool), aws::Error>,
) -> Result<(T, bool), aws::Error> {
    look_again(|duration| context.wait(waiting, duration).is_ok(), look)
}

fn look_again<T>(
    mut wait: impl FnMut(Duration) -> bool,
    mut look: impl FnMut() -> Result<(T, bool), aws::Error>,
) -> Result<(T, bool), aws::Error> {
    let mut waits = WAITS.iter();
    loop {
        let (seen, is_so) = look()?;
        match waits.next() {
            Some(seconds) if !is_so && wait(Duration::from_secs(*seconds)) => {}
            _ => return Ok((seen, is_so)),
        }
    }
}

/// After a call that AWS has acknowledged: [`aws::Error::NotSeen`] where IAM goes on showing what was. Where it does not
/// tell, the acknowledgement stands.
pub(super) fn is_seen(
    call: Call,
    context: &mut Context<'_>,
    look: impl FnMut() -> Result<bool, aws::Error>,
) -> Result<(), aws::Error> {
    is_seen_after(call, |duration| context.wait(WAITING, duration).is_ok(), look)
}

/// As [`is_seen`], for a flow without a context.
pub(super) fn is_seen_in(
    call: Call,
    world: &mut World,
    look: impl FnMut() -> Result<bool, aws::Error>,
) -> Result<(), aws::Error> {
    let (clock, person) = (world.clock.clone(), &mut *world.person);
    is_seen_after(call, |duration| count_down(WAITING, duration, &clock, person), look)
}

/// For people.
const WAITING: &str = "for IAM to show the change";

fn is_seen_after(
    call: Call,
    wait: impl FnMut(Duration) -> bool,
    mut look: impl FnMut() -> Result<bool, aws::Error>,
) -> Result<(), aws::Error> {
    match look_again(wait, || look().map(|is_so| ((), is_so))) {
        Ok(((), false)) => Err(aws::Error::NotSeen { call }),
        _ => Ok(()),
    }
}
