//! An administrator who is not root: a user in a group with AdministratorAccess, with a password and MFA.
//!
//! The user gets their rights last. Whatever ends a run, there is never an administrator of its making without MFA.

mod make;
mod password;
mod state;
mod unmake;

use super::super::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Protection, Ready, Undone};
use crate::aws::{self, Account, Call, DeviceArn};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::{self, Emission, EmittedAdministrator};
use crate::person::{AdministratorSettings, HardenChange, HardenSettings, OpenCode};
pub(super) use state::State;
use state::{Group, User};

pub(super) struct Administrator;

impl Hardening for Administrator {
    type State = State;

    const ID: &'static str = "administrator";
    const FINDINGS: &'static [Rule] = &[Rule::OtherAdmin];
    const GIVES: &'static [Protection] = &[Protection::Administrator];

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
        State::read(account, settings)
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        let Some(asked) = &planning.settings.administrator else { return unnamed(state) };
        if let Some(why) = refused(state, asked) {
            return Proposal::Open { code: OpenCode::Taken, message: why };
        }
        let is_there = state.user.as_ref().is_some_and(User::is_complete);
        if is_there && state.group.as_ref().is_some_and(|group| group.administers) {
            return Proposal::Nothing;
        }
        Proposal::Change(Box::new(change(state, asked, planning)))
    }

    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        now.is_between(before, after)
    }

    fn ready(&self, now: &State, _: &State, ready: &mut Ready<'_, '_>) -> Result<(), Cause> {
        make::ready(now, ready)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        match (&to.group, &to.user) {
            (Some(group), Some(user)) if user.member => make::lead(now, (group, user), hands),
            _ => unmake::lead(now, to, hands),
        }
    }

    fn emission(&self, after: &State, planning: &Planning<'_>) -> Emission {
        let (Some(group), Some(user)) = (&after.group, &after.user) else { return Emission::default() };
        let has_group = group.others || !group.policies.is_empty();
        let of = EmittedAdministrator { user: &user.name, group: &group.name, has_group };
        emit::administrator(&of, planning.place)
    }

    fn in_use(&self, account: &Account, now: &State) -> Result<Vec<String>, aws::Error> {
        unmake::in_use(account, now)
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        unmake::undone(begun)
    }
}

/// Nobody is named: whether somebody should be.
fn unnamed(state: &State) -> Proposal<State> {
    let how = "name a user to be made with --admin-user NAME --admin-key SERIAL";
    let message = match (state.administered, state.identity_center) {
        (Some(false), Some(true)) => format!(
            "nobody but root administers the account, and IAM Identity Center has an instance in this region: give \
             somebody AdministratorAccess to the account there; or {how}"
        ),
        (Some(false), _) => format!("nobody but root administers the account: {how}"),
        _ => return Proposal::Nothing,
    };
    Proposal::Open { code: OpenCode::NotNamed, message }
}

/// Why what is there is left as it is.
fn refused(state: &State, asked: &AdministratorSettings) -> Option<String> {
    let group = state.group.as_ref().and_then(|group| refused_group(group, asked));
    group.or_else(|| state.user.as_ref().and_then(|user| refused_user(user, asked)))
}

fn refused_group(group: &Group, asked: &AdministratorSettings) -> Option<String> {
    let name = &group.name;
    let other = "name another one with --admin-group";
    if *name != asked.group {
        return Some(format!("there is a group {name}, and IAM takes {} for the same name: {other}", asked.group));
    }
    let is_in_use = group.others || !group.policies.is_empty();
    (!group.administers && is_in_use).then(|| {
        format!(
            "the group {name} is there and has no AdministratorAccess: who is in it would become an administrator; \
             {other}"
        )
    })
}

fn refused_user(user: &User, asked: &AdministratorSettings) -> Option<String> {
    let name = &user.name;
    let other = "name another one with --admin-user";
    let has_more = !user.access_keys.is_empty() || !user.policies.is_empty() || !user.groups.is_empty();
    match () {
        () if *name != asked.user => {
            Some(format!("there is a user {name}, and IAM takes {} for the same name: {other}", asked.user))
        }
        () if user.is_complete() => None,
        () if user.member => {
            Some(format!("the user {name} is in the group already, without MFA or without a password: {other}"))
        }
        () if !user.tagged => Some(format!("there is a user {name}, whom glasskey has not made: {other}")),
        () if has_more => Some(format!(
            "the user {name}, whom glasskey has made, has access keys, policies or groups that it has not given: {other}"
        )),
        () => None,
    }
}

