//! The proof of each hop from an event of root's to a person.
//!
//! The pattern is proved on AWS's own matcher; the trail by a call of this caller's own in the log group; filter, metric,
//! alarm and topic by a marked event that is put beside the trail's; the mail by a code that its reader types back.

use super::brought::left_out;
use super::chain::{Chain, cannot_be_raised, find, nobody_hears};
use super::rules;
use crate::aws::hardening::{self, AlarmEvent, AlarmState, Obstacle, Place, Sample};
use crate::aws::posture::Alarm;
use crate::aws::{self, Account};
use crate::flow::audit::{Proofs, ProvedChain, hears};
use crate::flow::context::Context;
use crate::flow::failure::{AlarmRefusal, Cause, Failed, Stage};
use crate::person::{AlarmNotice, Hop, Notice, Proof, RootStep, Tested};
use crate::totp::unix;
use crate::world::World;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// What is to be proved, and how long is waited.
#[derive(Clone, Copy, Debug)]
pub struct AlarmTest {
    /// For the trail to deliver, and, up to five minutes of it, for the alarm to go on.
    pub wait: Duration,
    /// The marked event may be put without asking.
    pub approved: bool,
}

/// What came of the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmTested {
    /// The account number.
    pub account: String,
    pub region: String,
    /// Of a chain from a log group.
    pub group: Option<String>,
    /// The filter's and the alarm's names, or the rule's, and the topic's ARN, where there are any.
    pub filter: Option<String>,
    pub alarm: Option<String>,
    pub rule: Option<String>,
    pub topic: Option<String>,
    /// In the order in which an event passes them.
    pub hops: Vec<Tested>,
    /// When all that can be proved was, where it was now.
    pub proved: Option<SystemTime>,
    /// What was proved, as the audit finds it again.
    pub(super) chain: Option<ProvedChain>,
}

/// The longest that an alarm takes to go on, and a counter to show.
pub(super) const ALARM_LIMIT: Duration = Duration::from_secs(300);
/// Seconds between two looks; the last one again and again.
const LOOKS: [u64; 5] = [1, 2, 5, 10, 15];
/// The log stream of marked events.
const STREAM: &str = "glasskey-test";
/// How often a code is asked for.
pub(super) const TRIES: usize = 3;

/// Proves what can be proved.
///
/// # Errors
/// [`Failed`]: the account cannot be read, or no trail delivers to a log group of it.
pub fn test(request: AlarmTest, world: &mut World) -> Result<AlarmTested, Failed> {
    let proofs = Proofs::in_dir(&world.state);
    let (connector, mut context) = Context::open(Stage::Preflight, world)?;
    let context = &mut context;
    let tested = connector.connect().map_err(Cause::Aws).and_then(|account| {
        context.tell_clock();
        let mut tested = match rules::find_rules(&account)? {
            Some(chain) => rules::test(&account, &chain, request, context)?,
            None => by_filter(&account, request, context)?,
        };
        tested.hops.sort_by_key(|tested| tested.hop as u8);
        let failed = |tested: &Tested| matches!(tested.proof, Proof::NotProven | Proof::Broken);
        tested.proved = (!tested.hops.iter().any(failed)).then(|| context.clock.now());
        if let (Some(at), Some(chain)) = (tested.proved, tested.chain.take())
            && proofs.write(&account.caller().account, unix(at), chain).is_err()
        {
            context.tell(Notice::from(AlarmNotice::DateNotKept));
        }
        Ok(tested)
    });
    tested.map_err(|cause| context.fail(Stage::Preflight, context.interrupted_or(cause)))
}

fn by_filter(account: &Account, request: AlarmTest, context: &mut Context<'_>) -> Result<AlarmTested, Cause> {
    let begun = context.clock.now();
    let chain = find(account)?.ok_or(AlarmRefusal::NoLogs)?;
    let mut testing = Testing { account, chain: &chain, request, begun, hops: Vec::new() };
    testing.run(context)?;
    Ok(AlarmTested {
        account: account.caller().account.clone(),
        hops: testing.hops,
        proved: None,
        chain: chain.alarm.as_ref().and_then(|alarm| ProvedChain::of(&alarm.name, alarm.targets.first()?)),
        filter: chain.filter.as_ref().map(|filter| filter.name.clone()),
        topic: chain.alarm.as_ref().and_then(|alarm| Some(alarm.targets.first()?.arn.clone())),
        alarm: chain.alarm.as_ref().map(|alarm| alarm.name.clone()),
        rule: None,
        region: chain.region,
        group: Some(chain.group),
    })
}

