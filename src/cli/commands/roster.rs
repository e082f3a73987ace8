//! `glasskey enroll --roster` and `glasskey rotate --roster`: the file, a line for each user, a bar, the summary.

use crate::aws::{Call, Tag};
use crate::cli::args::{Aws, Cli};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment, notices};
use crate::flow;
use crate::flow::enroll::DeviceResult;
use crate::flow::roster::{
    BadRow, Became, Kind as RosterKind, Progress, RosterDone, RosterRequest, Row, UserOutcome, Watch, Wrong,
    read as read_roster, work_through,
};
use crate::flow::seed_sinks::SeedSinks;
use crate::keys::Serial;
use crate::person::Notice;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the command line says of a roster.
pub(super) struct Sheet<'a> {
    pub(super) kind: RosterKind,
    pub(super) file: &'a Path,
    pub(super) ledger: Option<&'a PathBuf>,
    pub(super) places: SeedSinks,
    pub(super) touch: bool,
    pub(super) path: Option<&'a String>,
    pub(super) tags: &'a [Tag],
    pub(super) replace_first: bool,
    pub(super) no_touch: bool,
    pub(super) fewer_keys: bool,
    pub(super) dry_run: bool,
    pub(super) aws: &'a Aws,
}

pub(super) fn run(sheet: Sheet<'_>, cli: &Cli, console: &mut Console) -> Outcome {
    let rows = rows(sheet.file, sheet.kind)?;
    let mut world = environment::world(&cli.global, Some(sheet.aws), console)?;
    let request = RosterRequest {
        kind: sheet.kind,
        rows,
        ledger: sheet.ledger.cloned().unwrap_or_else(|| beside(sheet.file)),
        places: sheet.places,
        touch: sheet.touch,
        path: sheet.path.cloned(),
        tags: sheet.tags.to_vec(),
        replace_first: sheet.replace_first,
        no_touch: sheet.no_touch,
        fewer_keys: sheet.fewer_keys,
        dry_run: sheet.dry_run,
        approved: cli.global.yes,
    };
    let mut screen = Screen { console, bar: false, failures: Vec::new() };
    let outcome = work_through(&request, &mut world, &mut screen);
    screen.clear();
    let Screen { failures, .. } = screen;
    match outcome {
        Ok(done) if request.dry_run => {
            console.permissions(&permissions(&request), request.kind == RosterKind::Rotate);
            console.result(&Page::nothing(), &Report::of(&done, &failures, Exit::Done));
            Ok(Exit::Done)
        }
        Ok(done) => Ok(summary(&done, &failures, console)),
        Err(failed) => Err(Box::new(explain::failed(&failed))),
    }
}

fn permissions(request: &RosterRequest) -> Vec<&'static str> {
    let new = flow::enroll::Request { tags: request.tags.clone(), ..Default::default() };
    let mut permissions = match request.kind {
        RosterKind::Enroll => flow::enroll::permissions(&new),
        RosterKind::Rotate => {
            flow::rotate::rotate_permissions(&flow::rotate::RotateRequest { new, ..Default::default() })
        }
    };
    // Who of the roster does not exist is told before anything is done.
    permissions.push(Call::ListUsers.permission());
    permissions
}

fn beside(roster: &Path) -> PathBuf {
    let mut name = roster.as_os_str().to_owned();
    name.push(".ledger.jsonl");
    name.into()
}

