//! Whether a reply that does not name its operation is AWS's: JSON, REST with JSON, and S3.
//!
//! Every reply of AWS has the id of the request that it answers in a header (`x-amzn-RequestId`; S3: `x-amz-request-id`
//! and `x-amz-id-2`). A proxy's page has none. Where AWS sends nothing else, that is the only evidence; where an operation
//! has output, the members that AWS's models require, or that AWS always sends, must be there as well. Only calls that
//! change something are held to this: of a list, its members tell.
//!
//! What no reply can show in these protocols: that it is the answer to this operation and not to another one that has no
//! output either. So what is acknowledged is looked at afterwards.

use super::NotTheAnswer;
use crate::aws::call::Call;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

const REQUEST_IDS: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"];

/// How replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum Written {
    /// AWS JSON, or REST with JSON: 200, and a JSON object or nothing.
    Json,
    /// 200 or 204, and no document: what S3 says of a change is in its headers.
    S3,
}

/// Holds every successful reply to a call that changes something to what AWS's must be. One that is something else becomes
/// an error of the SDK's, as with [`super::OwnAnswer`].
#[derive(Clone, Copy, Debug)]
pub(in crate::aws) struct OwnReply {
    pub(in crate::aws) call: Call,
    pub(in crate::aws) written: Written,
}

impl Intercept for OwnReply {
    fn name(&self) -> &'static str {
        "glasskey::OwnReply"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if !response.status().is_success() || !self.call.changes_something() {
            return Ok(());
        }
        // Where the reply was not read to its end, that is the error.
        let Some(body) = response.body().bytes() else { return Ok(()) };
        let header = |name: &str| response.headers().get(name).map(str::to_owned);
        match self.is_own(response.status().as_u16(), header, body) {
            true => Ok(()),
            false => Err(Box::new(NotTheAnswer)),
        }
    }
}

impl OwnReply {
    fn is_own(self, status: u16, header: impl Fn(&str) -> Option<String>, body: &[u8]) -> bool {
        let says = |name: &str| header(name).is_some_and(|value| !value.trim().is_empty());
        let named = REQUEST_IDS.into_iter().any(&says);
        named
            && match self.written {
                Written::Json => status == 200 && has_members(body, members(self.call)),
                Written::S3 => {
                    let headers = self.call != Call::CreateBucket || says("location");
                    matches!(status, 200 | 204) && !body.trim_ascii().starts_with(b"<") && headers
                }
            }
    }
}

/// Nothing, or a JSON object with these members.
fn has_members(body: &[u8], members: &[&str]) -> bool {
    if body.trim_ascii().is_empty() {
        return members.is_empty();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(found)) => members.iter().all(|name| found.get(*name).is_some_and(|value| !value.is_null())),
        _ => false,
    }
}

/// What AWS always says of a change (the output shapes of the API models). The other changes have no output, or only what
/// may be left out; of those some answer `{}` and some nothing.
fn members(call: Call) -> &'static [&'static str] {
    match call {
        Call::CreateTrail | Call::UpdateTrail => &["TrailARN", "S3BucketName"],
        Call::PutRule => &["RuleArn"],
        Call::CreatePolicy => &["Policy"],
        Call::EnablePolicyType => &["Root"],
        Call::PutTargets | Call::RemoveTargets => &["FailedEntryCount"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: (&str, &str) = ("x-amzn-requestid", "b0dbb7f");
    const S3_ID: (&str, &str) = ("x-amz-request-id", "4442587FB7D0A2F9");

    fn is_own(call: Call, written: Written, status: u16, headers: &[(&str, &str)], body: &str) -> bool {
        let header = |name: &str| headers.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        OwnReply { call, written }.is_own(status, header, body.as_bytes())
    }

    fn json(call: Call, body: &str) -> bool {
        is_own(call, Written::Json, 200, &[ID], body)
    }

    #[test]
    fn what_has_no_request_id_is_no_answer() {
        for body in ["", "{}", "<html></html>", r#"{"RuleArn":"arn"}"#] {
            for headers in [&[][..], &[("x-amzn-requestid", " ")], &[("content-type", "application/json")]] {
                assert!(!is_own(Call::PutRule, Written::Json, 200, headers, body), "{body}");
                assert!(!is_own(Call::PutRetentionPolicy, Written::Json, 200, headers, body), "{body}");
                assert!(!is_own(Call::PutBucketPolicy, Written::S3, 204, headers, body), "{body}");
            }
        }
    }

    #[test]
    fn what_has_output_must_have_it() {
        assert!(json(Call::CreateTrail, r#"{"TrailARN":"arn","S3BucketName":"logs"}"#));
        for body in ["", "{}", r#"{"TrailARN":null,"S3BucketName":"logs"}"#, r#"{"TrailARN":"arn","#, "[]", "<html>"]
        {
            assert!(!json(Call::CreateTrail, body), "{body}");
        }
        assert!(json(Call::PutTargets, r#"{"FailedEntryCount":0,"FailedEntries":[]}"#));
        assert!(!json(Call::PutTargets, "{}"));
    }

    #[test]
    fn what_has_none_is_empty_or_an_object() {
        for body in ["", " \n", "{}", r#"{"nextSequenceToken":"1"}"#] {
            assert!(json(Call::PutLogEvents, body), "{body}");
        }
        for body in ["{", "[]", "null", "OK", "<html></html>"] {
            assert!(!json(Call::PutLogEvents, body), "{body}");
        }
        assert!(!is_own(Call::StartLogging, Written::Json, 204, &[ID], ""));
    }

    #[test]
    fn s3_says_what_it_did_in_its_headers() {
        let s3 = |call, status, headers: &[(&str, &str)], body| is_own(call, Written::S3, status, headers, body);
        assert!(s3(Call::PutBucketPolicy, 204, &[S3_ID], ""));
        assert!(s3(Call::PutBucketVersioning, 200, &[("x-amz-id-2", "eftixk72aD6Ap51Tn")], ""));
        for document in ["<html></html>", "\n<Error><Code>InternalError</Code></Error>"] {
            assert!(!s3(Call::PutBucketVersioning, 200, &[S3_ID], document), "{document}");
        }
        assert!(s3(Call::CreateBucket, 200, &[S3_ID, ("location", "/logs")], ""));
        assert!(!s3(Call::CreateBucket, 200, &[S3_ID], ""));
        assert!(!s3(Call::DeleteBucket, 202, &[S3_ID], ""));
    }
}
