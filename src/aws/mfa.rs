//! Virtual MFA devices in IAM. The only file that sees the SDK's seed blob.

use super::arn::DeviceArn;
use super::call::Call;
use super::client::Account;
use super::error::Error;
use super::pages::Pages;
use super::send::AsyncClient;
use crate::secret::{Code, Seed};
use aws_sdk_iam::types::AssignmentStatusType;
use std::collections::BTreeMap;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// A virtual MFA device to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// `[\w+=,.@-]+`
    pub name: String,
    /// `/`, or a path that begins and ends with `/`.
    pub path: String,
    /// At most 50.
    pub tags: Vec<Tag>,
}

/// A tag on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// At most 128 characters.
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

/// Any MFA device of a user (ListMFADevices).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaDevice {
    /// An ARN, or a hardware token's number: [`super::DeviceKind::of`].
    pub serial: String,
    /// When it was enabled.
    pub enabled: SystemTime,
}

/// A virtual MFA device of the account (ListVirtualMFADevices).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualDevice {
    /// Its serial number, an ARN.
    pub serial: String,
    /// The ARN of the user it is enabled for; `None` while it is unassigned.
    pub user: Option<String>,
    /// When it was enabled.
    pub enabled: Option<SystemTime>,
}

/// Which virtual devices to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// Not enabled for anybody.
    Unassigned,
    /// Enabled for somebody.
    Assigned,
    /// All.
    Any,
}

impl Account {
    /// ListMFADevices: every MFA device of a user. [`Error::NotFound`] when there is no such user.
    pub fn mfa_devices(&self, user: &str) -> Result<Vec<MfaDevice>, Error> {
        self.ask(async |client| client.mfa_devices(Some(user)).await)
    }

    /// ListMFADevices without a name: the caller's own, and the only way to see root's.
    pub fn own_mfa_devices(&self) -> Result<Vec<MfaDevice>, Error> {
        self.ask(async |client| client.mfa_devices(None).await)
    }

    /// GetMFADevice: what a FIDO device is certified for, as AWS reads it from the FIDO Alliance's metadata:
    /// `FIDO: L1`. FIDO devices only; without a user, the caller's own.
    pub fn certifications(&self, user: Option<&str>, serial: &str) -> Result<BTreeMap<String, String>, Error> {
        let answer = self.call(Call::GetMfaDevice, |client| {
            client.iam.get_mfa_device().set_user_name(user.map(str::to_owned)).serial_number(serial).send()
        })?;
        Ok(answer.certifications().map(|all| all.clone().into_iter().collect()).unwrap_or_default())
    }

    /// ListVirtualMFADevices: the account's virtual devices, page by page until `stop` says it has seen enough.
    pub fn virtual_devices(
        &self,
        which: Assignment,
        stop: impl FnMut(&VirtualDevice) -> bool,
    ) -> Result<Vec<VirtualDevice>, Error> {
        self.ask(async |client| client.virtual_devices(which, stop).await)
    }

    /// The virtual device of this serial number, if the account has it.
    pub fn virtual_device(&self, arn: &DeviceArn) -> Result<Option<VirtualDevice>, Error> {
        let serial = arn.to_string();
        let mut devices = self.virtual_devices(Assignment::Any, |device| device.serial == serial)?;
        Ok(devices.pop().filter(|device| device.serial == serial))
    }

    /// CreateVirtualMFADevice. Sent once: IAM gives the seed in this reply and never again, so a repeat after a lost
    /// reply could only find a device whose seed nobody has. Afterwards every connection is closed.
    pub fn create_virtual_mfa(&self, device: &NewDevice) -> Result<(DeviceArn, Seed), Error> {
        let call = Call::CreateVirtualMfaDevice;
        let tags = tags(&device.tags)?;
        let created = self.call(call, |client| {
            let request = client
                .iam
                .create_virtual_mfa_device()
                .virtual_mfa_device_name(&device.name)
                .path(&device.path)
                .set_tags(Some(tags.clone()).filter(|tags| !tags.is_empty()))
                .send();
            async {
                let mut answer = request.await?;
                let device = answer.virtual_mfa_device.take();
                Ok(device.map(|mut device| (device.serial_number.parse(), take_seed(&mut device))))
            }
        });
        self.close();
        match created? {
            Some((Ok(arn), Some(seed))) => Ok((arn, seed)),
            _ => Err(Error::Malformed { call }),
        }
    }

    /// EnableMFADevice with two consecutive codes. Sent once; after a lost reply, ask [`Account::mfa_devices`].
    pub fn enable(&self, user: &str, arn: &DeviceArn, codes: &[Code; 2]) -> Result<(), Error> {
        self.call(Call::EnableMfaDevice, |client| {
            let [first, second] = codes;
            client
                .iam
                .enable_mfa_device()
                .user_name(user)
                .serial_number(arn.to_string())
                .authentication_code1(first.expose())
                .authentication_code2(second.expose())
                .send()
        })
        .map(drop)
    }

