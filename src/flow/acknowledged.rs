//! Whether IAM shows what AWS has acknowledged.
//!
//! IAM copies changes about, and a list may be read before it has them (IAM User Guide, "Troubleshoot IAM", "Changes that I
//! make are not always immediately visible"), so it is read again for half a minute.

use super::desk::Desk;
use crate::aws::{self, Call};
use std::time::Duration;

/// Between the looks, in seconds.
const WAITS: [u64; 5] = [1, 2, 4, 8, 15];

/// Looks until what AWS has acknowledged is to be seen, and gives the last look and whether it is.
pub(super) fn look_until<T>(
    waiting: &'static str,
    desk: &mut Desk<'_>,
    mut look: impl FnMut() -> Result<(T, bool), aws::Error>,
) -> Result<(T, bool), aws::Error> {
    let mut waits = WAITS.iter();
    loop {
        let (seen, is_so) = look()?;
        match waits.next() {
            Some(seconds) if !is_so && desk.wait(waiting, Duration::from_secs(*seconds)).is_ok() => {}
            _ => return Ok((seen, is_so)),
        }
    }
}

/// After a call that AWS has acknowledged: [`aws::Error::NotSeen`] where IAM goes on showing what was. Where it does not
/// tell, the acknowledgement stands.
pub(super) fn is_seen(
    call: Call,
    desk: &mut Desk<'_>,
    mut look: impl FnMut() -> Result<bool, aws::Error>,
) -> Result<(), aws::Error> {
    match look_until("for IAM to show the change", desk, || look().map(|is_so| ((), is_so))) {
        Ok(((), false)) => Err(aws::Error::NotSeen { call }),
        _ => Ok(()),
    }
}
