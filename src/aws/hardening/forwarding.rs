//! Events of one region on the bus of another: the role with which EventBridge sends them there, and the regions of an
//! account.

use super::Place;
use super::read::needed;
use crate::aws::{Account, Call, Error};
use serde_json::{Value, json};

impl Account {
    /// ListRegions: those that are enabled, in the order of their names.
    pub fn enabled_regions(&self) -> Result<Vec<String>, Error> {
        let call = Call::ListRegions;
        let body = json!({ "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"] });
        let listed = self.plain_list(call, &self.region(), body, ("Regions", "NextToken"))?;
        let mut regions =
            listed.iter().map(|one| needed(call, one, "RegionName")).collect::<Result<Vec<String>, Error>>()?;
        regions.sort();
        regions.dedup();
        Ok(regions)
    }

    /// The region in which root's sign-ins are recorded.
    pub fn sign_in_region(&self) -> Result<String, Error> {
        self.ask(async |_| Ok(crate::aws::posture::home(self).await))
    }
}

/// Who may assume the role: EventBridge. It is of this account alone: EventBridge takes a role for a rule only from
/// somebody who may pass it (EventBridge User Guide, "Sending and receiving events between AWS Regions").
#[must_use]
pub fn forward_trust() -> Value {
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sts:AssumeRole",
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// What the role may do: put events on the default bus of this place.
#[must_use]
pub fn forward_document(to: &Place) -> Value {
    let statement = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": to.default_bus() });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_for_eventbridge_and_one_bus_alone() {
        let place =
            Place { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account: "111122223333".to_owned() };
        let text = forward_document(&place).to_string();
        assert!(text.contains("\"arn:aws:events:us-east-1:111122223333:event-bus/default\""), "{text}");
        assert!(forward_trust().to_string().contains("events.amazonaws.com"));
    }
}
