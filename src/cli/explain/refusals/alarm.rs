//! Why the alarm on root's use is not confirmed or not proved.

use crate::cli::explain::Explanation;
use crate::flow::AlarmRefusal as R;

const AGAIN: &str = "`glasskey root harden --apply --only root-alarm --alarm-email ADDRESS` has AWS send a new mail";

pub(super) fn alarm(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::OtherAccount { .. } => {
            text("link_other_account").hint("name a profile of the topic's account with --profile")
        }
        R::Token => text("link_refused").note("links are good for two days").hint(AGAIN),
        R::NotConfirmed => text("address_not_confirmed").hint("run the same command again with the same link"),
        R::NoLogs => text("no_log_group").hint("`glasskey root harden` plans a trail, a log group and an alarm"),
        R::NoTopic { .. } => text("no_topic").note("it was deleted after the mail was sent").hint(AGAIN),
    }
}
