//! The root user and what is around it, from outside the API: how tests and the control path put an account into any
//! state.

use super::cloudtrail::TRAIL_ROLE;
use super::policy::Policy;
use super::posture::{Mail, Posture, Trail};
use super::state::{Certificate, Device, Group, Managed, Owner, Password, Policies, Role, State, Totp, Use};
use super::{Aws, cloudwatch, filter_metrics, random, sns};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// Root's credentials, as the control path sets them: what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RootState {
    pub password: Option<bool>,
    /// Access keys: whether each is active.
    pub keys: Option<Vec<bool>>,
    /// Signing certificates: whether each is active.
    pub certificates: Option<Vec<bool>>,
    /// MFA devices: `fido:NAME`, `virtual:NAME` or `token:SERIAL`.
    pub devices: Option<Vec<String>>,
}

impl Aws {
    /// Sets root's credentials. The error says which device is none.
    pub fn set_root(&self, root: &RootState) -> Result<(), String> {
        let devices: Vec<_> =
            root.devices.iter().flatten().map(|text| kind_and_name(text)).collect::<Result<_, _>>()?;
        if let Some(present) = root.password {
            self.set_root_password(present);
        }
        if let Some(keys) = &root.keys {
            self.lock().state.access_keys.retain(|_, key| key.owner != Owner::Root);
            keys.iter().for_each(|active| drop(self.add_root_key(*active)));
        }
        if let Some(certificates) = &root.certificates {
            self.lock().state.certificates.retain(|_, certificate| certificate.owner != Owner::Root);
            certificates.iter().for_each(|active| drop(self.add_root_certificate(*active)));
        }
        if root.devices.is_some() {
            self.lock().state.devices.retain(|_, device| !device.is_of(&Owner::Root));
        }
        devices.into_iter().for_each(|device| drop(self.add_of_kind(device)));
        Ok(())
    }

    /// Gives root one more device, as [`RootState::devices`] names it; its serial number. The error says that it is
    /// none.
    pub fn add_for_root(&self, device: &str) -> Result<String, String> {
        Ok(self.add_of_kind(kind_and_name(device)?))
    }

    fn add_of_kind(&self, (kind, name): (&str, &str)) -> String {
        match kind {
            "fido" => self.add_fido_for("root", name),
            "virtual" => self.add_virtual_for("root", name),
            _ => {
                self.add_token_for("root", name);
                name.to_owned()
            }
        }
    }

    pub fn posture(&self) -> Posture {
        self.lock().state.posture.clone()
    }

    /// What SNS has sent to those who subscribe, oldest first.
    pub fn mailbox(&self) -> Vec<Mail> {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        filter_metrics::tick(state, &self.world, now);
        cloudwatch::tick(state, now);
        state.posture.mailbox.clone()
    }

    /// Opens a link out of a mail, as whoever reads it does. What the page then says; the error says why it does
    /// nothing.
    pub fn open_link(&self, link: &str) -> Result<String, String> {
        let now = self.clock().now();
        sns::open(&mut self.lock().state.posture, link, now)
    }

    /// Changes what there is around root.
    pub fn arrange(&self, change: impl FnOnce(&mut Posture)) {
        let state = &mut self.lock().state;
        change(&mut state.posture);
        state.add_role_of_trails();
        self.world.share_trails(state);
    }

    /// Root as it should be, and everything that watches it: a password, two security keys, nothing else; and
    /// [`Posture::sound`].
    pub fn protect(&self) {
        self.lock().state.protect();
    }

    /// Root without any credential: no password, keys, certificates or devices, as central root access leaves it.
    pub fn strip_root(&self) {
        self.lock().state.strip_root();
    }

    pub fn set_root_password(&self, present: bool) {
        let state = &mut self.lock().state;
        let created = state.created;
        state.root.password = present.then_some(Password { created, used: None, reset: false, text: None });
    }

    /// Root has signed in with its password so long ago; gives it one if it had none.
    pub fn use_root_password(&self, ago: Duration) {
        let at = self.ago(ago);
        let state = &mut self.lock().state;
        let created = state.created;
        state.root.password.get_or_insert(Password { created, used: None, reset: false, text: None }).used = Some(at);
    }

