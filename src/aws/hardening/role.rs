//! IAM: the role with which CloudTrail writes to a log group, and nothing else.

use super::{Place, found};
use crate::aws::{Account, Call, Error};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A role as IAM gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRole {
    /// Its ARN.
    pub arn: String,
    /// Who may assume it: a policy. `None`: it could not be read.
    pub trust: Option<Value>,
}

impl Account {
    /// CreateRole. Sent once: after a lost reply [`Account::role`] tells.
    pub fn create_role(&self, name: &str, trust: &Value, description: &str) -> Result<TrailRole, Error> {
        let call = Call::CreateRole;
        let answer = self.call(call, |client| {
            let request = client.iam.create_role().role_name(name).description(description);
            request.assume_role_policy_document(trust.to_string()).send()
        })?;
        answer.role().map(read).ok_or(Error::Malformed { call })
    }

    /// GetRole. `None`: there is no such role.
    pub fn role(&self, name: &str) -> Result<Option<TrailRole>, Error> {
        let call = Call::GetRole;
        let answer = found(self.call(call, |client| client.iam.get_role().role_name(name).send()))?;
        answer.map(|answer| answer.role().map(read).ok_or(Error::Malformed { call })).transpose()
    }

    /// PutRolePolicy: an inline policy of the role's, in the place of one with the same name.
    pub fn put_role_policy(&self, role: &str, name: &str, document: &Value) -> Result<(), Error> {
        self.call(Call::PutRolePolicy, |client| {
            let request = client.iam.put_role_policy().role_name(role).policy_name(name);
            request.policy_document(document.to_string()).send()
        })
        .map(drop)
    }

    /// GetRolePolicy. `None`: the role has no such policy, or there is no such role.
    pub fn role_policy(&self, role: &str, name: &str) -> Result<Option<Value>, Error> {
        let call = Call::GetRolePolicy;
        let answer =
            found(self.call(call, |client| client.iam.get_role_policy().role_name(role).policy_name(name).send()))?;
        answer.map(|answer| document(answer.policy_document()).ok_or(Error::Malformed { call })).transpose()
    }

    /// ListRolePolicies, ListAttachedRolePolicies: what a role has beside its inline policy of this name. Empty where there
    /// is no such role.
    pub fn further_policies(&self, role: &str, own: &str) -> Result<Vec<String>, Error> {
        let further = self.ask(async |client| client.further_policies(role, own).await);
        found(further).map(Option::unwrap_or_default)
    }

    /// DeleteRolePolicy.
    pub fn delete_role_policy(&self, role: &str, name: &str) -> Result<(), Error> {
        self.call(Call::DeleteRolePolicy, |client| {
            client.iam.delete_role_policy().role_name(role).policy_name(name).send()
        })
        .map(drop)
    }

    /// DeleteRole. [`super::Obstacle::InUse`] while it has policies.
    pub fn delete_role(&self, name: &str) -> Result<(), Error> {
        self.call(Call::DeleteRole, |client| client.iam.delete_role().role_name(name).send()).map(drop)
    }
}

fn read(role: &aws_sdk_iam::types::Role) -> TrailRole {
    TrailRole { arn: role.arn().to_owned(), trust: role.assume_role_policy_document().and_then(document) }
}

/// IAM gives documents percent-encoded (API Reference, "GetRolePolicy").
fn document(encoded: &str) -> Option<Value> {
    let text = percent_decode_str(encoded).decode_utf8().ok()?;
    serde_json::from_str(&text).ok()
}

/// Who may assume the role: CloudTrail. `aws:SourceArn` and `aws:SourceAccount` would keep it out: it does not send them
/// here (CloudTrail User Guide, "Role policy document for CloudTrail to use CloudWatch Logs for monitoring").
#[must_use]
pub fn trust_document() -> Value {
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "sts:AssumeRole",
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// What the role may do: make CloudTrail's own streams in this group and write to them. `organization`: `o-…`, for a trail
/// of every account (as above).
#[must_use]
pub fn logs_document(place: &Place, group: &str, organization: Option<&str>) -> Value {
    let region = &place.region;
    let stream =
        |whose: &str| place.arn("logs", &format!("log-group:{group}:log-stream:{whose}_CloudTrail_{region}*"));
    let own = stream(&place.account);
    let organization = organization.map(|id| place.arn("logs", &format!("log-group:{group}:log-stream:{id}_*")));
    let streams: Vec<String> = std::iter::once(own).chain(organization).collect();
    let statement = json!({
        "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": streams,
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_for_cloudtrail_and_its_streams_alone() {
        let place =
            Place { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "111122223333".to_owned() };
        assert!(!trust_document().to_string().contains("aws:Source"));
        let text = logs_document(&place, "root-trail", Some("o-abc")).to_string();
        let group = "arn:aws:logs:eu-west-1:111122223333:log-group:root-trail:log-stream:";
        assert!(text.contains(&format!("{group}111122223333_CloudTrail_eu-west-1*")), "{text}");
        assert!(text.contains(&format!("{group}o-abc_*")), "{text}");
        assert!(!text.contains("CreateLogGroup"), "{text}");
    }

    #[test]
    fn documents_come_percent_encoded() {
        assert_eq!(document("%7B%22a%22%3A1%7D"), Some(json!({ "a": 1 })));
        assert_eq!(document("{\"a\":1}"), Some(json!({ "a": 1 })));
        assert_eq!(document("%7B"), None);
    }
}
