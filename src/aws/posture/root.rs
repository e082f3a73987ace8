//! The root user itself: seen by itself or by a session of AssumeRoot, or by an administrator of the account.

use super::facts::{Certificates, Fact, Factor, Factors, LastUse, Root, RootKey, RootRow, Unreadable};
use super::report::CredentialReport;
use crate::aws::pages::Pages;
use crate::aws::send::AsyncClient;
use crate::aws::{AccessKey, Assignment, Call, DeviceKind, Error, MfaDevice, Summary, VirtualDevice, root_arn};
use aws_sdk_iam::types::ReportStateType;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

async fn summary(client: &AsyncClient) -> Fact<Summary> {
    Fact::of(Call::GetAccountSummary, client.summary().await)
}

/// Root as it sees itself. `UserName` is left out of every call: it would mean an IAM user.
pub(super) async fn by_itself(client: &AsyncClient) -> Root {
    let (summary, factors) = tokio::join!(summary(client), own_factors(client));
    let certificates = async {
        match summary.known().and_then(|summary| summary.certificates) {
            Some(false) => Fact::Known(Certificates::default()),
            _ => own_certificates(client).await,
        }
    };
    let (keys, certificates, password_used) =
        tokio::join!(own_keys(client, &summary), certificates, own_password_use(client, &summary));
    Root { summary, factors, keys, certificates, password_used }
}

/// Root as a session of AssumeRoot sees it: at most six calls, fewer where the summary says that there is nothing to
/// see. That certificates are there is enough to know: whether they are active is not asked.
pub(super) async fn by_session(client: &AsyncClient) -> Root {
    let summary = summary(client).await;
    let factors = async {
        match summary.known() {
            // That is a finding; what has no password either is looked at all the same.
            Some(Summary { mfa: Some(false), password: Some(true), .. }) => Fact::Known(Factors::all(Vec::new())),
            _ => own_factors(client).await,
        }
    };
    let certificates = async {
        match summary.known().and_then(|summary| summary.certificates) {
            Some(present) => Fact::Known(Certificates { active: 0, present: usize::from(present) }),
            None => own_certificates(client).await,
        }
    };
    let (factors, keys, certificates, password_used) =
        tokio::join!(factors, own_keys(client, &summary), certificates, own_password_use(client, &summary));
    Root { summary, factors, keys, certificates, password_used }
}

async fn own_factors(client: &AsyncClient) -> Fact<Factors> {
    let seen = |devices: Vec<MfaDevice>| {
        Factors::all(devices.into_iter().map(|device| factor(device.serial, Some(device.enabled))).collect())
    };
    Fact::of(Call::ListMfaDevices, client.mfa_devices(None).await).map(seen)
}

fn factor(serial: String, enabled: Option<SystemTime>) -> Factor {
    Factor { kind: DeviceKind::of(&serial), serial, enabled }
}

async fn own_keys(client: &AsyncClient, summary: &Fact<Summary>) -> Fact<Vec<RootKey>> {
    if summary.known().and_then(|summary| summary.keys) == Some(false) {
        return Fact::Known(Vec::new());
    }
    let found = match client.access_keys(None).await {
        Ok(found) => found,
        Err(why) => return Fact::of(Call::ListAccessKeys, Err(why)),
    };
    let mut keys = Vec::new();
    for AccessKey { id, active, .. } in found.into_iter().take(2) {
        let (used, unread) = last_used(client, &id).await;
        keys.push(RootKey { id: Some(id), active, used, unread });
    }
    Fact::Known(keys)
}

/// That the key is there is bad enough: what cannot be read here leaves only its use untold.
async fn last_used(client: &AsyncClient, id: &str) -> (LastUse, Option<Unreadable>) {
    let call = Call::GetAccessKeyLastUsed;
    let answer = client.call(call, |client| client.iam.get_access_key_last_used().access_key_id(id).send()).await;
    let used = match answer {
        Ok(answer) => answer.access_key_last_used,
        Err(why) => return (LastUse::Untold, Some(Unreadable { call, why })),
    };
    let used = match used.map(|used| used.last_used_date().map(|date| SystemTime::try_from(*date))) {
        Some(Some(Ok(date))) if date > SystemTime::UNIX_EPOCH => LastUse::At(date),
        Some(_) => LastUse::Never,
        None => LastUse::Untold,
    };
    (used, None)
}

