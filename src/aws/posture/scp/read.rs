//! Which service control policies there are, what they say, and where they are attached.

use super::{AllowList, Allowed, Effect, Level, LevelKind, Place, PolicyName, RootDeny, ServiceControl, Stops};
use crate::aws::posture::facts::{Fact, Unreadable};
use crate::aws::posture::replies::{DescribedPolicy, PolicySummary, PolicyTarget};
use crate::aws::send::AsyncClient;
use crate::aws::{Call, Error};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An organization, as far as its policies need it.
pub(in crate::aws::posture) struct Organization {
    pub(in crate::aws::posture) id: String,
    pub(in crate::aws::posture) management: String,
    pub(in crate::aws::posture) all_features: bool,
}

/// Where policies are asked for. `management`: the account that no policy reaches.
pub(in crate::aws::posture) struct PolicyReader<'a> {
    pub(in crate::aws::posture) client: &'a AsyncClient,
    pub(in crate::aws::posture) region: &'a str,
    pub(in crate::aws::posture) partition: &'a str,
    pub(in crate::aws::posture) organization: Option<&'a str>,
    pub(in crate::aws::posture) management: &'a str,
}

/// A policy, with its text and what it is attached to. Nobody asks that of AWS's own, which may be ten thousand accounts.
struct Written {
    name: PolicyName,
    text: String,
    targets: Vec<Level>,
}

impl PolicyReader<'_> {
    pub(in crate::aws::posture) async fn service_control(&self) -> Fact<ServiceControl> {
        match self.read().await {
            Ok(control) => Fact::Known(control),
            Err(unreadable) => Fact::Unreadable(unreadable),
        }
    }

    async fn read(&self) -> Result<ServiceControl, Unreadable> {
        let policies = self.policies().await?;
        let mut control = ServiceControl::default();
        for policy in &policies {
            control.denying.extend(self.denying(policy)?);
        }
        // What none of these is attached to has AWS's own policy: something is attached everywhere.
        let mut levels: BTreeMap<&str, &Level> = BTreeMap::new();
        for level in policies.iter().flat_map(|policy| &policy.targets).filter(|level| level.id != self.management) {
            levels.insert(&level.id, level);
        }
        for level in levels.into_values() {
            control.allow_lists.extend(self.allow_list(level, &policies).await?);
        }
        Ok(control)
    }

    async fn list<T: DeserializeOwned>(&self, call: Call, body: Value, of: &str) -> Result<Vec<T>, Unreadable> {
        let items = self.client.pages(call, self.region, body, of, "NextToken").await;
        items.map_err(|why| Unreadable { call, why })
    }

    async fn policies(&self) -> Result<Vec<Written>, Unreadable> {
        let listed: Vec<PolicySummary> = self.list(Call::ListPolicies, json!({ "Filter": KIND }), "Policies").await?;
        let mut policies = Vec::new();
        for PolicySummary { id, name, aws_managed } in listed {
            let call = Call::DescribePolicy;
            let described = self.client.ask::<DescribedPolicy>(call, self.region, json!({ "PolicyId": id })).await;
            let described = described.map_err(|why| Unreadable { call, why })?;
            let targets: Vec<PolicyTarget> = match aws_managed {
                true => Vec::new(),
                false => self.list(Call::ListTargetsForPolicy, json!({ "PolicyId": id }), "Targets").await?,
            };
            policies.push(Written {
                name: PolicyName { id, name },
                text: described.policy.content,
                targets: targets.into_iter().map(level).collect(),
            });
        }
        Ok(policies)
    }

    fn place<'p>(&'p self, accounts: &'p [String]) -> Place<'p> {
        Place { partition: self.partition, region: self.region, organization: self.organization, accounts }
    }

    /// A policy's Deny statements, where any is about root or about the tasks.
    fn denying(&self, policy: &Written) -> Result<Option<RootDeny>, Unreadable> {
        let reached: Vec<&Level> = policy.targets.iter().filter(|level| level.id != self.management).collect();
        // What is attached to a root or a unit may be in force anywhere.
        let accounts: Vec<String> = match reached.iter().all(|level| level.kind == LevelKind::Account) {
            true => reached.iter().map(|level| level.id.clone()).collect(),
            false => Vec::new(),
        };
        let effect = |accounts: &[String]| Effect::of(&policy.text, &self.place(accounts)).ok_or_else(no_policy);
        let anywhere = effect(&[])?;
        let matters = anywhere.denies_root || anywhere.stops.worst() != Stops::No;
        let stops = if accounts.is_empty() { anywhere.stops } else { effect(&accounts)?.stops };
        Ok(matters.then(|| RootDeny {
            policy: policy.name.clone(),
            at: policy.targets.clone(),
            in_force: !reached.is_empty(),
            stops,
        }))
    }

    /// What is allowed at a level, where that is not everything.
    async fn allow_list(&self, level: &Level, policies: &[Written]) -> Result<Option<AllowList>, Unreadable> {
        let accounts = match level.kind {
            LevelKind::Account => vec![level.id.clone()],
            LevelKind::Root | LevelKind::Unit => Vec::new(),
        };
        let allowed = |policies: &[&Written]| {
            let texts: Vec<&str> = policies.iter().map(|policy| policy.text.as_str()).collect();
            Allowed::of(&texts, &self.place(&accounts)).ok_or_else(no_policy)
        };
        let known: Vec<&Written> =
            policies.iter().filter(|policy| policy.targets.iter().any(|target| target.id == level.id)).collect();
        if allowed(&known)?.everything {
            return Ok(None);
        }
        let call = Call::ListPoliciesForTarget;
        let attached: Vec<PolicySummary> =
            self.list(call, json!({ "TargetId": level.id, "Filter": KIND }), "Policies").await?;
        let attached = attached.iter().map(|one| policies.iter().find(|policy| policy.name.id == one.id));
        // One that was made since is not known, and may be what allows something.
        let attached =
            attached.collect::<Option<Vec<&Written>>>().ok_or(Unreadable { call, why: Error::Malformed { call } })?;
        let allowed = allowed(&attached)?;
        Ok((!allowed.everything).then(|| AllowList {
            level: level.clone(),
            policies: attached.iter().map(|policy| policy.name.clone()).collect(),
            stops: allowed.stops,
        }))
    }
}

/// The only kind of policies that is asked for.
const KIND: &str = "SERVICE_CONTROL_POLICY";

fn level(target: PolicyTarget) -> Level {
    Level {
        kind: match target.kind.as_str() {
            "ACCOUNT" => LevelKind::Account,
            "ROOT" => LevelKind::Root,
            _ => LevelKind::Unit,
        },
        id: target.target_id,
        name: target.name,
    }
}

fn no_policy() -> Unreadable {
    let call = Call::DescribePolicy;
    Unreadable { call, why: Error::Malformed { call } }
}
