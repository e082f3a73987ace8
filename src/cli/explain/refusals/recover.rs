//! Why an interrupted run is not recovered.

use crate::cli::explain::{Exit, Explanation};
use crate::flow::{Implausible, RecoverRefusal};

pub(super) fn recover(refusal: &RecoverRefusal) -> Explanation {
    match refusal {
        RecoverRefusal::OtherAccount { account } => Explanation::new(
            "other_account",
            format!("the unfinished run belongs to account {account}, and these credentials do not"),
        )
        .hint("run `glasskey recover` with --profile for that account"),
        RecoverRefusal::NotBelieved { path, line, why } => Explanation::new(
            "not_believed",
            format!("line {line} of {} is not believed: {}", path.display(), implausible(why)),
        )
        .note("the run was left as it is, and nothing that it names was touched")
        .hint("no glasskey has written it so: find out what became of what it names, then move the file away"),
        RecoverRefusal::InUse { arn, user } => {
            let owner = user.rsplit('/').next().unwrap_or(user);
            Explanation::new(
                "in_use",
                format!("{arn} is enabled for {owner}, and not by this run: nothing was touched"),
            )
            .note("a credential of its name on a key may be what they sign in with")
            .hint("`glasskey recover --forget` strikes the run and leaves all as it is")
            .exit(Exit::Left)
        }
        RecoverRefusal::AnotherSeed { arn, keys } => {
            let keys: Vec<String> = keys.iter().map(|key| format!("YubiKey {key}")).collect();
            Explanation::new(
                "another_seed",
                format!("{arn} is enabled, but IAM refuses the codes of {}: it has another seed", keys.join(" and ")),
            )
            .note("it was deleted and made again since, or the clock is wrong; nothing was removed")
            .hint("`glasskey recover --forget` strikes the run and leaves all as it is")
            .exit(Exit::Left)
        }
        RecoverRefusal::CannotFinish => Explanation::new(
            "cannot_finish",
            "the run cannot be finished: no key that is plugged in holds its credential, or the device is gone",
        )
        .hint("plug in the key it was writing to, or undo the run"),
        RecoverRefusal::OldGone { serial } => {
            Explanation::new("cannot_undo", format!("the run cannot be undone: {serial} is deleted"))
                .hint("`glasskey recover --finish` removes what is left of it")
        }
        RecoverRefusal::CannotUndo => Explanation::new("cannot_undo", "not everything could be undone"),
    }
}

/// What is wrong with a run that no glasskey has written so.
fn implausible(why: &Implausible) -> String {
    match why {
        Implausible::NoBeginning => "the run does not begin with a beginning".to_owned(),
        Implausible::SecondBeginning => "a run begins in the middle of another".to_owned(),
        Implausible::Credential { named, device } => {
            format!("the credential \"{named}\" is not the one of {device}")
        }
        Implausible::Device { serial } => format!("{serial} is no device that this run could replace or remove"),
        Implausible::Key { key } => format!("the run does not write to YubiKey {key}"),
        Implausible::NoPlace => "the run has no place for its seed".to_owned(),
        Implausible::File { path } => {
            format!("{} is not known to be an escrow file of the run", path.display())
        }
        Implausible::Place => "the run has no such place for its seed".to_owned(),
        Implausible::AccessKey { id } => format!("access key {id} is not one of the run's"),
        Implausible::Command { command } => format!("`{command}` begins no such run"),
        Implausible::KeyTwice { key } => format!("the run names YubiKey {key} twice"),
        Implausible::Start { started } => format!("no clock shows when it began (second {started} since 1970)"),
        Implausible::Step => "the run cannot have come to this step".to_owned(),
    }
}