fn rows(path: &Path, kind: RosterKind) -> Result<Vec<Row>, Box<Explanation>> {
    let shown = path.display();
    let usage = |what: String| Box::new(Explanation::new("bad_roster", what).exit(Exit::Usage));
    let mut bytes = Vec::new();
    let read =
        crate::store::named(path).and_then(|file| file.take(flow::roster::LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|cause| usage(format!("cannot read {shown}: {cause}")))?;
    if bytes.len() as u64 > flow::roster::LARGEST {
        return Err(usage(format!("{shown} is larger than 16 MiB")));
    }
    read_roster(&bytes, kind).map_err(|wrong| {
        let lines = match wrong.iter().map(|bad| bad.line).collect::<BTreeSet<_>>().len() {
            1 => "1 line".to_owned(),
            several => format!("{several} lines"),
        };
        let mut text = usage(format!("{lines} of {shown} cannot be used; nothing was done"));
        text.notes = wrong.iter().map(sentence).collect();
        let from = if kind == RosterKind::Rotate { ",from" } else { "" };
        let hint = format!("columns are user,device-name,key-serial,touch{from}; all but the first may be empty; commas, semicolons or tabs between them");
        if wrong.iter().any(|bad| matches!(bad.what, Wrong::NotUtf8 | Wrong::BadUtf16)) {
            text.hints.push("save the file as UTF-8".to_owned());
        }
        text.hints.push(hint);
        text
    })
}

fn sentence(bad: &BadRow) -> String {
    let what = match &bad.what {
        Wrong::NotUtf8 => "it is not UTF-8".to_owned(),
        Wrong::BadUtf16 => "the file is UTF-16, and damaged or cut short".to_owned(),
        Wrong::TooManyColumns { found, known } => {
            format!("{found} fields, and the roster has {known} column{}", if *known == 1 { "" } else { "s" })
        }
        Wrong::UnknownColumn { name } => format!("there is no column \"{name}\""),
        Wrong::BadHeader => "the header names a column twice, or no user".to_owned(),
        Wrong::NoUser => "no user is named".to_owned(),
        Wrong::BadName { what, value } => format!("\"{value}\" is not a {what} that IAM takes"),
        Wrong::TooLong { bytes } => format!("the credential's name would have {bytes} bytes; 64 fit on a key"),
        Wrong::BadSerial { value } => format!("\"{value}\" is not a serial number"),
        Wrong::BadTouch { value } => format!("touch is yes or no, not \"{value}\""),
        Wrong::Twice { what, value, first } => format!("the {what} {value} is on line {first} already"),
        Wrong::Unclosed => "its quotation mark is not closed".to_owned(),
        Wrong::Nobody => "nobody is in it".to_owned(),
    };
    format!("line {}: {what}", bad.line)
}

/// A user who failed.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Failure {
    /// The line in the roster, counted from 1.
    line: u64,
    /// The user's name.
    user: String,
    /// The device's name as in the roster.
    device: String,
    /// As in an error.
    code: &'static str,
    #[serde(skip)]
    what: String,
    /// The user's exit code.
    exit: Exit,
}

/// One user, as the user's turn ends.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "roster_user")]
pub(in crate::cli) struct UserReport<'a> {
    /// The line in the roster, counted from 1.
    line: u64,
    /// The user's name.
    user: &'a str,
    /// The device's name as in the roster; of a rotation, empty where the roster names none.
    device: &'a str,
    #[serde(flatten)]
    ended: Ended<'a>,
}

/// How a user's turn ended.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(in crate::cli) enum Ended<'a> {
    /// The device is enabled.
    Done {
        /// The device's serial number, an ARN.
        arn: String,
        /// The serial numbers of the keys that hold the seed.
        keys: &'a [Serial],
        /// The age file that holds the seed too; null where none was asked for.
        escrow: Option<String>,
        /// The program that got the seed too; null where none was asked for.
        command: Option<&'a str>,
        /// A key, a phone or a command gave the seed's code before the device was enabled.
        proved: bool,
        /// IAM lists the device for the user. False: AWS acknowledged it, and could not be asked again.
        confirmed: bool,
        /// Of a rotation: the serial number of the device that was removed.
        #[serde(skip_serializing_if = "Option::is_none")]
        retired: Option<&'a str>,
        /// The user's exit code.
        exit: Exit,
    },
    /// The device was enabled before an earlier process ended.
    FoundDone {
        /// The device's serial number, an ARN.
        arn: &'a str,
        /// The user's exit code.
        exit: Exit,
    },
    /// It failed; the other members are those of an error.
    Failed(Explanation),
}

/// What all users come to. With `--dry-run` this is the only line.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "roster")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// Users in the roster.
    total: usize,
    /// Users who were done by earlier commands.
    before: usize,
    /// Users who were done by this command.
    done: usize,
    /// Users who failed in this command.
    failed: usize,
    /// Users whose turn has not come.
    not_begun: usize,
    /// Those who failed.
    failures: &'a [Failure],
    /// The command was interrupted.
    interrupted: bool,
    /// The exit code: the worst of all users.
    exit: Exit,
}

impl<'a> Report<'a> {
    fn of(roster: &'a RosterDone, failures: &'a [Failure], exit: Exit) -> Self {
        let Progress { total, before, done, failed, .. } = roster.progress;
        Self {
            account: &roster.account,
            total,
            before,
            done,
            failed,
            not_begun: total.saturating_sub(before + done + failed),
            failures,
            interrupted: roster.interrupted,
            exit,
        }
    }
}

/// Where it is told how it goes.
struct Screen<'a> {
    console: &'a mut Console,
    /// A bar is on the last line.
    bar: bool,
    failures: Vec<Failure>,
}

impl Screen<'_> {
    fn clear(&mut self) {
        if std::mem::take(&mut self.bar) {
            self.console.style().erase();
        }
    }

    fn say(&mut self, verb: &str, what: &str) {
        self.clear();
        let style = self.console.style();
        style.say(&format!("  {} {what}", style.bold(&format!("{verb:<9}"))));
    }
}

