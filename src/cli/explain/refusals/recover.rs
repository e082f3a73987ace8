//! Why an interrupted run is not recovered.

use crate::cli::explain::{Exit, Explanation};
use crate::flow::RecoverRefusal as R;
use crate::keys::Serial;

/// How an IAM user is named to `recover`: `root` is the root user.
pub(in crate::cli::explain) fn who(user: &str) -> String {
    if user == "root" { format!("user/{user}") } else { user.to_owned() }
}

const HARDEN_ANEW: &str = "`glasskey root harden --apply` plans the rest anew, and asks";

fn forget(user: &str) -> String {
    format!("`glasskey recover {} --forget` strikes the run and leaves all as it is", who(user))
}

pub(super) fn recover(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::OtherAccount { path, .. } => {
            let text = text("other_account").hint("run `glasskey recover` with --profile for that account");
            match path {
                Some(path) => text.hint(format!(
                    "if nobody has credentials for that account any more, move its record away: {}",
                    path.display()
                )),
                None => text,
            }
        }
        R::NotBelieved { why, .. } => Explanation::new("not_believed", format!("{refusal}: {why}"))
            .note("the run was left as it is, and nothing that it names was touched")
            .hint("no glasskey has written it so: find out what became of what it names, then move the file away"),
        R::InUse { of, .. } => text("in_use")
            .note("a credential of its name on a key may be what they sign in with")
            .hint(format!("`glasskey recover {of} --forget` strikes the run and leaves all as it is"))
            .exit(Exit::Left),
        R::AnotherSeed { user, comes_back, .. } => another_seed(text("another_seed"), user, comes_back.as_deref()),
        R::Unproved { user, away, .. } => unproved(text("unproved"), user, away),
        R::OldAccessKeyGone { .. }
        | R::AccessKeyPerhapsOthers { .. }
        | R::NewAccessKeyPerhapsOthers { .. }
        | R::OldAccessKeyDeleted { .. }
        | R::NewAccessKeyInactive { .. }
        | R::NoAccessKeyToKeep { .. } => of_access_keys(refusal),
        R::OldUnproved { .. } | R::OldNotShownToWork { .. } | R::NewNotShownToWork { .. } | R::OldKeyEmpty { .. } => {
            of_a_rotation(refusal)
        }
        R::Complete { user } => {
            text("complete").hint(format!("`glasskey recover {user} --yes` ends it")).exit(Exit::Left)
        }
        R::UserGone { user } => text("no_such_user")
            .note("the run's devices and credentials are as they were")
            .hint(forget(user))
            .hint("`glasskey devices --all` shows devices that are nobody's"),
        R::NoRunOf { user } => {
            let text = text("no_such_run").hint("`glasskey recover` shows every unfinished run");
            if user == "root" { text.hint("an IAM user of that name is `user/root`") } else { text }
        }
        R::CannotFinish => text("cannot_finish").hint("plug in the key it was writing to, or undo the run"),
        R::OldGone { user, .. } => {
            text("cannot_undo").hint(format!("`glasskey recover {} --finish` removes what is left of it", who(user)))
        }
        R::NothingElse { user, .. } => {
            text("last_factor").hint(format!("`glasskey recover {} --undo` enables it again from its key", who(user)))
        }
        R::CannotUndo => text("cannot_undo"),
        R::HardenForGood { .. } | R::HardenExpired | R::HardenUnseen { .. } | R::HardenChanged { .. } => {
            of_hardening(refusal)
        }
    }
}

/// Of a run of `root harden`.
fn of_hardening(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::HardenForGood { .. } => text("irreversible").hint(HARDEN_ANEW).exit(Exit::Left),
        R::HardenExpired => text("plan_expired").hint(HARDEN_ANEW).exit(Exit::Left),
        R::HardenUnseen { .. } => text("other_caller")
            .note("nothing was changed, and the run's record is kept")
            .hint("name a profile with the credentials that the run had, with --profile: root's, if root began it")
            .exit(Exit::Left),
        R::HardenChanged { .. } => text("facts_changed")
            .note("nothing was changed")
            .hint("`glasskey root harden` makes a new plan from what is there; this run can still be undone")
            .hint("`glasskey recover root --forget` strikes the run and leaves all as it is")
            .exit(Exit::Left),
        _ => text("cannot_undo"),
    }
}

