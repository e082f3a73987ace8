//! What `glasskey oath import` is about to do: each entry with its number, whether it fits, and why not. Nothing here
//! writes.

use super::add::{Credential, two_issuers};
use super::many::{Entry, Many};
use super::{Failed, Invocation, refused, usage, visible};
use crate::cli::args::Import;
use crate::cli::explain::{self, Explanation};
use crate::keys::Serial;
use crate::oath::{self, Answer, Name};
use crate::totp::{AWS, Algorithm, Kind, Uri, unix};
use std::path::PathBuf;
use std::time::SystemTime;

pub(super) struct Item {
    /// What the command line calls it, counted from 1 in the order of the input.
    pub(super) number: usize,
    pub(super) source: String,
    /// Its name, or what its maker calls it; not yet escaped.
    pub(super) called: Option<String>,
    pub(super) fate: Fate,
}

pub(super) enum Fate {
    Write(Box<Credential>),
    /// Not written, and nothing is lost by that: why.
    LeftOut(&'static str, String),
    /// It cannot be written: why.
    Wrong(String),
}

impl Item {
    /// `entry 2, line 5, "Example:alice"`.
    pub(super) fn title(&self) -> String {
        let called = self.called.as_ref().map_or_else(String::new, |name| format!(", \"{}\"", name));
        format!("entry {}, {}{called}", self.number, self.source)
    }

    /// Whether the command line means this one.
    fn is(&self, target: &str) -> bool {
        self.called.as_deref() == Some(target)
    }
}

/// The entries, each as the arguments want it.
pub(super) struct Plan {
    pub(super) items: Vec<Item>,
    /// Parts of exports that have not come.
    pub(super) missing: Vec<String>,
    /// Pictures with a code that could not be read.
    pub(super) unread: Vec<PathBuf>,
}

/// The places of the entries that `--skip` names.
fn skipped(items: &[Item], skip: &[String], missing: &mut Vec<String>) -> Result<Vec<usize>, Failed> {
    let mut skipped = Vec::new();
    for target in skip {
        match find(items, target)? {
            Some(at) => skipped.push(at),
            None if target == MISSING && !missing.is_empty() => missing.clear(),
            None => return Err(no_entry("--skip", target)),
        }
    }
    Ok(skipped)
}

fn fits(wanted: usize, free: usize, capacity: usize, key: Serial) -> Result<(), Failed> {
    if wanted <= free {
        return Ok(());
    }
    let wanted = match wanted {
        1 => "1 credential does not fit".to_owned(),
        several => format!("{several} credentials do not fit"),
    };
    let are = if free == 1 { "is" } else { "are" };
    let what = format!("{wanted} on YubiKey {key}: {free} of its {capacity} slots {are} free; nothing was written");
    let hint = format!("`glasskey oath list --key {key}` shows what is on it; --skip leaves entries out");
    Err(Box::new(Explanation::new("key_full", what).hint(hint)))
}

/// What `--skip` calls the parts that have not come.
const MISSING: &str = "missing";

impl Plan {
    pub(super) fn new(many: Many, args: &Import, invocation: &Invocation<'_>) -> Result<Self, Failed> {
        let Many { entries, mut missing, unread, .. } = many;
        let mut items: Vec<Item> = Vec::new();
        let mut uris: Vec<(Result<Uri, String>, Option<Uri>)> = Vec::new();
        for (nth, Entry { source, called, uri, unnamed }) in entries.into_iter().enumerate() {
            let uri = uri.map_err(|cause| explain::bad_uri(&cause).what);
            let called = uri.as_ref().map_or(called, |uri| Some(name_in(uri)).filter(|name| !name.is_empty()));
            items.push(Item { number: nth + 1, source, called, fate: Fate::Wrong(String::new()) });
            uris.push((uri, unnamed));
        }
        let skipped = skipped(&items, &args.skip, &mut missing)?;
        let renamed = renames(&items, &args.rename)?;
        for ((at, item), (uri, unnamed)) in items.iter_mut().enumerate().zip(uris) {
            let to = renamed.iter().find(|(index, _)| *index == at).map(|(_, to)| &**to);
            let uri = uri.or_else(|why| unnamed.filter(|_| to.is_some()).ok_or(why));
            if skipped.contains(&at) {
                item.fate = Fate::LeftOut("skipped", "--skip".to_owned());
                continue;
            }
            if let Ok(Uri { issuer: Some(taken), other_issuer: Some(other), .. }) = &uri
                && to.is_none()
            {
                let words =
                    two_issuers(taken, other).replace("--issuer takes another", "--rename gives another name");
                invocation.warn(&format!("{}: {words}", item.title()));
            }
            item.fate = match uri.and_then(|uri| credential(uri, to, args.touch)) {
                Ok(credential) => Fate::Write(Box::new(credential)),
                Err(why) => Fate::Wrong(why),
            };
            if let Fate::Write(credential) = &item.fate {
                item.called = Some(credential.name().id().to_owned());
            }
        }
        mark_doubles(&mut items);
        Ok(Self { items, missing, unread })
    }

