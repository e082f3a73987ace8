//! What came of a request that was sent: an answer, a refusal, or nothing that can be relied on.

use super::call::Call;
use super::config::{LONGEST_REPLY, OnTheWire, trouble};
use super::error::{Error, message, refusal};
use super::retry::means_throttling;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http_body_util::LengthLimitError;

pub(super) fn classify<E>(call: Call, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let detail = message(&error);
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            // S3 throttles with 503.
            let throttled = context.err().code().is_some_and(means_throttling);
            if status >= 500 && !throttled && !call.may_be_repeated() {
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
        SdkError::DispatchFailure(failure) => not_dispatched(call, failure.as_connector_error(), detail),
        SdkError::TimeoutError(_) => Error::OutcomeUnknown { call, detail: "no reply in time".to_owned() },
        error if any_source(&error, |error| error.is::<LengthLimitError>()) => too_long(call),
        _ => not_aws(call),
    }
}

fn not_dispatched(call: Call, cause: Option<&ConnectorError>, detail: String) -> Error {
    let ended = || Error::OutcomeUnknown { call, detail: "the connection ended before a reply came".to_owned() };
    let Some(cause) = cause else { return ended() };
    if let Some(trouble) = trouble(cause) {
        return trouble;
    }
    // The SDK refuses by itself what it cannot find an endpoint for, or sign: nothing was sent.
    let sent = any_source(cause, |error| error.is::<OnTheWire>());
    if !sent || cause.is_user() || any_source(cause, |error| error.is::<CredentialsError>()) {
        Error::BadConfiguration { detail: of_the_sdk(detail) }
    } else if any_source(cause, never_connected) {
        Error::Unreachable { call, detail }
    } else {
        ended()
    }
}

/// Why the SDK sends nothing, in message for whoever wrote the configuration.
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
