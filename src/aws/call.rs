//! One call: send it, read the outcome, and decide whether it may be sent again.
//!
//! Three outcomes are told apart. *Refused for now* (throttling, a concurrent change): nothing happened, so any call
//! may be repeated. *Lost* (no reply): only calls that change nothing are repeated; the others become
//! [`Error::OutcomeUnknown`] and the flow asks. *Answered*: that is the answer.

use super::client::{Account, Live};
use super::config::{LONGEST_REPLY, OnTheWire, trouble};
use super::error::{Error, refusal, words};
use crate::secret::on_wiped_stack;
use crate::totp::Trial;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http_body_util::LengthLimitError;
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

    /// What it does in the world. Every call has its line: what a new one does is decided here, and not by its name.
    fn effect(self) -> Effect {
        match self {
            Self::GetCallerIdentity
            | Self::ListMfaDevices
            | Self::ListVirtualMfaDevices
            | Self::ListUserTags
            | Self::GetMfaDevice
            | Self::ListUsers
            | Self::ListAccessKeys
            | Self::GetAccountSummary
            | Self::GetCredentialReport
            | Self::GetAccessKeyLastUsed
            | Self::ListSigningCertificates
            | Self::GetUser
            | Self::GetRole
            | Self::GetAccountPasswordPolicy
            | Self::GetAccountAuthorizationDetails
            | Self::ListOrganizationsFeatures
            | Self::DescribeOrganization
            | Self::ListAccounts
            | Self::DescribeAccount
            | Self::ListPolicies
            | Self::DescribePolicy
            | Self::ListTargetsForPolicy
            | Self::ListPoliciesForTarget
            | Self::DescribeTrails
            | Self::GetTrailStatus
            | Self::GetEventSelectors
            | Self::DescribeMetricFilters
            | Self::DescribeAlarms
            | Self::ListSubscriptionsByTopic
            | Self::GetTopicAttributes
            | Self::GetSubscriptionAttributes
            | Self::DescribeKey
            | Self::GetKeyPolicy
            | Self::ListRules
            | Self::ListTargetsByRule
            | Self::GetContactInformation
            | Self::GetAlternateContact => Effect::None,
            // A tag that is set again is the same tag, a report that is made again the same report; a second session of
            // root's is one more that ends after a quarter of an hour.
            Self::TagUser | Self::UntagUser | Self::AssumeRoot | Self::GenerateCredentialReport => Effect::Again,
            // A session's code is spent. The repeat of a deactivation or a deletion answers "not found", which the flows
            // read as done: they ask instead.
            Self::GetSessionToken
            | Self::AssumeRole
            | Self::CreateVirtualMfaDevice
            | Self::EnableMfaDevice
            | Self::DeactivateMfaDevice
            | Self::DeleteVirtualMfaDevice
            | Self::ResyncMfaDevice
            | Self::TagMfaDevice
            | Self::CreateAccessKey
            | Self::UpdateAccessKey
            | Self::DeleteAccessKey => Effect::Once,
        }
    }

    /// Every call after which something in the world is another, be it a code that is spent.
    pub fn changing() -> impl Iterator<Item = Self> {
        OF_QUERY.iter().copied().filter(|call| call.changes_something())
    }

    /// Whether anything in the world is another afterwards, be it a code that is spent.
    pub(super) fn changes_something(self) -> bool {
        self.effect() != Effect::None
    }

    /// Whether repeating it after a lost reply can do no harm.
    fn may_be_repeated(self) -> bool {
        self.effect() != Effect::Once
    }

    /// The call of this name in the API reference, where it is answered in the query protocol.
    pub(super) fn named(operation: &str) -> Option<Self> {
        let named = |call: &&Self| call.permission().split_once(':').is_some_and(|(_, name)| name == operation);
        OF_QUERY.iter().find(named).copied()
    }
}

/// What a call does in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// It tells, and changes nothing.
    None,
    /// It changes something, and twice is as good as once.
    Again,
    /// It changes something, and is sent once.
    Once,
}

