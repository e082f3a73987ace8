//! Root's credentials of the organization's members: deleted through sessions of AssumeRoot, for good.
//!
//! AWS's task for this can only delete: a member's key cannot be deactivated first (facts of the task's policy). So each
//! key is named in the plan with its last use, and one in use stays. One member that refuses does not stop the others.

mod member;
mod taking;

use super::of_members::{NotInUse, Unread, View, roots};
use crate::aws::{Account, Call, Error};
use crate::flow::audit::Rule;
use crate::flow::failure::{Cause, HardenRefusal, Refusal};
use crate::flow::harden::plan::tells_nothing;
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Protection, Undone};
use crate::person::{HardenSettings, OpenCode};
use member::{Member, look};
use serde::{Deserialize, Serialize};
use taking::take_away;

pub(super) struct MemberRootCredentials;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    view: View,
    /// Those whose root user has what this is about.
    members: Vec<Member>,
    /// Those that did not tell, each with the call that failed.
    unread: Vec<Unread>,
    /// Those that are not in use.
    left_out: Vec<NotInUse>,
}

impl Hardening for MemberRootCredentials {
    type State = State;

    const ID: &'static str = "member-root-credentials";
    const FINDINGS: &'static [Rule] = &[Rule::RootAccessKeys, Rule::RootCertificates, Rule::RootCredentials];
    const OF_MEMBERS: bool = true;

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, Error> {
        let view = View::of(account, settings)?;
        let mut state = State { view, members: Vec::new(), unread: Vec::new(), left_out: Vec::new() };
        if view != View::Management && view != View::Delegate {
            return Ok(state);
        }
        let roots = roots(account)?;
        state.left_out = roots.left_out.into_iter().map(NotInUse::of).collect();
        for facts in &roots.members {
            match look(facts, account, settings)? {
                Ok(member) => state.members.extend(Some(member).filter(Member::has_something)),
                Err(call) => state.unread.push(Unread::of(&facts.account, call)),
            }
        }
        Ok(state)
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        if let Some(proposal) = state.view.in_the_way() {
            return proposal;
        }
        let stay = |member: &Member| member.what_stays(planning);
        let members: Vec<Member> = state.members.iter().map(stay).filter(Member::has_something).collect();
        let left: Vec<String> = state.left_as_they_are(planning).collect();
        if members == state.members {
            return match (left.is_empty(), state.members.is_empty()) {
                (true, _) => Proposal::Nothing,
                (false, true) => Proposal::Open { code: OpenCode::Unreadable, message: left.join("; ") },
                (false, false) => Proposal::Open { code: OpenCode::InUse, message: left.join("; ") },
            };
        }
        let after = State { members, ..state.clone() };
        let undo = "what is deleted does not come back; `glasskey root harden --allow-recovery ACCOUNT` lets root of a \
                    member recover a password";
        let mut change = Change::to(after, state.calls(planning), undo);
        change.reversible = false;
        change.changes = state.members.iter().flat_map(|member| member.changes(planning)).collect();
        change.effects = state.effects(planning);
        change.effects.extend(left.into_iter().map(|why| format!("Kept: {why}.")));
        Proposal::Change(Box::new(change))
    }

    fn needs(&self, _: &State) -> &'static [Protection] {
        &[Protection::Administrator]
    }

    /// Some things are gone, none has come, and a member may have been closed meanwhile.
    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        let closed = |account: &str| now.left_out.iter().any(|one| one.account == account);
        let stays = |member: &Member| closed(&member.account) || now.members.iter().any(|one| one.includes(member));
        now.view == before.view
            && now.members.iter().all(|member| before.members.iter().any(|was| was.includes(member)))
            && now.unread.iter().all(|one| before.unread.contains(one))
            && before.left_out.iter().all(|one| now.left_out.contains(one))
            && after.members.iter().all(stays)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let (mut refused, mut done) = (Vec::new(), Vec::new());
        for member in &now.members {
            let goes = member.without(to.members.iter().find(|stays| stays.account == member.account));
            if !goes.has_something() {
                continue;
            }
            hands.go_on()?;
            match take_away(&goes, hands) {
                Ok(()) => done.push(member.account.clone()),
                Err(cause) => {
                    // AWS has answered for this member, and the next may be another matter.
                    let why = refusal(&cause).ok_or(cause)?;
                    hands.tell_stays(format!("the rest of root of {}: {why}", member.account));
                    refused.push(format!("{}: {why}", member.account));
                }
            }
        }
        match refused.is_empty() {
            true => Ok(()),
            false => Err(HardenRefusal::MembersRefused { refused, done }.into()),
        }
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let now = |account: &str| begun.now.members.iter().find(|member| member.account == account);
        let stays = begun.before.members.iter().flat_map(|was| was.without(now(&was.account)).gone()).collect();
        Undone { to: begun.now.clone(), stays }
    }
}

/// What AWS said of one member, in words; `None`: it is no answer about that member.
fn refusal(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Aws(why) if tells_nothing(why) => Some(why.to_string()),
        Cause::Refused(Refusal::Harden(why @ HardenRefusal::HasPassword { .. })) => Some(why.to_string()),
        _ => None,
    }
}

impl State {
    /// Whether root of a member has this access key, or without an id: signing certificates.
    pub(super) fn keeps(&self, account: &str, key: Option<&String>) -> bool {
        let has = |member: &Member| match key {
            Some(id) => member.keys.iter().any(|one| one.id == *id),
            None => member.has_certificates(),
        };
        self.members.iter().any(|member| member.account == account && has(member))
    }

    /// What stays although it was asked for, each with the reason.
    fn left_as_they_are<'s>(&'s self, planning: &'s Planning<'_>) -> impl Iterator<Item = String> + 's {
        let in_use = self.members.iter().flat_map(|member| member.in_use(planning));
        let unread = self.unread.iter().map(Unread::words);
        in_use.chain(unread)
    }

    fn calls(&self, planning: &Planning<'_>) -> Vec<Call> {
        let goes: Vec<Member> =
            self.members.iter().map(|member| member.without(Some(&member.what_stays(planning)))).collect();
        let any = |has: fn(&Member) -> bool| goes.iter().any(has);
        let calls = [
            (Call::AssumeRoot, true),
            (Call::DeleteAccessKey, any(Member::has_keys)),
            (Call::DeleteSigningCertificate, any(Member::has_certificates)),
            (Call::DeleteLoginProfile, any(|member| member.password)),
            (Call::DeactivateMfaDevice, any(Member::has_devices)),
        ];
        calls.into_iter().filter(|(_, used)| *used).map(|(call, _)| call).collect()
    }

    fn effects(&self, planning: &Planning<'_>) -> Vec<String> {
        let calls = self.calls(planning);
        let of = |call: Call, text: &str| calls.contains(&call).then(|| text.to_owned());
        let effects = [
            of(Call::DeleteAccessKey, "A member's key cannot be deactivated first: AWS's task can only delete."),
            of(
                Call::DeleteSigningCertificate,
                "AWS does not say when a certificate was used: look first whether anything does.",
            ),
            of(
                Call::DeleteLoginProfile,
                "Without its password root of a member can neither sign in nor recover one by e-mail.",
            ),
            of(
                Call::DeactivateMfaDevice,
                "MFA devices are removed last. A virtual one stays in its account, assigned to nobody.",
            ),
        ];
        let closed = self.left_out.iter().map(|one| format!("Left out: {}.", one.words()));
        effects.into_iter().flatten().chain(closed).collect()
    }
}
