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
    let mut factors = factors_from_outside(&root, &summary, virtual_ones, report);
    if let (Fact::Known(factors), Fact::Known(summary)) = (&mut factors, &summary) {
        count_the_unseen(client, factors, summary).await;
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

/// Root's virtual factors are those of exactly its ARN. How many others it has follows from how many devices are in use
/// in the account, less those that users must have: their virtual ones, and one for each user with MFA but without a
/// virtual one.
fn factors_from_outside(
    root_arn: &str,
    summary: &Fact<Summary>,
    virtual_ones: Result<Vec<VirtualDevice>, Error>,
    report: &Fact<CredentialReport>,
) -> Fact<Factors> {
    let devices = match virtual_ones {
        Ok(devices) => devices,
        Err(why) => return Fact::of(Call::ListVirtualMfaDevices, Err(why)),
    };
    let summary = match summary {
        Fact::Known(summary) => summary,
        Fact::Unreadable(why) => return Fact::Unreadable(why.clone()),
    };
    let (own, others): (Vec<_>, Vec<_>) =
        devices.into_iter().partition(|device| device.user.as_deref() == Some(root_arn));
    let seen: Vec<Factor> = own.into_iter().map(|device| factor(device.serial, device.enabled)).collect();
    if summary.mfa == Some(false) && seen.is_empty() {
        return Fact::Known(Factors::all(seen));
    }
    let unseen_at_least = u32::from(summary.mfa == Some(true) && seen.is_empty());
    let names: HashSet<&str> =
        others.iter().filter_map(|device| device.user.as_deref()?.rsplit('/').next()).collect();
    let without_virtual = report.known().map_or(0, |report| {
        report.users.iter().filter(|user| user.mfa && !names.contains(user.name.as_str())).count()
    });
    let of_others = u32::try_from(others.len() + without_virtual).unwrap_or(u32::MAX);
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
const USERS_COUNTED: i32 = 100;

/// Where there is room for more than one number of unseen factors, the users' devices are counted one by one: what is
/// in use and is no user's is root's. From the report alone that would not do, because it may be hours old.
async fn count_the_unseen(client: &AsyncClient, factors: &mut Factors, summary: &Summary) {
    let Some(in_use) = summary.devices_in_use else { return };
    if factors.unseen_at_most == Some(factors.unseen_at_least) {
        return;
    }
    match devices_of_users(client).await {
        Ok(Some(of_users)) => {
            let seen = u32::try_from(factors.seen.len()).unwrap_or(u32::MAX);
            let unseen = in_use.saturating_sub(of_users).saturating_sub(seen).max(factors.unseen_at_least);
            (factors.unseen_at_least, factors.unseen_at_most) = (unseen, Some(unseen));
        }
        Ok(None) => {}
        Err(why) => factors.uncounted = Some(why),
    }
}

/// `None` where there are too many users.
async fn devices_of_users(client: &AsyncClient) -> Result<Option<u32>, Unreadable> {
    let mut users = Vec::new();
    let another = client.page_of_users(USERS_COUNTED, &mut Pages::of(Call::ListUsers), &mut users).await;
    if another.map_err(|why| Unreadable { call: Call::ListUsers, why })? {
        return Ok(None);
    }
    let mut count = 0;
    for user in users {
        let devices = client.mfa_devices(Some(&user.name)).await;
        let devices = devices.map_err(|why| Unreadable { call: Call::ListMfaDevices, why })?;
        count += u32::try_from(devices.len()).unwrap_or(u32::MAX);
    }
    Ok(Some(count))
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