async fn own_certificates(client: &AsyncClient) -> Fact<Certificates> {
    Fact::of(Call::ListSigningCertificates, client.certificates().await)
        .map(|found| Certificates { active: found.iter().filter(|active| **active).count(), present: found.len() })
}

async fn own_password_use(client: &AsyncClient, summary: &Fact<Summary>) -> Fact<LastUse> {
    if summary.known().and_then(|summary| summary.password) == Some(false) {
        return Fact::Known(LastUse::Untold);
    }
    let call = Call::GetUser;
    let answer = client.call(call, |client| client.iam.get_user().send()).await;
    Fact::of(call, answer).map(|answer| {
        let used = answer.user().and_then(|user| user.password_last_used()).copied();
        used.and_then(|date| SystemTime::try_from(date).ok()).map_or(LastUse::Never, LastUse::At)
    })
}

/// Root as an administrator of the account sees it: through the summary, the list of virtual devices, and the
/// credential report.
pub(super) async fn by_an_administrator(
    client: &AsyncClient,
    partition: &str,
    account: &str,
    report: &Fact<CredentialReport>,
) -> Root {
    let (summary, virtual_ones) =
        tokio::join!(summary(client), client.virtual_devices(Assignment::Assigned, |_| false));
    let row = match report {
        Fact::Known(report) => Fact::Known(report.root.as_ref()),
        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
    };
    let present = |flag: fn(&Summary) -> Option<bool>| summary.known().and_then(flag);
    let keys = match (present(|summary| summary.keys), &row) {
        (Some(false), _) => Fact::Known(Vec::new()),
        (_, Fact::Known(Some(row))) => Fact::Known(keys_of(row, present(|summary| summary.keys))),
        (Some(true), _) => {
            Fact::Known(vec![RootKey { id: None, active: true, used: LastUse::Untold, unread: unread(&row) }])
        }
        (None, Fact::Unreadable(why)) => Fact::Unreadable(why.clone()),
        (None, Fact::Known(None)) => not_told(),
    };
    let certificates = certificates_of(present(|summary| summary.certificates), &row);
    let password_used = match &row {
        Fact::Known(Some(row)) => Fact::Known(row.password_used),
        Fact::Known(None) => not_told(),
        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
    };
    let root = root_arn(partition, account);
    let virtual_ones = Fact::of(Call::ListVirtualMfaDevices, virtual_ones);
    let mut factors = factors_from_outside(&root, &summary, &virtual_ones);
    if let (Fact::Known(factors), Fact::Known(summary), Fact::Known(virtual_ones)) =
        (&mut factors, &summary, &virtual_ones)
    {
        let others = virtual_ones.iter().filter(|device| device.user.as_deref() != Some(&*root));
        count_the_unseen(client, factors, summary, &others.collect::<Vec<_>>(), report).await;
    }
    Root { summary, factors, keys, certificates, password_used }
}

fn certificates_of(told: Option<bool>, row: &Fact<Option<&RootRow>>) -> Fact<Certificates> {
    match (told, row) {
        (Some(false), _) => Fact::Known(Certificates::default()),
        (told, Fact::Known(Some(row))) => {
            let active = row.certificates.iter().filter(|active| **active == Some(true)).count();
            Fact::Known(Certificates { active, present: active.max(usize::from(told == Some(true))) })
        }
        (Some(true), _) => Fact::Known(Certificates { active: 0, present: 1 }),
        (None, Fact::Unreadable(why)) => Fact::Unreadable(why.clone()),
        (None, Fact::Known(None)) => not_told(),
    }
}

