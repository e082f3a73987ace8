//! What is said of access keys.

use crate::cli::console::Style;
use crate::cli::moments::date_time;
use crate::person::{AccessKeyStep, DeactivatedBy, Handed, KeyIs, KeyPlan, OwnKey, UnfinishedKey};

pub(super) fn plan_lines(plan: &KeyPlan, style: Style) -> Vec<String> {
    let mut lines = vec![format!("glasskey will, in account {} as {}:", plan.account, plan.caller)];
    let mut step = |verb: &str, what: &str, detail: String| {
        lines.push(format!("  {} {what:<19} {detail}", style.bold(&format!("{verb:<7}"))));
    };
    let state = |active: &bool| if *active { "active until then" } else { "inactive" };
    if let Some((id, active)) = &plan.first {
        step("delete", "first, to make room", format!("{id}, {}", state(active)));
    }
    step("create", "access key", format!("for user {}", plan.user));
    let to = if plan.command { format!("`{}`, on its standard input", plan.to) } else { plan.to.clone() };
    step("hand", "its secret to", to);
    if let Some((id, active)) = &plan.old {
        if *active {
            step("disable", "access key", id.clone());
        }
        if !plan.keep {
            step("delete", "access key", id.clone());
        }
    }
    match plan.own {
        OwnKey::No => {}
        OwnKey::Signs => lines.push(
            "This command is signed with the key that goes. Once the new one is handed over, it is signed with that."
                .to_owned(),
        ),
        OwnKey::NotKnown => lines.push(
            "This command is signed with a session of the user's. AWS does not tell which access key opened it; it stays \
             good until it ends."
                .to_owned(),
        ),
    }
    if matches!(plan.first, Some((_, true))) {
        lines.push(
            "What uses that key stops working before there is a new one; the user's other key stays.".to_owned(),
        );
    }
    if let Some(serial) = &plan.session {
        lines.push(format!("A code for {serial} opens an MFA session first, since most policies want one."));
    }
    lines
}

pub(super) fn step(step: &AccessKeyStep) -> (&'static str, String) {
    match step {
        AccessKeyStep::Created { id, user } => ("created", format!("access key {id} for {user}")),
        AccessKeyStep::Found { id } => ("found", format!("{id}, which was not there before; nobody has its secret")),
        AccessKeyStep::Proved { id, arn } => ("proved", format!("{id} has asked AWS who it is: {arn}")),
        AccessKeyStep::HandedOver { id, to } => {
            ("secret", format!("of {id} read by {to}; what it did with it was not looked at"))
        }
        AccessKeyStep::ActingWith { id } => ("signing", format!("with {id} from here on")),
        AccessKeyStep::Inactive { id } => ("inactive", format!("{id}: AWS takes it no more")),
        AccessKeyStep::Deleted { id } => ("deleted", id.clone()),
        AccessKeyStep::Undoing { id } => ("undoing", format!("{id}, the new key, is deleted again")),
    }
}

pub(super) fn unfinished_lines(run: &UnfinishedKey) -> Vec<String> {
    let mut lines =
        vec![format!("rotate {} --access-key, started {}, did not end", run.user, date_time(run.started))];
    let mut line = |what: &str, text: String| lines.push(format!("  {what:<9} {text}"));
    match (&run.new, run.certain) {
        (None, _) => line("new", "there is none".to_owned()),
        (Some(id), true) if !run.active => line("new", format!("{id}, inactive")),
        (Some(id), true) => line("new", id.clone()),
        (Some(id), false) => {
            line(
                "new",
                format!("{id}, perhaps; it appeared while the run was making one, and may be somebody else's"),
            );
        }
    }
    if run.new.is_some() {
        let secret = match run.handed {
            Handed::No => "nobody has it".to_owned(),
            Handed::Perhaps => format!("{} may have it", run.to),
            Handed::Yes => format!("{} has it", run.to),
        };
        line("secret", secret);
    }
    let state = |state: &KeyIs| match state {
        KeyIs::Active => "active",
        KeyIs::Inactive(DeactivatedBy::Run) => "inactive: this run deactivated it",
        KeyIs::Inactive(DeactivatedBy::Unknown) => {
            "inactive: this run was about to deactivate it, or somebody else did"
        }
        KeyIs::Inactive(DeactivatedBy::Others) => "inactive: somebody else deactivated it",
        KeyIs::Gone => "gone",
    };
    for (id, is) in run.first.iter().chain(&run.old) {
        line("old", format!("{id}, {}", state(is)));
    }
    lines
}
