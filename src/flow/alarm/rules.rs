//! The proof of rules of EventBridge: each pattern on AWS's own matcher; each rule, and the topic, by a marked event and by
//! what EventBridge counts; the mail by a code that its reader types back.

use super::brought::recorded;
use super::chain::{find, known, nobody_hears};
use super::links::{self, not_sent};
use super::proof::{ALARM_LIMIT, AlarmTest, AlarmTested, look, named, new_code, typed_back};
use crate::aws::hardening::{Place, RuleCounts, Sample, bus_event};
use crate::aws::posture::{self, Fact, Management, RegionWatch, Rule, Watch};
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
const NOTHING_COMES: &str = "nothing comes so far";
const KIND: &str = "AWS API Call via CloudTrail";
/// The name that glasskey gives its rules.
const OWN: &str = crate::flow::harden::ROOT_USE;

/// Rules that watch root.
pub(super) struct Rules {
    /// The region in which root signs in, and its rule, where it has one.
    home_region: String,
    home: Option<Rule>,
    /// The account's other regions, each with its rule, where it has one.
    elsewhere: Vec<(String, Option<Rule>)>,
    /// Which events trails bring to EventBridge, in each region that has a rule.
    brought: Vec<(String, Fact<Management>)>,
}

/// The rules to be proved. `None`: there are none, or a metric filter tells and they do not.
pub(super) fn find_rules(account: &Account) -> Result<Option<Rules>, aws::Error> {
    let (trails, here, elsewhere) = account.watchers_everywhere()?;
    let mut watching: Vec<Rule> = known(here)?.into_iter().filter(is_about_root).collect();
    watching.sort_by_key(|rule| (!rule_tells(rule).unwrap_or(false), rule.name != OWN));
    let home = watching.into_iter().next();
    let elsewhere = elsewhere.map(known).transpose()?.unwrap_or_default();
    let fed: Vec<_> =
        elsewhere.iter().filter_map(|watch| Some((watch.region.clone(), watch.brought.clone()?))).collect();
    let elsewhere = elsewhere.into_iter().map(of_region).collect::<Result<Vec<_>, aws::Error>>()?;
    let is_own = |rule: &Rule| rule.name == OWN;
    let own =
        home.as_ref().map_or_else(|| elsewhere.iter().filter_map(|(_, rule)| rule.as_ref()).any(is_own), is_own);
    if home.is_none() && !own {
        return Ok(None);
    }
    let tells = home.as_ref().is_some_and(|home| rule_tells(home).unwrap_or(false));
    let by_filter = find(account)?.and_then(|chain| chain.filter);
    let filter_works = by_filter.as_ref().is_some_and(|filter| filter_tells(filter).unwrap_or(false));
    if !tells && (filter_works || !own && by_filter.is_some()) || filter_works && !own {
        return Ok(None);
    }
    let home_region = account.sign_in_region()?;
    let mut brought = vec![(home_region.clone(), posture::brought(&known(trails)?, &home_region))];
    brought.extend(fed);
    Ok(Some(Rules { home_region, home, elsewhere, brought }))
}

/// One that takes everybody's events is not, unless glasskey has made it to be.
fn is_about_root(rule: &Rule) -> bool {
    rule.watch != Watch::Noisy || rule.name == OWN
}