    /// Gives root an access key; its id. Its secret is nobody's.
    pub fn add_root_key(&self, active: bool) -> String {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let (id, _) = state.insert_access_key(Owner::Root, now);
        if let Some(key) = state.access_keys.get_mut(&id) {
            key.active = active;
        }
        id
    }

    /// An access key was last used so long ago, for this service in this region.
    pub fn use_key(&self, id: &str, ago: Duration, service: &str, region: &str) {
        let at = self.ago(ago);
        if let Some(key) = self.lock().state.access_keys.get_mut(id) {
            key.used = Some(Use { at, service: service.to_owned(), region: region.to_owned() });
        }
    }

    /// Gives root a signing certificate; its id.
    pub fn add_root_certificate(&self, active: bool) -> String {
        let uploaded = self.clock().now();
        let id = random::certificate_id();
        let certificate = Certificate { owner: Owner::Root, active, uploaded };
        self.lock().state.certificates.insert(id.clone(), certificate);
        id
    }

    /// Enables a virtual device of this name for a user (`root` for the root user): any name for anyone, as the
    /// console allows; its serial number.
    pub fn add_virtual_for(&self, user: &str, name: &str) -> String {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let serial = state.arn(&format!("mfa/{name}"));
        let mut totp = Totp::new();
        let owner = super::view::owner(user);
        totp.announce(Some(owner.clone()), now, Duration::ZERO);
        state.enable_device(serial.clone(), Some(totp), owner, now);
        serial
    }

    /// Removes an MFA device, whoever it belongs to.
    pub fn remove_device(&self, serial: &str) {
        self.lock().state.devices.remove(serial);
    }

    pub fn set_user_password(&self, user: &str) {
        let created = self.clock().now();
        if let Some(user) = self.lock().state.users.get_mut(user) {
            user.password = Some(Password { created, used: None, reset: false, text: None });
        }
    }

    /// Whether this is the password of a user, and has to be changed at the next sign-in.
    #[must_use]
    pub fn password_is(&self, user: &str, text: &str) -> Option<bool> {
        let inner = self.lock();
        let password = inner.state.users.get(user)?.password.as_ref()?;
        (password.text.as_ref().map(|text| text.as_str()) == Some(text)).then_some(password.reset)
    }

    /// A user has signed in with their password.
    pub fn use_password(&self, user: &str) {
        let now = self.clock().now();
        if let Some(password) = self.lock().state.users.get_mut(user).and_then(|user| user.password.as_mut()) {
            password.used = Some(now);
        }
    }

    pub fn add_group(&self, name: &str, members: &[&str]) {
        let created = self.clock().now();
        let group = Group {
            name: name.to_owned(),
            id: random::identifier("AGPA"),
            path: "/".to_owned(),
            created,
            members: members.iter().map(|&member| member.to_owned()).collect(),
            policies: Policies::default(),
        };
        self.lock().state.groups.insert(name.to_owned(), group);
    }

    /// Makes a role that trusts these principals: account numbers or ARNs. The error says what is wrong with a policy.
    pub fn add_role(&self, name: &str, trusted: &[&str]) -> Result<(), String> {
        let now = self.clock().now();
        self.lock().state.insert_role(name, trusted, now)
    }

    /// Makes a managed policy of the account's own; its ARN. The error says what is wrong with it.
    pub fn add_managed_policy(&self, name: &str, policy_json: &str) -> Result<String, String> {
        let policy = Policy::parse(policy_json)?;
        let created = self.clock().now();
        let state = &mut self.lock().state;
        let arn = state.arn(&format!("policy/{name}"));
        let (id, path) = (random::identifier("ANPA"), "/".to_owned());
        let text = policy_json.to_owned();
        state.managed.insert(arn.clone(), Managed { name: name.to_owned(), id, path, created, text, policy });
        Ok(arn)
    }