fn unread<T>(fact: &Fact<T>) -> Option<Unreadable> {
    match fact {
        Fact::Known(_) => None,
        Fact::Unreadable(why) => Some(why.clone()),
    }
}

/// The report came without root's row.
fn not_told<T>() -> Fact<T> {
    let call = Call::GetCredentialReport;
    Fact::of(call, Err(Error::Malformed { call }))
}

/// The report tells of active keys only; the summary counts inactive ones too.
fn keys_of(row: &RootRow, present: Option<bool>) -> Vec<RootKey> {
    let key = |(active, used): (&Option<bool>, &LastUse)| {
        (*active == Some(true)).then_some(RootKey { id: None, active: true, used: *used, unread: None })
    };
    let mut keys: Vec<RootKey> = row.keys.iter().zip(&row.keys_used).filter_map(key).collect();
    if keys.is_empty() && present == Some(true) {
        let used =
            row.keys_used.iter().copied().find(|used| matches!(used, LastUse::At(_))).unwrap_or(LastUse::Untold);
        keys.push(RootKey { id: None, active: false, used, unread: None });
    }
    keys
}

/// Root's virtual factors are those of exactly its ARN. How many others there can be follows from how many devices are in
/// use in the account, less the virtual ones of users.
fn factors_from_outside(
    root_arn: &str,
    summary: &Fact<Summary>,
    virtual_ones: &Fact<Vec<VirtualDevice>>,
) -> Fact<Factors> {
    let devices = match virtual_ones {
        Fact::Known(devices) => devices,
        Fact::Unreadable(why) => return Fact::Unreadable(why.clone()),
    };
    let summary = match summary {
        Fact::Known(summary) => summary,
        Fact::Unreadable(why) => return Fact::Unreadable(why.clone()),
    };
    let (own, others): (Vec<_>, Vec<_>) = devices.iter().partition(|device| device.user.as_deref() == Some(root_arn));
    let seen: Vec<Factor> = own.into_iter().map(|device| factor(device.serial.clone(), device.enabled)).collect();
    if summary.mfa == Some(false) && seen.is_empty() {
        return Fact::Known(Factors::all(seen));
    }
    let unseen_at_least = u32::from(summary.mfa == Some(true) && seen.is_empty());
    let of_others = u32::try_from(others.len()).unwrap_or(u32::MAX);
    let in_use = summary.devices_in_use.map(|in_use| {
        in_use
            .saturating_sub(of_others)
            .saturating_sub(u32::try_from(seen.len()).unwrap_or(u32::MAX))
            .max(unseen_at_least)
    });
    // Eight at most, of any kind.
    let most = 8_u32.saturating_sub(u32::try_from(seen.len()).unwrap_or(8)).max(unseen_at_least);
    let unseen_at_most = in_use.map(|in_use| in_use.min(most));
    Fact::Known(Factors { seen, unseen_at_least, unseen_at_most, uncounted: None })
}

/// Whose devices are looked at one by one, at most.
const USERS_COUNTED: u8 = 100;

/// Where there is room for more than one number of unseen factors, the users' devices are counted one by one: what is
/// in use and is no user's is root's. Where there are too many users, those are asked about who have MFA by the credential
/// report, and no virtual device: what they have is not root's, and others may have some too.
async fn count_the_unseen(
    client: &AsyncClient,
    factors: &mut Factors,
    summary: &Summary,
    virtual_ones: &[&VirtualDevice],
    report: &Fact<CredentialReport>,
) {
    let Some(in_use) = summary.devices_in_use else { return };
    if factors.unseen_at_most == Some(factors.unseen_at_least) {
        return;
    }
    let seen = u32::try_from(factors.seen.len()).unwrap_or(u32::MAX);
    let unseen = |of_users: u32| in_use.saturating_sub(of_users).saturating_sub(seen);
    match devices_of_all(client).await {
        Ok(Some(of_users)) => {
            let unseen = unseen(of_users).max(factors.unseen_at_least);
            (factors.unseen_at_least, factors.unseen_at_most) = (unseen, Some(unseen));
            return;
        }
        Ok(None) => {}
        Err(why) => return factors.uncounted = Some(why),
    }
    let names: HashSet<&str> =
        virtual_ones.iter().filter_map(|device| device.user.as_deref()?.rsplit('/').next()).collect();
    let users = report.known().map(|report| report.users.as_slice()).unwrap_or_default();
    let without = users.iter().filter(|user| user.mfa && !names.contains(user.name.as_str()));
    let asked = without.take(USERS_COUNTED.into()).map(|user| user.name.as_str());
    match devices_of(client, asked).await {
        Ok(of_users) => {
            let of_users = of_users.saturating_add(u32::try_from(virtual_ones.len()).unwrap_or(u32::MAX));
            let most = unseen(of_users).max(factors.unseen_at_least);
            factors.unseen_at_most = factors.unseen_at_most.map(|so_far| so_far.min(most));
        }
        Err(why) => factors.uncounted = Some(why),
    }
}