fn of_region(watch: RegionWatch) -> Result<(String, Option<Rule>), aws::Error> {
    let mut rules: Vec<Rule> = known(watch.rules)?.into_iter().filter(is_about_root).collect();
    rules.sort_by_key(|rule| (!rule.enabled || rule.watch != Watch::Everything, rule.name != OWN));
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
    let home = rules.home.as_ref();
    let first = home.and_then(|home| home.targets.known()?.first());
    Ok(AlarmTested {
        account: account.caller().account.clone(),
        region: rules.home_region.clone(),
        group: None,
        filter: None,
        alarm: None,
        rule: Some(home.map_or(OWN, |home| &home.name).to_owned()),
        topic: first.map(|target| target.arn.clone()),
        hops: testing.hops,
        proved: None,
        chain: home.zip(first).and_then(|(home, target)| ProvedChain::of(&home.name, target)),
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

impl<'t> Testing<'t> {
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
        let sound = self.sound(context);
        if sound.is_empty() {
            return self.without(NOTHING_COMES, context);
        }
        if !self.agreed(&sound, context)? {
            let why = "sending marked events was not agreed to: --yes agrees";
            self.say(Hop::Rule, None, (Proof::NotProven, why), context);
            return self.without(why, context);
        }
        match self.rules(sound, context)? {
            true => self.mail(context),
            false => self.without(NOTHING_COMES, context),
        }
    }

    /// What is behind the rules is not proved.
    fn without(&mut self, why: &str, context: &mut Context<'_>) -> Result<(), Cause> {
        self.say_topic((Proof::NotProven, why.to_owned()), context);
        self.say(Hop::Mail, None, (Proof::NotProven, why), context);
        Ok(())
    }

    /// The rules with which nothing is certainly wrong, that of the region of the sign-ins last. What is wrong is said.
    fn sound(&mut self, context: &mut Context<'_>) -> Vec<&'t Rule> {
        let rules = self.rules;
        let home = (&rules.home_region, rules.home.as_ref());
        let mut sound = Vec::new();
        for (region, rule) in rules.elsewhere.iter().map(|(region, rule)| (region, rule.as_ref())).chain([home]) {
            let at_home = region == &rules.home_region;
            let wrong = match rule {
                None if at_home => Some(format!("the rule {OWN} is gone here, to which the other regions send")),
                None => Some("no rule is about root here: a call of root's in this region is not told of".to_owned()),
                Some(rule) if at_home => links::of_home(rule),
                Some(rule) => links::of_region(rule, &rules.home_region),
            };
            match (wrong, rule) {
                (Some(why), _) => self.say(Hop::Rule, Some(region), (Proof::Broken, why), context),
                (None, rule) => sound.extend(rule),
            }
        }
        if let Some(why) = rules.home.as_ref().and_then(links::topic_refuses) {
            self.say(Hop::Topic, None, (Proof::Broken, why), context);
        }
        sound
    }

    /// All rules, that of the region of the sign-ins first.
    fn all(&self) -> Vec<&'t Rule> {
        let elsewhere = self.rules.elsewhere.iter().filter_map(|(_, rule)| rule.as_ref());
        self.rules.home.iter().chain(elsewhere).collect()
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
        // Root signs in in one region only.
        let signs_in = rule.region == self.rules.home_region;
        for sample in Sample::ALL.into_iter().filter(|sample| signs_in || *sample != Sample::RootSignIn) {
            let event = bus_event(&place, &sample.event(&place, now, "sample"));
            let matched = self.account.test_event_pattern(&rule.region, &pattern, &event)?;
            match (sample, matched) {
                // Whether tasks are to be told of is a choice.
                (Sample::Task, _) => tasks = matched,
                (_, true) if !sample.is_roots() => {
                    return Ok((
                        Proof::Broken,
                        format!("{} in {} takes {} for root's use", rule.name, rule.region, named(sample)),
                    ));
                }
                (_, false) if sample.is_roots() => {
                    return Ok((
                        Proof::Broken,
                        format!("{} in {} passes over {}", rule.name, rule.region, named(sample)),
                    ));
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
        let targets = self.rules.home.as_ref().and_then(|home| home.targets.known());
        targets.into_iter().flatten().flat_map(hears).map(str::to_owned).collect()
    }

    fn agreed(&self, sound: &[&Rule], context: &mut Context<'_>) -> Result<bool, Cause> {
        let mut regions: Vec<String> = sound.iter().map(|rule| rule.region.clone()).collect();
        regions.sort_by_key(|region| *region != self.rules.home_region);
        context.tell(Notice::from(AlarmNotice::MarkedEvents { regions, told: self.told() }));
        match context.approve(self.request.approved) {
            Ok(()) => Ok(true),
            Err(Cause::Declined | Cause::NobodyToAsk) => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// A marked event for each rule, and what EventBridge counts then. Whether the topic has got one.
    fn rules(&mut self, sound: Vec<&'t Rule>, context: &mut Context<'_>) -> Result<bool, Cause> {
        let from = context.clock.now();
        let mut sent = Vec::new();
        for rule in sound {
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
            self.say_topic(why, context);
            return Ok(false);
        }
        self.judge(&sent, limit, context)
    }

    /// What the rule had counted before; or why an event would prove nothing.
    fn prepared(&self, rule: &Rule, at: SystemTime) -> Result<Result<RuleCounts, (Proof, String)>, Cause> {
        let place = self.place(&rule.region);
        let event = marked(&place, at, TEST);
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
        match self.counted(&[rule], at, at) {
            Ok(before) => Ok(Ok(before.into_iter().next().unwrap_or_default())),
            Err(why) => unproven(why).map(Err),
        }
    }

    /// `Some`: it was not sent.
    fn send(&self, rule: &Rule, at: SystemTime) -> Result<Option<(Proof, String)>, Cause> {
        let event = marked(&self.place(&rule.region), at, TEST);
        match self.account.put_event(&rule.region, SOURCE, KIND, &event) {
            // If it has arrived, the counters show it.
            Ok(()) | Err(aws::Error::OutcomeUnknown { .. }) => Ok(None),
            Err(why) => unproven(why).map(Some),
        }
    }

    /// What each rule has counted from a minute before the test on: minutes are counted whole.
    fn counted(&self, rules: &[&Rule], from: SystemTime, now: SystemTime) -> Result<Vec<RuleCounts>, aws::Error> {
        let minute = Duration::from_secs(60);
        let (since, to) = (from.checked_sub(minute).unwrap_or(from), now.checked_add(minute).unwrap_or(now));
        let rules: Vec<(&str, &str)> = rules.iter().map(|rule| (&*rule.region, &*rule.name)).collect();
        self.account.counts_of(&rules, since, to)
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
        let home = self.rules.home_region.clone();
        let looked = look("EventBridge to count the marked events", limit, from, context, || {
            let rules: Vec<&Rule> = sent.iter().map(|one| one.rule).collect();
            let counts = self.counted(&rules, from, clock.now())?;
            for (one, now) in sent.iter_mut().zip(counts) {
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
        let home = &self.rules.home_region;
        let mut expected = 0;
        for Sent { rule, counts, .. } in sent {
            let said = one_rule(rule, *counts, rule.region == *home, limit);
            expected += u64::from(said.0 == Proof::Proven);
            self.say(Hop::Rule, Some(&rule.region), said, context);
        }
        let Some(at_home) = sent.iter().find(|one| one.rule.region == *home) else { return Ok(false) };
        let topic = the_topic(at_home.rule, at_home.counts, expected);
        let arrived = topic.0 == Proof::Proven;
        self.say_topic(topic, context);
        Ok(arrived)
    }

    /// Unless it was seen before that nothing can arrive.
    fn say_topic(&mut self, said: (Proof, String), context: &mut Context<'_>) {
        if !self.hops.iter().any(|tested| tested.hop == Hop::Topic) {
            self.say(Hop::Topic, None, said, context);
        }
    }

    /// A code in a marked event, which the mail has, typed back by whoever reads it.
    fn mail(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        let Some(home) = &self.rules.home else { return Ok(()) };
        let told = self.told();
        let said = if told.is_empty() {
            let first = home.targets.known().and_then(|targets| targets.first());
            (Proof::Broken, first.and_then(nobody_hears).unwrap_or_else(|| "nobody is told".to_owned()))
        } else if !context.person.is_there() {
            let why = "without a terminal nobody can type back the code that the mail has";
            (Proof::NotProvable, why.to_owned())
        } else if let Some(code) = new_code() {
            let now = context.clock.now();
            let event = marked(&self.place(&home.region), now, &format!("{TEST}: the code is {code}"));
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
        RuleCounts { invocations: 0, .. } => (Proof::NotProven, NOTHING_COMES.to_owned()),
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

/// What the mail has in the place of what root did.
const TEST: &str = "NONE. This is a test by the command glasskey root alarm test";

/// An event that the rules take for a call of root's, and that nobody who reads the mail does: in one of root's, AWS writes
/// what says so here.
fn marked(place: &Place, at: SystemTime, what: &str) -> Value {
    let mut event = Sample::RootCall.event(place, at, &format!("glasskey-test-{}", unix(at)));
    for (name, text) in [("eventName", what), ("eventSource", SOURCE), ("sourceIPAddress", "this command")] {
        event.as_object_mut().map(|members| members.insert(name.to_owned(), Value::from(text)));
    }
    event
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
