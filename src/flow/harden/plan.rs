//! The plan: what would change, made from what is read; and read back only where it is exactly what was made.

use super::organization::look;
use super::step::{Change, Planning, Proposal, Protection, Step};
use super::steps::{STEPS, step};
use crate::aws::hardening::Place;
use crate::aws::posture::{Fact, ReachableRole};
use crate::aws::{self, Account};
use crate::flow::audit::Rule;
use crate::flow::context::Context;
use crate::flow::failure::{Cause, HardenRefusal};
use crate::person::{HardenPlan, HardenSettings, HardenStep, OpenCode, OpenStep, RecordedState};
use crate::totp::unix;
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::{Duration, UNIX_EPOCH};

const FORMAT: &str = "glasskey-harden";
const VERSION: u32 = 1;
/// How long a plan is good for.
pub(in crate::flow) const LASTS: Duration = Duration::from_secs(24 * 60 * 60);
/// The `type` that `--json` gives it.
const TYPE: &str = "harden_plan";

/// A rule's name, as the audit writes it.
pub(super) fn rule_name(rule: Rule) -> String {
    serde_json::to_value(rule).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Reads what is there, and plans what should change.
pub(super) fn make(
    settings: &HardenSettings,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<HardenPlan, Cause> {
    check_names(settings)?;
    let caller = account.caller();
    let (organization, accounts) = look(settings.organization, account)?;
    let made = unix(context.clock.now());
    let place = Place::of(caller, &account.region());
    let mut plan = HardenPlan {
        format: FORMAT.to_owned(),
        version: VERSION,
        partition: caller.partition.clone(),
        account: caller.account.clone(),
        organization,
        accounts,
        caller: caller.arn.clone(),
        region: account.region(),
        made,
        expires: made.saturating_add(LASTS.as_secs()),
        digest: String::new(),
        settings: settings.clone(),
        protected_by: None,
        steps: Vec::new(),
        open: Vec::new(),
    };
    let mut protected = Protections::of(account);
    for step in STEPS.iter().copied().filter(|step| is_wanted(*step, settings)) {
        context.go_on()?;
        let planning = Planning { settings, place: &place, made, earlier: &plan.steps };
        match proposed(step, &planning, &mut protected)? {
            Planned::Nothing => {}
            Planned::Step(planned) => {
                protected.promise(step.gives());
                plan.steps.push(*planned);
            }
            Planned::Open(open) => plan.open.push(open),
        }
    }
    plan.protected_by = protected.seen;
    plan.digest = digest(&plan);
    Ok(plan)
}

/// Names that name nothing: somebody has mistyped them, and would believe that more, or less, was done.
fn check_names(settings: &HardenSettings) -> Result<(), HardenRefusal> {
    let unknown = |name: &&String| !STEPS.iter().any(|step| is_named(*step, name));
    if let Some(named) = settings.only.iter().chain(&settings.skip).find(unknown) {
        let steps = STEPS.iter().map(|step| step.id().to_owned()).collect();
        return Err(HardenRefusal::NoSuchStep { named: named.clone(), steps });
    }
    let alone = |name: &&String| STEPS.iter().all(|step| !is_named(*step, name) || step.is_of_organization());
    if let Some(named) = settings.only.iter().find(alone).filter(|_| !settings.organization) {
        return Err(HardenRefusal::NeedsOrganization { named: named.clone() });
    }
    match STEPS.iter().any(|step| is_wanted(*step, settings)) {
        true => Ok(()),
        false => Err(HardenRefusal::NothingWanted),
    }
}

fn is_named(step: &dyn Step, name: &str) -> bool {
    step.id() == name || step.findings().iter().any(|rule| rule_name(*rule) == name)
}

/// Whether the step of this name is among those that are asked for.
pub(super) fn wants(id: &str, settings: &HardenSettings) -> bool {
    step(id).is_some_and(|step| is_wanted(step, settings))
}

/// Whether a step is among those that were asked for.
pub(super) fn is_wanted(step: &dyn Step, settings: &HardenSettings) -> bool {
    let among = |names: &[String]| names.iter().any(|name| is_named(step, name));
    (settings.only.is_empty() || among(&settings.only)) && !among(&settings.skip)
}

/// Whether something was asked for that a plan leaves as it is.
#[must_use]
pub fn is_refused(open: &OpenStep, settings: &HardenSettings) -> bool {
    let named = || step(&open.id).is_some_and(|step| settings.only.iter().any(|name| is_named(step, name)));
    open.code.is_refused() || named()
}

enum Planned {
    Nothing,
    Step(Box<HardenStep>),
    Open(OpenStep),
}

fn proposed(step: &dyn Step, planning: &Planning<'_>, protected: &mut Protections<'_>) -> Result<Planned, Cause> {
    let state = match step.read(protected.account, planning.settings) {
        Ok(state) => state,
        Err(why) if tells_nothing(&why) => {
            return Ok(Planned::Open(open(step, OpenCode::Unreadable, format!("{why}"))));
        }
        Err(why) => return Err(Cause::Aws(why)),
    };
    let change = match step.propose(&state, planning) {
        None | Some(Proposal::Nothing) => return Ok(Planned::Nothing),
        Some(Proposal::Open { code, message }) => return Ok(Planned::Open(open(step, code, message))),
        Some(Proposal::Change(change)) => change,
    };
    if let Some(missing) = protected.missing(step.needs(&change.after))? {
        let message = match missing {
            Protection::Administrator => "no administrator other than root is seen who can sign in: make one first, \
                                          a user with MFA or a role, or nobody but root could do anything"
                .to_owned(),
        };
        return Ok(Planned::Open(open(step, OpenCode::NotProtected, message)));
    }
    Ok(Planned::Step(Box::new(planned(step, state, *change))))
}

/// AWS answered, and the answer does not tell: the other steps may still be planned.
pub(super) fn tells_nothing(why: &aws::Error) -> bool {
    use aws::Error::{Denied, Endless, Invalid, Malformed, NotFound, Refused, TooLong};
    matches!(
        why,
        Denied { .. }
            | Refused { .. }
            | NotFound { .. }
            | Invalid { .. }
            | Malformed { .. }
            | TooLong { .. }
            | Endless { .. }
    )
}

fn findings(step: &dyn Step) -> Vec<String> {
    step.findings().iter().copied().map(rule_name).collect()
}

fn open(step: &dyn Step, code: OpenCode, message: String) -> OpenStep {
    OpenStep { id: step.id().to_owned(), findings: findings(step), code, message }
}

fn planned(step: &dyn Step, before: RecordedState, change: Change<RecordedState>) -> HardenStep {
    let Change { after, unknown, changes, effects, calls, cost, waits, reversible, undo } = change;
    HardenStep {
        id: step.id().to_owned(),
        findings: findings(step),
        before,
        after,
        unknown,
        changes,
        effects,
        calls: calls.into_iter().map(|call| call.permission().to_owned()).collect(),
        cost,
        waits,
        reversible,
        undo,
    }
}

/// What protects from lock-out: seen, or about to be set up by a step of the same plan.
pub(super) struct Protections<'a> {
    account: &'a Account,
    promised: Vec<Protection>,
    /// Who was seen to be an administrator, for people.
    seen: Option<String>,
}

impl<'a> Protections<'a> {
    pub(super) fn of(account: &'a Account) -> Self {
        Self { account, promised: Vec::new(), seen: None }
    }

    fn promise(&mut self, gives: &[Protection]) {
        self.promised.extend(gives);
    }

    /// What is neither seen nor promised.
    pub(super) fn missing(&mut self, needs: &[Protection]) -> Result<Option<Protection>, Cause> {
        for need in needs.iter().filter(|need| !self.promised.contains(need)) {
            match need {
                Protection::Administrator => self.seen = administrator(self.account)?,
            }
            if self.seen.is_none() {
                return Ok(Some(*need));
            }
        }
        Ok(None)
    }
}

/// Somebody other than root who can do everything without exception, and is seen to be able to sign in with MFA, or to
/// assume a role that can. The credential report may be hours old, so each is asked about.
fn administrator(account: &Account) -> Result<Option<String>, Cause> {
    let admins = match account.administrators() {
        Fact::Known(admins) => admins,
        Fact::Unreadable(why) if tells_nothing(&why.why) => return Ok(None),
        Fact::Unreadable(why) => return Err(Cause::Aws(why.why)),
    };
    let outright = admins.users.iter().filter(|admin| admin.outright && !admin.hindered);
    let users = outright.map(|admin| (&admin.name, String::new()));
    let through = |role: &ReachableRole| format!(", who may assume role {}", role.name);
    let roles = admins.reachable.iter().flat_map(|role| role.users.iter().map(move |user| (user, through(role))));
    for (user, through) in users.chain(roles) {
        match account.signs_in_with_mfa(user) {
            Ok(true) => return Ok(Some(format!("user {user}, who has MFA{through}"))),
            Ok(false) => {}
            Err(why) if tells_nothing(&why) => {}
            Err(why) => return Err(Cause::Aws(why)),
        }
    }
    let outside = admins.reachable.iter().find(|role| role.from_outside);
    Ok(outside
        .map(|role| format!("role {}, which people of a SAML provider or another account may assume", role.name)))
}

/// The SHA-256 of a plan without its digest, in hexadecimal: over JSON without spaces, members in the order of their names.
fn digest(plan: &HardenPlan) -> String {
    digest_of(serde_json::to_value(plan).unwrap_or_default())
}

/// The same of a plan as it was read, whatever its members come to.
fn digest_of(mut plan: Value) -> String {
    plan.as_object_mut().map(|members| members.remove("digest"));
    let mut text = String::new();
    canonical(&plan, &mut text);
    HEXLOWER.encode(&Sha256::digest(text))
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for (nth, name) in names.into_iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { "," });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(members.get(name).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (nth, item) in items.iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { "," });
                canonical(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

/// Reads a plan back. Whose account it is for, and whether it is still good, is asked when it is applied.
///
/// # Errors
/// It is no plan, one of a later version, one that was changed, or one that this version would not make.
pub fn read_plan(text: &[u8]) -> Result<HardenPlan, HardenRefusal> {
    let mut value: Value = serde_json::from_slice(text).map_err(|_| HardenRefusal::NotAPlan)?;
    let members = value.as_object_mut().ok_or(HardenRefusal::NotAPlan)?;
    let is_plan = members.get("format").and_then(Value::as_str) == Some(FORMAT)
        && members.remove("type").is_none_or(|kind| kind == TYPE);
    let version = members.get("version").and_then(Value::as_u64).filter(|_| is_plan);
    match version.ok_or(HardenRefusal::NotAPlan)? {
        version if version > u64::from(VERSION) => {
            return Err(HardenRefusal::LaterPlan { version, known: VERSION });
        }
        version if version < u64::from(VERSION) => return Err(HardenRefusal::NotAPlan),
        _ => {}
    }
    let right = digest_of(value.clone());
    let plan: HardenPlan = serde_json::from_value(value).map_err(|_| HardenRefusal::EditedPlan)?;
    if plan.digest != right || plan.made.checked_add(LASTS.as_secs()) != Some(plan.expires) {
        return Err(HardenRefusal::EditedPlan);
    }
    check_made_here(&plan)?;
    Ok(plan)
}

/// The digest shows that nothing was changed by accident; that nobody has written a plan of their own is shown by
/// planning again: from the state it names, this version must come to the same steps.
fn check_made_here(plan: &HardenPlan) -> Result<(), HardenRefusal> {
    check_names(&plan.settings)?;
    let mut due = STEPS.iter().copied().filter(|step| is_wanted(*step, &plan.settings));
    let (partition, region, account) = (plan.partition.clone(), plan.region.clone(), plan.account.clone());
    let place = Place { partition, region, account };
    for (nth, there) in plan.steps.iter().enumerate() {
        let earlier = plan.steps.get(..nth).unwrap_or_default();
        let planning = Planning { settings: &plan.settings, place: &place, made: plan.made, earlier };
        let not_ours = || HardenRefusal::NotOurPlan { step: there.id.clone() };
        let step = due.find(|step| step.id() == there.id).ok_or_else(not_ours)?;
        let Some(Proposal::Change(change)) = step.propose(&there.before, &planning) else {
            return Err(not_ours());
        };
        if planned(step, there.before.clone(), *change) != *there {
            return Err(not_ours());
        }
    }
    Ok(())
}

/// Whether a plan is for this account, and still good.
pub(super) fn check_applies(plan: &HardenPlan, account: &Account, context: &Context<'_>) -> Result<(), Cause> {
    let (caller, region) = (account.caller(), account.region());
    if plan.account != caller.account || plan.partition != caller.partition {
        let named = |account: &str, partition: &str| match plan.partition == caller.partition {
            true => account.to_owned(),
            false => format!("{account} in the partition {partition}"),
        };
        let planned = named(&plan.account, &plan.partition);
        let account = named(&caller.account, &caller.partition);
        return Err(HardenRefusal::OtherAccount { planned, account }.into());
    }
    if plan.region != region {
        return Err(HardenRefusal::OtherRegion { planned: plan.region.clone(), region }.into());
    }
    let now = unix(context.clock.now());
    let expired = UNIX_EPOCH.checked_add(Duration::from_secs(plan.expires)).unwrap_or(UNIX_EPOCH);
    // One of tomorrow would be good for longer.
    if now >= plan.expires || plan.made > now.saturating_add(SLACK) {
        return Err(HardenRefusal::ExpiredPlan { expired, lasts: LASTS }.into());
    }
    check_organization(plan, account)
}

/// A plan for an organization is for that one, with the accounts that it had.
fn check_organization(plan: &HardenPlan, account: &Account) -> Result<(), Cause> {
    if !plan.settings.organization {
        return Ok(());
    }
    let (organization, accounts) = look(true, account)?;
    if plan.organization != organization {
        let text = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".to_owned());
        let (planned, organization) = (text(&plan.organization), text(&organization));
        return Err(HardenRefusal::OtherOrganization { planned, organization }.into());
    }
    let (planned, accounts) = (plan.accounts.unwrap_or_default(), accounts.unwrap_or_default());
    match planned == accounts {
        true => Ok(()),
        false => Err(HardenRefusal::OtherAccounts { planned, accounts }.into()),
    }
}

/// How far the clocks of two machines may be apart, in seconds, before AWS has corrected them.
const SLACK: u64 = 300;
