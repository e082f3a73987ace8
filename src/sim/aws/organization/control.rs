//! How an organization is shown and changed through the simulator's control path.

use super::super::policy::Policy;
use super::{FULL_ACCESS, Feature, Organization, Status};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is to be different; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Which features of central root access are on: all of them.
    pub features: Option<Vec<Feature>>,
    /// Services, and whether each is trusted.
    pub trusted: BTreeMap<String, bool>,
    /// Accounts, and where each is in its life.
    pub status: BTreeMap<String, Status>,
    /// Accounts, and the service each becomes delegated administrator for; null ends all delegation to it.
    pub delegated: BTreeMap<String, Option<String>>,
    /// All features, or consolidated billing alone.
    pub all_features: Option<bool>,
    /// Service control policies are enabled.
    pub scps: Option<bool>,
    /// `Status` is no longer beside `State`.
    pub retire_status: bool,
    pub policies: Vec<Attachment>,
}

/// A service control policy to be made and attached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    pub name: String,
    pub document: Value,
    /// What it is attached to: accounts, units, the root; nothing given: the root.
    #[serde(default)]
    pub targets: Vec<String>,
    /// In the place of `FullAWSAccess`, and not beside it.
    #[serde(default)]
    pub alone: bool,
}

impl Organization {
    /// Makes the change. The error says which policy cannot be enforced; then nothing is changed.
    pub fn apply(&self, change: &Change) -> Result<(), String> {
        for policy in &change.policies {
            Policy::parse(&policy.document.to_string()).map_err(|why| format!("{}: {why}", policy.name))?;
        }
        for policy in &change.policies {
            let id = self.add_policy(&policy.name, &policy.document.to_string())?;
            let root = [self.root_id()];
            let targets = if policy.targets.is_empty() { &root[..] } else { &policy.targets };
            for target in targets {
                self.attach(&id, target);
                if policy.alone {
                    self.detach(FULL_ACCESS, target);
                }
            }
        }
        if let Some(features) = &change.features {
            self.set_features(features);
        }
        change.trusted.iter().for_each(|(service, trusted)| self.trust(service, *trusted));
        change.status.iter().for_each(|(account, status)| self.set_status(account, *status));
        for (account, service) in &change.delegated {
            match service {
                Some(service) => self.delegate(account, service),
                None => self.end_delegation(account),
            }
        }
        if let Some(all) = change.all_features {
            self.set_all_features(all);
        }
        if let Some(scps) = change.scps {
            self.set_scps(scps);
        }
        if change.retire_status {
            self.retire_status();
        }
        Ok(())
    }

    pub fn view(&self) -> Value {
        let organization = self.management().world.organization();
        let Some(register) = organization.as_ref() else { return Value::Null };
        let account = |member: &super::Member| json!({ "account": member.number, "name": member.name, "status": member.status, "parent": member.parent });
        let delegated = register.delegated.keys();
        let delegated = delegated.map(|(account, service)| json!({ "account": account, "service": service }));
        json!({
            "id": register.id,
            "management": register.management,
            "root": register.root,
            "all_features": register.all_features,
            "features": register.features,
            "trusted": register.trusted.keys().collect::<Vec<_>>(),
            "delegated": delegated.collect::<Vec<_>>(),
            "accounts": register.members.values().map(account).collect::<Vec<_>>(),
        })
    }
}
