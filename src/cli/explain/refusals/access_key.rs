//! Why an access key is not rotated.

use crate::cli::explain::{Exit, Explanation, access_key::which};
use crate::flow::AccessKeyRefusal;

pub(super) fn access_key(refusal: &AccessKeyRefusal) -> Explanation {
    match refusal {
        AccessKeyRefusal::NoAccessKey { user } => {
            Explanation::new("no_access_key", format!("{user} has no access key to rotate"))
                .hint(format!("`aws iam create-access-key --user-name {user}` makes the first one"))
        }
        AccessKeyRefusal::WhichAccessKey { user, named, keys } => which(user, named.as_deref(), keys),
        AccessKeyRefusal::ActiveKey { id } => Explanation::new(
            "key_active",
            format!("access key {id} is active, so it does not make room for another one's rotation"),
        )
        .hint(format!("--replace {id} replaces it, and leaves the other one as it is"))
        .exit(Exit::Usage),
        AccessKeyRefusal::LastActiveKey { id, other } => Explanation::new(
            "last_active_key",
            format!("{id} is the user's only active access key, so it cannot go before the new one works"),
        )
        .hint(format!("--make-room {other} deletes the inactive one first")),
        AccessKeyRefusal::SignsThis { id } => {
            Explanation::new("signs_this", format!("this command is signed with {id}, the access key that is to go"))
                .hint("use the new key, the user's other key, or have an administrator do it")
        }
        AccessKeyRefusal::KeyNotKnown { id, seconds } => {
            Explanation::new("key_not_known", format!("AWS does not know the new access key {id} after {seconds} s"))
                .hint("run the same command again later; the old key works")
        }
        AccessKeyRefusal::KeyOfAnother { id, arn } => {
            Explanation::new("key_of_another", format!("the new access key {id} is {arn}, and not the user"))
        }
        AccessKeyRefusal::NewKeyGone { id } => Explanation::new(
            "new_key_gone",
            format!("the new access key {id} is not active any more, so the old one must stay"),
        )
        .hint("somebody else is at work on this user's access keys: `aws iam list-access-keys` shows them"),
    }
}
