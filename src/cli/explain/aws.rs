//! What AWS answered.

use super::configuration::configuration;
use super::{Exit, Explanation};
use crate::aws;

/// What AWS answered.
pub(in crate::cli) fn aws(error: &aws::Error) -> Explanation {
    use aws::Error as E;
    let said =
        |what: &str, message: &str| if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") };
    match error {
        E::Denied { call, message, needs_mfa: true } => Explanation::new("mfa_session_needed", said(&format!("AWS refused {call}"), message))
            .note("a user who has an MFA device must act on their own devices through an MFA session")
            .hint("plug in a key that holds one of your devices and run the same command again, or use the credentials of an MFA session"),
        E::Denied { call, message, .. } => Explanation::new("access_denied", said(&format!("AWS refused {call}"), message))
            .hint(format!("the caller needs the permission {} for this", call.permission())),
        E::MfaRefused { message } => Explanation::new("mfa_refused", said("STS did not accept the code", message))
            .hint("every code is accepted once, and nine tries in three minutes lock the device for the rest of them"),
        E::WrongCodes => Explanation::new("wrong_codes", "AWS refused both codes")
            .hint("another run may have used this device's codes in the last minute; run the same command again")
            .hint("refused once more, the key holds another seed than the device has, which was made anew since"),
        E::AlreadyExists { message } => Explanation::new("already_exists", said("AWS says it exists already", message)),
        E::NotFound { message } => Explanation::new("not_found", said("AWS does not find it", message)),
        E::LimitExceeded { message } => Explanation::new("limit_exceeded", said("an AWS quota is reached", message)),
        E::DeleteConflict { message } => Explanation::new("delete_conflict", said("AWS says it is still in use", message)),
        E::TryLater { call, code } => Explanation::new("try_later", format!("AWS still answers {code} to {call} after several tries"))
            .hint("wait a few minutes and run the same command again"),
        E::Invalid { message } => Explanation::new("invalid_value", said("AWS does not take a value", message)),
        E::Expired => Explanation::new("expired_credentials", "the AWS credentials have expired")
            .hint("sign in again (`aws login`, `aws sso login`, or a new session) and run the same command again"),
        E::UnknownCredentials => Explanation::new("unknown_credentials", "AWS does not know these credentials")
            .hint("`aws configure list` shows where they come from"),
        E::BadSignature { of_time: true, message } => Explanation::new("clock_refused", said("AWS does not accept the time of the signature", message))
            .note("AWS accepts a signature for 5 minutes; this one was made by this computer's clock, or by the date that an earlier reply named")
            .hint("set this computer's clock; if it is right, a proxy or the endpoint writes a wrong Date header: `glasskey doctor` compares them"),
        E::BadSignature { message, .. } => Explanation::new("bad_signature", said("AWS does not accept the signature", message))
            .hint("check the secret access key; `aws configure list` shows where it comes from"),
        E::NoCredentials { detail } => Explanation::new("no_credentials", "no AWS credentials found")
            .note(detail.clone())
            .hint("name a profile with --profile, or set AWS_PROFILE; `aws configure` makes one"),
        E::Configuration(trouble) => configuration(trouble),
        E::BadConfiguration { detail } => {
            let text = Explanation::new("bad_configuration", "the AWS configuration cannot be used").note(detail.clone());
            if is_of_a_login(detail) {
                text.hint("an expired login is renewed with `aws login` or `aws sso login`")
            } else {
                text.hint("`aws configure list` and `glasskey doctor` show what is in use")
            }
        }
        E::Unreachable { call, detail } => Explanation::new("unreachable", format!("AWS cannot be reached for {call}"))
            .note(detail.clone())
            .hint("check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS)"),
        E::OutcomeUnknown { call, detail } => {
            Explanation::new("outcome_unknown", format!("the reply to {call} was lost ({detail})"))
                .hint("run the same command again")
        }
        E::Interrupted => Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
        E::NotSeen { call } => Explanation::new("not_seen", format!("AWS acknowledged {call}, but IAM does not show it"))
            .hint("look once more in some minutes; is AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_IAM pointed at something that is not AWS?"),
        E::Malformed { call } => Explanation::new("malformed_reply", format!("the reply to {call} lacks what it must have"))
            .hint("is AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL_STS pointed at something that is not AWS?"),
        E::TooLong { call, most } => Explanation::new("reply_too_long", format!("the reply to {call} is longer than {most} MiB, and was not read to its end"))
            .hint("is the endpoint (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS) something that is not AWS?"),
        E::Endless { call } => Explanation::new("endless_list", format!("the list that {call} gives does not end: its pages come round again"))
            .hint("is the endpoint (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM) something that is not AWS?"),
        E::Refused { call, status, code, message } => {
            Explanation::new("refused", said(&format!("AWS refused {call} with {code} (HTTP {status})"), message))
        }
    }
}

/// Whether the SDK speaks of a login that people renew.
fn is_of_a_login(detail: &str) -> bool {
    let detail = detail.to_ascii_lowercase();
    ["sso", "login", "sign in", "signin"].iter().any(|word| detail.contains(word))
}
