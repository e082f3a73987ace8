//! A service control policy that leaves root of members nothing but what AssumeRoot's tasks do. The last step: while it is
//! attached, root of a member cannot even change its own MFA.
//!
//! Before it is attached each account below the target is looked at: that no policy stops AssumeRoot's tasks there, which
//! are all that is left for root then, and that its root user does not still have to be given MFA.

mod looking;

use super::member_root_credentials::MemberRootCredentials;
use super::of_members::{NotInUse, Unread, View};
use crate::aws::hardening::deny_root_document;
use crate::aws::{Account, Call, Error};
use crate::flow::acknowledged::look_until;
use crate::flow::audit::Rule;
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::emit::{self, Emission};
use crate::flow::harden::names::DENY_ROOT;
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Protection, Undone};
use crate::person::{HardenChange, HardenSettings, OpenCode};
use looking::{ActiveCredential, Hindered, Waiting, hindered, look, own_policy};
use serde::{Deserialize, Serialize};

pub(super) struct DenyRootScp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    view: View,
    /// The organization's root or a unit, by its id; empty where nothing was looked at.
    target: String,
    /// Service control policies are enabled.
    enabled: bool,
    /// glasskey's own policy; `None`: there is none.
    own: Option<Own>,
    /// Another policy that does the same, attached to the target or above it.
    enough: Option<String>,
    /// Reasons that nothing can be attached, each a part of a sentence.
    limits: Vec<String>,
    /// Policies that stop tasks of AssumeRoot below the target.
    stopping: Vec<String>,
    /// Members below the target whose root user can sign in and has no MFA.
    waiting: Vec<Waiting>,
    /// What root of members below the target signs requests with.
    #[serde(default)]
    active: Vec<ActiveCredential>,
    unread: Vec<Unread>,
    /// Members that are not in use: their root users cannot be looked at.
    left_out: Vec<NotInUse>,
    /// How many accounts were looked at.
    looked_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    /// To the target.
    attached: bool,
    /// To something else too.
    elsewhere: bool,
    /// Its text is glasskey's; otherwise somebody has changed it, or made it.
    as_made: bool,
}

impl Hardening for DenyRootScp {
    type State = State;

    const ID: &'static str = "deny-root-scp";
    /// The audit has no rule that asks for it.
    const FINDINGS: &'static [Rule] = &[];
    const OF_ORGANIZATION: bool = true;

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, Error> {
        look(account, settings)
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        if let Some(proposal) = state.view.in_the_way() {
            return proposal;
        }
        if state.view == View::Delegate {
            let message = "service control policies are the management account's: run this command there";
            return Proposal::Open { code: OpenCode::OtherCaller, message: message.to_owned() };
        }
        if let Some(policy) = state.in_force() {
            return state.waits_in_vain(policy).unwrap_or(Proposal::Nothing);
        }
        match state.in_the_way(planning) {
            Some((code, message)) => Proposal::Open { code, message },
            None => Proposal::Change(Box::new(state.change())),
        }
    }

    fn needs(&self, _: &State) -> &'static [Protection] {
        &[Protection::Administrator]
    }

    /// Once it is attached, what was looked at before has done its service.
    fn is_same(&self, one: &State, other: &State) -> bool {
        let is_on = |state: &State| state.enabled && state.own.is_some_and(|own| own.attached && own.as_made);
        // Active credentials may go by an earlier step; whether one is left is looked at before the policy is attached.
        let same = |one: &State| State { active: Vec::new(), ..one.clone() };
        same(one) == same(other) || (one.target == other.target && is_on(one) && is_on(other))
    }

    /// On the way from one to the other: enabled or not, and made before attached.
    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        let parts = |state: &State| [u8::from(state.enabled), state.rank()];
        let between = parts(before).into_iter().zip(parts(now)).zip(parts(after));
        let on_the_way =
            between.into_iter().all(|((one, now), other)| (one.min(other)..=one.max(other)).contains(&now));
        // Once it is attached, what was looked at before has done its service: it can be taken back whatever came since.
        let active = before.active.clone();
        let looked = State { enabled: before.enabled, own: before.own, active, ..now.clone() };
        let is_same_place = (now.view, &now.target) == (before.view, &before.target);
        on_the_way && is_same_place && (now.rank() == 2 || looked == *before) && now.own.is_none_or(|own| own.as_made)
    }

    fn emission(&self, after: &State, planning: &Planning<'_>) -> Emission {
        if planning.settings.members_password && planning.after::<MemberRootCredentials>().is_some() {
            return Emission::nothing(
                "the policy may be attached only once the passwords of members are gone: `glasskey root harden --org \
                 --only member-root-credentials --members-password --apply` deletes them",
            );
        }
        let text = deny_root_document(&planning.place.partition);
        emit::service_control_policy((DENY_ROOT, DESCRIPTION), &text, &after.target)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        match to.rank() > now.rank() {
            true => attach(now, hands),
            false => take_back(now, to, hands),
        }
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let (was, mut to, mut stays) = (begun.before, begun.now.clone(), Vec::new());
        if let Some(own) = &mut to.own
            && !was.own.is_some_and(|was| was.attached)
        {
            own.attached = false;
            if was.own.is_none() && own.elsewhere {
                stays.push(format!("the policy {DENY_ROOT} stays: somebody has attached it elsewhere too"));
            } else if was.own.is_none() {
                to.own = None;
            }
        }
        if to.enabled && !was.enabled {
            stays.push("service control policies stay enabled".to_owned());
        }
        Undone { to, stays }
    }
}

