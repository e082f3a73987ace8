//! Why an account is not hardened.

use crate::cli::explain::{Exit, Explanation};
use crate::cli::moments::date_time;
use crate::flow::HardenRefusal as R;

const AGAIN: &str = "`glasskey root harden` makes a new plan";

pub(super) fn harden(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NoSuchStep { steps, .. } => {
            text("no_such_step").hint(format!("the steps are {}", steps.join(", "))).exit(Exit::Usage)
        }
        R::NotAPlan
        | R::LaterPlan { .. }
        | R::EditedPlan
        | R::NotOurPlan { .. }
        | R::OtherAccount { .. }
        | R::OtherRegion { .. }
        | R::ExpiredPlan { .. }
        | R::UsedPlan { .. }
        | R::OtherOrganization { .. }
        | R::OtherAccounts { .. } => of_a_plan(refusal),
        R::NoPasswordPlace { .. } | R::NobodyToShow | R::NotTakenDown | R::NoPassword => of_a_password(refusal),
        R::NoOrganization { .. }
        | R::NotManaging { .. }
        | R::NotAMember { .. }
        | R::NotActive { .. }
        | R::CalledByRoot
        | R::HasPassword { .. }
        | R::RecoveryStopped { .. }
        | R::NeedsOrganization { .. }
        | R::MembersRefused { .. }
        | R::MembersSign { .. }
        | R::MembersWait { .. } => of_an_organization(refusal),
        R::Changed { .. } => text("facts_changed").note("this step was not begun").hint(AGAIN),
        R::ActivatedAgain { .. } | R::NoGrace { .. } => in_grace(refusal),
        R::NothingWanted => text("no_such_step").exit(Exit::Usage),
        R::NoAdministrator { .. } => {
            text("no_administrator").hint("make an administrator with MFA first, and sign in as that once")
        }
        R::ForGood { .. } => text("irreversible")
            .hint("--accept-irreversible agrees to them; --skip leaves them out")
            .exit(Exit::Person),
        R::NotShown { .. } | R::NotAsked { .. } => not_seen(refusal),
        R::OtherCaller { .. } => {
            text("other_caller").hint("name a profile with the credentials of whoever made the plan, with --profile")
        }
        R::NotConfirmed { address } => text("alarm_not_confirmed")
            .note("AWS has acknowledged the filter, the alarm and the topic; nobody is told until the address has confirmed")
            .hint("`glasskey root alarm confirm -` confirms, with the link out of AWS's mail")
            .hint(format!(
                "`glasskey root harden --apply --only root-alarm --alarm-email {address}` goes on, and has AWS send the \
                 mail again"
            )),
        R::OutOfReach { .. } => text("region_disabled")
            .note("all else of the run is undone; a rule in a region that is disabled does nothing")
            .hint("enable the region and undo the run once more, or leave the rule there"),
        R::BucketTaken { .. } => text("bucket_taken")
            .note("bucket names are shared by all accounts of the partition")
            .hint("choose another name with --bucket, in a new plan"),
        R::HoldsRecords { .. } => text("holds_records").hint("undo the run once more: what holds records is kept"),
        R::NoSuchRun { .. } => text("no_such_run")
            .hint("applying a plan prints the run's name; runs are kept in the state directory, under runs")
            .exit(Exit::Usage),
    }
}

/// AWS does not show what it has acknowledged.
fn not_seen(refusal: &R) -> Explanation {
    Explanation::of("not_seen", refusal).hint(match refusal {
        R::NotAsked { .. } => "`glasskey recover` looks once more",
        _ => "look once more in some minutes with `glasskey root audit`",
    })
}

/// Of the time between a deactivation and a deletion.
fn in_grace(refusal: &R) -> Explanation {
    match refusal {
        R::ActivatedAgain { .. } => Explanation::of("activated_again", refusal)
            .note("nothing of the step was deleted")
            .hint("`glasskey root harden` makes a new plan; --grace names another time"),
        _ => Explanation::of("no_grace", refusal)
            .hint("deactivate it in the console, as root, under Security credentials; then apply again")
            .hint("without --grace it is deleted directly"),
    }
}

