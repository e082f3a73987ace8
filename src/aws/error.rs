//! What AWS answered, or why it did not.

use super::call::Call;
use super::config::Trouble;
use super::retry::means_throttling;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A call that did not do what was asked. Messages are AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Error {
    /// The caller may not (AccessDenied). `needs_mfa`: IAM's rule that a user who has a device must act through an
    /// MFA session.
    #[error("AWS refused {call}{}", said(message))]
    Denied {
        call: Call,
        /// AWS's words.
        message: String,
        /// The self-management rule (IAM User Guide, bulletin AWS-2023-001).
        needs_mfa: bool,
    },
    /// The one-time code given to STS was not accepted, or the device cannot be checked right now: STS says the same
    /// for a wrong code's device, a new device that it does not know yet, and too many tries in three minutes.
    #[error("STS did not accept the code{}", said(message))]
    MfaRefused {
        /// AWS's words.
        message: String,
    },
    /// The two codes were not accepted (InvalidAuthenticationCode, 403).
    #[error("AWS refused both codes")]
    WrongCodes,
    /// It exists already (EntityAlreadyExists, 409).
    #[error("AWS says it exists already{}", said(message))]
    AlreadyExists {
        /// AWS's words.
        message: String,
    },
    /// There is no such user or device (NoSuchEntity, 404).
    #[error("AWS does not find it{}", said(message))]
    NotFound {
        /// AWS's words.
        message: String,
    },
    /// A quota is reached (LimitExceeded, 409): 8 devices for a user.
    #[error("an AWS quota is reached{}", said(message))]
    LimitExceeded {
        /// AWS's words.
        message: String,
    },
    /// It is still in use (DeleteConflict, 409).
    #[error("AWS says it is still in use{}", said(message))]
    DeleteConflict {
        /// AWS's words.
        message: String,
    },
    /// Refused for now, and still refused after the back-off: Throttling, ConcurrentModification (EventBridge and
    /// Organizations add `Exception`), EntityTemporarilyUnmodifiable.
    #[error("AWS still answers {code} to {call} after several tries")]
    TryLater {
        call: Call,
        /// AWS's code.
        code: String,
    },
    /// A value is not one AWS takes (ValidationError, 400).
    #[error("AWS does not take a value{}", said(message))]
    Invalid {
        /// AWS's words.
        message: String,
    },
    #[error("AWS acknowledged {call}, but IAM does not show it")]
    NotSeen { call: Call },
    /// The credentials have expired (ExpiredToken).
    #[error("the AWS credentials have expired")]
    Expired,
    /// AWS does not know these credentials (InvalidClientTokenId, UnrecognizedClientException).
    #[error("AWS does not know these credentials")]
    UnknownCredentials,
    /// AWS does not accept the signature (SignatureDoesNotMatch), also by the time that its reply named.
    #[error("AWS does not accept the signature{}", said(message))]
    BadSignature {
        /// AWS speaks of the time at which it was made ("Signature expired", RequestTimeTooSkewed).
        of_time: bool,
        /// AWS's words.
        message: String,
    },
    #[error("no AWS credentials found{}", said(detail))]
    NoCredentials {
        /// What the SDK's provider chain said.
        detail: String,
    },
    /// The configuration cannot be used as it is written.
    #[error(transparent)]
    Configuration(Box<Trouble>),
    /// The SDK cannot use the configuration: an expired login, a `credential_process` that failed.
    #[error("the AWS configuration cannot be used{}", said(detail))]
    BadConfiguration {
        /// What the SDK's provider chain said.
        detail: String,
    },
    /// The call was never carried out: no connection could be made.
    #[error("AWS cannot be reached for {call}{}", said(detail))]
    Unreachable {
        call: Call,
        /// The connector's words.
        detail: String,
    },
    /// No usable reply came: the call may or may not have been carried out. Ask before going on.
    #[error("the reply to {call} was lost ({detail})")]
    OutcomeUnknown {
        call: Call,
        /// What happened to the reply.
        detail: String,
    },
    /// The person interrupted while this was under way or before it was sent; nothing was changed by it.
    #[error("interrupted")]
    Interrupted,
    #[error("the reply to {call} lacks what it must have")]
    Malformed { call: Call },
    #[error("the reply to {call} is longer than {most} MiB, and was not read to its end")]
    TooLong {
        call: Call,
        /// How much of a reply is read, in MiB.
        most: usize,
    },
    /// A list in pages whose pages come round again, so that its end is never reached.
    #[error("the list that {call} gives does not end: its pages come round again")]
    Endless { call: Call },
    #[error("AWS refused {call} with {code} (HTTP {status}){}", said(message))]
    Refused {
        call: Call,
        /// HTTP status.
        status: u16,
        /// AWS's code.
        code: String,
        /// AWS's words.
        message: String,
    },
}

