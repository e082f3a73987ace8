//! `glasskey root harden`: the plan, its file, and what came of applying and undoing it.

use crate::cli::args::{Administrator, Cli, Harden, Language};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::notices::{open_line, override_lines, plan_lines};
use crate::cli::page::{Page, json_pretty, name};
use crate::cli::{Outcome, environment};
use crate::flow::harden::{
    self, AdministratorSettings, Compared, EmitLanguage, Emitted, HardenInputs, HardenPlan, HardenRequest,
    HardenSettings, Hardened, MemberFindings, OpenStep, PasswordPlaces, SecurityContact, emit, is_refused, read_plan,
};
use crate::flow::recover::undo_hardening;
use crate::flow::seed_sinks::{CommandTo, EscrowTo};
use crate::flow::{Cause, Failed, Rule, Stage, Verdict};
use crate::store;
use schemars::JsonSchema;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// How long a command, or an age plugin, is waited for that gets a password.
const PATIENCE: Duration = Duration::from_secs(60);
/// No plan is longer, in bytes.
const LONGEST: u64 = 4 << 20;

/// How long an address is waited for, in seconds, unless it is said.
const ALARM_WAIT: u64 = 300;
/// How long a delivery of the trail is waited for, in seconds, unless it is said.
const DELIVERY_WAIT: u64 = 600;
/// Within how many days a use keeps an access key of root's, unless it is said.
const QUIET_DAYS: u64 = 90;

pub(super) fn run(args: &Harden, cli: &Cli, console: &mut Console) -> Outcome {
    if let Some(address) = args.alarm_email.as_deref().filter(|address| !is_address(address)) {
        return Err(usage(format!("\"{address}\" is no e-mail address: --alarm-email takes one, NAME@HOST")));
    }
    match (&args.allow_recovery, &args.undo, &args.apply) {
        (Some(account), ..) => allow_recovery(account, args, cli, console),
        (None, Some(run), _) => undo(run, args, cli, console),
        (None, None, Some(file)) => apply(file.as_deref(), args, cli, console),
        (None, None, None) => plan(args, cli, console),
    }
}

/// An e-mail address, as far as SNS looks at it.
fn is_address(text: &str) -> bool {
    let fits = text.len() <= 256 && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    fits && text.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty())
}

fn settings(args: &Harden) -> HardenSettings {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    HardenSettings {
        only: args.only.clone(),
        skip: args.skip.clone(),
        alarm_email: args.alarm_email.clone(),
        alarm_pattern: args.pattern,
        alarm_wait: args.alarm_wait.unwrap_or(ALARM_WAIT),
        alarm_via: args.via,
        alarm_kms: args.kms,
        security_contact: args.security_name.as_ref().map(|name| SecurityContact {
            name: name.clone(),
            title: text(&args.security_title),
            email: text(&args.security_email),
            phone: text(&args.security_phone),
        }),
        administrator: args.administrator.admin_user.as_ref().map(|user| AdministratorSettings {
            user: user.clone(),
            group: args.administrator.admin_group.clone(),
            keys: args.administrator.admin_keys.clone(),
        }),
        quiet_days: args.quiet_days.unwrap_or(QUIET_DAYS),
        grace: args.grace.unwrap_or_default(),
        bucket: args.bucket.clone(),
        delivery_wait: args.delivery_wait.unwrap_or(DELIVERY_WAIT),
        override_keys: args.override_keys.clone(),
        organization: args.org,
        delegate: args.delegate.clone(),
        members_password: args.members_password,
        members_mfa: args.members_mfa,
        scp_target: args.scp_target.clone(),
    }
}

/// What is given beside a plan.
fn inputs(args: &Administrator) -> HardenInputs {
    let escrow = args.password_escrow.as_ref().map(|file| EscrowTo {
        recipients: args.recipients.clone(),
        file: Some(file.clone()),
        directory: None,
        timeout: PATIENCE,
    });
    let command = args.password_to_command.clone().map(|line| CommandTo { line, timeout: PATIENCE });
    let is_named = escrow.is_some() || command.is_some() || args.show_password;
    HardenInputs { password: is_named.then_some(PasswordPlaces { escrow, command, shown: args.show_password }) }
}