/// Of a plan that does not fit.
fn of_a_plan(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NotAPlan => text("not_a_plan").hint("`glasskey root harden --out FILE` writes one").exit(Exit::Usage),
        R::LaterPlan { .. } => text("plan_later").hint("apply it with that version, or make a new one with this"),
        R::EditedPlan => text("plan_edited").hint(AGAIN).hint("--only and --skip choose among the steps"),
        R::NotOurPlan { .. } => text("plan_not_ours")
            .note("another version of glasskey made it, or somebody wrote it by hand")
            .hint(AGAIN),
        R::OtherAccount { planned, .. } => {
            text("plan_other_account").hint(format!("name a profile of account {planned} with --profile"))
        }
        R::OtherRegion { planned, .. } => text("plan_other_region").hint(format!("name it with --region {planned}")),
        R::ExpiredPlan { expired, .. } => {
            text("plan_expired").note(format!("it was good until {}", date_time(*expired))).hint(AGAIN)
        }
        R::UsedPlan { run } => text("plan_used")
            .note(format!("by run {run}"))
            .hint("`glasskey recover` goes on with a run that did not end")
            .hint(AGAIN),
        R::OtherOrganization { planned, .. } => {
            text("plan_other_organization").hint(format!("name a profile of organization {planned} with --profile"))
        }
        R::OtherAccounts { .. } => text("plan_other_accounts")
            .note("accounts were opened, closed or moved since the plan was made")
            .hint("`glasskey root harden --org` makes a new plan"),
        _ => text("harden"),
    }
}

/// Of an administrator's first password.
fn of_a_password(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NoPasswordPlace { user } => text("no_password_place")
            .note(format!("the places are named on the command line and not written down; {user} has no rights yet"))
            .hint("name a place with --password-to-command, --password-escrow or --show-password")
            .hint(
                "`glasskey root harden --apply --admin-user NAME --admin-key SERIAL --password-to-command COMMAND` goes on from what is there",
            )
            .exit(Exit::Usage),
        R::NobodyToShow => text("no_terminal")
            .hint("run it on a terminal, or name --password-to-command or --password-escrow")
            .exit(Exit::Person),
        R::NotTakenDown => text("not_taken_down").hint("name --password-to-command or --password-escrow").exit(Exit::Person),
        R::NoPassword => text("no_password"),
        _ => text("harden"),
    }
}

/// Of an organization and its members.
fn of_an_organization(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NoOrganization { .. } => text("no_organization")
            .hint("without --org this account alone is hardened: `glasskey root harden`")
            .exit(Exit::Usage),
        R::NotManaging { management, .. } => {
            text("not_managing").hint(format!("name a profile of account {management} with --profile"))
        }
        R::NotAMember { .. } => text("not_a_member")
            .note("the management account's root user, and the caller's own, look after themselves")
            .exit(Exit::Usage),
        R::MembersRefused { refused, done } => {
            let text = refused.iter().fold(text("members_refused"), |text, member| text.note(member.clone()));
            let done = if done.is_empty() { "none".to_owned() } else { done.join(", ") };
            text.note(format!("all of it was done in: {done}"))
                .hint("`glasskey root harden --org` shows what is still to do")
        }
        R::NotActive { .. } => text("not_a_member").exit(Exit::Usage),
        R::CalledByRoot => text("called_by_root").hint("sign in as an administrator of the management account"),
        R::HasPassword { .. } => text("has_password").hint("`glasskey root harden --org` shows what is still to do"),
        R::RecoveryStopped { .. } => text("recovery_stopped").note("nothing was changed").hint(
            "`glasskey root harden --undo RUN` takes back the policy that a run has attached; then allow it again",
        ),
        R::NeedsOrganization { .. } => {
            text("needs_organization").hint("`glasskey root harden --org` looks at members").exit(Exit::Usage)
        }
        R::MembersSign { .. } => text("members_sign").hint(
            "find out what uses it, then `glasskey root harden --org --only member-root-credentials` deletes it",
        ),
        R::MembersWait { .. } => text("members_wait").hint("`glasskey root enroll --account ID` gives it MFA").hint(
            "`glasskey root harden --org --only member-root-credentials --members-password` takes its password away",
        ),
        _ => text("harden"),
    }
}
