//! `glasskey oath import`: many credentials at once, straight to a key. A plan says what will be written and what
//! will not, and why; nothing is written before it is approved; each credential is proved; nothing is kept.

use super::add::{AddedCredential, Credential};
use super::many;
use super::plan::{Item, Plan, peculiar};
use super::{Failed, Invocation};
use crate::cli::Outcome;
use crate::cli::args::Import;
use crate::cli::explain::{Exit, Explanation};
use crate::cli::page::Page;
use crate::keys::Serial;
use crate::person::{Person, Question};
use crate::totp::Kind;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(args: &Import, invocation: &mut Invocation<'_>) -> Outcome {
    let many = many::many(&args.qr_images, invocation)?;
    let mut plan = Plan::new(many, args, invocation)?;
    let nobody_decides = invocation.global.yes || !invocation.person.is_there();
    if nobody_decides && !plan.wrong().is_empty() {
        return Err(unfit(&plan));
    }
    let key = invocation.key_to_write(&args.key)?;
    plan.compare(key, args.touch, invocation)?;
    if nobody_decides && !plan.wrong().is_empty() {
        return Err(unfit(&plan));
    }
    show(&plan, key, invocation);
    let (write, wrong) = (plan.to_write().count(), plan.wrong().len());
    if write == 0 && wrong > 0 {
        return Err(unfit(&plan));
    }
    if write > 0 {
        let nobody = Explanation::new("nobody_to_ask", "the plan must be approved, and nobody can be asked")
            .hint("--yes approves it")
            .exit(Exit::Person);
        invocation.confirm(&Question::Import { key, write, leave: wrong }, nobody)?;
    }
    let written = write_all(&plan, key, invocation)?;
    last_words(args, &plan, key, written, invocation);
    Ok(Exit::Done)
}

/// What cannot be written must be left out by name, so that nobody misses it later.
fn unfit(plan: &Plan) -> Failed {
    let wrong = plan.wrong();
    let what = format!("{} of the entries cannot be imported; nothing was written", wrong.len());
    let mut text = Explanation::new("bad_entries", what).exit(Exit::Usage);
    text.notes = wrong;
    for (item, credential) in plan.to_write() {
        text.notes.push(format!("entry {} would be written as \"{}\"", item.number, credential.name().id()));
    }
    for (item, _, why) in plan.left_out() {
        text.notes.push(format!("{} would be left out: {why}", item.title()));
    }
    let hint = "--skip NUMBER leaves an entry out, --rename NUMBER=ISSUER:ACCOUNT gives it a name";
    text = text.hint(hint);
    if !plan.missing.is_empty() {
        text = text.hint("--skip missing imports an export of which parts are missing");
    }
    Box::new(text)
}

fn show(plan: &Plan, key: Serial, invocation: &Invocation<'_>) {
    let say = |line: &str| invocation.console.style().say(line);
    say(&format!("glasskey: the plan for YubiKey {key}:"));
    for (item, credential) in plan.to_write() {
        let name = credential.name().id();
        say(&format!("  {:<9} {name}{}", item.number, peculiar(credential)));
    }
    for (item, _, why) in plan.left_out() {
        say(&format!("  left out  {}: {why}", item.title()));
    }
    for why in plan.wrong() {
        say(&format!("  cannot    {why}"));
    }
}

fn write_all<'p>(
    plan: &'p Plan,
    key: Serial,
    invocation: &mut Invocation<'_>,
) -> Result<Vec<ImportedCredential<'p>>, Failed> {
    let entries: Vec<(&Item, &Credential)> = plan.to_write().collect();
    let mut written = Vec::new();
    for (nth, (item, credential)) in entries.iter().enumerate() {
        let outcome = if invocation.interrupt.raised() {
            Err(Box::new(Explanation::interrupted()))
        } else {
            put(key, credential, invocation)
        };
        match outcome {
            Ok(proved) => {
                let added = AddedCredential::of(credential, proved);
                written.push(ImportedCredential { source: &item.source, added });
            }
            Err(why) => return Err(stopped(why, key, &entries, nth)),
        }
    }
    Ok(written)
}