    /// What the key says to it: names that are taken, and what its firmware cannot.
    pub(super) fn compare(
        &mut self,
        key: Serial,
        touch: bool,
        invocation: &mut Invocation<'_>,
    ) -> Result<(), Failed> {
        let mut session = invocation.session(key)?;
        let (capacity, firmware) = (session.info().capacity, session.info().version);
        let fail = |error| Box::new(explain::oath(Some(key), &error));
        if touch && firmware < oath::TOUCH_SINCE {
            return Err(fail(oath::Error::Unsupported { what: "touch", since: oath::TOUCH_SINCE }));
        }
        let there = session.list().map_err(refused(key))?;
        let now = unix(SystemTime::now());
        let taken =
            |item: &Item| matches!(&item.fate, Fate::Write(it) if there.iter().any(|one| one.name == *it.name()));
        let answers = match self.items.iter().any(taken) {
            true => session.all(now).map_err(refused(key))?,
            false => Vec::new(),
        };
        drop(session);
        for item in &mut self.items {
            let Fate::Write(credential) = &item.fate else { continue };
            let named = |name: &Name| name == credential.name();
            if let Some(one) = there.iter().find(|one| named(&one.name)) {
                let answer = answers.iter().find(|(name, _)| named(name)).map(|(_, answer)| answer);
                let is_asked = credential.kind() == Kind::Totp && !one.hotp;
                item.fate = match answer {
                    Some(Answer::Touch) if is_asked => compared(credential.is_computed(key, true, invocation)?),
                    answer => already(credential, one, answer, now),
                };
            } else if firmware < oath::SHA512_SINCE && credential.params().algorithm == Algorithm::Sha512 {
                let error = oath::Error::Unsupported { what: "SHA-512", since: oath::SHA512_SINCE };
                item.fate = Fate::Wrong(explain::oath(Some(key), &error).what);
            }
        }
        fits(self.to_write().count(), capacity.saturating_sub(there.len()), capacity, key)
    }

    pub(super) fn to_write(&self) -> impl Iterator<Item = (&Item, &Credential)> {
        self.items.iter().filter_map(|item| match &item.fate {
            Fate::Write(credential) => Some((item, &**credential)),
            _ => None,
        })
    }

    /// What stands in the way of writing everything, each in a line.
    pub(super) fn wrong(&self) -> Vec<String> {
        let wrong = self.wrong_items().map(|(item, why)| format!("{}: {why}", item.title()));
        wrong.chain(self.missing.iter().cloned()).collect()
    }

    pub(super) fn wrong_items(&self) -> impl Iterator<Item = (&Item, &str)> {
        self.items.iter().filter_map(|item| match &item.fate {
            Fate::Wrong(why) => Some((item, &**why)),
            _ => None,
        })
    }

