//! Announcing to other machines that a device is going: a tag on its user.
//!
//! The lock of the journal keeps two runs on one machine apart. IAM has no call that removes a device only while
//! another is there, so two machines, each removing the device that the other counts on, could leave none. Therefore
//! each first announces what is going (TagUser), then reads what others have announced (ListUserTags), and then what
//! there is (ListMFADevices): what somebody else has announced does not count as staying. Of two that remove, the later
//! one to look sees the other's tag or the device gone, so at least one backs off; where both see each other's, both do.
//!
//! A tag is believed for [`LASTS`]; whoever wrote it deactivates within [`MAY_ACT`] or not at all, and AWS takes no
//! request signed more than five minutes before. So a run that was killed stands in nobody's way for long, and what it
//! sent has arrived by then or never will. Where tags are not allowed a removal goes on without, and says so.
//!
//! A tag that cannot be taken back does not make a removal fail: the device is gone, which is all that was asked for; the
//! tag speaks of that device alone, its end is in its own key, and the next removal for the user takes it away. It is
//! said, and only where it is so: after a lost reply IAM is asked.

use super::acknowledged::{is_seen, look_until};
use super::context::Context;
use crate::aws::{self, Account, Call, Tag};
use crate::person::Notice;
use crate::totp::unix;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the keys of the tags begin with; the moment they end (seconds since the Unix epoch) and the run's id follow,
/// and the value is the serial number of the device that is going.
const PREFIX: &str = "glasskey/removing/";
/// How long a tag is believed.
const LASTS: Duration = Duration::from_secs(15 * 60);
/// How long after it was written a device may be deactivated on the strength of it.
const MAY_ACT: Duration = Duration::from_secs(9 * 60);

/// The calls; a removal goes on without them.
pub(super) const ANNOUNCING: [Call; 3] = [Call::TagUser, Call::ListUserTags, Call::UntagUser];

/// A removal that another run has announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AnnouncedRemoval {
    /// The device's serial number, as tags have it.
    value: String,
    /// Until when it is believed.
    pub(super) until: SystemTime,
}

impl AnnouncedRemoval {
    /// Whether this is the device.
    pub(super) fn is(&self, serial: &str) -> bool {
        self.value == value(serial)
    }
}

/// What this run has announced.
pub(super) struct Announcement<'a> {
    user: &'a str,
    serial: &'a str,
    run: &'a str,
    at: SystemTime,
    /// Keys of tags that are to go with it: its own, if it could be written, and what is over. None: no tags are allowed.
    keys: Vec<String>,
}

impl<'a> Announcement<'a> {
    /// Writes the tag. Where that is refused there is none, and the person is told.
    pub(super) fn make(
        user: &'a str,
        serial: &'a str,
        run: &'a str,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Self, aws::Error> {
        let at = context.clock.now();
        let key = format!("{PREFIX}{}/{run}", unix(at + LASTS));
        let made = Self { user, serial, run, at, keys: vec![key.clone()] };
        match account.tag_user(user, &[Tag { key, value: value(serial) }]) {
            Ok(()) => Ok(made),
            Err(
                why @ (aws::Error::Denied { .. }
                | aws::Error::LimitExceeded { .. }
                | aws::Error::Invalid { .. }
                | aws::Error::Refused { .. }),
            ) => {
                context.tell(Notice::NotAnnounced { user: user.to_owned(), serial: serial.to_owned(), why });
                Ok(Self { keys: Vec::new(), ..made })
            }
            // It may be there all the same.
            Err(cause) => {
                made.withdraw(account, context);
                Err(cause)
            }
        }
    }

