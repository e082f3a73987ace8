//! What the console does for the root user and no API does: registering a security key, making and confirming a virtual
//! device, resynchronising it, removing a device. And signing in, as `aws login` does.

use super::iam::devices;
use super::state::{DEVICES_PER_USER, Device, Owner, Principal, Session, Totp};
use super::{Aws, Call, Keys, random};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the credentials of `aws login` last; the AWS CLI renews them.
const LOGIN: Duration = Duration::from_secs(900);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum AtConsole {
    /// Registers a security key under this name, or gives root another device: `fido:NAME`, `virtual:NAME`,
    /// `token:SERIAL`. What root has stays.
    Add(String),
    /// Makes a virtual device of this name, not confirmed yet. The answer has its secret, which is shown once.
    NewVirtual(String),
    /// Confirms a virtual device with two consecutive codes.
    Confirm(TwoCodes),
    Resync(TwoCodes),
    /// Removes a device of root's.
    Remove(String),
    /// Signs in and opens a session for the command line, as `aws login` does. The answer has its credentials.
    Login,
    /// Signs in with the password: an event that trails record.
    SignIn,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoCodes {
    /// The device's serial number.
    pub serial: String,
    pub codes: [String; 2],
}

impl Aws {
    /// Does something as root in the console. The error is what the console says.
    pub fn at_console(&self, act: &AtConsole) -> Result<Value, String> {
        match act {
            AtConsole::Add(device) => {
                self.room_for_one()?;
                Ok(json!({ "serial": self.add_for_root(device)? }))
            }
            AtConsole::NewVirtual(name) => {
                self.new_virtual_for_root(name).map(|(serial, secret)| json!({ "serial": serial, "secret": *secret }))
            }
            AtConsole::Confirm(form) => self.confirm_for_root(form).map(|()| json!({})),
            AtConsole::Resync(form) => self.resync_for_root(form).map(|()| json!({})),
            AtConsole::Remove(serial) => {
                let is_roots = self.lock().state.devices.get(serial).is_some_and(|device| device.is_of(&Owner::Root));
                if !is_roots {
                    return Err(format!("root has no device {serial}"));
                }
                self.remove_device(serial);
                Ok(json!({}))
            }
            AtConsole::SignIn => self.sign_in_as_root().map(|()| json!({})),
            AtConsole::Login => {
                let Keys { access_key_id, secret_access_key, session_token } = self.root_session();
                Ok(json!({
                    "AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret_access_key,
                    "AWS_SESSION_TOKEN": session_token,
                }))
            }
        }
    }

    /// Root signs in to the console, which is recorded where the partition's global services are.
    pub fn sign_in_as_root(&self) -> Result<(), String> {
        let now = self.clock().now();
        let (account, caller) = {
            let state = &mut self.lock().state;
            state.root.password.as_mut().ok_or("root has no password")?.used = Some(now);
            (state.account.clone(), state.arn("root"))
        };
        self.world.log(Call {
            service: "signin",
            region: self.partition().region().to_owned(),
            action: "ConsoleLogin".to_owned(),
            account: Some(account),
            target: None,
            caller: Some(caller),
            assumed_root: false,
            serial: None,
            codes: Vec::new(),
            status: 200,
            code: None,
            lost: false,
            at: now,
        });
        Ok(())
    }

    /// Makes a virtual device as the console does before it shows the QR code: its serial number and its secret.
    pub fn new_virtual_for_root(&self, name: &str) -> Result<(String, Zeroizing<String>), String> {
        self.room_for_one()?;
        let state = &mut self.lock().state;
        let serial = state.arn(&format!("mfa/{name}"));
        if state.devices.contains_key(&serial) {
            return Err("MFA device already exists.".to_owned());
        }
        let totp = Totp::new();
        let secret = Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&totp.seed));
        let device = Device { serial: serial.clone(), totp: Some(totp), enabled: None, tags: BTreeMap::new() };
        state.devices.insert(serial.clone(), device);
        Ok((serial, secret))
    }

    /// Enables a virtual device for root, with two consecutive codes.
    pub fn confirm_for_root(&self, form: &TwoCodes) -> Result<(), String> {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let propagation = state.propagation;
        let device = state.devices.get_mut(&form.serial).filter(|device| device.enabled.is_none());
        let Some(Device { totp: Some(totp), enabled, .. }) = device else {
            return Err(format!("there is no device {} to confirm", form.serial));
        };
        let [first, second] = &form.codes;
        devices::synchronise(totp, (first, second), now).map_err(|refusal| refusal.message)?;
        totp.announce(Some(Owner::Root), now, propagation);
        *enabled = Some((Owner::Root, now));
        Ok(())
    }

    /// Resynchronises a virtual device of root's.
    pub fn resync_for_root(&self, form: &TwoCodes) -> Result<(), String> {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let propagation = state.propagation;
        let device = state.devices.get_mut(&form.serial).filter(|device| device.is_of(&Owner::Root));
        let Some(Device { totp: Some(totp), .. }) = device else {
            return Err(format!("root has no device {} with codes", form.serial));
        };
        let [first, second] = &form.codes;
        devices::synchronise(totp, (first, second), now).map_err(|refusal| refusal.message)?;
        totp.announce(Some(Owner::Root), now, propagation);
        Ok(())
    }

    /// Credentials of the root user as `aws login` gives them: fifteen minutes. That MFA counts as given is assumed.
    pub fn root_session(&self) -> Keys {
        let now = self.clock().now();
        let state = &mut self.lock().state;
        let access_key_id = random::access_key_id("ASIA", &state.account);
        let (secret_access_key, token) = (random::secret_access_key(), random::session_token());
        let expires = now.checked_add(LOGIN).unwrap_or(now);
        let session = Session {
            secret: secret_access_key.clone().into(),
            token: token.clone(),
            principal: Principal::Root,
            expires,
            mfa: Some(now),
            task: None,
            policy: None,
        };
        state.sessions.insert(access_key_id.clone(), session);
        Keys { access_key_id, secret_access_key, session_token: Some(token) }
    }

    fn room_for_one(&self) -> Result<(), String> {
        match self.lock().state.devices_of(&Owner::Root).count() {
            0..DEVICES_PER_USER => Ok(()),
            _ => Err(format!("Cannot exceed quota for MFADevicesPerUser: {DEVICES_PER_USER}")),
        }
    }
}