    pub(super) fn left_out(&self) -> impl Iterator<Item = (&Item, &'static str, &str)> {
        self.items.iter().filter_map(|item| match &item.fate {
            Fate::LeftOut(code, why) => Some((item, *code, &**why)),
            _ => None,
        })
    }
}

/// What a URI names, without the period.
fn name_in(uri: &Uri) -> String {
    uri.issuer.as_ref().map_or_else(|| uri.account.clone(), |issuer| format!("{issuer}:{}", uri.account))
}

fn credential(uri: Uri, to: Option<&str>, touch: bool) -> Result<Credential, String> {
    let message = |error| explain::oath(None, &error).what;
    if uri.seed.len() < 2 {
        return Err(message(oath::Error::SeedTooShort));
    }
    if let Some(to) = to {
        visible(to)?;
        return Credential::named(uri, to, touch).map_err(message);
    }
    if uri.account.is_empty() {
        return Err("the URI names no account".to_owned());
    }
    let name = Name::new(uri.params.period, uri.issuer.as_deref(), &uri.account).map_err(message)?;
    Ok(Credential::of(uri, name, touch))
}

/// One of a name is written. A second that is the same is counted once; one with another secret must be told apart.
fn mark_doubles(items: &mut [Item]) {
    for at in 1..items.len() {
        let (before, rest) = items.split_at_mut(at);
        let Some(item) = rest.first_mut() else { continue };
        let Fate::Write(credential) = &item.fate else { continue };
        let first = before.iter().find_map(|first| match &first.fate {
            Fate::Write(other) if other.name() == credential.name() => Some((first.number, other)),
            _ => None,
        });
        item.fate = match first {
            None => continue,
            Some((number, other)) if credential.is_same(other) => {
                Fate::LeftOut("same", format!("the same as entry {number}"))
            }
            Some((number, _)) => Fate::Wrong(format!("it has the name of entry {number}, and is another credential")),
        };
    }
}

/// What becomes of a credential whose name is on the key, and whose code was asked for with a touch.
fn compared(is_same: bool) -> Fate {
    match is_same {
        true => Fate::LeftOut("on_key", "on the key already, and its code matches".to_owned()),
        false => Fate::Wrong("another credential of this name is on the key already".to_owned()),
    }
}

/// What becomes of a credential whose name is on the key.
fn already(credential: &Credential, there: &oath::Credential, answer: Option<&Answer>, now: u64) -> Fate {
    let is_totp = credential.kind() == Kind::Totp;
    let not_compared = |why: &str| {
        Fate::Wrong(format!(
            "a credential of this name is on the key already, and was not compared, since {why}; --skip leaves it out"
        ))
    };
    match answer {
        _ if there.hotp == is_totp || there.algorithm != credential.params().algorithm => {
            Fate::Wrong("another credential of this name is on the key already".to_owned())
        }
        Some(Answer::Code(code)) if is_totp && code.matches(&credential.code_at(now)) => {
            let but = if credential.touch() { "; it asks for no touch" } else { "" };
            Fate::LeftOut("on_key", format!("on the key already, and its code matches{but}"))
        }
        Some(Answer::Code(_)) => Fate::Wrong("another credential of this name is on the key already".to_owned()),
        _ => not_compared("that would use up a code"),
    }
}

/// The entry that an argument means: by its name, else by its number.
fn find(items: &[Item], target: &str) -> Result<Option<usize>, Failed> {
    let named: Vec<usize> = items.iter().enumerate().filter(|(_, item)| item.is(target)).map(|(at, _)| at).collect();
    match named[..] {
        [at] => Ok(Some(at)),
        [] => {
            let number = target.parse::<usize>().ok();
            Ok(number.and_then(|number| items.iter().position(|item| item.number == number)))
        }
        _ => {
            let what = format!("{} entries have the name \"{}\"", named.len(), target);
            let numbers: Vec<String> = named.iter().map(|at| (at + 1).to_string()).collect();
            Err(Box::new(usage(what).hint(format!("say which by its number: {}", numbers.join(", ")))))
        }
    }
}

/// `--rename ENTRY=NAME`. A name may hold an equals sign, so every one of them is tried.
fn renames<'a>(items: &[Item], given: &'a [String]) -> Result<Vec<(usize, &'a str)>, Failed> {
    let mut all: Vec<(usize, &str)> = Vec::new();
    for text in given {
        let mut found = None;
        for (at, _) in text.match_indices('=') {
            let (target, name) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
            if let Some(at) = find(items, target)? {
                found = Some((at, name));
                break;
            }
        }
        let (at, name) = found.ok_or_else(|| no_entry("--rename", text))?;
        if let Some((_, first)) = all.iter().find(|(index, _)| *index == at) {
            let what = format!("--rename is given twice for entry {}: \"{first}\" and \"{name}\"", at + 1);
            return Err(usage(what));
        }
        all.push((at, name));
    }
    Ok(all)
}

fn no_entry(option: &str, target: &str) -> Failed {
    let what = format!("{option}: there is no entry \"{}\"", target);
    Box::new(
        usage(what).hint("an entry is named by its number in the plan, or by its whole name; a new name follows a ="),
    )
}

/// How a credential differs from what is usual; empty where it does not.
pub(super) fn peculiar(credential: &Credential) -> String {
    let params = credential.params();
    let mut words = Vec::new();
    if params.algorithm != AWS.algorithm {
        words.push(params.algorithm.as_str().to_owned());
    }
    if params.digits != AWS.digits {
        words.push(format!("{} digits", params.digits));
    }
    if params.period != AWS.period {
        words.push(format!("{} s", params.period));
    }
    if let Kind::Hotp { counter } = credential.kind() {
        words.push(format!("HOTP from {counter}"));
    }
    if words.is_empty() { String::new() } else { format!("  ({})", words.join(", ")) }
}