    /// ResyncMFADevice with two consecutive codes.
    pub fn resync(&self, user: &str, serial: &str, codes: &[Code; 2]) -> Result<(), Error> {
        self.call(Call::ResyncMfaDevice, |client| {
            let [first, second] = codes;
            client
                .iam
                .resync_mfa_device()
                .user_name(user)
                .serial_number(serial)
                .authentication_code1(first.expose())
                .authentication_code2(second.expose())
                .send()
        })
        .map(drop)
    }

    /// DeactivateMFADevice: the device stays, unassigned. [`Error::NotFound`] when it is not the user's.
    pub fn deactivate(&self, user: &str, serial: &str) -> Result<(), Error> {
        self.call(Call::DeactivateMfaDevice, |client| {
            client.iam.deactivate_mfa_device().user_name(user).serial_number(serial).send()
        })
        .map(drop)
    }

    /// DeleteVirtualMFADevice. [`Error::DeleteConflict`] while it is enabled.
    pub fn delete_virtual_mfa(&self, arn: &DeviceArn) -> Result<(), Error> {
        self.call(Call::DeleteVirtualMfaDevice, |client| {
            client.iam.delete_virtual_mfa_device().serial_number(arn.to_string()).send()
        })
        .map(drop)
    }

    /// TagMFADevice.
    pub fn tag(&self, arn: &DeviceArn, new: &[Tag]) -> Result<(), Error> {
        let tags = tags(new)?;
        self.call(Call::TagMfaDevice, |client| {
            client.iam.tag_mfa_device().serial_number(arn.to_string()).set_tags(Some(tags.clone())).send()
        })
        .map(drop)
    }
}

impl AsyncClient {
    /// ListMFADevices; without a user, of the caller.
    pub(super) async fn mfa_devices(&self, user: Option<&str>) -> Result<Vec<MfaDevice>, Error> {
        let call = Call::ListMfaDevices;
        let mut devices = Vec::new();
        let mut pages = Pages::of(call);
        loop {
            let send = |client: &Self| {
                let request = client.iam.list_mfa_devices().set_user_name(user.map(str::to_owned));
                request.set_marker(pages.token()).send()
            };
            let page = self.call(call, send).await?;
            for device in page.mfa_devices() {
                let enabled = SystemTime::try_from(*device.enable_date()).map_err(|_| Error::Malformed { call })?;
                devices.push(MfaDevice { serial: device.serial_number().to_owned(), enabled });
            }
            if !pages.go_on_where(page.is_truncated(), page.marker())? {
                return Ok(devices);
            }
        }
    }

    /// ListVirtualMFADevices, page by page until `stop` says it has seen enough.
    pub(super) async fn virtual_devices(
        &self,
        which: Assignment,
        mut stop: impl FnMut(&VirtualDevice) -> bool,
    ) -> Result<Vec<VirtualDevice>, Error> {
        let call = Call::ListVirtualMfaDevices;
        let status = match which {
            Assignment::Unassigned => AssignmentStatusType::Unassigned,
            Assignment::Assigned => AssignmentStatusType::Assigned,
            Assignment::Any => AssignmentStatusType::Any,
        };
        let mut devices = Vec::new();
        let mut pages = Pages::of(call);
        loop {
            let send = |client: &Self| {
                let request = client.iam.list_virtual_mfa_devices().assignment_status(status.clone());
                request.max_items(1000).set_marker(pages.token()).send()
            };
            let page = self.call(call, send).await?;
            for device in page.virtual_mfa_devices() {
                let device = VirtualDevice {
                    serial: device.serial_number().to_owned(),
                    user: device.user().map(|user| user.arn().to_owned()),
                    enabled: device.enable_date().and_then(|date| SystemTime::try_from(*date).ok()),
                };
                let enough = stop(&device);
                devices.push(device);
                if enough {
                    return Ok(devices);
                }
            }
            if !pages.go_on_where(page.is_truncated(), page.marker())? {
                return Ok(devices);
            }
        }
    }
}

pub(super) fn tags(tags: &[Tag]) -> Result<Vec<aws_sdk_iam::types::Tag>, Error> {
    tags.iter()
        .map(|tag| {
            let built = aws_sdk_iam::types::Tag::builder().key(&tag.key).value(&tag.value).build();
            built.map_err(|cause| Error::Invalid { message: cause.to_string() })
        })
        .collect()
}

/// Takes the seed out of the SDK's hands: base64 is already undone, base32 is not. Both blobs are wiped; the picture
/// is as good as the key.
fn take_seed(device: &mut aws_sdk_iam::types::VirtualMfaDevice) -> Option<Seed> {
    if let Some(picture) = device.qr_code_png.take() {
        drop(Zeroizing::new(picture.into_inner()));
    }
    let text = Zeroizing::new(device.base32_string_seed.take()?.into_inner());
    Seed::from_base32(&text).ok()
}
