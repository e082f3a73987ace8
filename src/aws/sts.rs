//! STS: who the caller is, and sessions and roles with MFA.

use super::arn::Caller;
use super::call::Call;
use super::client::Account;
use super::error::Error;
use super::send::AsyncClient;
use crate::secret::Code;
use aws_credential_types::Credentials;
use aws_sdk_sts::types::Credentials as Issued;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// What STS gives: credentials that end. Neither printed nor copied by accident; wiped on drop.
pub struct SessionCredentials {
    /// `ASIA…`; not secret.
    pub access_key_id: String,
    /// Secret.
    pub secret_access_key: Zeroizing<String>,
    /// Secret.
    pub session_token: Zeroizing<String>,
    /// When they end, by AWS's clock.
    pub expires: SystemTime,
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What the session is called in CloudTrail: 2 to 64 of `[\w+=,.@-]`.
    pub session_name: String,
    /// What the role's trust policy may ask for: 2 to 1224 of `[\w+=,.@:/-]`.
    pub external_id: Option<String>,
    /// A session policy, which takes permissions away: JSON of at most 2048 characters.
    pub policy: Option<String>,
}

impl Account {
    /// GetCallerIdentity. Needs no permission.
    pub(super) fn get_caller_identity(&self) -> Result<Caller, Error> {
        self.ask(AsyncClient::caller)
    }

    /// GetSessionToken with MFA: the same caller, authenticated with the device `serial` for `duration` (900 s to
    /// 36 h). The code is spent by this, whatever the outcome.
    pub fn mfa_session(&self, serial: &str, code: &Code, duration: Duration) -> Result<Self, Error> {
        Ok(self.through(&self.mfa_credentials(serial, code, duration)?))
    }

    /// As [`Account::mfa_session`]: the credentials themselves.
    pub fn mfa_credentials(
        &self,
        serial: &str,
        code: &Code,
        duration: Duration,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::GetSessionToken;
        let answer = self.call(call, |client| {
            client
                .sts()
                .get_session_token()
                .serial_number(serial)
                .token_code(code.expose())
                .duration_seconds(whole_seconds(duration))
                .send()
        })?;
        self.issued(call, answer.credentials())
    }

    /// AssumeRole, for `duration` (900 s to the role's maximum). With `mfa`, a device's serial number and its code: the
    /// code is spent by this, whatever the outcome. Without, from a session that was opened with MFA.
    pub fn role_credentials(
        &self,
        role: &Role,
        mfa: Option<(&str, &Code)>,
        duration: Duration,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::AssumeRole;
        let answer = self.call(call, |client| {
            client
                .sts()
                .assume_role()
                .role_arn(&role.arn)
                .role_session_name(&role.session_name)
                .set_external_id(role.external_id.clone())
                .set_policy(role.policy.clone())
                .set_serial_number(mfa.map(|(serial, _)| serial.to_owned()))
                .set_token_code(mfa.map(|(_, code)| code.expose().to_owned()))
                .duration_seconds(whole_seconds(duration))
                .send()
        })?;
        self.issued(call, answer.credentials())
    }

    /// Credentials that no STS gives are refused: with a part missing, over already, or the caller's own.
    fn issued(&self, call: Call, credentials: Option<&Issued>) -> Result<SessionCredentials, Error> {
        let malformed = || Error::Malformed { call };
        let credentials = credentials.ok_or_else(malformed)?;
        let parts = [credentials.access_key_id(), credentials.secret_access_key(), credentials.session_token()];
        let is_odd = |part: &str| part.is_empty() || part.chars().any(|c| c.is_control() || c.is_whitespace());
        let expires = SystemTime::try_from(*credentials.expiration()).map_err(|_| malformed())?;
        let is_own = credentials.access_key_id() == self.access_key_id();
        if parts.into_iter().any(is_odd) || is_own || expires <= self.connector.clock.now() {
            return Err(malformed());
        }
        Ok(SessionCredentials {
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: Zeroizing::new(credentials.secret_access_key().to_owned()),
            session_token: Zeroizing::new(credentials.session_token().to_owned()),
            expires,
        })
    }

    /// GetRole: the longest session of this role, where it is one of the caller's account. `None`: it is another's, or
    /// IAM does not say.
    pub fn longest_session(&self, role: &Role) -> Result<Option<Duration>, Error> {
        let name = role.arn.rsplit('/').next().unwrap_or(&role.arn);
        let answer = self.call(Call::GetRole, |client| client.iam.get_role().role_name(name).send())?;
        let longest =
            answer.role().filter(|found| found.arn() == role.arn).and_then(|found| found.max_session_duration());
        Ok(longest.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs))
    }

    /// The same caller through a session's credentials.
    #[must_use]
    pub fn through(&self, session: &SessionCredentials) -> Self {
        self.with_session(Credentials::new(
            session.access_key_id.as_str(),
            session.secret_access_key.as_str(),
            Some(session.session_token.to_string()),
            Some(session.expires),
            "mfa session",
        ))
    }
}

impl AsyncClient {
    pub(super) async fn caller(&self) -> Result<Caller, Error> {
        let call = Call::GetCallerIdentity;
        let answer = self.call(call, |client| client.sts().get_caller_identity().send()).await?;
        answer.arn().and_then(|arn| arn.parse().ok()).ok_or(Error::Malformed { call })
    }
}

fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
