//! One call: send it, read the outcome, and decide whether it may be sent again.
//!
//! Three outcomes are told apart. *Refused for now* (throttling, a concurrent change): nothing happened, so any call
//! may be repeated. *Lost* (no reply): only calls that change nothing are repeated; the others become
//! [`Error::OutcomeUnknown`] and the flow asks. *Answered*: that is the answer.

use super::client::{Account, Live};
use super::config::OnTheWire;
use super::error::{Error, refusal, words};
use crate::secret::on_wiped_stack;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::fmt;
use std::time::Duration;

/// An API operation, by its name in its service's API reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Call {
    GetCallerIdentity,
    GetSessionToken,
    AssumeRole,
    ListMfaDevices,
    ListVirtualMfaDevices,
    CreateVirtualMfaDevice,
    EnableMfaDevice,
    DeactivateMfaDevice,
    DeleteVirtualMfaDevice,
    ResyncMfaDevice,
    TagMfaDevice,
    TagUser,
    UntagUser,
    ListUserTags,
    GetMfaDevice,
    ListUsers,
    ListAccessKeys,
    CreateAccessKey,
    UpdateAccessKey,
    DeleteAccessKey,
    AssumeRoot,
    GetAccountSummary,
    GenerateCredentialReport,
    GetCredentialReport,
    GetAccessKeyLastUsed,
    ListSigningCertificates,
    GetUser,
    GetRole,
    GetAccountPasswordPolicy,
    GetAccountAuthorizationDetails,
    ListOrganizationsFeatures,
    DescribeOrganization,
    ListAccounts,
    DescribeAccount,
    ListPolicies,
    DescribePolicy,
    ListTargetsForPolicy,
    ListPoliciesForTarget,
    DescribeTrails,
    GetTrailStatus,
    GetEventSelectors,
    DescribeMetricFilters,
    DescribeAlarms,
    ListSubscriptionsByTopic,
    GetTopicAttributes,
    GetSubscriptionAttributes,
    DescribeKey,
    GetKeyPolicy,
    ListRules,
    ListTargetsByRule,
    GetContactInformation,
    GetAlternateContact,
}

impl Call {
    /// The permission it needs, as IAM policies spell it.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::GetSessionToken => "sts:GetSessionToken",
            Self::AssumeRole => "sts:AssumeRole",
            Self::ListMfaDevices => "iam:ListMFADevices",
            Self::ListVirtualMfaDevices => "iam:ListVirtualMFADevices",
            Self::CreateVirtualMfaDevice => "iam:CreateVirtualMFADevice",
            Self::EnableMfaDevice => "iam:EnableMFADevice",
            Self::DeactivateMfaDevice => "iam:DeactivateMFADevice",
            Self::DeleteVirtualMfaDevice => "iam:DeleteVirtualMFADevice",
            Self::ResyncMfaDevice => "iam:ResyncMFADevice",
            Self::TagMfaDevice => "iam:TagMFADevice",
            Self::TagUser => "iam:TagUser",
            Self::UntagUser => "iam:UntagUser",
            Self::ListUserTags => "iam:ListUserTags",
            Self::GetMfaDevice => "iam:GetMFADevice",
            Self::ListUsers => "iam:ListUsers",
            Self::ListAccessKeys => "iam:ListAccessKeys",
            Self::CreateAccessKey => "iam:CreateAccessKey",
            Self::UpdateAccessKey => "iam:UpdateAccessKey",
            Self::DeleteAccessKey => "iam:DeleteAccessKey",
            Self::AssumeRoot => "sts:AssumeRoot",
            Self::GetAccountSummary => "iam:GetAccountSummary",
            Self::GenerateCredentialReport => "iam:GenerateCredentialReport",
            Self::GetCredentialReport => "iam:GetCredentialReport",
            Self::GetAccessKeyLastUsed => "iam:GetAccessKeyLastUsed",
            Self::ListSigningCertificates => "iam:ListSigningCertificates",
            Self::GetUser => "iam:GetUser",
            Self::GetRole => "iam:GetRole",
            Self::GetAccountPasswordPolicy => "iam:GetAccountPasswordPolicy",
            Self::GetAccountAuthorizationDetails => "iam:GetAccountAuthorizationDetails",
            Self::ListOrganizationsFeatures => "iam:ListOrganizationsFeatures",
            Self::DescribeOrganization => "organizations:DescribeOrganization",
            Self::ListAccounts => "organizations:ListAccounts",
            Self::DescribeAccount => "organizations:DescribeAccount",
            Self::ListPolicies => "organizations:ListPolicies",
            Self::DescribePolicy => "organizations:DescribePolicy",
            Self::ListTargetsForPolicy => "organizations:ListTargetsForPolicy",
            Self::ListPoliciesForTarget => "organizations:ListPoliciesForTarget",
            Self::DescribeTrails => "cloudtrail:DescribeTrails",
            Self::GetTrailStatus => "cloudtrail:GetTrailStatus",
            Self::GetEventSelectors => "cloudtrail:GetEventSelectors",
            Self::DescribeMetricFilters => "logs:DescribeMetricFilters",
            Self::DescribeAlarms => "cloudwatch:DescribeAlarms",
            Self::ListSubscriptionsByTopic => "sns:ListSubscriptionsByTopic",
            Self::GetTopicAttributes => "sns:GetTopicAttributes",
            Self::GetSubscriptionAttributes => "sns:GetSubscriptionAttributes",
            Self::DescribeKey => "kms:DescribeKey",
            Self::GetKeyPolicy => "kms:GetKeyPolicy",
            Self::ListRules => "events:ListRules",
            Self::ListTargetsByRule => "events:ListTargetsByRule",
            Self::GetContactInformation => "account:GetContactInformation",
            Self::GetAlternateContact => "account:GetAlternateContact",
        }
    }

    /// Whether repeating it after a lost reply can do no harm. Deactivating and deleting are not here: their repeat
    /// answers "not found", which the flows read as done.
    fn changes_nothing(self) -> bool {
        let name = self.to_string();
        let reads = ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
        // A session's code is spent. A report that is made again is the same report, a tag the same tag.
        let again =
            matches!(self, Self::AssumeRoot | Self::GenerateCredentialReport | Self::TagUser | Self::UntagUser);
        reads && self != Self::GetSessionToken || again
    }
}

