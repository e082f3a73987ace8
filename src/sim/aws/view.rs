//! The account from outside its own API: what tests set up and look at, and what the control path shows. Never a seed,
//! except where a new device's is asked for by name. What is around the root user is in `root`.

use super::policy::Policy;
use super::state::{Device, Owner, Totp};
use super::{Aws, Keys, keys};
use serde::Serialize;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A user as the simulator's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserView {
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// Ids of the long-term access keys.
    pub access_keys: Vec<String>,
    pub policies: Vec<String>,
    pub tags: BTreeMap<String, String>,
}

/// A group as the simulator's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupView {
    pub name: String,
    /// The names of its users.
    pub members: Vec<String>,
    /// Names of its inline policies, and ARNs of the managed ones.
    pub policies: Vec<String>,
}

/// An MFA device as the simulator's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceView {
    /// The serial number: an ARN.
    pub arn: String,
    /// The user it is enabled for; `root` for the root user, `None` when unassigned.
    pub user: Option<String>,
    /// Whether it is a virtual device, and not a FIDO security key or a hardware token.
    pub is_virtual: bool,
    pub tags: BTreeMap<String, String>,
    /// Steps of thirty seconds the device was ahead of AWS when its last pair was accepted.
    pub offset_steps: i64,
}

/// A long-term access key as the simulator's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessKeyView {
    /// `AKIA…`
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
    pub used: bool,
}

impl Aws {
    /// Long-term keys of the user `admin`, who may do everything; made by the first call where there is none.
    pub fn admin(&self) -> Keys {
        let now = self.clock().now();
        let inner = &mut *self.lock();
        inner.admin.get_or_insert_with(|| keys(inner.state.administrator("admin", now))).clone()
    }

    /// Long-term keys of the root user, made anew by each call.
    pub fn root(&self) -> Keys {
        let now = self.clock().now();
        keys(self.lock().state.insert_access_key(Owner::Root, now))
    }

    /// Makes a user who may do nothing, if there is none of this name, and a long-term key for them.
    pub fn add_user(&self, name: &str) -> Keys {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        if !state.users.contains_key(name) {
            state.insert_user(name, "/", now);
        }
        keys(state.insert_access_key(Owner::User(name.to_owned()), now))
    }

    /// Gives a user one more inline policy. The error says what is wrong with it, or that there is no such user.
    pub fn allow(&self, user: &str, policy_json: &str) -> Result<(), String> {
        let policy = Policy::parse(policy_json)?;
        let state = &mut self.lock().state;
        let user = state.users.get_mut(user).ok_or_else(|| format!("no user {user}"))?;
        let name = format!("Policy{}", user.policies.inline.len() + 1);
        user.policies.inline.insert(name, (policy_json.to_owned(), policy));
        Ok(())
    }

    /// Enables `n` new virtual devices for a user; their serial numbers. STS sees them at once.
    pub fn add_device_for(&self, user: &str, n: usize) -> Vec<String> {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let owner = owner(user);
        (0..n)
            .map(|_| {
                let number = (1..).find(|i| !state.devices.contains_key(&state.arn(&format!("mfa/{user}-{i}"))));
                let serial = state.arn(&format!("mfa/{user}-{}", number.unwrap_or(1)));
                let mut totp = Totp::new();
                totp.announce(Some(owner.clone()), now, std::time::Duration::ZERO);
                let enabled = Some((owner.clone(), now));
                let device = Device { serial: serial.clone(), totp: Some(totp), enabled, tags: BTreeMap::new() };
                state.devices.insert(serial.clone(), device);
                serial
            })
            .collect()
    }

    /// Has a virtual device be enabled for a user, as by somebody else.
    pub fn enable_for(&self, user: &str, serial: &str) {
        let now = self.clock().now();
        let owner = owner(user);
        if let Some(Device { totp: Some(totp), enabled, .. }) = self.lock().state.devices.get_mut(serial) {
            totp.announce(Some(owner.clone()), now, std::time::Duration::ZERO);
            *enabled = Some((owner, now));
        }
    }

    /// Registers a FIDO security key for a user (`root` for the root user), which only the console can do; its serial
    /// number.
    pub fn add_fido_for(&self, user: &str, name: &str) -> String {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let place = if user == "root" { "root".to_owned() } else { format!("user/{user}") };
        let serial = state.arn(&format!("u2f/{place}/{name}-{}", super::random::identifier("")));
        let enabled = Some((owner(user), now));
        let device = Device { serial: serial.clone(), totp: None, enabled, tags: BTreeMap::new() };
        state.devices.insert(serial.clone(), device);
        serial
    }

    /// Gives a user a hardware token with a serial number such as `GAHT12345678`, or a legacy SMS device
    /// (`arn:aws:iam::…:sms-mfa/…`), as the console does.
    pub fn add_token_for(&self, user: &str, serial: &str) {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let owner = owner(user);
        let totp = (!serial.starts_with("arn:")).then(|| {
            let mut totp = Totp::new();
            totp.announce(Some(owner.clone()), now, std::time::Duration::ZERO);
            totp
        });
        let enabled = Some((owner, now));
        let device = Device { serial: serial.to_owned(), totp, enabled, tags: BTreeMap::new() };
        state.devices.insert(serial.to_owned(), device);
    }

    /// Every MFA device, by serial number.
    pub fn devices(&self) -> Vec<DeviceView> {
        self.lock().state.devices.values().map(view).collect()
    }

    pub fn access_keys(&self, user: &str) -> Vec<AccessKeyView> {
        let state = &self.lock().state;
        let owner = owner(user);
        let view = |(id, key): (&String, &super::state::AccessKey)| AccessKeyView {
            id: id.clone(),
            active: key.active,
            used: key.used.is_some(),
        };
        state.keys_of(&owner).map(view).collect()
    }

    /// The secret of a long-term access key. For tests, as [`Aws::seed_of`].
    pub fn secret_of(&self, access_key_id: &str) -> Option<Zeroizing<String>> {
        self.lock().state.access_keys.get(access_key_id).map(|key| key.secret.clone())
    }

    pub fn groups(&self) -> Vec<GroupView> {
        let view = |group: &super::state::Group| GroupView {
            name: group.name.clone(),
            members: group.members.iter().cloned().collect(),
            policies: group.policies.inline.keys().chain(&group.policies.attached).cloned().collect(),
        };
        self.lock().state.groups.values().map(view).collect()
    }

    pub fn users(&self) -> Vec<UserView> {
        let state = &self.lock().state;
        let view = |user: &super::state::User| UserView {
            name: user.name.clone(),
            arn: state.user_arn(user),
            access_keys: state.keys_of(&Owner::User(user.name.clone())).map(|(id, _)| id.clone()).collect(),
            policies: user.policies.inline.keys().cloned().collect(),
            tags: user.tags.clone(),
        };
        state.users.values().map(view).collect()
    }
}

pub(super) fn owner(user: &str) -> Owner {
    if user == "root" { Owner::Root } else { Owner::User(user.to_owned()) }
}

fn view(device: &Device) -> DeviceView {
    DeviceView {
        arn: device.serial.clone(),
        user: device.owner().map(|owner| match owner {
            Owner::Root => "root".to_owned(),
            Owner::User(name) => name.clone(),
        }),
        is_virtual: device.is_virtual(),
        tags: device.tags.clone(),
        offset_steps: device.totp.as_ref().map_or(0, |totp| totp.offset),
    }
}
