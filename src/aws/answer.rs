//! Whether a reply is AWS's answer to the very operation that was asked for.
//!
//! Most of what changes something answers without output, and the SDK then looks at the status alone: a proxy's page with
//! status 200 would pass for "done", an empty body too. So every successful reply of the query protocol must be a whole
//! document whose root is the operation's own response element, and where the call changes something it must name the
//! request it answers. (`<EnableMFADeviceResponse><ResponseMetadata><RequestId>`: IAM API Reference, "Common
//! Parameters" and the examples of each operation.) A list that was cut short is no list either. Replies of the other
//! protocols do not name their operation: [`unnamed`].

mod unnamed;

pub(super) use unnamed::{OwnReply, Written};

use super::call::Call;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use xmlparser::{ElementEnd, Token, Tokenizer};

/// Holds every successful reply to what it must be; one that is something else becomes an error of the SDK's, which
/// [`super::call`] reads as "not an answer of AWS".
#[derive(Clone, Debug)]
pub(super) struct OwnAnswer;

impl Intercept for OwnAnswer {
    fn name(&self) -> &'static str {
        "glasskey::OwnAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if !response.status().is_success() {
            return Ok(());
        }
        // Where the reply was not read to its end, that is the error.
        if context.output_or_error().is_err() && response.body().bytes().is_none() {
            return Ok(());
        }
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        match Answer::read(response.body().bytes().unwrap_or_default()) {
            Some(answer) if answer.is_to(operation) => Ok(()),
            _ => Err(Box::new(NotTheAnswer)),
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Answer<'a> {
    root: &'a str,
    request_id: Option<&'a str>,
}

impl<'a> Answer<'a> {
    /// `None`: no XML, or not to its end.
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut answer = Self::default();
        let mut open: Vec<&str> = Vec::new();
        let mut closed = false;
        for token in Tokenizer::from(std::str::from_utf8(body).ok()?) {
            match token.ok()? {
                Token::ElementStart { local, .. } => {
                    if open.is_empty() {
                        answer.root = local.as_str();
                    }
                    open.push(local.as_str());
                }
                Token::ElementEnd { end: ElementEnd::Close(_, local), .. } => {
                    if open.pop() != Some(local.as_str()) {
                        return None;
                    }
                    closed = open.is_empty();
                }
                Token::ElementEnd { end: ElementEnd::Empty, .. } => {
                    open.pop();
                    closed = open.is_empty();
                }
                Token::Text { text } if matches!(*open, [_, "ResponseMetadata", "RequestId"]) => {
                    answer.request_id = Some(text.as_str().trim()).filter(|id| !id.is_empty());
                }
                _ => {}
            }
        }
        closed.then_some(answer)
    }

    fn is_to(&self, operation: &str) -> bool {
        let own = !operation.is_empty() && self.root.strip_suffix("Response") == Some(operation);
        own && (self.request_id.is_some() || !Call::named(operation).is_none_or(Call::changes_something))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not the answer to this call")]
struct NotTheAnswer;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ENABLED: &str = "<?xml version=\"1.0\"?>\n<EnableMFADeviceResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n  \
         <ResponseMetadata>\n    <RequestId>7a62c49f</RequestId>\n  </ResponseMetadata>\n</EnableMFADeviceResponse>\n";

    fn is_to(body: &str, operation: &str) -> bool {
        Answer::read(body.as_bytes()).is_some_and(|answer| answer.is_to(operation))
    }

    #[test]
    fn the_operations_own_answer_and_no_other() {
        assert!(is_to(ENABLED, "EnableMFADevice"));
        for other in ["DeleteVirtualMFADevice", "EnableMFADeviceResponse", "Enable", ""] {
            assert!(!is_to(ENABLED, other), "{other}");
        }
    }

    #[test]
    fn what_a_proxy_says_is_no_answer() {
        let no_id = ENABLED.replace("7a62c49f", " ");
        let named = "<html><body>EnableMFADeviceResponse</body></html>";
        let closed_twice = format!("{ENABLED}</EnableMFADeviceResponse>");
        for body in
            ["", " ", "{}", "OK", "\u{feff}", "<html><body><br>ok</body></html>", named, &no_id, &closed_twice]
        {
            assert!(!is_to(body, "EnableMFADevice"), "{body}");
        }
        assert!(Answer::read(&[0xff, 0xfe]).is_none());
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_none() {
        let end = ENABLED.trim_end().len();
        for cut in 0..end {
            assert!(!is_to(&ENABLED[..cut], "EnableMFADevice"), "{}", &ENABLED[..cut]);
        }
        assert!(is_to(&ENABLED[..end], "EnableMFADevice"));
    }

    #[test]
    fn what_only_tells_needs_no_request_id() {
        let listed = "<ListUsersResponse><ListUsersResult><Users/></ListUsersResult></ListUsersResponse>";
        assert!(is_to(listed, "ListUsers"));
        assert!(!is_to(&listed.replace("</ListUsersResult>", ""), "ListUsers"));
        assert!(!is_to("<TagUserResponse/>", "TagUser"));
    }
}