impl Watch for Screen<'_> {
    fn user(&mut self, outcome: &UserOutcome<'_>) -> Option<(&'static str, u8)> {
        let Row { line, user, device, .. } = outcome.row;
        let ended = match &outcome.became {
            Became::Done(done) => {
                self.say("done", &format!("{user}: {}", done.arn));
                Ended::done(done, None)
            }
            Became::Rotated(done, old) => {
                self.say("done", &format!("{user}: {} in place of {}", done.arn, old.serial));
                Ended::done(done, Some(&old.serial))
            }
            Became::FoundDone { arn, .. } => {
                self.say("done", &format!("{user}: {arn}, enabled before the last process ended"));
                Ended::FoundDone { arn, exit: Exit::Done }
            }
            Became::Failed(why) => {
                let text = explain::failed(why);
                self.say("failed", &format!("{user}, line {line}: {} (exit {})", text.what, text.exit as u8));
                for more in text.notes.iter().chain(&text.state) {
                    self.say("", more);
                }
                let (user, device, what) = (user.clone(), device.clone(), text.what.clone());
                self.failures.push(Failure { line: *line, user, device, code: text.code, what, exit: text.exit });
                Ended::Failed(text)
            }
        };
        let failure = match &ended {
            Ended::Failed(text) => Some((text.code, text.exit as u8)),
            Ended::Done { .. } | Ended::FoundDone { .. } => None,
        };
        self.console.result(&Page::nothing(), &UserReport { line: *line, user, device, ended });
        failure
    }

    fn notice(&mut self, notice: &Notice) {
        self.clear();
        let style = self.console.style();
        notices::lines(notice, style).iter().for_each(|line| style.say(line));
        if !matches!(notice, Notice::StillAnnounced { .. }) {
            style.say("glasskey: this is not said again for the users that follow");
        }
    }

    fn throttled(&mut self, per_second: f64) {
        self.say("slower", &format!("AWS answered Throttling; going on with about {per_second:.0} calls a second"));
    }

    fn progress(&mut self, progress: &Progress) {
        let style = self.console.style();
        if !style.terminal {
            return;
        }
        const WIDTH: usize = 24;
        let ended = progress.before + progress.done + progress.failed;
        let full = (WIDTH * ended).checked_div(progress.total).unwrap_or(WIDTH).min(WIDTH);
        let failed = if progress.failed == 0 { String::new() } else { format!(", {} failed", progress.failed) };
        let left = progress.left.map_or_else(String::new, |left| format!(", {} left", rough(left)));
        let bar = format!("[{}{}]", "#".repeat(full), ".".repeat(WIDTH - full));
        style.write_over(&format!("{bar} {ended} of {}{failed}{left}", progress.total));
        self.bar = true;
    }
}

impl<'a> Ended<'a> {
    fn done(done: &'a DeviceResult, retired: Option<&'a str>) -> Self {
        Self::Done {
            arn: done.arn.to_string(),
            keys: &done.keys,
            escrow: done.escrow.as_ref().map(|path| path.display().to_string()),
            command: done.command.as_deref(),
            proved: done.proved,
            confirmed: done.confirmed,
            retired,
            exit: Exit::Done,
        }
    }
}

fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// The worst first: interrupted, something left, failed, a person needed, wrong.
fn worst(failures: &[Failure], interrupted: bool) -> Exit {
    if interrupted {
        return Exit::Interrupted;
    }
    let any = |exit: Exit| failures.iter().any(|failure| failure.exit == exit);
    [Exit::Left, Exit::Failed, Exit::Person, Exit::Usage, Exit::No]
        .into_iter()
        .find(|exit| any(*exit))
        .unwrap_or(Exit::Done)
}

fn summary(done: &RosterDone, failures: &[Failure], console: &mut Console) -> Exit {
    let exit = worst(failures, done.interrupted);
    let Progress { total, before, done: now, failed, .. } = done.progress;
    if !failures.is_empty() {
        console.say(&format!("glasskey: {failed} failed:"));
        for failure in failures {
            let Failure { line, user, code, what, exit, .. } = failure;
            console.say(&format!("glasskey:   line {line}, {user}: exit {}, {code}: {what}", *exit as u8));
        }
        console.say("glasskey: run the same command again for them; whoever is done is not touched");
    }
    let left = total.saturating_sub(before + now + failed);
    if left > 0 {
        console.say(&format!("glasskey: {left} were not begun; run the same command again to go on"));
    }
    if failures.iter().any(|failure| failure.exit == Exit::Left) {
        console.say("glasskey: hint: `glasskey recover` first: it looks at what is left and finishes or undoes it");
    }
    let before_words = if before == 0 { String::new() } else { format!(", {before} done before") };
    let human = Page::of(&format!("{now} of {total} done{before_words}, {failed} failed"));
    console.result(&human, &Report::of(done, failures, exit));
    exit
}
