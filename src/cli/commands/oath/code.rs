//! `glasskey oath code`.
//!
//! One code goes to standard output alone when that is a pipe or a file, so that `$(glasskey oath code …)` is the
//! code; its name and the seconds left go to stderr then. At a terminal they stand on the same line.

use super::{Failed, Invocation, NameReport, refused, usage};
use crate::cli::Outcome;
use crate::cli::args::OneKey;
use crate::cli::explain::{Exit, Explanation};
use crate::cli::page::Page;
use crate::keys::Serial;
use crate::oath::{Answer, Name, Session};
use crate::person::{Notice, Person};
use crate::secret::Code;
use crate::totp::{Step, unix};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::SystemTime;

pub(super) fn run(key: &OneKey, name: Option<&str>, at: Option<&str>, invocation: &mut Invocation<'_>) -> Outcome {
    let at = at.map(moment).transpose()?;
    let key = invocation.key_to_read(key)?;
    let mut session = invocation.session(key)?;
    let asked = Asked { key, at, unix: at.unwrap_or_else(now) };
    let all = session.all(asked.unix).map_err(refused(key))?;
    match name {
        None => asked.show_all(&all, invocation),
        Some(wanted) => {
            let (name, answer) = choose(all, wanted, key)?;
            asked.show_one(&name, answer, session, invocation)?;
        }
    }
    Ok(Exit::Done)
}

struct Asked {
    key: Serial,
    /// `--at`.
    at: Option<u64>,
    unix: u64,
}

impl Asked {
    fn show_all(&self, all: &[(Name, Answer)], invocation: &mut Invocation<'_>) {
        if all.is_empty() {
            invocation.console.say(&format!("glasskey: there is no credential on YubiKey {}", self.key));
        }
        let line = |(name, answer): &(Name, Answer)| match answer {
            Answer::Code(code) => format!("{:<8}  {}{}", code.expose(), name.id(), self.in_brackets(name)),
            Answer::Touch => format!("{:<8}  {}", "[touch]", name.id()),
            Answer::Hotp => format!("{:<8}  {}", "[HOTP]", name.id()),
        };
        let lines: Page = all.iter().map(line).collect();
        let codes = all.iter().map(|(name, answer)| self.report(name, answer)).collect();
        self.result(&lines, codes, invocation);
    }

    fn show_one(
        &self,
        name: &Name,
        answer: Answer,
        session: Session,
        invocation: &mut Invocation<'_>,
    ) -> Result<(), Failed> {
        let hotp = matches!(answer, Answer::Hotp);
        let code = self.code(name, answer, session, invocation)?;
        let id = name.id();
        let left = if hotp { String::new() } else { self.in_brackets(name) };
        let human = if invocation.console.result_is_read() {
            Page::of(&format!("{}  {id}{left}", code.expose()))
        } else {
            if !self.json_asked(invocation) {
                invocation.console.say(&format!("{id}{left}"));
            }
            Page::of(code.expose())
        };
        if hotp {
            invocation.console.spent("the code is spent: the key has counted on, and its next code is another");
        }
        let answer = Answer::Code(code);
        let mut report = self.report(name, &answer);
        if hotp {
            // It has no time.
            report = CodeReport { name: NameReport::of(name, true), valid_from: None, valid_until: None, ..report };
        }
        self.result(&human, vec![report], invocation);
        Ok(())
    }

    /// The code, after a touch or with the next event where that is what it takes.
    fn code(
        &self,
        name: &Name,
        answer: Answer,
        mut session: Session,
        invocation: &mut Invocation<'_>,
    ) -> Result<Code, Failed> {
        let (period, ..) = name.parts();
        let computed = match answer {
            Answer::Code(code) => return Ok(code),
            Answer::Touch => {
                invocation.person.tell(&Notice::Touch { key: self.key });
                session.code(name, Step(self.unix / u64::from(period)))
            }
            Answer::Hotp if self.at.is_some() => {
                return Err(usage("an HOTP credential counts events; --at means nothing to it"));
            }
            Answer::Hotp => session.next_hotp(name),
        };
        computed.map_err(|error| {
            // A touch that nobody gives after Ctrl-C is an interruption.
            if invocation.interrupt.raised() {
                invocation.unanswered(Explanation::interrupted())
            } else {
                refused(self.key)(error)
            }
        })
    }

