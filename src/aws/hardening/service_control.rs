//! Service control policies, as hardening writes them: one that leaves root of members nothing but AssumeRoot's tasks.

use super::read::needed;
use crate::aws::posture::{Effect, Place, PolicyName, Stops};
use crate::aws::{Account, Call, Error};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The only kind of policies that is meant here.
const KIND: &str = "SERVICE_CONTROL_POLICY";
/// How many policies an organization may have, and a target (AWS Organizations User Guide, "Quotas and service limits").
pub const POLICIES: usize = 10_000;
/// How many may be attached to one root, unit or account, `FullAWSAccess` among them.
pub const ATTACHED: usize = 5;

/// The root of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRoot {
    /// `r-…`
    pub id: String,
    /// Service control policies can be attached.
    pub scps: bool,
}

/// A policy of the organization's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlPolicy {
    /// `p-…`
    pub id: String,
    /// Its text.
    pub text: String,
    /// What it is attached to, by ids.
    pub targets: Vec<String>,
}

/// The policy's text: AWS's own statement, which spares the tasks of AssumeRoot (aws-samples,
/// service-control-policy-examples).
#[must_use]
pub fn deny_root_document(partition: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GlasskeyDenyRoot",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "ArnLike": { "aws:PrincipalArn": format!("arn:{partition}:iam::*:root") },
                "Null": { "aws:AssumedRoot": "true" },
            },
        }],
    })
    .to_string()
}

/// Whether a policy's text leaves root of each of these accounts nothing, and stops none of AssumeRoot's five tasks.
#[must_use]
pub fn denies_root_alone(text: &str, place: &Place<'_>) -> bool {
    Effect::of(text, place).is_some_and(|effect| effect.denies_root_everything && effect.stops.worst() == Stops::No)
}

/// Whether a policy's text leaves root of each of these accounts nothing, whatever becomes of AssumeRoot's tasks.
#[must_use]
pub fn denies_root_all(text: &str, place: &Place<'_>) -> bool {
    Effect::of(text, place).is_some_and(|effect| effect.denies_root_everything)
}

impl Account {
    /// ListRoots: there is one.
    pub fn organization_root(&self) -> Result<OrganizationRoot, Error> {
        let call = Call::ListRoots;
        let answer = self.plainly(call, json!({}))?;
        let root = answer.get("Roots").and_then(|roots| roots.get(0)).ok_or(Error::Malformed { call })?;
        let is_on = |kind: &Value| kind["Type"] == KIND && kind["Status"] == "ENABLED";
        let types = root.get("PolicyTypes").and_then(Value::as_array);
        Ok(OrganizationRoot {
            id: needed(call, root, "Id")?,
            scps: types.is_some_and(|types| types.iter().any(is_on)),
        })
    }