struct Testing<'t> {
    account: &'t Account,
    chain: &'t Chain,
    request: AlarmTest,
    begun: SystemTime,
    hops: Vec<Tested>,
}

impl Testing<'_> {
    fn say(&mut self, hop: Hop, proof: Proof, why: impl Into<String>, context: &mut Context<'_>) {
        let tested = Tested { hop, region: None, proof, why: why.into() };
        context.tell(Notice::from(AlarmNotice::Tested(tested.clone())));
        self.hops.push(tested);
    }

    /// The trail comes last: its delivery takes minutes, in which the others are proved.
    fn run(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        self.pattern(context)?;
        context.go_on()?;
        self.alarm(context)?;
        context.go_on()?;
        self.trail(context)
    }

    /// TestMetricFilter, with events of root, of users, of tasks and of AWS's own.
    fn pattern(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        let Some(filter) = &self.chain.filter else {
            let why = format!("no filter of the log group {} is about root", self.chain.group);
            self.say(Hop::Pattern, Proof::Broken, why, context);
            return Ok(());
        };
        let (place, now) = (self.place(), context.clock.now());
        let messages: Vec<String> =
            Sample::ALL.iter().map(|sample| sample.event(&place, now, "sample").to_string()).collect();
        let matched = match self.account.test_metric_filter(&self.chain.region, &filter.pattern, &messages) {
            Ok(matched) => matched,
            Err(why) => return self.unproven(Hop::Pattern, why, context),
        };
        let wrong = Sample::ALL.iter().zip(&matched).find(|(sample, matched)| match sample {
            // Whether tasks are to be told of is a choice.
            Sample::Task => false,
            sample => sample.is_roots() != **matched,
        });
        let tasks = Sample::ALL.iter().zip(&matched).any(|(sample, matched)| *sample == Sample::Task && *matched);
        let (proof, why) = match wrong {
            Some((sample, true)) => {
                (Proof::Broken, format!("{} takes {} for root's use", filter.name, named(*sample)))
            }
            Some((sample, false)) => (Proof::Broken, format!("{} passes over {}", filter.name, named(*sample))),
            None => {
                let spares =
                    if tasks { "and those of AssumeRoot's tasks" } else { "and not those of AssumeRoot's tasks" };
                (Proof::Proven, format!("{} takes root's events, nobody else's, {spares}", filter.name))
            }
        };
        self.say(Hop::Pattern, proof, why, context);
        Ok(())
    }

    fn place(&self) -> Place {
        Place::of(self.account.caller(), &self.chain.region)
    }

    /// AWS has not let it be proved.
    fn unproven(&mut self, hop: Hop, why: aws::Error, context: &mut Context<'_>) -> Result<(), Cause> {
        match why {
            aws::Error::Interrupted => Err(Cause::Interrupted),
            aws::Error::Denied { .. } => {
                self.say(hop, Proof::NotProvable, why.to_string(), context);
                Ok(())
            }
            why => {
                self.say(hop, Proof::NotProven, why.to_string(), context);
                Ok(())
            }
        }
    }

    /// Filter, metric and alarm, then the topic, then the mail.
    fn alarm(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        let Some(alarm) = self.chain.alarm.clone() else {
            let why = "no alarm is on the filter's metric";
            self.say(Hop::Alarm, Proof::Broken, why, context);
            return self.unreached(&[Hop::Topic, Hop::Mail], context).map(drop);
        };
        if let Some(why) = cannot_be_raised(&alarm) {
            self.say(Hop::Alarm, Proof::Broken, format!("{}: {why}", alarm.name), context);
            return self.unreached(&[Hop::Topic, Hop::Mail], context).map(drop);
        }
        if !self.is_off(&alarm, context)? {
            return self.unreached(&[Hop::Topic, Hop::Mail], context).map(drop);
        }
        if !self.agreed(&alarm, context)? {
            let why = "putting a marked event was not agreed to: --yes agrees";
            for hop in [Hop::Alarm, Hop::Topic, Hop::Mail] {
                self.say(hop, Proof::NotProven, why, context);
            }
            return Ok(());
        }
        match self.marked(&alarm, context)? {
            true => self.mail(&alarm, context),
            false => Ok(()),
        }
    }

    /// The answer is that the topic has got nothing.
    fn unreached(&mut self, hops: &[Hop], context: &mut Context<'_>) -> Result<bool, Cause> {
        for hop in hops {
            self.say(*hop, Proof::NotProven, "nothing comes so far", context);
        }
        Ok(false)
    }

    fn agreed(&self, alarm: &Alarm, context: &mut Context<'_>) -> Result<bool, Cause> {
        let told = alarm.targets.iter().flat_map(hears).map(str::to_owned).collect();
        let (group, alarm) = (self.chain.group.clone(), alarm.name.clone());
        context.tell(Notice::from(AlarmNotice::MarkedEvent { group, alarm, told }));
        match context.approve(self.request.approved) {
            Ok(()) => Ok(true),
            Err(Cause::Declined | Cause::NobodyToAsk) => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// Puts a marked sign-in of root's beside the trail's events. Whether the topic has got the alarm's message.
    fn marked(&mut self, alarm: &Alarm, context: &mut Context<'_>) -> Result<bool, Cause> {
        let Chain { group, .. } = self.chain;
        let at = context.clock.now();
        if let Err(why) = self.put(at) {
            return self.stuck(why, context);
        }
        context.tell(Notice::from(AlarmNotice::Put { group: group.clone() }));
        self.follow(alarm, at, context)
    }

    /// Whether the alarm is off, so that an event changes something. One that is on is waited for: nothing is asked and
    /// nothing is put before that.
    fn is_off(&mut self, alarm: &Alarm, context: &mut Context<'_>) -> Result<bool, Cause> {
        let (account, region, name) = (self.account, self.chain.region.clone(), &alarm.name);
        let (limit, begun) = (self.request.wait, context.clock.now());
        let mut there = None;
        let looked =
            look(&format!("{name} to go off, since an event changes nothing before"), limit, begun, context, || {
                there = account.alarm(&region, name)?;
                Ok(there.as_ref().is_none_or(|there| there.state != "ALARM").then_some(()))
            });
        match looked {
            Ok(Some(())) => Ok(true),
            Ok(None) => {
                let left = there.as_ref().and_then(|there| goes_off_in(there, context.clock.now()));
                self.say(Hop::Alarm, Proof::NotProven, is_on(name, left), context);
                Ok(false)
            }
            Err(Cause::Aws(why)) => self.unproven(Hop::Alarm, why, context).map(|()| false),
            Err(cause) => Err(cause),
        }
    }

    fn put(&self, at: SystemTime) -> Result<(), aws::Error> {
        let Chain { region, group, .. } = self.chain;
        match self.account.create_log_stream(region, group, STREAM) {
            Err(why) if why.obstacle() != Some(Obstacle::NameTaken) => return Err(why),
            _ => {}
        }
        let mark = format!("glasskey-test-{}", unix(at));
        let event = Sample::RootSignIn.event(&self.place(), at, &mark).to_string();
        match self.account.put_log_event(region, (group, STREAM), at, &event) {
            // If it has arrived, the alarm shows it.
            Err(aws::Error::OutcomeUnknown { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// Looks until the alarm has acted on the marked event.
    fn follow(&mut self, alarm: &Alarm, at: SystemTime, context: &mut Context<'_>) -> Result<bool, Cause> {
        let limit = self.request.wait.min(ALARM_LIMIT);
        let (account, region) = (self.account, self.chain.region.clone());
        let mut raised = false;
        let looked = look(&format!("{} to go on", alarm.name), limit, at, context, || {
            let events = account.alarm_history(&region, &alarm.name, at)?;
            raised |= events.iter().any(|event| event.kind == "StateUpdate" && event.summary.ends_with("to ALARM"));
            Ok(events.into_iter().find(|event| event.acted().is_some()))
        });
        let acted = match looked {
            Ok(acted) => acted,
            Err(Cause::Aws(why)) => return self.stuck(why, context),
            Err(cause) => return Err(cause),
        };
        if acted.is_none() && !raised {
            return self.not_raised(alarm, limit, context);
        }
        self.say(Hop::Alarm, Proof::Proven, format!("the marked event raised {}", alarm.name), context);
        match acted {
            Some(acted) => self.topic(&acted, context),
            None => {
                self.say(Hop::Topic, Proof::Broken, format!("{} went on and did nothing", alarm.name), context);
                self.unreached(&[Hop::Mail], context)
            }
        }
    }

    fn not_raised(&mut self, alarm: &Alarm, limit: Duration, context: &mut Context<'_>) -> Result<bool, Cause> {
        let there = match self.account.alarm(&self.chain.region, &alarm.name) {
            Ok(there) => there,
            Err(why) => return self.stuck(why, context),
        };
        // It went on between the look and the marked event.
        if let Some(there) = there.filter(|there| there.state == "ALARM") {
            let left = goes_off_in(&there, context.clock.now());
            self.say(Hop::Alarm, Proof::NotProven, is_on(&alarm.name, left), context);
            return self.unreached(&[Hop::Topic, Hop::Mail], context);
        }
        let why = format!("{} did not go on within {} s of the marked event", alarm.name, limit.as_secs());
        let proof = if limit < ALARM_LIMIT { Proof::NotProven } else { Proof::Broken };
        self.say(Hop::Alarm, proof, why, context);
        self.unreached(&[Hop::Topic, Hop::Mail], context)
    }

    /// AWS has not let the alarm be proved, so nothing behind it is.
    fn stuck(&mut self, why: aws::Error, context: &mut Context<'_>) -> Result<bool, Cause> {
        self.unproven(Hop::Alarm, why, context)?;
        self.unreached(&[Hop::Topic, Hop::Mail], context)
    }

    fn topic(&mut self, acted: &AlarmEvent, context: &mut Context<'_>) -> Result<bool, Cause> {
        let worked = acted.acted() == Some(true);
        let proof = if worked { Proof::Proven } else { Proof::Broken };
        self.say(Hop::Topic, proof, acted.summary.clone(), context);
        if !worked {
            self.unreached(&[Hop::Mail], context)?;
        }
        Ok(worked)
    }

    /// A code in the reason of the alarm's state, which its mail has, typed back by whoever reads the mail.
    fn mail(&mut self, alarm: &Alarm, context: &mut Context<'_>) -> Result<(), Cause> {
        let told: Vec<String> = alarm.targets.iter().flat_map(hears).map(str::to_owned).collect();
        if told.is_empty() {
            let why = alarm.targets.first().and_then(nobody_hears).unwrap_or_else(|| "nobody is told".to_owned());
            self.say(Hop::Mail, Proof::Broken, why, context);
            return Ok(());
        }
        if !context.person.is_there() {
            let why = "without a terminal nobody can type back the code that the mail has";
            self.say(Hop::Mail, Proof::NotProvable, why, context);
            return Ok(());
        }
        let Some(code) = new_code() else {
            self.say(Hop::Mail, Proof::NotProvable, "the system gives no random numbers", context);
            return Ok(());
        };
        let reason = format!("glasskey root alarm test: the code is {code}");
        let region = &self.chain.region;
        let set = |state, reason: &str| match self.account.set_alarm_state(region, &alarm.name, state, reason) {
            Err(aws::Error::OutcomeUnknown { .. }) => Ok(()),
            outcome => outcome,
        };
        let sent = set(AlarmState::Ok, "glasskey root alarm test").and_then(|()| set(AlarmState::Alarm, &reason));
        if let Err(why) = sent {
            return self.unproven(Hop::Mail, why, context);
        }
        let (proof, why) = typed_back(&code, &told.join(", "), context)?;
        self.say(Hop::Mail, proof, why, context);
        Ok(())
    }

    /// Looks for a call of this caller's own in the log group.
    fn trail(&mut self, context: &mut Context<'_>) -> Result<(), Cause> {
        let Chain { region, group, trail, .. } = self.chain;
        let error = trail.status.known().and_then(|status| status.logs_error.clone());
        if let Some(error) = error {
            self.say(Hop::Trail, Proof::Broken, format!("{} does not deliver: {error}", trail.name), context);
            return Ok(());
        }
        if trail.status.known().is_some_and(|status| !status.logging) {
            self.say(Hop::Trail, Proof::Broken, format!("{} does not log", trail.name), context);
            return Ok(());
        }
        if let Some(what) = left_out(trail) {
            self.say(Hop::Trail, Proof::Broken, format!("{} does not record {what}", trail.name), context);
            return Ok(());
        }
        let caller = json!(self.account.caller().arn);
        let pattern = format!("{{ $.eventName = \"DescribeTrails\" && $.userIdentity.arn = {caller} }}");
        let (account, begun) = (self.account, self.begun);
        let since = begun.checked_sub(Duration::from_secs(5)).unwrap_or(begun);
        let found = look("the trail to deliver this command's own call", self.request.wait, begun, context, || {
            Ok(account.find_log_events(region, group, &pattern, since)?.into_iter().next())
        });
        match found {
            Ok(Some(_)) => {
                let why = format!("{} has delivered this command's own call to {group}", trail.name);
                self.say(Hop::Trail, Proof::Proven, why, context);
                Ok(())
            }
            Ok(None) => {
                let why = format!(
                    "{} has not delivered this command's own call within {} s; CloudTrail takes 5 minutes as a rule, and \
                     up to 15",
                    trail.name,
                    self.request.wait.as_secs()
                );
                self.say(Hop::Trail, Proof::NotProven, why, context);
                Ok(())
            }
            Err(Cause::Aws(why)) => self.unproven(Hop::Trail, why, context),
            Err(cause) => Err(cause),
        }
    }
}

/// Eight digits; `None`: the system gives no random numbers.
pub(super) fn new_code() -> Option<String> {
    getrandom::u32().ok().map(|random| format!("{:08}", random % 100_000_000))
}

/// Whether somebody types back the code that the mail has.
pub(super) fn typed_back(code: &str, told: &str, context: &mut Context<'_>) -> Result<(Proof, String), Cause> {
    for _ in 0..TRIES {
        let Some(typed) = context.person.mailed_code(told) else { break };
        if typed.trim() == code {
            return Ok((Proof::Proven, format!("somebody who reads {told} typed the code back")));
        }
    }
    context.go_on()?;
    Ok((Proof::NotProven, format!("the code in the mail to {told} was not typed back")))
}

/// Looks until there is something to be seen, at most for so long since the beginning.
pub(super) fn look<T>(
    what: &str,
    limit: Duration,
    begun: SystemTime,
    context: &mut Context<'_>,
    mut see: impl FnMut() -> Result<Option<T>, aws::Error>,
) -> Result<Option<T>, Cause> {
    let mut looks = LOOKS.iter().copied();
    let mut pause = 1;
    loop {
        let seen = see()?;
        let elapsed = context.clock.now().duration_since(begun).unwrap_or_default();
        let left = limit.saturating_sub(elapsed);
        if seen.is_some() || left.as_secs() == 0 {
            return Ok(seen);
        }
        let (what, elapsed) = (what.to_owned(), elapsed.as_secs());
        context.tell(Notice::Root(RootStep::Watching { what, elapsed, left: left.as_secs() }));
        pause = looks.next().unwrap_or(pause);
        if !context.clock.sleep(Duration::from_secs(pause).min(left)) {
            return Err(Cause::Interrupted);
        }
    }
}

/// The least time until an alarm that is on goes off: an event counts in each of the periods that it looks at.
fn goes_off_in(alarm: &hardening::Alarm, now: SystemTime) -> Option<Duration> {
    let window = Duration::from_secs(alarm.period?.checked_mul(alarm.periods?)?);
    alarm.since?.checked_add(window)?.duration_since(now).ok()
}

fn is_on(alarm: &str, left: Option<Duration>) -> String {
    let when = match left.map(|left| left.as_secs().div_ceil(60)) {
        Some(minutes) => format!("in {minutes} min at the earliest"),
        None => "within minutes".to_owned(),
    };
    format!(
        "{alarm} is on, after a use of root or an earlier test, and an event changes nothing before it goes off, {when}: \
         run `glasskey root alarm test` then, or give it a longer --wait"
    )
}

pub(super) fn named(sample: Sample) -> &'static str {
    match sample {
        Sample::RootSignIn => "a sign-in of root",
        Sample::RootCall => "a call of root's",
        Sample::UserSignIn => "a user's sign-in",
        Sample::UserCall => "a user's call",
        Sample::Task => "a task of AssumeRoot",
        Sample::Service => "an event of AWS's own",
    }
}