fn plan(args: &Harden, cli: &Cli, console: &mut Console) -> Outcome {
    // Standard output elsewhere.
    if args.out.as_deref() == Some(Path::new("-")) {
        return Err(usage(
            "--out names a file; without it the plan is printed, with --json as the file would have it",
        ));
    }
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let plan = harden::plan(&settings(args), &mut world).map_err(|failed| explain::failed(&failed))?;
    if let Some(language) = args.emit {
        return emitted(&plan, language, args, console);
    }
    let report = PlanReport { plan: &plan };
    if let Some(path) = &args.out {
        write(path, &json_pretty(&report)).map_err(|cause| not_written(path, &cause))?;
        console.say(&format!("glasskey: the plan is in {}; nothing was changed", path.display()));
    }
    let mut page = human(&plan);
    if !plan.steps.is_empty() {
        page.line(match args.out {
            Some(_) => "Nothing was changed. --apply and the file's name make exactly these changes.",
            None => "Nothing was changed. The same command with --apply makes these changes.",
        });
    }
    console.result(&page, &report);
    let is_wanted = !plan.steps.is_empty() || refused(&plan).next().is_some();
    Ok(if is_wanted { Exit::No } else { Exit::Done })
}

fn refused(plan: &HardenPlan) -> impl Iterator<Item = &OpenStep> {
    plan.open.iter().filter(|open| is_refused(open, &plan.settings))
}

fn human(plan: &HardenPlan) -> Page {
    if plan.steps.is_empty() {
        let is_refused = refused(plan).next().is_some();
        let first = if is_refused { "no step can be planned of what was asked for:" } else { "nothing to do" };
        let open = plan.open.iter().map(open_line);
        return std::iter::once(first.to_owned()).chain(open).chain(override_lines(plan)).collect();
    }
    let mut page: Page = plan_lines(plan, &str::to_owned).into_iter().collect();
    page.gap();
    page
}

/// Into a new file of its owner's alone; where that fails, there is none.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = store::open(path, File::options().write(true).create_new(true))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = store::remove(path);
    }
    written
}

/// The end state in another tool's language; into a file where one is named.
fn emitted(plan: &HardenPlan, language: Language, args: &Harden, console: &mut Console) -> Outcome {
    let (which, name) = match language {
        Language::Cloudformation => (EmitLanguage::CloudFormation, "cloudformation"),
        Language::Terraform => (EmitLanguage::Terraform, "terraform"),
    };
    if plan.steps.is_empty() {
        let is_refused = refused(plan).next().is_some();
        let why = if is_refused { "no step can be planned of what was asked for" } else { "nothing to do" };
        console.say(&format!("glasskey: {why}, so nothing is printed"));
        refused(plan).for_each(|open| console.say(&format!("glasskey: {}", open_line(open).trim_start())));
    }
    let Emitted { text, left_out } = match plan.steps.is_empty() {
        true => Emitted { text: String::new(), left_out: Vec::new() },
        false => emit(plan, which),
    };
    left_out.iter().for_each(|what| console.say(&format!("glasskey: not expressible in it: {what}")));
    let mut page = Page::default();
    match &args.out {
        Some(path) => {
            write(path, &text).map_err(|cause| not_written(path, &cause))?;
            console.say(&format!("glasskey: it is in {}; nothing was changed", path.display()));
        }
        None => text.lines().for_each(|line| page.line(line)),
    }
    console.result(&page, &EmitReport { language: name, text: &text, left_out: &left_out });
    Ok(if refused(plan).next().is_some() { Exit::No } else { Exit::Done })
}

fn not_written(path: &Path, cause: &io::Error) -> Box<Explanation> {
    let text = Explanation::new("plan_file", format!("{} cannot be written: {cause}", path.display()));
    Box::new(match cause.kind() {
        io::ErrorKind::AlreadyExists => {
            text.hint("a plan is not written over a file: name another").exit(Exit::Usage)
        }
        _ => text,
    })
}