/// `None` where there are too many users.
async fn devices_of_all(client: &AsyncClient) -> Result<Option<u32>, Unreadable> {
    let mut users = Vec::new();
    let another = client.page_of_users(USERS_COUNTED.into(), &mut Pages::of(Call::ListUsers), &mut users).await;
    if another.map_err(|why| Unreadable { call: Call::ListUsers, why })? {
        return Ok(None);
    }
    devices_of(client, users.iter().map(|user| user.name.as_str())).await.map(Some)
}

/// How many devices these users have: none, where one has been deleted.
async fn devices_of<'u>(client: &AsyncClient, users: impl Iterator<Item = &'u str>) -> Result<u32, Unreadable> {
    let mut count: u32 = 0;
    for user in users {
        match client.mfa_devices(Some(user)).await {
            Ok(devices) => count = count.saturating_add(u32::try_from(devices.len()).unwrap_or(u32::MAX)),
            Err(Error::NotFound { .. }) => {}
            Err(why) => return Err(Unreadable { call: Call::ListMfaDevices, why }),
        }
    }
    Ok(count)
}

/// How often a report that is being made is asked for.
const REPORT_PATIENCE: u32 = 30;

/// GenerateCredentialReport until it says COMPLETE, then GetCredentialReport. A report that vanished or expired in
/// between is made again. Who may not make one may still read the last.
pub(super) async fn credential_report(client: &AsyncClient) -> Fact<CredentialReport> {
    for attempt in 0..REPORT_PATIENCE {
        if attempt > 0
            && let Err(why) = client.wait(Duration::from_millis(if attempt < 3 { 250 } else { 2000 })).await
        {
            return Fact::of(Call::GenerateCredentialReport, Err(why));
        }
        let call = Call::GenerateCredentialReport;
        let refused = match client.call(call, |client| client.iam.generate_credential_report().send()).await {
            Ok(answer) if answer.state() == Some(&ReportStateType::Complete) => None,
            Ok(_) => continue,
            Err(why @ Error::Denied { .. }) => Some(why),
            Err(why) => return Fact::of(call, Err(why)),
        };
        let call = Call::GetCredentialReport;
        match client.call(call, |client| client.iam.get_credential_report().send()).await {
            Ok(answer) => return Fact::of(call, parsed(call, answer.content().map(AsRef::as_ref))),
            Err(Error::Refused { code, .. }) if code.starts_with("Report") => match refused {
                Some(why) => return Fact::of(Call::GenerateCredentialReport, Err(why)),
                None => continue,
            },
            Err(why) => return Fact::of(call, Err(why)),
        }
    }
    let call = Call::GenerateCredentialReport;
    Fact::of(call, Err(Error::TryLater { call, code: "INPROGRESS".to_owned() }))
}

fn parsed(call: Call, content: Option<&[u8]>) -> Result<CredentialReport, Error> {
    let text = content.and_then(|content| std::str::from_utf8(content).ok());
    text.and_then(|text| CredentialReport::parse(text).ok()).ok_or(Error::Malformed { call })
}