fn last_words<'p>(
    args: &Import,
    plan: &'p Plan,
    key: Serial,
    written: Vec<ImportedCredential<'p>>,
    invocation: &mut Invocation<'_>,
) {
    if written.is_empty() {
        invocation.console.say(&format!("glasskey: nothing was to be written to YubiKey {key}"));
    }
    if !plan.unread.is_empty() {
        invocation.console.say("glasskey: keep the pictures: a QR code in them was not read");
    } else if !args.qr_images.is_empty() {
        invocation
            .console
            .say("glasskey: the pictures still hold the secrets: delete them once you have tried the key");
    }
    let names: Page = plan.to_write().map(|(_, credential)| credential.name().id()).collect();
    let wrong = plan.wrong_items().map(|(item, why)| (item, "unfit", why));
    let left_out = plan.left_out().chain(wrong).map(|(item, reason, why)| LeftOut {
        source: &item.source,
        name: item.called.as_deref(),
        reason,
        why,
    });
    let unread = plan.unread.iter().map(|path| path.display().to_string()).collect();
    invocation.console.result(&names, &Report { key, credentials: written, left_out: left_out.collect(), unread });
}

/// What was imported.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "imported")]
pub(in crate::cli) struct Report<'a> {
    /// The key's serial number.
    key: Serial,
    /// The credentials that were written.
    credentials: Vec<ImportedCredential<'a>>,
    /// The credentials that were not written.
    left_out: Vec<LeftOut<'a>>,
    /// The pictures in which another QR code seems to be, which could not be read.
    unread: Vec<String>,
}

/// A credential that was written.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct ImportedCredential<'a> {
    /// Where the credential came from.
    source: &'a str,
    #[serde(flatten)]
    added: AddedCredential<'a>,
}

/// A credential that was not written.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct LeftOut<'a> {
    /// Where the credential came from.
    source: &'a str,
    /// Its name; null where it has none.
    name: Option<&'a str>,
    /// Why it was left out: `skipped`; `same`: as an entry before it; `on_key`: it is on the key already; `unfit`: it cannot
    /// be written, and a person approved that.
    reason: &'a str,
    /// Why it was left out, for people.
    why: &'a str,
}

/// Writes one and proves it; `false`: an HOTP credential, which proving would cost a code.
fn put(key: Serial, credential: &Credential, invocation: &mut Invocation<'_>) -> Result<bool, Failed> {
    credential.write(key, invocation)?;
    let id = credential.name().id();
    if credential.kind() != Kind::Totp {
        invocation.step(key, &format!("written as \"{id}\"; not proved, since that would use up a code"));
        return Ok(false);
    }
    if let Err(why) = credential.prove(key, invocation) {
        return Err(credential.take_back(key, why, invocation));
    }
    invocation.step(key, &format!("written as \"{id}\", its code matches"));
    Ok(true)
}

/// Says exactly which are on the key and which are not.
fn stopped(mut why: Failed, key: Serial, entries: &[(&Item, &Credential)], nth: usize) -> Failed {
    let (written, rest) = entries.split_at(nth);
    let named = |item: &Item, credential: &Credential| format!("\"{}\" ({})", credential.name().id(), item.source);
    for (item, credential) in written {
        why.state.push(format!("on YubiKey {key}: {}", named(item, credential)));
    }
    for (item, credential) in rest.iter().skip(1) {
        why.state.push(format!("not written: {}", named(item, credential)));
    }
    if let Some((item, credential)) = rest.first() {
        why.notes.insert(0, format!("it was at {}", named(item, credential)));
    }
    if !written.is_empty() {
        why.exit = Exit::Left;
        let counts = written.iter().any(|(_, credential)| credential.kind() != Kind::Totp);
        let more = if counts { "; --skip leaves out what counts events, which is not compared" } else { "" };
        why.hints.push(format!("run the same command again: it leaves out those that are on the key{more}"));
    }
    why
}
