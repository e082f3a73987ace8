//! Taking away what root of one member has, through a session of AssumeRoot's delete task.

use super::member::Member;
use crate::aws::{Error, RootTask};
use crate::flow::failure::Cause;
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
