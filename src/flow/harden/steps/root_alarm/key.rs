//! The key that encrypts the topic, where one was asked for: known by its alias, and before it has that, by its tag.

use super::RootAlarm;
use super::topic::{TopicAt, gone};
use crate::aws::hardening::{NewKey, TopicKey};
use crate::aws::posture::key_lets_in;
use crate::aws::{self, Account, Call, Tag};
use crate::flow::acknowledged::look_until;
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::names::KEY_ALIAS;
use crate::flow::harden::step::{Hands, Hardening};
use crate::person::HardenSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const DESCRIPTION: &str = "Encrypts the topic glasskey-root-use, which tells of each use of the root user";
/// What a key costs a month, in cents (KMS's price list).
pub(super) const COST: u32 = 100;

/// The key that has glasskey's name, or was made to have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnKey {
    /// It has the name.
    pub(super) alias: bool,
    /// Its material is replaced every year.
    pub(super) rotates: bool,
    /// It is enabled, and whoever publishes to the topic may use it.
    pub(super) works: bool,
}

impl OwnKey {
    const WHOLE: Self = Self { alias: true, rotates: true, works: true };

    /// As it will be.
    pub(super) fn after(there: Option<&Self>, settings: &HardenSettings) -> Option<Self> {
        match settings.alarm_kms {
            true => Some(Self::WHOLE),
            false => there.cloned(),
        }
    }
}

fn tag() -> Tag {
    Tag { key: "made-by".to_owned(), value: "glasskey root harden".to_owned() }
}

/// Whether a topic's attribute names the key of this ARN.
pub(super) fn is_named(arn: &str, named: &str) -> bool {
    named == arn || arn.ends_with(&format!(":key/{named}")) || named.ends_with(KEY_ALIAS)
}

/// The key: the one that has the alias; else one that a run has made and not named yet. What is to be deleted is none.
pub(super) fn found(account: &Account, at: &TopicAt) -> Result<Option<TopicKey>, aws::Error> {
    let region = &at.place.region;
    if let Some(key) = account.key(region, KEY_ALIAS)? {
        return Ok(Some(key));
    }
    Ok(unnamed(account, at)?.into_iter().next())
}