    /// `  (12 s left)`; nothing for another moment than now.
    fn in_brackets(&self, name: &Name) -> String {
        if self.at.is_some() {
            return String::new();
        }
        let (_, until) = self.validity(name);
        match until.saturating_sub(now()) {
            0 => "  (just expired)".to_owned(),
            left => format!("  ({left} s left)"),
        }
    }

    /// From and until when the code is the current one, in seconds since the Unix epoch.
    fn validity(&self, name: &Name) -> (u64, u64) {
        let period = u64::from(name.parts().0);
        let from = self.unix / period * period;
        (from, from.saturating_add(period))
    }

    fn report<'a>(&self, name: &'a Name, answer: &'a Answer) -> CodeReport<'a> {
        let (code, needs) = match answer {
            Answer::Code(code) => (Some(code.expose()), None),
            Answer::Touch => (None, Some(Needs::Touch)),
            Answer::Hotp => (None, Some(Needs::Counter)),
        };
        let hotp = matches!(answer, Answer::Hotp);
        let (valid_from, valid_until) = Some(self.validity(name)).filter(|_| !hotp).unzip();
        CodeReport { name: NameReport::of(name, hotp), code, needs, valid_from, valid_until }
    }

    fn json_asked(&self, invocation: &Invocation<'_>) -> bool {
        invocation.global.json
    }

    fn result(&self, human: &Page, codes: Vec<CodeReport<'_>>, invocation: &mut Invocation<'_>) {
        invocation.console.result(human, &Report { key: self.key, at: self.unix, codes });
    }
}

/// Codes: one for a NAME, those of all credentials with `--all`.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "codes")]
pub(in crate::cli) struct Report<'a> {
    /// The key's serial number.
    key: Serial,
    /// The moment that the codes are for, in seconds since the Unix epoch.
    at: u64,
    /// The codes.
    codes: Vec<CodeReport<'a>>,
}

/// A code.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct CodeReport<'a> {
    #[serde(flatten)]
    name: NameReport<'a>,
    /// The code as text, with its leading zeros; null where the key was not asked for it.
    code: Option<&'a str>,
    /// Why the key was not asked for the code; else null.
    needs: Option<Needs>,
    /// When the code becomes valid, in seconds since the Unix epoch; null for `hotp`.
    valid_from: Option<u64>,
    /// When the code ends being valid, in seconds since the Unix epoch; null for `hotp`.
    valid_until: Option<u64>,
}

/// Why a key was not asked for a code.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Needs {
    /// The credential requires a touch.
    Touch,
    /// It counts: asking would use up a code.
    Counter,
}

fn now() -> u64 {
    unix(SystemTime::now())
}

/// `--at`: seconds since the Unix epoch, or RFC 3339.
fn moment(text: &str) -> Result<u64, Failed> {
    let seconds = text.parse().ok().or_else(|| {
        let timestamp: Timestamp = text.parse().ok()?;
        u64::try_from(timestamp.as_second()).ok()
    });
    let wrong = || {
        usage(format!("\"{text}\" is not a moment"))
            .hint("write it as 2026-11-23T14:03:00Z, or as seconds since the Unix epoch")
    };
    seconds.ok_or_else(|| Box::new(wrong()))
}

/// The credential of this name, or the only one whose name holds this part in any case.
fn choose(all: Vec<(Name, Answer)>, wanted: &str, key: Serial) -> Result<(Name, Answer), Failed> {
    let exact = all.iter().position(|(name, _)| name.id() == wanted);
    let part = wanted.to_lowercase();
    let holds = |(name, _): &&(Name, Answer)| name.id().to_lowercase().contains(&part);
    let ids: Vec<String> = all.iter().filter(holds).map(|(name, _)| name.id().to_owned()).collect();
    let index = match (exact, &*ids) {
        (Some(index), _) => Some(index),
        (None, [_]) => all.iter().position(|one| holds(&one)),
        (None, []) => None,
        (None, several) => {
            let what =
                format!("{} credentials have \"{wanted}\" in their names: {}", several.len(), several.join(", "));
            return Err(Box::new(
                Explanation::new("ambiguous_name", what)
                    .hint("give the whole name of one, or more of it")
                    .exit(Exit::Usage),
            ));
        }
    };
    index.and_then(|index| all.into_iter().nth(index)).ok_or_else(|| {
        let what = format!("no credential on YubiKey {key} has \"{wanted}\" in its name");
        let hint = format!("`glasskey oath list --key {key}` shows what is on it");
        Box::new(Explanation::new("no_credential", what).hint(hint))
    })
}
