//! Organizations: what an account manages, and which services it trusts.

use crate::aws::posture::home;
use crate::aws::{Account, Call, Error};
use serde_json::{Value, json};

/// A service to which the organization gives trusted access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedService {
    /// For central root access.
    Iam,
    /// For organization trails.
    CloudTrail,
}

impl TrustedService {
    /// As Organizations names it.
    #[must_use]
    pub fn principal(self) -> &'static str {
        match self {
            Self::Iam => "iam.amazonaws.com",
            Self::CloudTrail => "cloudtrail.amazonaws.com",
        }
    }
}

impl Account {
    /// EnableAWSServiceAccess or DisableAWSServiceAccess: trusted access, from the management account alone.
    pub fn trust(&self, service: TrustedService, on: bool) -> Result<(), Error> {
        let call = if on { Call::EnableAwsServiceAccess } else { Call::DisableAwsServiceAccess };
        self.plainly(call, json!({ "ServicePrincipal": service.principal() })).map(drop)
    }

    /// Whether the organization trusts a service (ListAWSServiceAccessForOrganization).
    pub fn trusts(&self, service: TrustedService) -> Result<bool, Error> {
        let trusted = self.ask(async |client| {
            let (call, region) = (Call::ListAwsServiceAccessForOrganization, home(self).await);
            client.pages::<Value>(call, &region, json!({}), "EnabledServicePrincipals", "NextToken").await
        })?;
        let is_it = |one: &Value| one.get("ServicePrincipal").and_then(Value::as_str) == Some(service.principal());
        Ok(trusted.iter().any(is_it))
    }
}
