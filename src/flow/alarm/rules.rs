//! The proof of rules of EventBridge: each pattern on AWS's own matcher; each rule, and the topic, by a marked event and by
//! what EventBridge counts; the mail by a code that its reader types back.

use super::chain::{find, known, nobody_hears};
use super::proof::{ALARM_LIMIT, AlarmTest, AlarmTested, look, named, new_code, typed_back};
use crate::aws::hardening::{Place, RuleCounts, Sample, bus_event};
use crate::aws::posture::{self, Fact, Management, May, Reach, RegionWatch, Rule, Seal, Target, Watch};
use crate::aws::{self, Account};
use crate::flow::audit::{ProvedChain, hears};
use crate::flow::audit::{filter_tells, rule_tells};
use crate::flow::context::Context;
use crate::flow::failure::Cause;
use crate::person::{AlarmNotice, Hop, Notice, Proof, Tested};
use crate::totp::unix;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// The source of marked events: nobody but AWS may send as `aws.…`.
const SOURCE: &str = "glasskey.test";
const KIND: &str = "AWS API Call via CloudTrail";
/// The name that glasskey gives its rules.
const OWN: &str = crate::flow::harden::ROOT_USE;

/// Rules that watch root.
pub(super) struct Rules {
    /// That of the region in which root signs in.
    home: Rule,
    /// The account's other regions, each with its rule, where it has one.
    elsewhere: Vec<(String, Option<Rule>)>,
    /// Which events trails bring to EventBridge, in each region that has a rule.
    brought: Vec<(String, Fact<Management>)>,
}

/// The rules to be proved. `None`: there are none, or a metric filter tells and they do not.
pub(super) fn find_rules(account: &Account) -> Result<Option<Rules>, aws::Error> {
    let (trails, here, elsewhere) = account.watchers_everywhere()?;
    let mut watching: Vec<Rule> = known(here)?.into_iter().filter(|rule| rule.watch != Watch::Noisy).collect();
    watching.sort_by_key(|rule| (!rule_tells(rule).unwrap_or(false), rule.name != OWN));
    let Some(home) = watching.into_iter().next() else { return Ok(None) };
    let by_filter = find(account)?.and_then(|chain| chain.filter);
    let filter_works = by_filter.as_ref().is_some_and(|filter| filter_tells(filter).unwrap_or(false));
    let is_less = home.name != OWN && by_filter.is_some();
    if !rule_tells(&home).unwrap_or(false) && (filter_works || is_less) || filter_works && home.name != OWN {
        return Ok(None);
    }
    let mut brought = vec![(home.region.clone(), posture::brought(&known(trails)?, &home.region))];
    let elsewhere = elsewhere.map(known).transpose()?.unwrap_or_default();
    brought.extend(elsewhere.iter().filter_map(|watch| Some((watch.region.clone(), watch.brought.clone()?))));
    let elsewhere = elsewhere.into_iter().map(of_region).collect::<Result<Vec<_>, aws::Error>>()?;
    Ok(Some(Rules { home, elsewhere, brought }))
}

fn of_region(watch: RegionWatch) -> Result<(String, Option<Rule>), aws::Error> {
    let mut rules: Vec<Rule> = known(watch.rules)?.into_iter().filter(|rule| rule.watch != Watch::Noisy).collect();
    rules.sort_by_key(|rule| (!rule.enabled, rule.name != OWN));
    Ok((watch.region, rules.into_iter().next()))
}

/// Proves what can be proved of them.
pub(super) fn test(
    account: &Account,
    rules: &Rules,
    request: AlarmTest,
    context: &mut Context<'_>,
) -> Result<AlarmTested, Cause> {
    let mut testing = Testing { account, rules, request, hops: Vec::new() };
    testing.run(context)?;
    let first = rules.home.targets.known().and_then(|targets| targets.first());
    Ok(AlarmTested {
        account: account.caller().account.clone(),
        region: rules.home.region.clone(),
        group: None,
        filter: None,
        alarm: None,
        rule: Some(rules.home.name.clone()),
        topic: first.map(|target| target.arn.clone()),
        hops: testing.hops,
        proved: None,
        chain: first.and_then(|target| ProvedChain::of(&rules.home.name, target)),
    })
}