impl Call {
    fn takes_two_codes(self) -> bool {
        matches!(self, Self::EnableMfaDevice | Self::ResyncMfaDevice)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.permission().split_once(':').map_or("", |(_, name)| name))
    }
}

/// A repeat that is about to happen, so that it can be said aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The call.
    pub call: Call,
    /// What happened: "AWS answered Throttling", "no reply came".
    pub why: String,
    /// How long is waited first.
    pub after: Duration,
    /// Which attempt comes next, counted from 1.
    pub attempt: u32,
}

/// Back-off while AWS says "for now": 1, 2, 4, 8 and 16 s, about half a minute in all.
pub(super) const PATIENCE: u32 = 6;
/// Where calls wait for their turn anyway (a roster): 0.25, 0.5, 1, 2, 4 and then 8 s, about a minute in all.
const PACED_PATIENCE: u32 = 12;
/// How long two codes of the present are codes of the present. IAM takes older ones too, and then counts the device's
/// clock as slow by as much; STS forgives two steps.
const CODES_LAST: Duration = Duration::from_secs(30);
/// Lost replies of calls that change nothing.
pub(super) const LOST_PATIENCE: u32 = 3;

impl Account {
    /// Sends `send` once or more, as its call allows.
    pub(super) fn call<T, E, F>(&self, call: Call, send: impl Fn(&Live) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut corrected = false;
        let mut attempt = 1;
        let began = self.connector.clock.now();
        loop {
            if let Some(pace) = &self.pace
                && !pace.turn(&self.connector.clock)
            {
                return Err(Error::Interrupted);
            }
            let ahead_before = self.connector.clock.ahead_seconds();
            let error = match self.once(call, &send) {
                Ok(answer) => {
                    self.pace.iter().for_each(|pace| pace.went());
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let paced = self.pace.as_ref().filter(|_| is_throttling(&error));
            paced.iter().for_each(|pace| pace.refused());
            let patience = match &error {
                // AWS refuses signatures more than 5 minutes off. Its reply said the time, so one corrected try is fair.
                Error::BadSignature { .. } if !corrected && self.connector.clock.ahead_seconds() != ahead_before => {
                    corrected = true;
                    continue;
                }
                // STS spends codes, and does not say whether it looked at this one: the flow takes the next.
                Error::TryLater { .. } if matches!(call, Call::GetSessionToken | Call::AssumeRole) => {
                    return Err(error);
                }
                Error::TryLater { .. } if paced.is_some() => PACED_PATIENCE,
                Error::TryLater { .. } => PATIENCE,
                Error::OutcomeUnknown { .. } | Error::Unreachable { .. } if call.changes_nothing() => LOST_PATIENCE,
                Error::Unreachable { .. } => LOST_PATIENCE,
                _ => return Err(error),
            };
            if attempt >= patience {
                return Err(error);
            }
            attempt += 1;
            let mut after = Duration::from_secs(1 << (attempt - 2).min(4));
            if paced.is_some() {
                // Said once, by whoever set the pace.
                after = Duration::from_millis(250 << (attempt - 2).min(5));
            }
            if call.takes_two_codes() && self.connector.clock.now() + after > began + CODES_LAST {
                return Err(error);
            }
            if paced.is_none() {
                (self.connector.on_retry)(&Retry { call, why: why(&error), after, attempt });
            }
            if !self.connector.clock.sleep(after) {
                return Err(Error::Interrupted);
            }
        }
    }

    /// Sends once, on the wiped stack, and stops waiting when the person interrupts.
    fn once<T, E, F>(&self, call: Call, send: &impl Fn(&Live) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        on_wiped_stack(|| {
            if self.connector.interrupt.raised() {
                return Err(Error::Interrupted);
            }
            self.with_live(|live| {
                let outcome = live.runtime.block_on(async {
                    tokio::select! {
                        biased;
                        outcome = send(live) => Some(outcome),
                        () = self.connector.interrupt.raised_async() => None,
                    }
                });
                match outcome {
                    Some(Ok(answer)) => Ok(answer),
                    Some(Err(error)) => Err(classify(call, error)),
                    None if call.changes_nothing() => Err(Error::Interrupted),
                    None => Err(Error::OutcomeUnknown { call, detail: "interrupted".to_owned() }),
                }
            })?
        })
    }
}

fn is_throttling(error: &Error) -> bool {
    let codes = [
        "Throttling",
        "ThrottlingException",
        "Throttled",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
    ];
    matches!(error, Error::TryLater { code, .. } if codes.contains(&code.as_str()))
}

pub(super) fn why(error: &Error) -> String {
    match error {
        Error::TryLater { code, .. } => format!("AWS answered {code}"),
        Error::Unreachable { .. } => "no connection could be made".to_owned(),
        _ => "no reply came".to_owned(),
    }
}

pub(super) fn classify<E>(call: Call, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let detail = words(&error);
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            if status >= 500 && !call.changes_nothing() {
                // A server error says nothing about what was done before it.
                return Error::OutcomeUnknown { call, detail: format!("HTTP {status}") };
            }
            if status < 500 && context.err().code().is_none() {
                // A web page, not an answer of AWS: a proxy, a captive portal or a wrong endpoint.
                return not_aws(call);
            }
            match refusal(call, status, context.err()) {
                Error::Refused { status: 500.., .. } => {
                    Error::OutcomeUnknown { call, detail: format!("HTTP {status}") }
                }
                error => error,
            }
        }
        // Not sent: the request could not be built or signed.
        SdkError::ConstructionFailure(_) => Error::BadConfiguration { detail },
        SdkError::DispatchFailure(failure) => {
            let Some(cause) = failure.as_connector_error() else {
                return Error::OutcomeUnknown { call, detail: "the connection ended before a reply came".to_owned() };
            };
            // The SDK refuses by itself what it cannot find an endpoint for, or sign: nothing was sent.
            let sent = any_source(cause, |error| error.is::<OnTheWire>());
            if !sent || cause.is_user() || any_source(cause, |error| error.is::<CredentialsError>()) {
                Error::BadConfiguration { detail }
            } else if any_source(cause, never_connected) {
                Error::Unreachable { call, detail }
            } else {
                Error::OutcomeUnknown { call, detail: "the connection ended before a reply came".to_owned() }
            }
        }
        SdkError::TimeoutError(_) => Error::OutcomeUnknown { call, detail: "no reply in time".to_owned() },
        _ => not_aws(call),
    }
}

/// A reply that cannot be read. Behind it the call may have been carried out all the same.
fn not_aws(call: Call) -> Error {
    if call.changes_nothing() {
        Error::Malformed { call }
    } else {
        Error::OutcomeUnknown { call, detail: "what came is not an answer of AWS".to_owned() }
    }
}

/// Whether no connection was ever made, so that nothing can have been carried out.
fn never_connected(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let refused = error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|io| matches!(io.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable));
    // Name resolution and TLS set-up come before the request; hyper names both "client error (Connect)".
    refused || error.to_string().contains("(Connect)")
}

fn any_source(
    error: &(dyn std::error::Error + 'static),
    is: impl Fn(&(dyn std::error::Error + 'static)) -> bool,
) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(is)
}
