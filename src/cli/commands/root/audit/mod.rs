//! `glasskey root audit`: which accounts, how the result is written, and what the exit code is.

mod csv;
mod html;
mod markdown;
mod ocsf;
mod resume;
mod row;
mod script;
mod table;

use crate::aws::Error;
use crate::aws::posture::Scope;
use crate::cli::args::{Audit, Cli, Format, account_id};
use crate::cli::console::{Console, Style};
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::secret_line::check_stdin_is_free;
use crate::cli::{Outcome, environment};
use crate::flow::{self, AuditRequest, Audited, Severity};
use resume::{Known, Resume};
use row::Totals;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

pub(in crate::cli) use row::Row;
pub(in crate::cli) use script::ScriptReport;

pub(super) fn run(args: &Audit, cli: &Cli, console: &mut Console) -> Outcome {
    if args.script {
        return script::print(args, cli, console);
    }
    let format = if cli.global.json { Format::Json } else { args.format };
    let scope = scope(args)?;
    let mut resume = args.resume.as_deref().map(Resume::open).transpose()?;
    let mut known = Known::of(resume.as_mut().map(Resume::take).unwrap_or_default());
    let many = scope.is_some();
    let mut out = Writer::new(format, many, console, args.fail_on);
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let request = AuditRequest { scope, at_once: usize::from(args.concurrency), known: known.accounts() };
    let mut broken = None;
    let swept = flow::audit(request, &mut world, &mut |audited, wanted| {
        let row = match audited {
            Audited::Account { facts, findings } => Row::of(&facts, &findings),
            Audited::Closed { account, name, state } => Row::closed(account, name, state),
            Audited::Known { account } => {
                known.take(&account).into_iter().for_each(|row| out.row(row, wanted, console));
                return !console.has_lost();
            }
        };
        if let Some(resume) = &mut resume
            && let Err(cause) = resume.add(&row)
        {
            broken = Some(cause);
            return false;
        }
        out.row(row, wanted, console);
        // Nobody would see the others.
        !console.has_lost()
    });
    out.end_progress();
    if let Some(cause) = broken {
        return Err(Box::new(cause));
    }
    let swept = swept.map_err(|error| not_swept(&error, args))?;
    known.tell(args, console);
    Ok(out.finish(&swept, console))
}

fn not_swept(error: &Error, args: &Audit) -> Box<Explanation> {
    let text = explain::aws(error);
    let so_far = "the accounts done so far are in";
    Box::new(match &args.resume {
        Some(path) => text.hint(format!("{so_far} {}; the same command goes on from there", path.display())),
        None => text,
    })
}

/// Which accounts the arguments name; `None`: the caller's own, from inside.
fn scope(args: &Audit) -> Result<Option<Scope>, Box<Explanation>> {
    if args.org {
        return Ok(Some(Scope::Organization));
    }
    let mut accounts = args.account.clone();
    if let Some(path) = &args.accounts {
        accounts.extend(listed(path)?);
    } else if accounts.is_empty() {
        return Ok(None);
    }
    let mut seen = std::collections::HashSet::new();
    accounts.retain(|account| seen.insert(account.clone()));
    Ok(Some(Scope::Accounts(accounts)))
}

const LONGEST_LIST: u64 = 16 << 20;

fn listed(path: &Path) -> Result<Vec<String>, Box<Explanation>> {
    let unreadable = |cause: std::io::Error| {
        let what = format!("{} cannot be read: {cause}", path.display());
        Box::new(Explanation::new("accounts", what).exit(Exit::Usage))
    };
    let mut text = String::new();
    let read = if path == Path::new("-") {
        check_stdin_is_free("the list of accounts")?;
        std::io::stdin().take(LONGEST_LIST + 1).read_to_string(&mut text)
    } else {
        crate::store::named(path).and_then(|file| file.take(LONGEST_LIST + 1).read_to_string(&mut text))
    };
    if read.map_err(unreadable)? as u64 > LONGEST_LIST {
        return Err(unreadable(crate::store::Odd::TooLong { most: LONGEST_LIST }.into()));
    }
    let line = |(nth, line): (usize, &str)| {
        account_id(line).map_err(|why| {
            let what = format!("line {} of {} is not an account: {why}", nth + 1, path.display());
            Box::new(Explanation::new("accounts", what).exit(Exit::Usage))
        })
    };
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let accounts = lines.map(line).collect::<Result<Vec<String>, _>>()?;
    // Whatever was to list them has failed: that is not "all is well".
    if accounts.is_empty() {
        let what = format!("no account is listed in {}", path.display());
        return Err(Box::new(Explanation::new("accounts", what).exit(Exit::Usage)));
    }
    Ok(accounts)
}