struct Testing<'t> {
    account: &'t Account,
    rules: &'t Rules,
    request: AlarmTest,
    hops: Vec<Tested>,
}

/// A marked event that was sent.
struct Sent<'r> {
    rule: &'r Rule,
    /// What the rule had counted before, in the time that is looked at.
    before: RuleCounts,
    /// What it has counted since.
    counts: RuleCounts,
}

impl Testing<'_> {
    fn say(
        &mut self,
        hop: Hop,
        region: Option<&str>,
        (proof, why): (Proof, impl Into<String>),
        context: &mut Context<'_>,
    ) {
        let tested = Tested { hop, region: region.map(str::to_owned), proof, why: why.into() };
        context.tell(Notice::from(AlarmNotice::Tested(tested.clone())));
        self.hops.push(tested);
    }

    fn run(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        self.pattern(context)?;
        self.trail(context);
        context.go_on()?;
        if !self.agreed(context)? {
            let why = "sending marked events was not agreed to: --yes agrees";
            for hop in [Hop::Rule, Hop::Topic, Hop::Mail] {
                self.say(hop, None, (Proof::NotProven, why), context);
            }
            return Ok(());
        }
        match self.rules(context)? {
            true => self.mail(context),
            false => {
                self.say(Hop::Mail, None, (Proof::NotProven, "nothing comes so far"), context);
                Ok(())
            }
        }
    }

    /// All rules, that of the region of the sign-ins first.
    fn all(&self) -> Vec<&Rule> {
        let elsewhere = self.rules.elsewhere.iter().filter_map(|(_, rule)| rule.as_ref());
        std::iter::once(&self.rules.home).chain(elsewhere).collect()
    }

    fn place(&self, region: &str) -> Place {
        Place::of(self.account.caller(), region)
    }

    /// TestEventPattern, with events of root, of users, of tasks and of AWS's own; each pattern once.
    fn pattern(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        let mut seen: Vec<String> = Vec::new();
        let all: Vec<Rule> = self.all().into_iter().cloned().collect();
        for rule in all {
            if seen.contains(&rule.pattern) {
                continue;
            }
            seen.push(rule.pattern.clone());
            let came = self.matched(&rule, context.clock.now());
            let verdict = match came {
                Ok(verdict) => verdict,
                Err(why) => unproven(why)?,
            };
            self.say(Hop::Pattern, None, verdict, context);
        }
        Ok(())
    }

    fn matched(&self, rule: &Rule, now: SystemTime) -> Result<(Proof, String), aws::Error> {
        let (place, pattern) = (self.place(&rule.region), written(rule));
        let mut tasks = false;
        for sample in Sample::ALL {
            let event = bus_event(&place, &sample.event(&place, now, "sample"));
            let matched = self.account.test_event_pattern(&rule.region, &pattern, &event)?;
            match (sample, matched) {
                // Whether tasks are to be told of is a choice.
                (Sample::Task, _) => tasks = matched,
                (_, true) if !sample.is_roots() => {
                    return Ok((Proof::Broken, format!("{} takes {} for root's use", rule.name, named(sample))));
                }
                (_, false) if sample.is_roots() => {
                    return Ok((Proof::Broken, format!("{} passes over {}", rule.name, named(sample))));
                }
                _ => {}
            }
        }
        let spares = if tasks { "and those of AssumeRoot's tasks" } else { "and not those of AssumeRoot's tasks" };
        Ok((Proof::Proven, format!("{} takes root's events, nobody else's, {spares}", rule.name)))
    }

    /// What comes to EventBridge from CloudTrail shows only in root's own events.
    fn trail(&mut self, context: &mut Context<'_>) {
        let said = recorded(&self.rules.brought);
        self.say(Hop::Trail, None, said, context);
    }

    fn told(&self) -> Vec<String> {
        let targets = self.rules.home.targets.known().map(Vec::as_slice).unwrap_or_default();
        targets.iter().flat_map(hears).map(str::to_owned).collect()
    }

    fn agreed(&self, context: &mut Context<'_>) -> Result<bool, Cause> {
        let regions = self.all().into_iter().map(|rule| rule.region.clone()).collect();
        context.tell(Notice::from(AlarmNotice::MarkedEvents { regions, told: self.told() }));
        match context.approve(self.request.approved) {
            Ok(()) => Ok(true),
            Err(Cause::Declined | Cause::NobodyToAsk) => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// A marked event for each rule, and what EventBridge counts then. Whether the topic has got one.
    fn rules(&mut self, context: &mut Context<'_>) -> Result<bool, Cause> {
        let rules = self.rules;
        for (region, _) in rules.elsewhere.iter().filter(|(_, rule)| rule.is_none()) {
            let why = "no rule is about root here: a call of root's in this region is not told of";
            self.say(Hop::Rule, Some(region), (Proof::Broken, why), context);
        }
        let from = context.clock.now();
        let mut sent = Vec::new();
        for rule in self.rules.elsewhere.iter().filter_map(|(_, rule)| rule.as_ref()).chain([&rules.home]) {
            context.go_on()?;
            match self.prepared(rule, from)? {
                Ok(before) => sent.push(Sent { rule, before, counts: RuleCounts::default() }),
                Err(verdict) => self.say(Hop::Rule, Some(&rule.region), verdict, context),
            }
        }
        // What is sent in one region counts in another, so all were looked at before.
        let (mut refused, mut kept) = (Vec::new(), Vec::new());
        for one in sent {
            context.go_on()?;
            match self.send(one.rule, from)? {
                None => kept.push(one),
                Some(verdict) => refused.push((one.rule.region.clone(), verdict)),
            }
        }
        for (region, verdict) in refused {
            self.say(Hop::Rule, Some(&region), verdict, context);
        }
        self.followed(kept, from, context)
    }

    /// Looks at what EventBridge counts of the marked events, and says it.
    fn followed(
        &mut self,
        mut sent: Vec<Sent<'_>>,
        from: SystemTime,
        context: &mut Context<'_>,
    ) -> Result<bool, Cause> {
        let limit = self.request.wait.min(ALARM_LIMIT);
        if let Some(why) = self.count(&mut sent, from, limit, context)? {
            for Sent { rule, .. } in &sent {
                self.say(Hop::Rule, Some(&rule.region), why.clone(), context);
            }
            self.say(Hop::Topic, None, why, context);
            return Ok(false);
        }
        self.judge(&sent, limit, context)
    }

    /// What the rule had counted before; or why an event would prove nothing.
    fn prepared(&self, rule: &Rule, at: SystemTime) -> Result<Result<RuleCounts, (Proof, String)>, Cause> {
        if !rule.enabled {
            return Ok(Err((Proof::Broken, format!("{} is switched off", rule.name))));
        }
        let place = self.place(&rule.region);
        let event = Sample::RootCall.event(&place, at, &mark(at));
        let on_bus = json!({ "source": SOURCE, "detail-type": KIND });
        let mut whole = bus_event(&place, &event);
        for (name, value) in on_bus.as_object().into_iter().flatten() {
            whole.as_object_mut().map(|members| members.insert(name.clone(), value.clone()));
        }
        match self.account.test_event_pattern(&rule.region, &written(rule), &whole) {
            Ok(true) => {}
            Ok(false) => {
                let why =
                    format!("{} takes events from AWS's own sources alone, which nobody else can send", rule.name);
                return Ok(Err((Proof::NotProvable, why)));
            }
            Err(why) => return unproven(why).map(Err),
        }
        match self.counted(rule, at, at) {
            Ok(before) => Ok(Ok(before)),
            Err(why) => unproven(why).map(Err),
        }
    }

    /// `Some`: it was not sent.
    fn send(&self, rule: &Rule, at: SystemTime) -> Result<Option<(Proof, String)>, Cause> {
        let event = Sample::RootCall.event(&self.place(&rule.region), at, &mark(at));
        match self.account.put_event(&rule.region, SOURCE, KIND, &event) {
            // If it has arrived, the counters show it.
            Ok(()) | Err(aws::Error::OutcomeUnknown { .. }) => Ok(None),
            Err(why) => unproven(why).map(Some),
        }
    }

    /// What a rule has counted from a minute before the test on: minutes are counted whole.
    fn counted(&self, rule: &Rule, from: SystemTime, now: SystemTime) -> Result<RuleCounts, aws::Error> {
        let minute = Duration::from_secs(60);
        let (since, to) = (from.checked_sub(minute).unwrap_or(from), now.checked_add(minute).unwrap_or(now));
        self.account.rule_counts(&rule.region, &rule.name, since, to)
    }

    /// Looks until each rule has counted; `Some`: that cannot be read.
    fn count(
        &self,
        sent: &mut [Sent<'_>],
        from: SystemTime,
        limit: Duration,
        context: &mut Context<'_>,
    ) -> Result<Option<(Proof, String)>, Cause> {
        let clock = context.clock.clone();
        let expected = sent.len() as u64;
        let home = self.rules.home.region.clone();
        let looked = look("EventBridge to count the marked events", limit, from, context, || {
            for one in sent.iter_mut() {
                let now = self.counted(one.rule, from, clock.now())?;
                one.counts = RuleCounts {
                    invocations: now.invocations.saturating_sub(one.before.invocations),
                    failed: now.failed.saturating_sub(one.before.failed),
                };
            }
            let done = |one: &Sent<'_>| {
                let wanted = if one.rule.region == home { expected } else { 1 };
                one.counts.invocations >= wanted || one.counts.failed > 0
            };
            Ok(sent.iter().all(done).then_some(()))
        });
        match looked {
            Ok(_) => Ok(None),
            Err(Cause::Aws(why)) => unproven(why).map(Some),
            Err(cause) => Err(cause),
        }
    }

    fn judge(&mut self, sent: &[Sent<'_>], limit: Duration, context: &mut Context<'_>) -> Result<bool, Cause> {
        let home = &self.rules.home;
        let mut expected = 0;
        for Sent { rule, counts, .. } in sent {
            let at_home = rule.region == home.region;
            let said = one_rule(rule, *counts, at_home, limit);
            expected += u64::from(said.0 == Proof::Proven);
            self.say(Hop::Rule, Some(&rule.region), said, context);
        }
        let Some(at_home) = sent.iter().find(|one| one.rule.region == home.region) else {
            self.say(Hop::Topic, None, (Proof::NotProven, "nothing comes so far".to_owned()), context);
            return Ok(false);
        };
        let topic = the_topic(home, at_home.counts, expected);
        let arrived = topic.0 == Proof::Proven;
        self.say(Hop::Topic, None, topic, context);
        Ok(arrived)
    }

    /// A code in a marked event, which the mail has, typed back by whoever reads it.
    fn mail(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        let home = &self.rules.home;
        let told = self.told();
        let said = if told.is_empty() {
            let first = home.targets.known().and_then(|targets| targets.first());
            (Proof::Broken, first.and_then(nobody_hears).unwrap_or_else(|| "nobody is told".to_owned()))
        } else if !context.person.is_there() {
            let why = "without a terminal nobody can type back the code that the mail has";
            (Proof::NotProvable, why.to_owned())
        } else if let Some(code) = new_code() {
            let now = context.clock.now();
            let mut event = Sample::RootCall.event(&self.place(&home.region), now, &mark(now));
            let what = Value::from(format!("glasskey root alarm test: the code is {code}"));
            event.as_object_mut().map(|members| members.insert("eventName".to_owned(), what));
            match self.account.put_event(&home.region, SOURCE, KIND, &event) {
                Ok(()) | Err(aws::Error::OutcomeUnknown { .. }) => typed_back(&code, &told.join(", "), context)?,
                Err(why) => unproven(why)?,
            }
        } else {
            (Proof::NotProvable, "the system gives no random numbers".to_owned())
        };
        self.say(Hop::Mail, None, said, context);
        Ok(())
    }
}

/// What trails bring to the rules of these regions.
fn recorded(brought: &[(String, Fact<Management>)]) -> (Proof, String) {
    let of = |wanted: fn(Management) -> bool| {
        let there = brought.iter().filter(|(_, brought)| brought.known().is_some_and(|one| wanted(*one)));
        there.map(|(region, _)| region.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (nothing, changes) = (of(|one| !one.has_changes()), of(|one| one == Management::Writes));
    let unread = brought.iter().find_map(|(_, brought)| match brought {
        Fact::Unreadable(why) => Some(&why.why),
        Fact::Known(_) => None,
    });
    let shows = "that its events come to EventBridge shows with root's next use";
    match unread {
        _ if !nothing.is_empty() => {
            let why = "EventBridge sees nothing of root where none records what changes something";
            (Proof::Broken, format!("no trail records everything in {nothing}, and {why}"))
        }
        Some(why) => (Proof::NotProvable, why.to_string()),
        None if !changes.is_empty() => (
            Proof::NotProvable,
            format!("a trail records what changes something, but not what only reads in {changes}; {shows}"),
        ),
        None => (Proof::NotProvable, format!("a trail records everything where there are rules; {shows}")),
    }
}

/// What a rule's counters say of a marked event. That nothing was counted yet does not make it broken: CloudWatch may be
/// late.
fn one_rule(rule: &Rule, counts: RuleCounts, at_home: bool, limit: Duration) -> (Proof, String) {
    let name = &rule.name;
    match counts {
        RuleCounts { invocations: 0, .. } => {
            let why = format!("{name} counted no invocation within {} s of the marked event", limit.as_secs());
            (Proof::NotProven, why)
        }
        // What fails there is the topic.
        _ if at_home => (Proof::Proven, format!("{name} took the marked event{}", reads(rule))),
        RuleCounts { failed: 0, .. } => (Proof::Proven, format!("{name} sent the marked event on{}", reads(rule))),
        RuleCounts { failed, .. } => {
            (Proof::Broken, format!("FailedInvocations of {name} is {failed}: {}", not_sent(rule)))
        }
    }
}

/// What the counters of the rule that tells the topic say of so many marked events.
fn the_topic(home: &Rule, counts: RuleCounts, expected: u64) -> (Proof, String) {
    let name = &home.name;
    match counts {
        RuleCounts { invocations: 0, .. } => (Proof::NotProven, "nothing comes so far".to_owned()),
        RuleCounts { failed: 0, invocations } if invocations >= expected => {
            (Proof::Proven, format!("{name} told the topic {invocations} times, and FailedInvocations is 0"))
        }
        RuleCounts { failed: 0, invocations } => {
            (Proof::NotProven, format!("of {expected} marked events {invocations} came to {}", home.region))
        }
        RuleCounts { failed, .. } => {
            (Proof::Broken, format!("FailedInvocations of {name} is {failed}: {}", not_sent(home)))
        }
    }
}

fn mark(at: SystemTime) -> String {
    format!("glasskey-test-{}", unix(at))
}

fn written(rule: &Rule) -> Value {
    serde_json::from_str(&rule.pattern).unwrap_or_default()
}

fn reads(rule: &Rule) -> &'static str {
    if rule.reads { "" } else { "; it passes over calls that only read (its state is ENABLED)" }
}

/// AWS has not let it be proved.
fn unproven(why: aws::Error) -> Result<(Proof, String), Cause> {
    match why {
        aws::Error::Interrupted => Err(Cause::Interrupted),
        aws::Error::Denied { .. } => Ok((Proof::NotProvable, why.to_string())),
        why => Ok((Proof::NotProven, why.to_string())),
    }
}

/// Why a target did not take an event, as far as that is seen. EventBridge itself does not say.
fn not_sent(rule: &Rule) -> String {
    let targets = rule.targets.known().map(Vec::as_slice).unwrap_or_default();
    targets.iter().find_map(refuses).unwrap_or_else(|| "EventBridge does not say why".to_owned())
}

fn refuses(target: &Target) -> Option<String> {
    let arn = &target.arn;
    Some(match &target.reach {
        Reach::NoTopic => format!("there is no topic {arn}"),
        Reach::Bus { sent: Fact::Known(false), .. } => {
            "the role with which it sends to another region is gone".to_owned()
        }
        Reach::Bus { .. } => "its role may not put events on the bus of the other region".to_owned(),
        Reach::Topic(topic) => match (&topic.publish, &topic.seal) {
            (Fact::Known(May::No), _) => format!("the policy of {arn} does not let events.amazonaws.com publish"),
            (_, Fact::Known(Seal::Open | Seal::DependsOn(_)) | Fact::Unreadable(_)) => return None,
            _ => format!("{arn} is encrypted with a key that events.amazonaws.com may not use"),
        },
        _ => return None,
    })
}
