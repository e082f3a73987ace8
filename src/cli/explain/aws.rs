//! What AWS answered.

use super::Explanation;
use super::configuration::configuration;
use crate::aws::Error as E;

/// What AWS answered.
pub(in crate::cli) fn aws(error: &E) -> Explanation {
    let text = |code| Explanation::of(code, error);
    match error {
        E::Denied { needs_mfa: true, .. } => text("mfa_session_needed")
            .note("a user who has an MFA device must act on their own devices through an MFA session")
            .hint("plug in a key that holds one of your devices and run the same command again, or use the credentials of an MFA session"),
        E::Denied { call, .. } => {
            text("access_denied").hint(format!("the caller needs the permission {} for this", call.permission()))
        }
        E::MfaRefused { .. } => text("mfa_refused")
            .hint("every code is accepted once, and nine tries in three minutes lock the device for the rest of them"),
        E::WrongCodes => text("wrong_codes")
            .hint("another run may have used this device's codes in the last minute; run the same command again")
            .hint("refused once more, the key holds another seed than the device has, which was made anew since"),
        E::AlreadyExists { .. } => text("already_exists"),
        E::NotFound { .. } => text("not_found"),
        E::LimitExceeded { .. } => text("limit_exceeded"),
        E::DeleteConflict { .. } => text("delete_conflict"),
        E::TryLater { .. } => text("try_later").hint("wait a few minutes and run the same command again"),
        E::Invalid { .. } => text("invalid_value"),
        E::Interrupted => Explanation::interrupted(),
        E::Refused { .. } => text("refused"),
        E::Expired
        | E::UnknownCredentials
        | E::BadSignature { .. }
        | E::NoCredentials { .. }
        | E::Configuration(_)
        | E::BadConfiguration { .. } => of_credentials(error),
        E::Unreachable { .. }
        | E::OutcomeUnknown { .. }
        | E::NotSeen { .. }
        | E::Malformed { .. }
        | E::TooLong { .. }
        | E::Endless { .. } => of_replies(error),
    }
}

/// As the TLS library says it of a certificate that nothing trusted has signed.
const UNKNOWN_ISSUER: &str = "UnknownIssuer";

/// What signs a request, and where it comes from.
fn of_credentials(error: &E) -> Explanation {
    let text = |code| Explanation::of(code, error);
    match error {
        E::Expired => text("expired_credentials")
            .hint("sign in again (`aws login`, `aws sso login`, or a new session) and run the same command again"),
        E::BadSignature { of_time: true, message } => {
            let what = "AWS does not accept the time of the signature";
            let what = if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") };
            Explanation::new("clock_refused", what)
                .note("AWS accepts a signature for 5 minutes; this one was made by this computer's clock, or by the date that an earlier reply named")
                .hint("set this computer's clock; if it is right, a proxy or the endpoint writes a wrong Date header: `glasskey doctor` compares them")
        }
        E::BadSignature { .. } => {
            text("bad_signature").hint("check the secret access key; `aws configure list` shows where it comes from")
        }
        E::NoCredentials { detail } => Explanation::new("no_credentials", "no AWS credentials found")
            .note(detail.clone())
            .hint("name a profile with --profile, or set AWS_PROFILE; `aws configure` makes one"),
        E::Configuration(trouble) => configuration(trouble),
        E::BadConfiguration { detail } => {
            let text = Explanation::new("bad_configuration", "the AWS configuration cannot be used");
            text.note(detail.clone()).hint(if is_of_a_login(detail) {
                "an expired login is renewed with `aws login` or `aws sso login`"
            } else {
                "`aws configure list` and `glasskey doctor` show what is in use"
            })
        }
        _ => text("unknown_credentials").hint("`aws configure list` shows where they come from"),
    }
}

/// What came back, or did not.
fn of_replies(error: &E) -> Explanation {
    let text = |code| Explanation::of(code, error);
    match error {
        E::Unreachable { call, detail } => {
            let text = Explanation::new("unreachable", format!("AWS cannot be reached for {call}")).note(detail.clone());
            if detail.contains(UNKNOWN_ISSUER) {
                return text.hint(
                    "a proxy that inspects TLS signs with its own certificate authority: AWS_CA_BUNDLE, or ca_bundle in the \
                     profile, names the file that has it",
                ).hint("a system without any certificate authorities lacks a package: `sudo apt install ca-certificates` on Debian");
            }
            text.hint("check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS)")
        }
        E::NotSeen { .. } => text("not_seen").hint(
            "look once more in some minutes; is AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_IAM pointed at something that is not AWS?",
        ),
        E::Malformed { .. } => text("malformed_reply")
            .hint("is AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL_STS pointed at something that is not AWS?"),
        E::TooLong { .. } => text("reply_too_long").hint(
            "is the endpoint (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS) something that is not AWS?",
        ),
        E::Endless { .. } => text("endless_list")
            .hint("is the endpoint (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM) something that is not AWS?"),
        _ => text("outcome_unknown").hint("run the same command again"),
    }
}

/// Whether the SDK speaks of a login that people renew.
fn is_of_a_login(detail: &str) -> bool {
    let detail = detail.to_ascii_lowercase();
    ["sso", "login", "sign in", "signin"].iter().any(|word| detail.contains(word))
}