fn read(path: &Path) -> Result<HardenPlan, Box<Explanation>> {
    let text = store::read(path, LONGEST).map_err(|cause| {
        let what = format!("{} cannot be read: {cause}", path.display());
        Box::new(Explanation::new("plan_file", what).exit(Exit::Usage))
    })?;
    read_plan(&text).map_err(|refusal| {
        let failed = Failed { stage: Stage::Preflight, cause: Cause::from(refusal), left: Vec::new(), ahead: None };
        Box::new(explain::failed(&failed))
    })
}

fn apply(file: Option<&Path>, args: &Harden, cli: &Cli, console: &mut Console) -> Outcome {
    let settings = settings(args);
    if file.is_some() && chooses(args) {
        return Err(usage("a plan in a file is applied as it is: what it changes was chosen when it was made"));
    }
    let request = HardenRequest {
        plan: file.map(read).transpose()?,
        settings,
        inputs: inputs(&args.administrator),
        approved: cli.global.yes,
        for_good: args.accept_irreversible,
    };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let hardened = harden::harden(request, &mut world).map_err(|failed| explained(&failed))?;
    let report = Report::of(&hardened);
    console.result(&result(&hardened), &report);
    let passes = |row: &FindingReport| matches!(row.after, Some(Verdict::Pass | Verdict::NotApplicable));
    let of_members = report.members.iter().flat_map(|member| &member.findings);
    let is_well = report.findings.iter().chain(of_members).all(passes) && hardened.audited;
    Ok(if is_well && report.refused.is_empty() { Exit::Done } else { Exit::No })
}

/// The administrator's enrollment speaks of options of `enroll`, which this command lacks.
fn explained(failed: &Failed) -> Explanation {
    let mut text = explain::failed(failed);
    let all = text.hints.len();
    text.hints.retain(|hint| !hint.contains("--device-name"));
    if text.hints.len() < all {
        text.hints.push("--admin-user makes an administrator of another name instead".to_owned());
    }
    text
}

fn chooses(args: &Harden) -> bool {
    let lists = [&args.only, &args.skip, &args.override_keys];
    lists.iter().any(|list| !list.is_empty())
        || [
            args.org,
            args.security_name.is_some(),
            args.administrator.admin_user.is_some(),
            args.alarm_email.is_some(),
            args.pattern.is_some(),
            args.alarm_wait.is_some(),
            args.via.is_some(),
            args.kms,
            args.delivery_wait.is_some(),
            args.quiet_days.is_some(),
            args.grace.is_some(),
            args.bucket.is_some(),
            args.delegate.is_some(),
        ]
        .contains(&true)
}

fn result(hardened: &Hardened) -> Page {
    let Some(run) = &hardened.run else { return human(&hardened.plan) };
    let verdict = |verdict: &Option<Verdict>| verdict.as_ref().map_or_else(|| "not known".to_owned(), name);
    let mut page = Page::default();
    if !hardened.findings.is_empty() || !hardened.members.is_empty() {
        page.line(&format!("{:<20} {:<16} {}", "finding", "before", "after"));
    }
    for (rule, before, after) in &hardened.findings {
        page.line(&format!("{:<20} {:<16} {}", name(rule), verdict(before), verdict(after)));
    }
    for member in &hardened.members {
        for (rule, before, after) in &member.findings {
            let (name, account) = (name(rule), &member.account);
            page.line(&format!(
                "{name:<20} {:<16} {:<16} {account} ({})",
                verdict(before),
                verdict(after),
                member.name
            ));
        }
    }
    if !hardened.audited {
        page.line("the audit could not be made: `glasskey root audit` says why");
    }
    if !hardened.plan.open.is_empty() {
        page.line("Left as it is:");
        hardened.plan.open.iter().for_each(|open| page.line(&open_line(open)));
    }
    page.line(&format!("`glasskey root harden --undo {run}` undoes what can be undone"));
    page
}

fn allow_recovery(account: &str, args: &Harden, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let allowed =
        harden::allow_recovery(account, cli.global.yes, &mut world).map_err(|failed| explain::failed(&failed))?;
    let report = Recovery { account: &allowed.account, already: allowed.already };
    let text = match allowed.already {
        true => format!("root of {account} has a password, or can recover one already"),
        false => format!("root of {account} can recover its password by e-mail"),
    };
    console.result(&Page::of(&text), &report);
    Ok(Exit::Done)
}