    /// EnablePolicyType: they are enabled a moment later. On already is on.
    pub fn enable_scps(&self, root: &str) -> Result<(), Error> {
        match self.plainly(Call::EnablePolicyType, json!({ "RootId": root, "PolicyType": KIND })) {
            Err(Error::Refused { code, .. }) if code == "PolicyTypeAlreadyEnabledException" => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// The ids of the accounts and units below a unit (ListChildren).
    pub fn below_unit(&self, unit: &str) -> Result<BTreeSet<String>, Error> {
        let mut found = BTreeSet::new();
        let mut below = vec![unit.to_owned()];
        while let Some(parent) = below.pop() {
            for kind in ["ACCOUNT", "ORGANIZATIONAL_UNIT"] {
                let body = json!({ "ParentId": parent, "ChildType": kind });
                for id in self.ids(Call::ListChildren, body, "Children", "Id")? {
                    // A tree has no circles; a reply might.
                    if found.insert(id.clone()) && kind == "ORGANIZATIONAL_UNIT" {
                        below.push(id);
                    }
                }
            }
        }
        Ok(found)
    }

    /// The ids of the units above a unit, the organization's root last (ListParents).
    pub fn above_unit(&self, unit: &str) -> Result<Vec<String>, Error> {
        let mut found: Vec<String> = Vec::new();
        while let Some(parent) = self.parent(found.last().map_or(unit, |id| id))? {
            if found.contains(&parent) {
                break;
            }
            let is_root = parent.starts_with("r-");
            found.push(parent);
            if is_root {
                break;
            }
        }
        Ok(found)
    }

    fn parent(&self, child: &str) -> Result<Option<String>, Error> {
        Ok(self.ids(Call::ListParents, json!({ "ChildId": child }), "Parents", "Id")?.pop())
    }

    /// ListPolicies, by name.
    pub fn control_policies(&self) -> Result<Vec<PolicyName>, Error> {
        self.names(Call::ListPolicies, json!({ "Filter": KIND }))
    }

    /// ListPoliciesForTarget: what is attached to it, and not to what is above it.
    pub fn control_policies_of(&self, target: &str) -> Result<Vec<PolicyName>, Error> {
        self.names(Call::ListPoliciesForTarget, json!({ "TargetId": target, "Filter": KIND }))
    }

    /// DescribePolicy and ListTargetsForPolicy.
    pub fn control_policy(&self, id: &str) -> Result<ControlPolicy, Error> {
        let call = Call::DescribePolicy;
        let answer = self.plainly(call, json!({ "PolicyId": id }))?;
        let text = needed(call, answer.get("Policy").ok_or(Error::Malformed { call })?, "Content")?;
        let targets = self.ids(Call::ListTargetsForPolicy, json!({ "PolicyId": id }), "Targets", "TargetId")?;
        Ok(ControlPolicy { id: id.to_owned(), text, targets })
    }

    /// CreatePolicy; its id.
    pub fn create_control_policy(&self, name: &str, description: &str, text: &str) -> Result<String, Error> {
        let call = Call::CreatePolicy;
        let body = json!({ "Name": name, "Description": description, "Content": text, "Type": KIND });
        let answer = self.plainly(call, body)?;
        let summary = answer.get("Policy").and_then(|policy| policy.get("PolicySummary"));
        needed(call, summary.ok_or(Error::Malformed { call })?, "Id")
    }

    /// AttachPolicy. Attached already is attached.
    pub fn attach_control_policy(&self, id: &str, target: &str) -> Result<(), Error> {
        self.attachment(Call::AttachPolicy, id, target, "DuplicatePolicyAttachmentException")
    }

    /// DetachPolicy. Not attached is detached.
    pub fn detach_control_policy(&self, id: &str, target: &str) -> Result<(), Error> {
        self.attachment(Call::DetachPolicy, id, target, "PolicyNotAttachedException")
    }

    fn attachment(&self, call: Call, id: &str, target: &str, is_so: &str) -> Result<(), Error> {
        match self.plainly(call, json!({ "PolicyId": id, "TargetId": target })) {
            Err(Error::Refused { code, .. }) if code == is_so => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// DeletePolicy. One that is not there is gone; one that is attached to something is refused.
    pub fn delete_control_policy(&self, id: &str) -> Result<(), Error> {
        match self.plainly(Call::DeletePolicy, json!({ "PolicyId": id })) {
            Err(Error::Refused { code, .. }) if code == "PolicyNotFoundException" => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    fn names(&self, call: Call, body: Value) -> Result<Vec<PolicyName>, Error> {
        let listed = self.items(call, body, "Policies")?;
        let name = |one: &Value| Ok(PolicyName { id: needed(call, one, "Id")?, name: needed(call, one, "Name")? });
        listed.iter().map(name).collect()
    }

    /// The accounts that are delegated administrators for IAM (ListDelegatedAdministrators): twelve digits each.
    pub fn delegates_for_iam(&self) -> Result<Vec<String>, Error> {
        let body = json!({ "ServicePrincipal": "iam.amazonaws.com" });
        self.ids(Call::ListDelegatedAdministrators, body, "DelegatedAdministrators", "Id")
    }

    /// RegisterDelegatedAdministrator or DeregisterDelegatedAdministrator of an account, for IAM. One that is registered
    /// already is registered, and one that is not is deregistered.
    pub fn delegate_iam(&self, account: &str, registered: bool) -> Result<(), Error> {
        let (call, is_so) = match registered {
            true => (Call::RegisterDelegatedAdministrator, "AccountAlreadyRegisteredException"),
            false => (Call::DeregisterDelegatedAdministrator, "AccountNotRegisteredException"),
        };
        match self.plainly(call, json!({ "AccountId": account, "ServicePrincipal": "iam.amazonaws.com" })) {
            Err(Error::Refused { code, .. }) if code == is_so => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    fn ids(&self, call: Call, body: Value, list: &str, id: &str) -> Result<Vec<String>, Error> {
        self.items(call, body, list)?.iter().map(|one| needed(call, one, id)).collect()
    }

    fn items(&self, call: Call, body: Value, list: &str) -> Result<Vec<Value>, Error> {
        self.ask(async |client| {
            let region = crate::aws::posture::home(self).await;
            client.pages(call, &region, body, list, "NextToken").await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'p>(partition: &'p str, accounts: &'p [String]) -> Place<'p> {
        Place { partition, region: "us-east-1", organization: None, accounts }
    }

    #[test]
    fn the_policy_denies_root_spares_the_tasks_and_is_within_the_limit() {
        for partition in ["aws", "aws-us-gov", "aws-cn"] {
            let text = deny_root_document(partition);
            assert!(text.chars().count() < 5_120, "{text}");
            assert!(denies_root_alone(&text, &place(partition, &["111122223333".to_owned()])), "{text}");
            assert!(denies_root_alone(&text, &place(partition, &[])), "{text}");
        }
    }

    #[test]
    fn a_policy_that_denies_less_or_stops_a_task_is_not_enough() {
        let ours = deny_root_document("aws");
        for (is, instead) in [
            ("\"Action\":\"*\"", "\"Action\":\"ec2:*\""),
            ("\"Resource\":\"*\"", "\"Resource\":\"arn:aws:s3:::*\""),
            ("\"aws:AssumedRoot\":\"true\"", "\"aws:AssumedRoot\":\"false\""),
            ("iam::*:root", "iam::111122223333:root"),
            ("iam::*:root", "iam::*:*"),
            ("\"Effect\":\"Deny\"", "\"Effect\":\"Allow\""),
        ] {
            let text = ours.replace(is, instead);
            assert!(text != ours && !denies_root_alone(&text, &place("aws", &[])), "{text}");
        }
        assert!(!denies_root_alone("{}", &place("aws", &[])) && !denies_root_alone("", &place("aws", &[])));
    }
}