fn change(state: &State, asked: &AdministratorSettings, planning: &Planning<'_>) -> Change<State> {
    let place = planning.place;
    let device = DeviceArn::new(&place.partition, &place.account, "/", &asked.user).to_string();
    let user = state.user.as_ref();
    let devices = user.map(|user| user.devices.clone()).filter(|devices| !devices.is_empty());
    let group = Group {
        name: asked.group.clone(),
        administers: true,
        policies: state.group.as_ref().map(|group| group.policies.clone()).unwrap_or_default(),
        others: state.group.as_ref().is_some_and(|group| group.others),
    };
    let made = User {
        name: asked.user.clone(),
        tagged: user.is_none_or(|user| user.tagged),
        password: true,
        devices: devices.unwrap_or_else(|| vec![device]),
        access_keys: user.map(|user| user.access_keys.clone()).unwrap_or_default(),
        policies: user.map(|user| user.policies.clone()).unwrap_or_default(),
        member: true,
        groups: user.map(|user| user.groups.clone()).unwrap_or_default(),
    };
    let after = State { group: Some(group), user: Some(made), ..state.clone() };
    let undo = "what the run has made is deleted again, unless the user has signed in or somebody has changed it";
    let mut change = Change::to(after, calls(state), undo);
    change.waits = 90;
    change.changes = changes(state, asked);
    change.effects = effects(state, asked);
    change.unknown =
        vec!["the password: it is drawn when the user is made, and goes to the places that are named then"]
            .into_iter()
            .map(str::to_owned)
            .collect();
    change
}

/// In their order.
fn calls(state: &State) -> Vec<Call> {
    let (group, user) = (state.group.as_ref(), state.user.as_ref());
    let has_password = user.is_some_and(|user| user.password);
    let has_device = user.is_some_and(|user| !user.devices.is_empty());
    let each = [
        (group.is_none(), Call::CreateGroup),
        (group.is_none_or(|group| !group.administers), Call::AttachGroupPolicy),
        (user.is_none(), Call::CreateUser),
        (user.is_none(), Call::TagUser),
        (!has_password, Call::CreateLoginProfile),
        (has_password, Call::UpdateLoginProfile),
        (!has_device, Call::CreateVirtualMfaDevice),
        (!has_device, Call::EnableMfaDevice),
        (true, Call::AddUserToGroup),
    ];
    each.into_iter().filter_map(|(is_sent, call)| is_sent.then_some(call)).collect()
}

fn changes(state: &State, asked: &AdministratorSettings) -> Vec<HardenChange> {
    let row = |what: String, before: &str, after: String| HardenChange { what, before: before.to_owned(), after };
    let group = match &state.group {
        None => Some("none"),
        Some(group) if !group.administers => Some("there, without policies and users"),
        Some(_) => None,
    };
    let group = group.map(|is| row(format!("group {}", asked.group), is, "with AdministratorAccess".to_owned()));
    let user = if state.user.is_some() { "made by glasskey, and not complete" } else { "none" };
    let keys: Vec<String> = asked.keys.iter().map(ToString::to_string).collect();
    let rights = format!("in the group {}, with a password and MFA on {}", asked.group, keys.join(", "));
    group.into_iter().chain(std::iter::once(row(format!("user {}", asked.user), user, rights))).collect()
}

fn effects(state: &State, asked: &AdministratorSettings) -> Vec<String> {
    let mut effects = vec![
        format!("{} can do everything in the account, and is an administrator only once MFA is enabled.", asked.user),
        "The password has to be changed at the first sign-in.".to_owned(),
    ];
    if state.group.as_ref().is_some_and(|group| group.others || !group.policies.is_empty()) {
        effects.push(format!("The group {} is there; its users and its other policies stay.", asked.group));
    }
    if state.user.as_ref().is_some_and(|user| user.password) {
        effects.push("The password of an earlier run is replaced, unless the user has signed in with it.".to_owned());
    }
    if state.user.as_ref().is_some_and(|user| !user.devices.is_empty()) {
        effects.push("The user has an MFA device; no other one is made.".to_owned());
    }
    if state.identity_center == Some(true) {
        effects.push(
            "IAM Identity Center has an instance in this region, and people are better managed there; an IAM user was \
             asked for, and is made."
                .to_owned(),
        );
    }
    effects
}
