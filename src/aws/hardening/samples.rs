//! Events as CloudTrail writes them, to try a filter or a rule with: root's, a user's, a task's.

use super::Place;
use serde_json::{Value, json};
use std::time::SystemTime;

/// Whose event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Root signs in to the console.
    RootSignIn,
    /// Root calls an API.
    RootCall,
    /// A user signs in to the console.
    UserSignIn,
    /// A user calls an API.
    UserCall,
    /// A session of AssumeRoot calls an API.
    Task,
    /// AWS does something for root.
    Service,
}

impl Sample {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::RootSignIn, Self::RootCall, Self::UserSignIn, Self::UserCall, Self::Task, Self::Service];

    /// Whether whoever watches root must hear of it.
    #[must_use]
    pub fn is_roots(self) -> bool {
        matches!(self, Self::RootSignIn | Self::RootCall)
    }

    /// The event (CloudTrail User Guide, "CloudTrail record contents" and "AWS Management Console sign-in events"). `mark`
    /// is in its id and its user agent, so that it is known again.
    #[must_use]
    pub fn event(self, place: &Place, at: SystemTime, mark: &str) -> Value {
        let signs_in = matches!(self, Self::RootSignIn | Self::UserSignIn);
        let (source, name) = match signs_in {
            true => ("signin.amazonaws.com", "ConsoleLogin"),
            false => ("iam.amazonaws.com", "GetAccountSummary"),
        };
        let kind = match self {
            Self::Service => "AwsServiceEvent",
            _ if signs_in => "AwsConsoleSignIn",
            _ => "AwsApiCall",
        };
        json!({
            "eventVersion": "1.11",
            "userIdentity": self.identity(place),
            "eventTime": iso(at),
            "eventSource": source,
            "eventName": name,
            "awsRegion": place.region,
            "sourceIPAddress": "192.0.2.1",
            "userAgent": format!("glasskey test {mark}"),
            "requestParameters": null,
            "responseElements": if signs_in { json!({ "ConsoleLogin": "Success" }) } else { Value::Null },
            "requestID": mark,
            "eventID": mark,
            "readOnly": !signs_in,
            "eventType": kind,
            "managementEvent": true,
            "recipientAccountId": place.account,
            "eventCategory": "Management",
        })
    }

    fn identity(self, place: &Place) -> Value {
        let Place { partition, account, .. } = place;
        let root = json!({
            "type": "Root", "principalId": account, "arn": format!("arn:{partition}:iam::{account}:root"),
            "accountId": account,
        });
        let with = |name: &str, value: Value| {
            let mut root = root.clone();
            root.as_object_mut().map(|members| members.insert(name.to_owned(), value));
            root
        };
        match self {
            Self::RootSignIn | Self::RootCall => root,
            Self::Task => with("sessionContext", json!({ "assumedRoot": "true" })),
            Self::Service => with("invokedBy", json!("AWS Internal")),
            Self::UserSignIn | Self::UserCall => json!({
                "type": "IAMUser", "principalId": "AIDACKCEVSQ6C2EXAMPLE", "accountId": account,
                "arn": format!("arn:{partition}:iam::{account}:user/somebody"), "userName": "somebody",
            }),
        }
    }
}

/// An event of CloudTrail's as EventBridge has it on its bus.
#[must_use]
pub fn bus_event(place: &Place, event: &Value) -> Value {
    let said = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let source = said("eventSource").split('.').next().unwrap_or_default().to_owned();
    let detail_type = match said("eventType") {
        "AwsConsoleSignIn" => "AWS Console Sign In via CloudTrail",
        "AwsServiceEvent" => "AWS Service Event via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    };
    json!({
        "version": "0", "id": said("eventID"), "detail-type": detail_type, "source": format!("aws.{source}"),
        "account": place.account, "time": said("eventTime"), "region": place.region, "resources": [], "detail": event,
    })
}

fn iso(at: SystemTime) -> String {
    let stamp = jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