fn undo(run: &str, args: &Harden, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let undone = undo_hardening(run, cli.global.yes, &mut world).map_err(|failed| explain::failed(&failed))?;
    let report = Undone { account: &undone.account, run, stays: &undone.stays };
    let mut page = Page::of(&format!("undone: run {run}"));
    undone.stays.iter().for_each(|what| page.line(&format!("not brought back: {what}")));
    console.result(&page, &report);
    Ok(if undone.stays.is_empty() { Exit::Done } else { Exit::No })
}

/// What hardening an account would change. `--out` writes the same to a file, which `--apply` reads.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "harden_plan")]
pub(in crate::cli) struct PlanReport<'a> {
    #[serde(flatten)]
    plan: &'a HardenPlan,
}

/// The end state of a plan in another tool's language.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "harden_emitted")]
pub(in crate::cli) struct EmitReport<'a> {
    /// `cloudformation` or `terraform`.
    language: &'static str,
    /// The file; empty where there is nothing to do.
    text: &'a str,
    /// What the language cannot express, each a sentence.
    left_out: &'a [String],
}

/// What applying a plan came to.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "hardened")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The SHA-256 of the plan, in hexadecimal.
    plan: &'a str,
    /// The run's name, by which it can be undone; null where there was nothing to do.
    run: Option<&'a str>,
    /// The steps that are done; AWS shows each.
    steps: Vec<&'a str>,
    /// The findings that were to be closed.
    findings: Vec<FindingReport>,
    /// The organization's id, where all of it was hardened; null where the account alone was.
    organization: Option<&'a str>,
    /// The members that had something to close, or have; empty where members were not touched.
    members: Vec<MemberReport<'a>>,
    /// Whether the audit could be made afterwards; where it could not, the exit code is 1.
    audited: bool,
    /// The steps that were asked for and are left out.
    refused: Vec<&'a OpenStep>,
}

/// A finding, before and after.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HardenedFinding")]
pub(in crate::cli) struct FindingReport {
    /// The rule.
    id: Rule,
    /// The verdict before; null where the audit could not be made.
    before: Option<Verdict>,
    /// The verdict after; null where the audit could not be made.
    after: Option<Verdict>,
}

/// A member of the organization.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HardenedMember")]
pub(in crate::cli) struct MemberReport<'a> {
    /// The account number.
    account: &'a str,
    /// Its name in the organization.
    name: &'a str,
    /// The findings that were to be closed.
    findings: Vec<FindingReport>,
}

/// That root of a member may recover its password.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "harden_recovery")]
pub(in crate::cli) struct Recovery<'a> {
    /// The member's account number.
    account: &'a str,
    /// It could do so before, or it has a password.
    already: bool,
}

/// A run that was undone.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "harden_undone")]
pub(in crate::cli) struct Undone<'a> {
    /// The account number.
    account: &'a str,
    /// The run's name.
    run: &'a str,
    /// What did not come back, for people; the exit code is 1 where there is any.
    stays: &'a [String],
}

impl<'a> Report<'a> {
    fn of(hardened: &'a Hardened) -> Self {
        let plan = &hardened.plan;
        Self {
            account: &plan.account,
            plan: &plan.digest,
            run: hardened.run.as_deref(),
            steps: plan.steps.iter().map(|step| step.id.as_str()).collect(),
            findings: hardened.findings.iter().map(FindingReport::of).collect(),
            organization: plan.organization.as_deref().filter(|_| plan.settings.organization),
            members: hardened.members.iter().map(MemberReport::of).collect(),
            audited: hardened.audited,
            refused: refused(plan).collect(),
        }
    }
}

impl FindingReport {
    fn of((id, before, after): &Compared) -> Self {
        Self { id: *id, before: *before, after: *after }
    }
}

impl<'a> MemberReport<'a> {
    fn of(member: &'a MemberFindings) -> Self {
        let findings = member.findings.iter().map(FindingReport::of).collect();
        Self { account: &member.account, name: &member.name, findings }
    }
}
