//! Whether the credentials are root's own, and what root may see through them.

use crate::aws::{self, Account, Assignment, Call, DeviceKind, Identity};
use crate::world::World;
use std::time::SystemTime;

/// Who the caller is, and what it may see of root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    /// It is exactly `arn:PARTITION:iam::ACCOUNT:root`.
    pub root: bool,
    /// The credentials are an access key, and no session.
    pub access_key: bool,
    /// Who signed in with `aws login` for this profile: an ARN.
    pub signed_in: Option<String>,
    /// When the credentials end, where that is known.
    pub expires: Option<SystemTime>,
    /// What was tried; nothing where the caller is not root.
    pub sees: Vec<Sight>,
}

/// A call that only reads, and whether it may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    pub call: Call,
    pub answer: Answer,
}

/// Whether a call may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Allowed,
    Denied(aws::Error),
    Unknown(aws::Error),
}

/// Asks AWS who is calling, and of root everything that can be read.
///
/// # Errors
/// Without credentials, or where AWS does not answer who the caller is.
pub fn login_check(world: &mut World) -> Result<Login, aws::Error> {
    let account = world.aws.connect()?;
    let caller = account.caller().clone();
    let root = caller.identity == Identity::Root;
    Ok(Login {
        account: caller.account,
        caller: caller.arn,
        root,
        access_key: account.uses_long_term_key(),
        signed_in: world.aws.login_session(),
        expires: account.expires(),
        sees: if root { read(&account)? } else { Vec::new() },
    })
}

fn read(account: &Account) -> Result<Vec<Sight>, aws::Error> {
    let mut sees = Vec::new();
    let mut sight = |call, outcome: Result<(), aws::Error>| {
        let answer = match outcome {
            Ok(()) => Answer::Allowed,
            Err(aws::Error::Interrupted) => return Err(aws::Error::Interrupted),
            Err(why @ aws::Error::Denied { .. }) => Answer::Denied(why),
            Err(why) => Answer::Unknown(why),
        };
        sees.push(Sight { call, answer });
        Ok(())
    };
    let devices = account.own_mfa_devices();
    let fido = devices.iter().flatten().find(|device| DeviceKind::of(&device.serial) == DeviceKind::RootFido);
    let fido = fido.map(|device| device.serial.clone());
    sight(Call::ListMfaDevices, devices.map(drop))?;
    if let Some(serial) = fido {
        sight(Call::GetMfaDevice, account.certifications(None, &serial).map(drop))?;
    }
    sight(Call::GetAccountSummary, account.summary().map(drop))?;
    sight(Call::ListVirtualMfaDevices, account.virtual_devices(Assignment::Any, |_| true).map(drop))?;
    sight(Call::ListAccessKeys, account.own_access_keys().map(drop))?;
    sight(Call::ListSigningCertificates, account.own_certificates().map(drop))?;
    sight(Call::GetCredentialReport, account.may_read_report())?;
    Ok(sees)
}