/// Somebody else's words behind ours, where there are any.
fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

impl Error {
    /// Whether AWS has looked at the request and taken its signature: any refusal but those of the signature itself.
    pub(super) fn is_an_answer(&self) -> bool {
        !matches!(
            self,
            Self::BadSignature { .. }
                | Self::NoCredentials { .. }
                | Self::BadConfiguration { .. }
                | Self::Unreachable { .. }
                | Self::OutcomeUnknown { .. }
                | Self::Interrupted
                | Self::Malformed { .. }
                | Self::TooLong { .. }
        )
    }
}

/// What a refusal means, from its code. 5xx is decided by the caller, who knows whether the call changes anything.
pub(super) fn refusal(call: Call, status: u16, meta: &impl ProvideErrorMetadata) -> Error {
    let code = meta.code().unwrap_or_default();
    let message = meta.message().unwrap_or_default().to_owned();
    match code {
        "AccessDenied" if message.starts_with("MultiFactorAuthentication failed") => Error::MfaRefused { message },
        "AccessDenied" | "AccessDeniedException" | "AuthorizationError" => {
            let needs_mfa = message.contains("ensure that you are authenticated with an MFA device");
            Error::Denied { call, message, needs_mfa }
        }
        "InvalidAuthenticationCode" => Error::WrongCodes,
        "EntityAlreadyExists" => Error::AlreadyExists { message },
        "NoSuchEntity" => Error::NotFound { message },
        "LimitExceeded" => Error::LimitExceeded { message },
        "DeleteConflict" => Error::DeleteConflict { message },
        "ValidationError" | "InvalidInput" => Error::Invalid { message },
        "ExpiredToken" | "ExpiredTokenException" => Error::Expired,
        "InvalidClientTokenId" | "UnrecognizedClientException" => Error::UnknownCredentials,
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" => {
            Error::BadSignature { of_time: speaks_of_time(&message), message }
        }
        code if speaks_of_time(code) => Error::BadSignature { of_time: true, message },
        code if is_for_now(code) => Error::TryLater { call, code: code.to_owned() },
        code => Error::Refused { call, status, code: code.to_owned(), message },
    }
}

/// Whether a refusal, by its code or its words, is about the time at which the request was signed (IAM User Guide,
/// "Troubleshoot Signature Version 4 requests"; API References, "Common Errors").
pub(super) fn speaks_of_time(text: &str) -> bool {
    let marks = ["Signature expired", "Signature not yet current", "RequestTimeTooSkewed", "RequestExpired"];
    marks.iter().any(|mark| text.contains(mark))
}

/// Codes that ask to try again: the call was not carried out.
fn is_for_now(code: &str) -> bool {
    let concurrent = ["ConcurrentModification", "ConcurrentModificationException"].contains(&code);
    means_throttling(code) || concurrent || code == "EntityTemporarilyUnmodifiable"
}

/// An error and what is behind it, in one line, each thing said once. The SDK's errors say little themselves and all
/// in their sources.
pub(super) fn message(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() && !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}