/// The calls that are answered in the query protocol: those of IAM, STS and SNS.
const OF_QUERY: &[Call] = &[
    Call::GetCallerIdentity,
    Call::GetSessionToken,
    Call::AssumeRole,
    Call::ListMfaDevices,
    Call::ListVirtualMfaDevices,
    Call::CreateVirtualMfaDevice,
    Call::EnableMfaDevice,
    Call::DeactivateMfaDevice,
    Call::DeleteVirtualMfaDevice,
    Call::ResyncMfaDevice,
    Call::TagMfaDevice,
    Call::TagUser,
    Call::UntagUser,
    Call::ListUserTags,
    Call::GetMfaDevice,
    Call::ListUsers,
    Call::ListAccessKeys,
    Call::CreateAccessKey,
    Call::UpdateAccessKey,
    Call::DeleteAccessKey,
    Call::AssumeRoot,
    Call::GetAccountSummary,
    Call::GenerateCredentialReport,
    Call::GetCredentialReport,
    Call::GetAccessKeyLastUsed,
    Call::ListSigningCertificates,
    Call::GetUser,
    Call::GetRole,
    Call::GetAccountPasswordPolicy,
    Call::GetAccountAuthorizationDetails,
    Call::ListOrganizationsFeatures,
    Call::ListSubscriptionsByTopic,
    Call::GetTopicAttributes,
    Call::GetSubscriptionAttributes,
];

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
        let (mut corrected, mut trial) = (false, None::<Trial>);
        let mut attempt = 1;
        let began = self.connector.clock.now();
        loop {
            if let Some(pace) = &self.pace
                && !pace.turn(&self.connector.clock)
            {
                return Err(Error::Interrupted);
            }
            let ahead_before = self.connector.clock.ahead_seconds();
            let outcome = self.once(call, &send);
            if let Some(trial) = trial.take() {
                trial.end(outcome.as_ref().err().is_none_or(Error::is_an_answer));
            }
            let error = match outcome {
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
                // The reply named a time that is not believed: AWS itself says whether it is right, by taking a signature.
                Error::BadSignature { .. } if !corrected && let Some(begun) = self.connector.clock.try_doubted() => {
                    (corrected, trial) = (true, Some(begun));
                    continue;
                }
                // STS spends codes, and does not say whether it looked at this one: the flow takes the next.
                Error::TryLater { .. } if matches!(call, Call::GetSessionToken | Call::AssumeRole) => {
                    return Err(error);
                }
                Error::TryLater { .. } if paced.is_some() => PACED_PATIENCE,
                Error::TryLater { .. } => PATIENCE,
                Error::OutcomeUnknown { .. } | Error::Unreachable { .. } if call.may_be_repeated() => LOST_PATIENCE,
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
                    None if call.may_be_repeated() => Err(Error::Interrupted),
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
            if status >= 500 && !call.may_be_repeated() {
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
            if let Some(trouble) = trouble(cause) {
                return trouble;
            }
            let sent = any_source(cause, |error| error.is::<OnTheWire>());
            if !sent || cause.is_user() || any_source(cause, |error| error.is::<CredentialsError>()) {
                Error::BadConfiguration { detail: of_the_sdk(detail) }
            } else if any_source(cause, never_connected) {
                Error::Unreachable { call, detail }
            } else {
                Error::OutcomeUnknown { call, detail: "the connection ended before a reply came".to_owned() }
            }
        }
        SdkError::TimeoutError(_) => Error::OutcomeUnknown { call, detail: "no reply in time".to_owned() },
        error if any_source(&error, |error| error.is::<LengthLimitError>()) => too_long(call),
        _ => not_aws(call),
    }
}

/// Why the SDK sends nothing, in words for whoever wrote the configuration.
fn of_the_sdk(detail: String) -> String {
    let kinds = [
        ("Dualstack and custom endpoint", "AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint)"),
        ("FIPS and custom endpoint", "AWS_USE_FIPS_ENDPOINT (use_fips_endpoint)"),
    ];
    match kinds.iter().find(|(theirs, _)| detail.contains(theirs)) {
        Some((_, switch)) => {
            format!("{switch} chooses among AWS's own endpoints, and AWS_ENDPOINT_URL (endpoint_url) names another")
        }
        None => detail,
    }
}

/// A reply that was not read to its end. Behind it the call may have been carried out all the same.
fn too_long(call: Call) -> Error {
    let most = LONGEST_REPLY >> 20;
    if call.changes_something() {
        Error::OutcomeUnknown { call, detail: format!("it is longer than {most} MiB") }
    } else {
        Error::TooLong { call, most }
    }
}

/// A reply that cannot be read. Behind it the call may have been carried out all the same.
fn not_aws(call: Call) -> Error {
    if call.changes_something() {
        Error::OutcomeUnknown { call, detail: "what came is not an answer of AWS".to_owned() }
    } else {
        Error::Malformed { call }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer is held to the call by the operation's name.
    #[test]
    fn every_call_that_changes_something_is_found_by_its_name() {
        for call in OF_QUERY {
            let name = call.to_string();
            assert_eq!(Call::named(&name), Some(*call), "{name}");
            let tells = ["Get", "List"].iter().any(|verb| name.starts_with(verb)) && *call != Call::GetSessionToken;
            assert_eq!(call.changes_something(), !tells, "{name}");
        }
        assert_eq!(Call::named("DescribeAlarms"), None);
        assert!(!Call::DescribeAlarms.changes_something());
    }
}
