//! STS: who the caller is, and a session with MFA.

use super::arn::Caller;
use super::call::Call;
use super::client::Account;
use super::error::Error;
use crate::secret::Code;
use aws_credential_types::Credentials;
use std::time::{Duration, SystemTime};

impl Account {
    /// GetCallerIdentity. Needs no permission.
    pub(super) fn get_caller_identity(&self) -> Result<Caller, Error> {
        let call = Call::GetCallerIdentity;
        let answer = self.call(call, |live| live.sts.get_caller_identity().send())?;
        answer.arn().and_then(|arn| arn.parse().ok()).ok_or(Error::Malformed { call })
    }

    /// GetSessionToken with MFA: the same caller, authenticated with the device `serial` for `duration` (900 s to
    /// 36 h). The code is spent by this, whatever the outcome.
    pub fn mfa_session(&self, serial: &str, code: &Code, duration: Duration) -> Result<Self, Error> {
        let call = Call::GetSessionToken;
        let seconds = i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
        let answer = self.call(call, |live| {
            live.sts
                .get_session_token()
                .serial_number(serial)
                .token_code(code.expose())
                .duration_seconds(seconds)
                .send()
        })?;
        let session = answer.credentials().ok_or(Error::Malformed { call })?;
        Ok(self.with_session(Credentials::new(
            session.access_key_id(),
            session.secret_access_key(),
            Some(session.session_token().to_owned()),
            SystemTime::try_from(*session.expiration()).ok(),
            "mfa session",
        )))
    }
}
