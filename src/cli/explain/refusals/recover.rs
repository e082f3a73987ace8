//! Why an interrupted run is not recovered.

use crate::cli::explain::{Exit, Explanation};
use crate::flow::RecoverRefusal as R;

pub(super) fn recover(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::OtherAccount { .. } => {
            text("other_account").hint("run `glasskey recover` with --profile for that account")
        }
        R::NotBelieved { why, .. } => Explanation::new("not_believed", format!("{refusal}: {why}"))
            .note("the run was left as it is, and nothing that it names was touched")
            .hint("no glasskey has written it so: find out what became of what it names, then move the file away"),
        R::InUse { .. } => text("in_use")
            .note("a credential of its name on a key may be what they sign in with")
            .hint("`glasskey recover --forget` strikes the run and leaves all as it is")
            .exit(Exit::Left),
        R::AnotherSeed { .. } => text("another_seed")
            .note("it was deleted and made again since, or the clock is wrong; nothing was removed")
            .hint("`glasskey recover --forget` strikes the run and leaves all as it is")
            .exit(Exit::Left),
        R::CannotFinish => text("cannot_finish").hint("plug in the key it was writing to, or undo the run"),
        R::OldGone { .. } => text("cannot_undo").hint("`glasskey recover --finish` removes what is left of it"),
        R::CannotUndo => text("cannot_undo"),
    }
}