/// Keys that a run has made and not named: its reply was lost, or the run was cut short.
fn unnamed(account: &Account, at: &TopicAt) -> Result<Vec<TopicKey>, aws::Error> {
    let region = &at.place.region;
    let mut keys = Vec::new();
    for id in account.keys_without_alias(region)? {
        let Some(key) = account.key(region, &id)? else { continue };
        let may_be = !key.of_aws && key.state == "Enabled" && key.description == DESCRIPTION;
        if may_be && account.key_has_tag(region, &id, &tag())? {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// What there is of it, and its ARN; not looked for unless it was asked for.
pub(super) fn read(
    account: &Account,
    at: &TopicAt,
    settings: &HardenSettings,
) -> Result<Option<(OwnKey, String)>, aws::Error> {
    if !settings.alarm_kms {
        return Ok(None);
    }
    let region = &at.place.region;
    let alias = account.key(region, KEY_ALIAS)?;
    let has_alias = alias.is_some();
    let key = match alias {
        Some(key) => Some(key),
        None => unnamed(account, at)?.into_iter().next(),
    };
    let Some(key) = key else { return Ok(None) };
    let policy = account.key_policy(region, &key.arn)?.unwrap_or_default();
    let lets_in = key_lets_in(&policy, &at.topic, &at.place.account, at.sender());
    let works = lets_in && key.state == "Enabled";
    let rotates = key.state == "Enabled" && account.key_rotates(region, &key.arn)?;
    Ok(Some((OwnKey { alias: has_alias, rotates, works }, key.arn)))
}

/// Why the key cannot be used, and is not glasskey's to change.
pub(super) fn in_the_way(key: Option<&OwnKey>) -> Option<String> {
    let broken = key.is_some_and(|key| key.alias && !key.works);
    broken.then(|| {
        format!(
            "the key {KEY_ALIAS} is not enabled, or its policy does not let whoever publishes to the topic use it: mend \
             or rename it"
        )
    })
}

pub(super) fn calls(before: Option<&OwnKey>, after: Option<&OwnKey>) -> impl Iterator<Item = (Call, bool)> {
    let wanted = after.is_some();
    let lacks = |has: fn(&OwnKey) -> bool| wanted && !before.is_some_and(has);
    [
        (Call::CreateKey, wanted && before.is_none()),
        (Call::PutKeyPolicy, wanted && before.is_some_and(|key| !key.works)),
        (Call::CreateAlias, lacks(|key| key.alias)),
        (Call::EnableKeyRotation, lacks(|key| key.rotates)),
    ]
    .into_iter()
}

/// What is made step by step lies between the two, and so does what is taken away.
pub(super) fn is_between(before: Option<&OwnKey>, now: Option<&OwnKey>, after: Option<&OwnKey>) -> bool {
    let whole_way = before.is_none_or(|key| !key.alias) || after.is_none();
    now == before || now == after || whole_way && (before.is_some() || after.is_some())
}

/// Makes the key and names it.
pub(super) fn make(
    now: Option<&OwnKey>,
    to: Option<&OwnKey>,
    at: &TopicAt,
    hands: &mut Hands<'_, '_>,
) -> Result<(), Cause> {
    if to.is_none() || now == to {
        return Ok(());
    }
    let (account, region) = (hands.account, &at.place.region);
    let arn = match found(account, at)? {
        Some(key) => key.arn,
        None => {
            let new = NewKey { description: DESCRIPTION.to_owned(), tag: tag(), policy: at.key_policy() };
            account.create_key(region, &new)?.arn
        }
    };
    if now.is_some_and(|key| !key.works) {
        put_policy(&arn, at, hands)?;
    }
    if now.is_none_or(|key| !key.alias) {
        account.create_alias(region, KEY_ALIAS, &arn)?;
    }
    if now.is_none_or(|key| !key.rotates) {
        account.enable_key_rotation(region, &arn)?;
    }
    Ok(())
}

/// A key that has the name and does not work would be taken for somebody's: its policy is to be seen before.
fn put_policy(arn: &str, at: &TopicAt, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let (account, region, wanted) = (hands.account, &at.place.region, at.key_policy());
    account.put_key_policy(region, arn, &wanted.to_string())?;
    let looked = look_until("for KMS to show the key's policy", hands.context, || {
        let there = account.key_policy(region, arn)?;
        let is_so = there.and_then(|text| serde_json::from_str::<Value>(&text).ok()) == Some(wanted.clone());
        Ok(((), is_so))
    });
    match looked? {
        ((), true) => Ok(()),
        ((), false) => Err(HardenRefusal::NotShown { step: RootAlarm::ID.to_owned() }.into()),
    }
}

/// Undoing: the name goes, and the key is deleted in thirty days.
pub(super) fn take_back(
    now: Option<&OwnKey>,
    to: Option<&OwnKey>,
    at: &TopicAt,
    hands: &mut Hands<'_, '_>,
) -> Result<(), Cause> {
    if now.is_none() || to.is_some() {
        return Ok(());
    }
    let (account, region) = (hands.account, &at.place.region);
    // Without its alias it is still known by its tag.
    if let Some(key) = account.key(region, KEY_ALIAS)? {
        if !account.key_has_tag(region, &key.id, &tag())? {
            return Ok(());
        }
        gone(account.delete_alias(region, KEY_ALIAS))?;
    }
    for key in unnamed(account, at)? {
        account.schedule_key_deletion(region, &key.arn)?;
        hands.tell(format!(
            "the key {} is deleted in 30 days; until then `aws kms cancel-key-deletion --region {region} --key-id {}` \
             takes that back",
            key.arn, key.id
        ));
    }
    Ok(())
}

/// Whether undoing takes the key away: one that was there and had its name stays.
pub(super) fn undone(before: Option<&OwnKey>) -> Option<OwnKey> {
    before.filter(|key| key.alias).cloned()
}
