//! EventBridge's rules: those that root's sign-ins come past, and those of the account's other regions.
//!
//! A rule sees the events of its own region. It may send them to the bus of another one, where a rule tells somebody.

use super::event::Watch;
use super::facts::{Fact, Unreadable};
use super::replies::{self, RuleTarget};
use super::topic::{Publisher, Service, is_gone};
use super::watch::Follower;
use super::watchers::{Management, Reach, RegionWatch, Rule, Target, Trail, brought};
use crate::aws::Call;
use serde_json::{Value, json};

/// The trails, the rules of the region of root's sign-ins, and the other regions; `None`: those were not asked.
pub(super) type WatchersEverywhere = (Fact<Vec<Trail>>, Fact<Vec<Rule>>, Option<Fact<Vec<RegionWatch>>>);

impl Follower<'_> {
    /// Rules of the default bus that root's sign-ins come past.
    pub(super) async fn rules(&self) -> Fact<Vec<Rule>> {
        self.rules_in(self.global, |pattern| Watch::of(pattern, &self.own, self.global)).await
    }

    /// Trails and rules, and the account's other regions, where one of the rules watches root's calls.
    pub(super) async fn everywhere(&self) -> WatchersEverywhere {
        let (trails, here) = tokio::join!(self.trails(), self.rules());
        let elsewhere = match &here {
            Fact::Known(rules) if rules.iter().any(watches) => Some(self.elsewhere(rules, &trails).await),
            _ => None,
        };
        (trails, here, elsewhere)
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
        let mut all = Vec::new();
        for region in regions {
            let of = |pattern: &str| Watch::of_calls(pattern, &self.own, region);
            let taken = here.iter().filter(|rule| of(&rule.pattern) == Watch::Everything);
            let rules = self.rules_in(region, of).await;
            let brought = match &rules {
                Fact::Known(rules) if rules.iter().any(watches) => Some(self.brought(region, trails).await),
                _ => None,
            };
            let taken = taken.map(|rule| rule.name.clone()).collect();
            all.push(RegionWatch { region: region.to_owned(), taken, rules, brought });
        }
        Fact::Known(all)
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
                let reach = Reach::Bus { region: to, sent: self.is_sent(&target.role_arn).await };
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

    /// Whether the role with which a rule sends to another bus exists. What it may do, `root alarm test` proves.
    async fn is_sent(&self, role: &str) -> Fact<bool> {
        let call = Call::GetRole;
        let Some(name) = role.rsplit('/').next().filter(|name| !name.is_empty()) else { return Fact::Known(false) };
        match self.client.call(call, |client| client.iam.get_role().role_name(name).send()).await {
            Ok(_) => Fact::Known(true),
            Err(why) if is_gone(&why) => Fact::Known(false),
            Err(why) => Fact::Unreadable(Unreadable { call, why }),
        }
    }
}

/// A rule that watches root's calls.
fn watches(rule: &Rule) -> bool {
    rule.enabled && rule.watch == Watch::Everything
}
