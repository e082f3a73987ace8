//! `root harden`: planned, applied, seen and undone, through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub(crate) mod administrator; // an administrator who is not root
pub(crate) mod alarm; // the alarm: made, confirmed, mended, undone
mod alarm_confirm; // the link of the mail, where replies are lost
mod alarm_key; // the alarm's topic, encrypted with a key of the account's own
pub(crate) mod alarm_rules; // the same by rules of EventBridge in every region
mod alarm_rules_recorded; // the trails without which rules see nothing
mod alarm_rules_test; // each of their hops proved
mod alarm_rules_undo; // undone, mended, and with somebody else's role
pub(crate) mod alarm_test; // each hop proved, each dead chain named
pub(crate) mod alarm_world; // what there is of it, and whoever reads the mail
mod asking; // who is asked, and what where nobody is there
mod bare; // from a bare account, and a bare organization, to a passing audit
mod delegate; // an account that looks after root of members too
mod emit; // the end state in other tools' languages
mod faults; // every call in every way, killed at every message: the same end
mod grace; // inactive first, then deleted
mod organization; // a whole organization: who may, which plan, which accounts
mod organization_faults; // every call about members, killed, and both at once
mod organization_scp; // the policy about root: attached, not attached, taken back
mod organization_trail; // one trail of all its accounts
mod plans; // plans that are refused, and facts that change
mod protection; // who must be there before root's credentials go
mod steps; // what each step has of its own
mod story; // planned, applied, applied again, undone
mod sweep; // what goes wrong, and the same end
pub(crate) mod trail; // trails found, made, mended and left alone
pub(crate) mod world;
