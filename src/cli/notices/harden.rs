//! What is said while an account is hardened.

use crate::cli::console::Style;
use crate::cli::counts::count;
use crate::cli::moments::date_time;
use crate::person::{HardenNotice, HardenPlan, HardenStep, HardenStepIs, OpenStep, UnfinishedHarden};
use std::time::{Duration, UNIX_EPOCH};

pub(super) fn lines(notice: &HardenNotice, style: Style) -> Vec<String> {
    let step = |verb: &str, what: String| vec![format!("  {} {what}", style.bold(&format!("{verb:<9}")))];
    match notice {
        HardenNotice::Plan(plan) => plan_lines(plan, &|text| style.bold(text)),
        HardenNotice::Done { step: id } => step("done", format!("{id}; AWS shows it")),
        HardenNotice::Undone { step: id } => step("undone", format!("{id}; AWS shows it")),
        HardenNotice::Stays { step: id, what } => step("stays", format!("{id}: {what}")),
        HardenNotice::MailSent { address } => mail_lines(address, style),
        HardenNotice::Part { what } => step("done", what.clone()),
        HardenNotice::NotSeen { what } => step("not seen", what.clone()),
        HardenNotice::Unfinished(run) => unfinished_lines(run),
        HardenNotice::AllowRecovery { account } => vec![format!(
            "Root of {account} will be able to recover its password: who reads its mail can then set one and sign in."
        )],
        HardenNotice::SetAside { run } => {
            step("set aside", format!("{run}, which did not end; this plan starts from what it has left"))
        }
    }
}

/// What a person has to do with the mail, and why so.
fn mail_lines(address: &str, style: Style) -> Vec<String> {
    vec![
        format!("  {} AWS has asked {address} to confirm, by mail", style.bold("sent     ")),
        "  Confirm it in another terminal with `glasskey root alarm confirm -`: it asks for the link in the mail. Then"
            .to_owned(),
        "  only the account can end the subscription. Opened in a browser, the link confirms too, and whoever follows the"
            .to_owned(),
        "  unsubscribe link of a later mail, a mail scanner for example, ends it without notice.".to_owned(),
    ]
}

/// A plan, as a person reads it: a block for each step.
pub(in crate::cli) fn plan_lines(plan: &HardenPlan, bold: &dyn Fn(&str) -> String) -> Vec<String> {
    let account = match (&plan.organization, plan.accounts) {
        (Some(id), Some(accounts)) => {
            format!("organization {id} of {}, from account {}", count(accounts, "account"), plan.account)
        }
        (Some(id), None) => format!("account {}, organization {id}", plan.account),
        (None, _) => format!("account {}", plan.account),
    };
    let mut lines = vec![
        format!("Plan for {account}, as {}", plan.caller),
        format!(
            "{} in {}; good until {}",
            count(plan.steps.len(), "change"),
            plan.region,
            date_time(UNIX_EPOCH + Duration::from_secs(plan.expires))
        ),
    ];
    let counted_on = plan.protected_by.as_ref().map(|who| format!("Counted on to administer the account: {who}"));
    lines.extend(counted_on);
    for step in &plan.steps {
        lines.push(String::new());
        lines.extend(step_lines(step, bold));
    }
    if !plan.open.is_empty() {
        lines.push(String::new());
        lines.push("Left as it is:".to_owned());
        lines.extend(plan.open.iter().map(open_line));
    }
    lines.extend(override_lines(plan));
    lines
}

/// The keys that are named by `--override`, and that no change is about.
pub(in crate::cli) fn override_lines(plan: &HardenPlan) -> Vec<String> {
    let seen: Vec<String> = plan.steps.iter().filter_map(|step| serde_json::to_string(&step.before).ok()).collect();
    let is_seen = |id: &&String| seen.iter().any(|state| state.contains(&format!("\"{id}\"")));
    let named = plan.settings.override_keys.iter().filter(|id| !is_seen(id));
    named.map(|id| format!("No change is about an access key {id}, which --override names.")).collect()
}

pub(in crate::cli) fn open_line(open: &OpenStep) -> String {
    format!("  {:<20} {}", open.id, open.message)
}

fn step_lines(step: &HardenStep, bold: &dyn Fn(&str) -> String) -> Vec<String> {
    let closes =
        if step.findings.is_empty() { String::new() } else { format!("  closes {}", step.findings.join(", ")) };
    let mut lines = vec![format!("{}{closes}", bold(&step.id))];
    let width = step.changes.iter().map(|change| change.what.chars().count()).max().unwrap_or_default();
    for change in &step.changes {
        lines.push(format!("  {:<width$}  {} → {}", change.what, change.before, change.after));
    }
    let indented = |text: &String| format!("  {text}");
    lines.extend(step.effects.iter().map(indented));
    lines.extend(step.unknown.iter().map(|what| format!("  known only when it is done: {what}")));
    lines.push(format!("  calls   {}", step.calls.join(", ")));
    lines.push(format!("  undo    {}{}", if step.reversible { "" } else { "NOT ALL: " }, step.undo));
    let cost = match step.cost.cents {
        0 => "nothing".to_owned(),
        cents => format!("${}.{:02} a month", cents / 100, cents % 100),
    };
    lines.push(format!("  cost    {cost}; waits {} s at most", step.waits));
    lines
}

fn unfinished_lines(run: &UnfinishedHarden) -> Vec<String> {
    let mut lines = vec![format!("root harden of account {}, started {}", run.account, date_time(run.started))];
    lines.extend(run.steps.iter().map(|(step, is)| format!("  {step:<20} {}", state(is))));
    lines.extend(run.stays.iter().map(|what| format!("  undoing does not bring back: {what}")));
    lines
}

fn state(is: &HardenStepIs) -> &'static str {
    match is {
        HardenStepIs::NotBegun => "not begun",
        HardenStepIs::Changed => "not begun; it has changed since the plan was made",
        HardenStepIs::AsBefore => "as it was before",
        HardenStepIs::Done => "as planned",
        HardenStepIs::Between => "done in part",
        HardenStepIs::TakenBack => {
            "done in part, and a part is not as the run made it any more; that will not be touched"
        }
        HardenStepIs::Unseen => "not to be seen with these credentials",
        HardenStepIs::Others => "changed by somebody else since; it will not be touched",
    }
}