    /// Attaches a managed policy, by ARN, to whatever has this name: `user/alice`, `group/admins`, `role/ops`. Nothing
    /// happens where there is none. A policy of AWS's may be named alone: `AdministratorAccess`.
    pub fn attach(&self, holder: &str, policy: &str) {
        let state = &mut self.lock().state;
        let arn = match policy.starts_with("arn:") {
            true => policy.to_owned(),
            false => format!("arn:{}:iam::aws:policy/{policy}", state.partition.as_str()),
        };
        let policies = match holder.split_once('/') {
            Some(("user", name)) => state.users.get_mut(name).map(|user| &mut user.policies),
            Some(("group", name)) => state.groups.get_mut(name).map(|group| &mut group.policies),
            Some(("role", name)) => state.roles.get_mut(name).map(|role| &mut role.policies),
            _ => None,
        };
        if let Some(policies) = policies {
            policies.attached.insert(arn);
        }
    }

    /// Forgets the credential report, as if none had ever been made.
    pub fn forget_report(&self) {
        let state = &mut self.lock().state;
        (state.report, state.report_asked) = (None, 0);
    }

    fn ago(&self, ago: Duration) -> SystemTime {
        let now = self.clock().now();
        now.checked_sub(ago).unwrap_or(now)
    }
}

fn kind_and_name(device: &str) -> Result<(&str, &str), String> {
    let parts = device.split_once(':').filter(|(kind, _)| ["fido", "virtual", "token"].contains(kind));
    parts.ok_or_else(|| format!("{device} is no device: fido:…, virtual:… or token:…"))
}

impl State {
    pub(super) fn protect(&mut self) {
        let created = self.created;
        self.strip_root();
        self.root.password = Some(Password { created, used: None, reset: false, text: None });
        for name in ["first", "second"] {
            let serial = self.arn(&format!("u2f/root/{name}-{}", random::identifier("")));
            self.enable_device(serial, None, Owner::Root, created);
        }
        self.posture = Posture::sound(self.partition, &self.account);
        self.add_role_of_trails();
    }

    /// The role with which trails that name none write to their log groups, where there is such a trail.
    pub(super) fn add_role_of_trails(&mut self) {
        let needs = |trail: &Trail| trail.owner.is_none() && trail.log_group.is_some() && trail.role.is_none();
        if self.roles.contains_key(TRAIL_ROLE) || !self.posture.trails.iter().any(needs) {
            return;
        }
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let streams = format!("arn:{}:logs:*:{}:log-group:*:log-stream:*", self.partition.as_str(), self.account);
        let write = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"{streams}"}}]}}"#
        );
        let (Ok(trust_policy), Ok(write_policy)) = (Policy::parse(trust), Policy::parse(&write)) else { return };
        let mut policies = Policies::default();
        policies.inline.insert("write".to_owned(), (write, write_policy));
        let role = Role {
            name: TRAIL_ROLE.to_owned(),
            id: random::identifier("AROA"),
            path: "/".to_owned(),
            created: self.created,
            trust: (trust.to_owned(), trust_policy),
            longest: 3600,
            policies,
        };
        self.roles.insert(TRAIL_ROLE.to_owned(), role);
    }

    pub(super) fn strip_root(&mut self) {
        self.root.password = None;
        self.access_keys.retain(|_, key| key.owner != Owner::Root);
        self.certificates.retain(|_, certificate| certificate.owner != Owner::Root);
        self.devices.retain(|_, device| !device.is_of(&Owner::Root));
    }

    pub(super) fn enable_device(&mut self, serial: String, totp: Option<Totp>, owner: Owner, now: SystemTime) {
        let device = Device { serial: serial.clone(), totp, enabled: Some((owner, now)), tags: BTreeMap::new() };
        self.devices.insert(serial, device);
    }

    pub(super) fn insert_role(&mut self, name: &str, trusted: &[&str], now: SystemTime) -> Result<(), String> {
        let named: BTreeSet<&str> = trusted.iter().copied().collect();
        let text = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "AWS": named }, "Action": "sts:AssumeRole" }],
        })
        .to_string();
        let trust = (text.clone(), Policy::parse(&text)?);
        let role = Role {
            name: name.to_owned(),
            id: random::identifier("AROA"),
            path: "/".to_owned(),
            created: now,
            trust,
            longest: 3600,
            policies: Policies::default(),
        };
        self.roles.insert(name.to_owned(), role);
        Ok(())
    }
}