/// The last line of `glasskey root audit` with several accounts.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "root_audit_summary")]
pub(in crate::cli) struct Summary<'a> {
    /// The caller's ARN.
    caller: &'a str,
    #[serde(flatten)]
    totals: &'a Totals,
    /// How often AWS throttled a call.
    throttled: u64,
    /// The most accounts that were asked at the same time.
    at_once: usize,
    /// How long the audit took, in seconds.
    seconds: f64,
}

/// Takes rows as they come, and writes them as the format wants: at once, or when all are there.
struct Writer {
    format: Format,
    many: bool,
    totals: Totals,
    /// Rows that are written at the end: all of them where the format has its verdict first.
    kept: Vec<Row>,
    style: Style,
    bar: bool,
    fail_on: Severity,
    begun: SystemTime,
}

impl Writer {
    fn new(format: Format, many: bool, console: &mut Console, fail_on: Severity) -> Self {
        if format == Format::Csv {
            console.page(&Page::document(csv::HEADER));
        }
        Self {
            format,
            many,
            totals: Totals::default(),
            kept: Vec::new(),
            style: console.style(),
            bar: false,
            fail_on,
            begun: SystemTime::now(),
        }
    }

    fn row(&mut self, row: Row, wanted: usize, console: &mut Console) {
        self.totals.add(&row, self.fail_on);
        match self.format {
            Format::Json => console.json_in_order(&row),
            Format::Ocsf => ocsf::events(&row).iter().for_each(|event| console.json(event)),
            Format::Csv => console.page(&Page::document(&csv::lines(&row))),
            Format::Table if self.many => {
                self.end_progress();
                self.style.say(&table::line(&row, self.style));
            }
            _ => {}
        }
        match self.format {
            Format::Html | Format::Markdown => self.kept.push(row),
            Format::Table => self.kept.push(if self.many { row.slim() } else { row }),
            _ => {}
        }
        if self.many && self.style.terminal {
            self.bar = true;
            self.style.write_over(&table::bar(&self.totals, wanted));
        }
    }

    fn end_progress(&mut self) {
        if std::mem::take(&mut self.bar) {
            self.style.erase();
        }
    }

    fn finish(mut self, swept: &flow::Swept, console: &mut Console) -> Exit {
        self.kept.sort_by(|one, other| one.account.cmp(&other.account));
        let written = SystemTime::now();
        match self.format {
            Format::Json if self.many => {
                let summary = Summary {
                    caller: &swept.caller,
                    totals: &self.totals,
                    throttled: swept.sweep.throttled,
                    at_once: swept.sweep.at_once,
                    seconds: written.duration_since(self.begun).unwrap_or_default().as_secs_f64(),
                };
                console.json(&summary);
            }
            Format::Json | Format::Ocsf | Format::Csv => {}
            Format::Table if self.many => console.page(&table::accounts(&self.kept, &self.totals)),
            Format::Table => {
                self.kept.iter().for_each(|row| console.page(&table::account(row)));
            }
            Format::Markdown => {
                let report = markdown::report(&self.kept, &self.totals, &swept.caller, written);
                console.page(&Page::document(&report));
            }
            Format::Html => {
                let report = html::report(&self.kept, &self.totals, &swept.caller, written);
                console.page(&Page::document(&report));
            }
        }
        self.totals.exit()
    }
}