/// Of a rotation of an access key.
fn of_access_keys(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::OldAccessKeyGone { .. } => text("old_key_gone")
            .hint("somebody else is at work on this user's access keys: `aws iam list-access-keys` shows them")
            .exit(Exit::Left),
        R::AccessKeyPerhapsOthers { id, user } => text("unproved")
            .note("nothing was touched: somebody may have deactivated it since, because it had leaked")
            .hint(format!(
                "`glasskey recover {} --undo --accept-unproved` activates {id} again, and takes back the rest",
                who(user)
            ))
            .hint(forget(user))
            .exit(Exit::Left),
        R::NewAccessKeyPerhapsOthers { id, user } => text("unproved")
            .note("nothing was touched; nobody has its secret, if the run made it")
            .hint(format!("`glasskey recover {} --undo --accept-unproved` deletes {id}", who(user)))
            .hint(forget(user))
            .exit(Exit::Left),
        R::OldAccessKeyDeleted { user, .. } => text("cannot_undo").hint(forget(user)).exit(Exit::Left),
        R::NewAccessKeyInactive { .. } => text("new_key_inactive")
            .hint("somebody has deactivated it: activate it in IAM and run this again, or --forget leaves it so")
            .exit(Exit::Left),
        R::NoAccessKeyToKeep { user } => {
            text("cannot_finish").hint(format!("`glasskey recover {} --undo` takes back what the run did", who(user)))
        }
        _ => text("cannot_undo"),
    }
}

/// Of a rotation of a device.
fn of_a_rotation(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::OldUnproved { user, .. } => text("unproved")
            .note("it may have been deleted and made again since the run deactivated it")
            .hint("plug in the key that holds its credential, and run it again")
            .hint(forget(user))
            .exit(Exit::Left),
        R::OldNotShownToWork { user, away, .. } => not_shown(text("unproved"), away)
            .hint(format!("if that works, `glasskey recover {} --undo --accept-unproved`", who(user)))
            .hint(format!("`glasskey recover {} --finish` keeps the new device", who(user))),
        R::NewNotShownToWork { user, away, .. } => not_shown(text("unproved"), away)
            .hint(format!("if that works, `glasskey recover {} --finish --accept-unproved`", who(user)))
            .hint(format!("`glasskey recover {} --undo` keeps the old device", who(user))),
        R::OldKeyEmpty { user, .. } => text("cannot_undo")
            .hint(format!("`glasskey recover {} --finish` keeps the new device", who(user)))
            .hint(forget(user))
            .exit(Exit::Left),
        _ => text("cannot_undo"),
    }
}

fn keys(keys: &[Serial], or: &str) -> String {
    keys.iter().map(|key| format!("YubiKey {key}")).collect::<Vec<_>>().join(or)
}

fn another_seed(text: Explanation, user: &str, comes_back: Option<&str>) -> Explanation {
    let text =
        text.note("it was deleted and made again since, or the clock is wrong; nothing was removed").exit(Exit::Left);
    match comes_back {
        Some(old) => text.hint(format!("`glasskey recover {} --undo` enables {old} again", who(user))),
        None => text.hint(forget(user)),
    }
}

/// What helps where nothing shows that the device works which would stay.
fn not_shown(text: Explanation, away: &[Serial]) -> Explanation {
    let first = match away {
        [] => "sign in".to_owned(),
        _ => format!("plug in {} and run it again, or sign in", keys(away, " or ")),
    };
    text.hint(format!("{first} with a code of it")).exit(Exit::Left)
}

fn unproved(text: Explanation, user: &str, away: &[Serial]) -> Explanation {
    let first = match away {
        [] => "sign in".to_owned(),
        _ => format!("plug in {} and run it again, or sign in", keys(away, " or ")),
    };
    text.note("it may have been deleted and made again since the run was interrupted")
        .hint(format!(
            "{first} with a code of the run's: if that works, `glasskey recover {} --finish --accept-unproved`",
            who(user)
        ))
        .hint(forget(user))
        .exit(Exit::Left)
}