/// Enabled, made, attached: each where it is not yet.
fn attach(now: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let account = hands.account;
    // What was planned before may have come otherwise: a member may have refused, and may have a new key.
    let Hindered { waiting, active, untold } = hindered(account, &now.target)?;
    if !waiting.is_empty() {
        let members = waiting.into_iter().map(|one| one.account).collect();
        return Err(HardenRefusal::MembersWait { members }.into());
    }
    if untold {
        return Err(HardenRefusal::Changed { step: DenyRootScp::ID.to_owned() }.into());
    }
    if !active.is_empty() {
        let credentials = active.iter().map(ActiveCredential::words).collect();
        return Err(HardenRefusal::MembersSign { credentials }.into());
    }
    if !now.enabled {
        enable(hands)?;
    }
    hands.go_on()?;
    let id = match own_policy(account)? {
        Some(policy) => policy.id,
        None => {
            let text = deny_root_document(&account.caller().partition);
            account.create_control_policy(DENY_ROOT, DESCRIPTION, &text)?
        }
    };
    hands.tell(format!("policy {DENY_ROOT} is there: {id}"));
    hands.go_on()?;
    account.attach_control_policy(&id, &now.target)?;
    hands.tell(format!("policy {DENY_ROOT} is attached to {}", now.target));
    Ok(())
}

/// AWS takes a moment to enable a type of policies.
fn enable(hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    hands.go_on()?;
    let account = hands.account;
    let root = account.organization_root()?;
    account.enable_scps(&root.id)?;
    let looked = look_until("for AWS to enable service control policies", hands.context, || {
        let is_on = account.organization_root()?.scps;
        Ok(((), is_on))
    });
    match looked? {
        ((), true) => {
            hands.tell("service control policies are enabled");
            Ok(())
        }
        ((), false) => Err(HardenRefusal::NotShown { step: DenyRootScp::ID.to_owned() }.into()),
    }
}

fn take_back(now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let account = hands.account;
    let Some(policy) = own_policy(account)? else { return Ok(()) };
    if now.own.is_some_and(|own| own.attached) && !to.own.is_some_and(|own| own.attached) {
        hands.go_on()?;
        account.detach_control_policy(&policy.id, &now.target)?;
        hands.tell(format!("policy {DENY_ROOT} is detached from {}", now.target));
    }
    if to.own.is_none() {
        hands.go_on()?;
        account.delete_control_policy(&policy.id)?;
        hands.tell(format!("policy {DENY_ROOT} is deleted"));
    }
    Ok(())
}

const DESCRIPTION: &str = "Root of members can do nothing but the tasks of AssumeRoot. Made by glasskey root harden.";

impl State {
    /// How far the own policy is: not there, there, attached.
    fn rank(&self) -> u8 {
        match self.own {
            None => 0,
            Some(Own { attached: false, .. }) => 1,
            Some(Own { attached: true, .. }) => 2,
        }
    }

    /// The policy that leaves root of members nothing already.
    fn in_force(&self) -> Option<&str> {
        let is_own = self.enabled && self.own.is_some_and(|own| own.attached && own.as_made);
        self.enough.as_deref().or(is_own.then_some(DENY_ROOT))
    }

    /// Members whose root users came to have a password and no MFA while the policy was attached.
    fn waits_in_vain(&self, policy: &str) -> Option<Proposal<Self>> {
        let waiting: Vec<String> = self.waiting.iter().map(Waiting::words).collect();
        let message = format!(
            "root of {} can sign in and has no MFA, and policy {policy} keeps it from enrolling any: take the password \
             away with `glasskey root harden --org --only member-root-credentials --members-password`, or detach the \
             policy until root has MFA",
            waiting.join(", ")
        );
        (!waiting.is_empty()).then_some(Proposal::Open { code: OpenCode::NotProtected, message })
    }

