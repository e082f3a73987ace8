//! What is there of the administrator: the group, the user, and what the user has.

use crate::aws::hardening::{DetailedUser, UserGroup};
use crate::aws::posture::{Admin, Fact};
use crate::aws::{Account, Error, Tag};
use crate::person::{AdministratorSettings, HardenSettings};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::flow::harden::steps) struct State {
    /// Somebody beside root administers the account; null where a user was named.
    pub(super) administered: Option<bool>,
    /// IAM Identity Center has an instance in the region; null where that could not be asked, or does not matter.
    pub(super) identity_center: Option<bool>,
    pub(super) group: Option<Group>,
    pub(super) user: Option<User>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    /// It has AdministratorAccess.
    pub(super) administers: bool,
    /// Its other policies.
    pub(super) policies: Vec<String>,
    /// Others than the user are in it.
    pub(super) others: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: String,
    /// They carry the tag that glasskey gives to the users that it makes.
    pub(super) tagged: bool,
    pub(super) password: bool,
    /// The serial numbers of their MFA devices.
    pub(super) devices: Vec<String>,
    pub(super) access_keys: Vec<String>,
    pub(super) policies: Vec<String>,
    /// Whether they are in the group.
    pub(super) member: bool,
    /// The other groups that they are in.
    pub(super) groups: Vec<String>,
}

/// The tag of a user that glasskey made.
pub(super) fn tag() -> Tag {
    Tag { key: "made-by".to_owned(), value: "glasskey root harden".to_owned() }
}

/// The policy with which everything may be done.
pub(super) fn administrator_access(account: &Account) -> String {
    format!("arn:{}:iam::aws:policy/AdministratorAccess", account.caller().partition)
}

impl State {
    pub(super) fn read(account: &Account, settings: &HardenSettings) -> Result<Self, Error> {
        let Some(asked) = &settings.administrator else {
            let administered = is_administered(account)?;
            let identity_center = if administered { None } else { identity_center(account)? };
            return Ok(Self { administered: Some(administered), identity_center, group: None, user: None });
        };
        let (group, user) = account.group_and_user(&asked.group, &asked.user)?;
        let user = user.map(|user| User::of(user, asked, account)).transpose()?;
        Ok(Self {
            administered: None,
            identity_center: identity_center(account)?,
            group: group.map(|group| Group::of(group, asked, account)),
            user,
        })
    }

    /// Whether a run that was cut short between the two may have left this.
    pub(super) fn is_between(&self, one: &Self, other: &Self) -> bool {
        self.identity_center == one.identity_center
            && (self.group == one.group || self.group == other.group || self.is_group_on_the_way(one, other))
            && (self.user == one.user || self.user == other.user || self.is_user_on_the_way(one, other))
    }

    /// The group without the policy, where one of the two has it with the policy.
    fn is_group_on_the_way(&self, one: &Self, other: &Self) -> bool {
        let bare = |group: &Group| Some(Group { administers: false, ..group.clone() }) == self.group;
        [one, other].into_iter().filter_map(|state| state.group.as_ref()).any(bare)
    }

    /// The user of one of the two, with a part of what they have.
    fn is_user_on_the_way(&self, one: &Self, other: &Self) -> bool {
        let Some(now) = &self.user else { return false };
        let is_part = |whole: &User| {
            let devices = now.devices.clone();
            let of_these = devices.is_empty() || devices == whole.devices;
            of_these && User { password: now.password, member: now.member, devices, ..whole.clone() } == *now
        };
        [one, other].into_iter().filter_map(|state| state.user.as_ref()).any(is_part)
    }
}

impl Group {
    fn of(found: UserGroup, asked: &AdministratorSettings, account: &Account) -> Self {
        let policy = administrator_access(account);
        Self {
            administers: found.policies.contains(&policy),
            policies: found.policies.into_iter().filter(|other| *other != policy).collect(),
            others: found.members.iter().any(|member| !member.eq_ignore_ascii_case(&asked.user)),
            name: found.name,
        }
    }
}

impl User {
    fn of(found: DetailedUser, asked: &AdministratorSettings, account: &Account) -> Result<Self, Error> {
        let name = found.name;
        let (groups, others): (Vec<String>, Vec<String>) =
            found.groups.into_iter().partition(|group| group.eq_ignore_ascii_case(&asked.group));
        let mut devices: Vec<String> = account.mfa_devices(&name)?.into_iter().map(|device| device.serial).collect();
        let mut access_keys: Vec<String> = account.access_keys(&name)?.into_iter().map(|key| key.id).collect();
        devices.sort();
        access_keys.sort();
        Ok(Self {
            tagged: found.tags.contains(&tag()),
            password: account.has_password(&name)?,
            devices,
            access_keys,
            policies: found.policies,
            member: !groups.is_empty(),
            groups: others,
            name,
        })
    }

    /// They sign in with MFA and are in the group.
    pub(super) fn is_complete(&self) -> bool {
        self.member && self.password && !self.devices.is_empty()
    }
}

/// As the audit's rule `other-admin` has it.
fn is_administered(account: &Account) -> Result<bool, Error> {
    let admins = match account.administrators() {
        Fact::Known(admins) => admins,
        Fact::Unreadable(why) => return Err(why.why),
    };
    let of = |can_sign_in: Option<bool>| {
        let is_one = |admin: &Admin| admin.certain && admin.outright && admin.can_sign_in == can_sign_in;
        admins.users.iter().any(is_one)
    };
    match admins.unread {
        _ if !admins.roles.is_empty() || of(Some(true)) => Ok(true),
        Some(unread) if of(None) => Err(unread.why),
        _ => Ok(false),
    }
}

/// In the region of the command: an instance is in one region. Where AWS does not offer it, or does not tell, there is none
/// to speak of.
fn identity_center(account: &Account) -> Result<Option<bool>, Error> {
    match account.has_identity_center(&account.region()) {
        Ok(has) => Ok(Some(has)),
        Err(why @ (Error::Interrupted | Error::Expired | Error::UnknownCredentials)) => Err(why),
        Err(_) => Ok(None),
    }
}