    /// What other runs have announced. Where that may not be read, nothing is known of any.
    pub(super) fn others(
        &mut self,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Vec<AnnouncedRemoval>, aws::Error> {
        let own = self.keys.first().cloned();
        let is_own_among = |tags: &[Tag]| own.iter().all(|own| tags.iter().any(|tag| tag.key == *own));
        let looked = look_until("for IAM to show the announcement", context, || {
            let tags = account.user_tags(self.user)?;
            let is_so = is_own_among(&tags);
            Ok((tags, is_so))
        });
        let tags = match looked {
            Ok((tags, is_announced)) => {
                if !is_announced {
                    let (user, serial) = (self.user.to_owned(), self.serial.to_owned());
                    let why = aws::Error::NotSeen { call: Call::TagUser };
                    context.tell(Notice::NotAnnounced { user, serial, why });
                }
                tags
            }
            Err(why @ (aws::Error::Denied { .. } | aws::Error::Refused { .. })) => {
                // Said already where the tag could not be written either.
                if !self.keys.is_empty() {
                    context.tell(Notice::OthersUnseen { user: self.user.to_owned(), why });
                }
                return Ok(Vec::new());
            }
            Err(cause) => return Err(cause),
        };
        let now = context.clock.now();
        let mut others = Vec::new();
        for tag in tags {
            let Some((until, run)) = read(&tag.key) else { continue };
            if run != self.run && is_believed(until, now) {
                others.push(AnnouncedRemoval { value: tag.value, until });
            } else if !self.keys.is_empty() && !self.keys.contains(&tag.key) {
                self.keys.push(tag.key);
            }
        }
        Ok(others)
    }

    /// Whether a device may still be deactivated on the strength of it.
    pub(super) fn is_fresh(&self, context: &Context<'_>) -> bool {
        context.is_within(MAY_ACT, self.at)
    }

    /// Takes the tag away again. An interrupt does not keep it from that.
    pub(super) fn withdraw(self, account: &Account, context: &mut Context<'_>) {
        if self.keys.is_empty() {
            return;
        }
        let interrupted = context.interrupt.raised();
        context.interrupt.clear();
        let is_there = |tags: &[Tag]| tags.iter().any(|tag| self.keys.contains(&tag.key));
        match account.untag_user(self.user, &self.keys) {
            Ok(()) => {
                let is_gone = || Ok(!is_there(&account.user_tags(self.user)?));
                if let Err(why) = is_seen(Call::UntagUser, context, is_gone) {
                    context.tell(self.still_there(Some(why), true));
                }
            }
            Err(why @ aws::Error::OutcomeUnknown { .. }) => match account.user_tags(self.user) {
                Ok(tags) if !is_there(&tags) => {}
                Ok(_) => context.tell(self.still_there(Some(why), true)),
                Err(_) => context.tell(self.still_there(Some(why), false)),
            },
            Err(why) => context.tell(self.still_there(Some(why), true)),
        }
        if interrupted {
            context.interrupt.raise();
        }
    }

    /// Leaves the tag, since the deactivation may still be on its way.
    pub(super) fn keep(self, context: &mut Context<'_>) {
        if !self.keys.is_empty() {
            context.tell(self.still_there(None, true));
        }
    }

    fn still_there(&self, why: Option<aws::Error>, certain: bool) -> Notice {
        Notice::StillAnnounced { user: self.user.to_owned(), until: self.at + LASTS, why, certain }
    }
}

/// A serial number as a tag's value, in which some characters may not be that devices' names and paths may have (IAM
/// API, "Tag"): each of those is written as `=` and its code in hexadecimal. Of one that is too long then the end is
/// enough: at worst another device is taken for it, and does not count as staying.
fn value(serial: &str) -> String {
    const LONGEST: usize = 256;
    let mut text = String::new();
    for byte in serial.bytes() {
        match byte {
            b'_' | b'.' | b':' | b'/' | b'+' | b'-' | b'@' => text.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            _ => text.push_str(&format!("={byte:02X}")),
        }
    }
    text.split_off(text.len().saturating_sub(LONGEST))
}

/// The moment it ends, and the run it is of; `None`: a tag of another kind.
fn read(key: &str) -> Option<(SystemTime, &str)> {
    let (until, run) = key.strip_prefix(PREFIX)?.split_once('/')?;
    let until = UNIX_EPOCH.checked_add(Duration::from_secs(until.parse().ok()?))?;
    Some((until, run))
}

/// What ends much later than a tag of now would was not written by a run of glasskey whose clock is right.
fn is_believed(until: SystemTime, now: SystemTime) -> bool {
    until > now && until <= now + 2 * LASTS
}