    /// What root of members still signs requests with once the plan's step about them is done.
    fn still_active(&self, planning: &Planning<'_>) -> Vec<String> {
        let after = planning.after::<MemberRootCredentials>();
        let stays =
            |one: &&ActiveCredential| after.as_ref().is_none_or(|after| after.keeps(&one.account, one.key.as_ref()));
        self.active.iter().filter(stays).map(ActiveCredential::words).collect()
    }

    /// Why it is not attached, and the reason in short.
    fn in_the_way(&self, planning: &Planning<'_>) -> Option<(OpenCode, String)> {
        if self.own.is_some_and(|own| !own.as_made) {
            let message = format!("there is a policy {DENY_ROOT} with another text: rename it, or delete it");
            return Some((OpenCode::InUse, message));
        }
        if let Some(limit) = self.limits.first() {
            return Some((OpenCode::Limit, limit.clone()));
        }
        if !self.stopping.is_empty() {
            let message = format!(
                "tasks of AssumeRoot would be all that is left, and {} may stop them: exempt them there first \
                 (finding scp-stops-tasks)",
                self.stopping.join(", ")
            );
            return Some((OpenCode::NotProtected, message));
        }
        if !self.unread.is_empty() {
            let unread: Vec<String> = self.unread.iter().map(Unread::words).collect();
            return Some((OpenCode::Unreadable, unread.join("; ")));
        }
        let to_come: Vec<String> = self.left_out.iter().filter(|one| one.is_to_come()).map(NotInUse::words).collect();
        if !to_come.is_empty() {
            let message = format!("whether root needs MFA is not to be seen yet in {}", to_come.join("; "));
            return Some((OpenCode::Unreadable, message));
        }
        let active = self.still_active(planning);
        if !active.is_empty() {
            let message = format!(
                "whatever uses {} would be refused from then on: find out what does, then delete it (`glasskey root harden \
                 --org --only member-root-credentials`, with --override KEY-ID for a key that was used lately)",
                active.join(", ")
            );
            return Some((OpenCode::InUse, message));
        }
        let waiting: Vec<String> = self.waiting.iter().map(Waiting::words).collect();
        (!waiting.is_empty()).then(|| {
            let message = format!(
                "root of {} can sign in and has no MFA, and could not be given any afterwards: enroll it first \
                 (`glasskey root enroll --account ID`), or take the password away (`glasskey root harden --org \
                 --only member-root-credentials --members-password`)",
                waiting.join(", ")
            );
            (OpenCode::NotProtected, message)
        })
    }

    fn change(&self) -> Change<Self> {
        let elsewhere = self.own.is_some_and(|own| own.elsewhere);
        let own = Some(Own { attached: true, elsewhere, as_made: true });
        let parts = [
            (Call::EnablePolicyType, !self.enabled),
            (Call::CreatePolicy, self.own.is_none()),
            (Call::AttachPolicy, true),
        ];
        let calls = parts.into_iter().filter(|(_, due)| *due).map(|(call, _)| call).collect();
        let undo = match self.enabled {
            true => "the policy is detached, and deleted where this run made it",
            false => "the policy is detached and deleted; service control policies stay enabled",
        };
        let mut change = Change::to(Self { enabled: true, own, ..self.clone() }, calls, undo);
        change.reversible = self.enabled;
        change.waits = if self.enabled { 30 } else { 60 };
        change.changes = self.changes();
        change.effects = vec![
            "Root of members can then do nothing but the tasks of AssumeRoot: not even change its own MFA."
                .to_owned(),
            format!(
                "Members below {} that were looked at: {}. No policy stops the five tasks, none waits for MFA, \
                 and root of none has an active access key or signing certificate then.",
                self.target, self.looked_at
            ),
            "FullAWSAccess stays attached, and the management account is not affected.".to_owned(),
        ];
        let unseen = |one: &NotInUse| {
            format!("Not looked at: {}. If it is in use again, root of it cannot be given MFA.", one.words())
        };
        change.effects.extend(self.left_out.iter().map(unseen));
        change
    }

    /// For people.
    fn changes(&self) -> Vec<HardenChange> {
        let policy = HardenChange {
            what: format!("policy {DENY_ROOT}"),
            before: if self.own.is_some() { "there, not attached" } else { "none" }.to_owned(),
            after: format!("attached to {}", self.target),
        };
        let enabled = (!self.enabled).then(turned_on);
        enabled.into_iter().chain([policy]).collect()
    }
}

fn turned_on() -> HardenChange {
    HardenChange { what: "service control policies".to_owned(), before: "off".to_owned(), after: "on".to_owned() }
}
