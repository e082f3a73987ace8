//! Taking away what root of one member has, through a session of AssumeRoot's delete task.

use super::member::Member;
use crate::aws::{Account, Error, RootTask};
use crate::flow::acknowledged::look_until;
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::step::Hands;

/// Keys, certificates, the password, and MFA devices last: a password is never left without its factors.
pub(super) fn take_away(goes: &Member, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let account = &goes.account;
    let session = hands.account.assume_root(account, RootTask::Delete)?;
    for key in &goes.keys {
        hands.go_on()?;
        session.delete_own_access_key(&key.id)?;
        hands.tell(format!("access key {} of root of {account} is deleted", key.id));
    }
    for id in &goes.certificates {
        hands.go_on()?;
        session.delete_own_certificate(id)?;
        hands.tell(format!("signing certificate {id} of root of {account} is deleted"));
    }
    if goes.password {
        hands.go_on()?;
        session.delete_own_password()?;
    }
    if goes.password || goes.has_devices() {
        without_password(account, &session, hands)?;
    }
    if goes.password {
        hands.tell(format!("the password of root of {account} is deleted"));
    }
    for serial in &goes.devices {
        hands.go_on()?;
        match session.deactivate_own(serial) {
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(why) => return Err(Cause::Aws(why)),
        }
        hands.tell(format!("MFA device {serial} of root of {account} is removed"));
    }
    Ok(())
}

/// Looks until AWS shows no password. Root that still has one keeps its MFA.
fn without_password(account: &str, session: &Account, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let looked = look_until("for AWS to show no password", hands.context, || {
        let is_gone = !session.has_own_password()?;
        Ok(((), is_gone))
    });
    match looked? {
        ((), true) => Ok(()),
        ((), false) => Err(HardenRefusal::HasPassword { account: account.to_owned() }.into()),
    }
}
