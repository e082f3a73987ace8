//! EventBridge's rules: those that root's sign-ins come past, and those of the account's other regions.
//!
//! A rule sees the events of its own region. It may send them to the bus of another one, where a rule tells somebody.

use super::event::Watch;
use super::facts::{Fact, Unreadable};
use super::policy::{Answer, fits, named, texts};
use super::powers::{allows, statements};
use super::replies::{self, RuleTarget};
use super::topic::{Publisher, Service, is_gone};
use super::watch::Follower;
use super::watchers::{Management, Reach, RegionWatch, Rule, Sent, Target, Trail, brought};
use crate::aws::Call;
use crate::aws::beside::side_by_side;
use crate::aws::send::AsyncClient;
use serde_json::{Value, json};

/// The name of glasskey's rules.
pub const OWN_RULE: &str = "glasskey-root-use";
/// The role with which they send root's events to one region.
pub const OWN_BUS_ROLE: &str = "glasskey-root-use-to-bus";

/// The trails, the rules of the region of root's sign-ins, and the other regions; `None`: those were not asked.
pub(super) type WatchersEverywhere = (Fact<Vec<Trail>>, Fact<Vec<Rule>>, Option<Fact<Vec<RegionWatch>>>);

impl Follower<'_> {
    /// Rules of the default bus that root's sign-ins come past.
    pub(super) async fn rules(&self) -> Fact<Vec<Rule>> {
        self.rules_in(self.global, |pattern| Watch::of(pattern, &self.own, self.global)).await
    }

    /// Trails and rules, and the account's other regions, where one of the rules watches root's calls or glasskey has made
    /// rules.
    pub(super) async fn everywhere(&self) -> WatchersEverywhere {
        let (trails, here) = tokio::join!(self.trails(), self.rules());
        let is_one = |rule: &Rule| watches(rule) || rule.name == OWN_RULE;
        let elsewhere = match &here {
            Fact::Known(rules) if rules.iter().any(is_one) || self.sends_by_own_role().await => {
                Some(self.elsewhere(rules, &trails).await)
            }
            _ => None,
        };
        (trails, here, elsewhere)
    }

    /// Whether the role is there with which glasskey's rules send to another region: the rule there may be gone.
    async fn sends_by_own_role(&self) -> bool {
        let send = |client: &AsyncClient| client.iam.get_role().role_name(OWN_BUS_ROLE).send();
        self.client.call(Call::GetRole, send).await.is_ok()
    }

    async fn elsewhere(&self, here: &[Rule], trails: &Fact<Vec<Trail>>) -> Fact<Vec<RegionWatch>> {
        let call = Call::ListRegions;
        let body = json!({ "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"] });
        let found: Result<Vec<Value>, _> = self.client.pages(call, self.global, body, "Regions", "NextToken").await;
        let found = match found {
            Ok(found) => found,
            Err(why) => return Fact::Unreadable(Unreadable { call, why }),
        };
        let mut regions: Vec<&str> = found
            .iter()
            .filter_map(|one| one.get("RegionName")?.as_str())
            .filter(|one| *one != self.global)
            .collect();
        regions.sort_unstable();
        Fact::Known(side_by_side(regions.into_iter().map(|region| self.watched(region, here, trails))).await)
    }

    async fn watched(&self, region: &str, here: &[Rule], trails: &Fact<Vec<Trail>>) -> RegionWatch {
        let of = |pattern: &str| Watch::of_calls(pattern, &self.own, region);
        let taken = here.iter().filter(|rule| of(&rule.pattern) == Watch::Everything);
        let rules = self.rules_in(region, of).await;
        let brought = match &rules {
            Fact::Known(rules) if rules.iter().any(watches) => Some(self.brought(region, trails).await),
            _ => None,
        };
        RegionWatch {
            region: region.to_owned(),
            taken: taken.map(|rule| rule.name.clone()).collect(),
            rules,
            brought,
        }
    }

    /// Which management events of a region come to EventBridge. Its own trails are asked where those that are known do not
    /// bring all.
    async fn brought(&self, region: &str, known: &Fact<Vec<Trail>>) -> Fact<Management> {
        let known = match known {
            Fact::Known(known) => known,
            Fact::Unreadable(why) => return Fact::Unreadable(why.clone()),
        };
        match brought(known, region) {
            all @ Fact::Known(Management::All) => all,
            _ => self.trails_from([region]).await.and_then(|there| {
                let others = there.into_iter().filter(|one| known.iter().all(|trail| trail.arn != one.arn));
                brought(&known.iter().cloned().chain(others).collect::<Vec<_>>(), region)
            }),
        }
    }

    /// The rules of a region that have to do with root, as far as this tells.
    async fn rules_in(&self, region: &str, watch: impl Fn(&str) -> Watch) -> Fact<Vec<Rule>> {
        let call = Call::ListRules;
        let found: Vec<replies::Rule> = match self.client.pages(call, region, json!({}), "Rules", "NextToken").await {
            Ok(found) => found,
            Err(why) => return Fact::of(call, Err(why)),
        };
        let mut rules = Vec::new();
        for rule in &found {
            let pattern = rule.event_pattern.as_str();
            let watch = watch(pattern);
            let speaks_of_root = pattern.contains("Root") || pattern.contains("root");
            let targets = match watch {
                Watch::Everything | Watch::SignIns | Watch::Part => self.rule_targets(region, rule).await,
                // Somebody has changed what it takes.
                Watch::NotJudged | Watch::Nothing if rule.name == OWN_RULE => self.rule_targets(region, rule).await,
                Watch::NotJudged if speaks_of_root => self.rule_targets(region, rule).await,
                // Whom it tells does not matter: it is no watch over root.
                Watch::Noisy => Some(Fact::Known(Vec::new())),
                Watch::NotJudged | Watch::Nothing => None,
            };
            let state = rule.state.as_str();
            rules.extend(targets.map(|targets| Rule {
                name: rule.name.clone(),
                region: region.to_owned(),
                pattern: pattern.to_owned(),
                enabled: state.starts_with("ENABLED"),
                // What only reads is left out of the others (EventBridge, "events from AWS services via CloudTrail").
                reads: state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                watch,
                targets,
            }));
        }
        Fact::Known(rules)
    }

    /// `None`: the rule has been deleted since it was listed.
    async fn rule_targets(&self, region: &str, rule: &replies::Rule) -> Option<Fact<Vec<Target>>> {
        let call = Call::ListTargetsByRule;
        let body = json!({ "Rule": rule.name });
        let found: Vec<RuleTarget> = match self.client.pages(call, region, body, "Targets", "NextToken").await {
            Ok(found) => found,
            Err(why) if is_gone(&why) => return None,
            Err(why) => return Some(Fact::of(call, Err(why))),
        };
        let mut targets = Vec::new();
        for target in &found {
            if let Some(to) = self.own_bus(&target.arn).filter(|to| to != region) {
                let sent = self.sent(&target.role_arn, &target.arn).await;
                let reach = Reach::Bus { region: to, sent };
                targets.push(Target { arn: target.arn.clone(), reach });
                continue;
            }
            let publisher = Publisher {
                service: Service::EventBridge,
                account: &self.own.account,
                source: &rule.arn,
                role: !target.role_arn.is_empty(),
            };
            targets.push(self.target(&target.arn, &publisher).await);
        }
        Some(Fact::Known(targets))
    }

    /// The region of a default bus of this account.
    fn own_bus(&self, arn: &str) -> Option<String> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, region) = (parts.next()?, parts.next()?);
        let (account, resource) = (parts.next()?, parts.next()?);
        let is_own = service == "events" && account == self.own.account && resource == "event-bus/default";
        is_own.then(|| region.to_owned())
    }

    /// What becomes of events that a rule sends to a bus of another region with a role (EventBridge User Guide, "Sending and
    /// receiving events between AWS Regions").
    async fn sent(&self, role: &str, bus: &str) -> Fact<Sent> {
        let call = Call::GetRole;
        let Some(name) = role.rsplit('/').next().filter(|name| !name.is_empty()) else {
            return Fact::Known(Sent::NoRole);
        };
        let trust = match self.client.call(call, |client| client.iam.get_role().role_name(name).send()).await {
            Ok(found) => statements(found.role().and_then(|role| role.assume_role_policy_document())),
            Err(why) if is_gone(&why) => return Fact::Known(Sent::NoRole),
            Err(why) => return Fact::Unreadable(Unreadable { call, why }),
        };
        if !trust.is_empty() && !trust.iter().any(is_trusted) {
            return Fact::Known(Sent::NotAssumed);
        }
        match name == OWN_BUS_ROLE {
            true => self.may_put(name, bus).await,
            // What another role may do, `root alarm test` proves.
            false => Fact::Known(Sent::Comes),
        }
    }

    /// By the one policy that glasskey gives its role. What somebody has added to that may let it.
    async fn may_put(&self, role: &str, bus: &str) -> Fact<Sent> {
        let call = Call::GetRolePolicy;
        let send = |client: &AsyncClient| client.iam.get_role_policy().role_name(role).policy_name(role).send();
        let policy = match self.client.call(call, send).await {
            Ok(found) => statements(Some(found.policy_document())),
            Err(why) if is_gone(&why) => Vec::new(),
            Err(why) => return Fact::Unreadable(Unreadable { call, why }),
        };
        if policy.iter().any(|statement| puts(statement, bus)) {
            return Fact::Known(Sent::Comes);
        }
        match self.client.further_policies(role, role).await {
            Ok(further) if further.is_empty() => Fact::Known(Sent::MayNotPut),
            Ok(_) => Fact::Known(Sent::Comes),
            Err(why) => Fact::Unreadable(Unreadable { call: Call::ListRolePolicies, why }),
        }
    }
}

fn is_trusted(statement: &Value) -> bool {
    let services = texts(statement.pointer("/Principal/Service").unwrap_or(&Value::Null));
    allows(statement) && services.iter().any(|service| service == "events.amazonaws.com")
}

fn puts(statement: &Value, bus: &str) -> bool {
    let action = |pattern: &str| Answer::of(fits(&pattern.to_ascii_lowercase(), "events:putevents"));
    let resource = |pattern: &str| Answer::of(fits(pattern, bus));
    let may =
        named(statement, "Action", "NotAction", action).and(named(statement, "Resource", "NotResource", resource));
    allows(statement) && may == Answer::Yes
}

/// A rule that watches root's calls.
fn watches(rule: &Rule) -> bool {
    rule.enabled && rule.watch == Watch::Everything
}
