//! Why an access key is not rotated.

use crate::cli::explain::{Exit, Explanation};
use crate::cli::moments::date_time;
use crate::flow::AccessKeyRefusal as R;

pub(super) fn access_key(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NoAccessKey { user } => {
            text("no_access_key").hint(format!("`aws iam create-access-key --user-name {user}` makes the first one"))
        }
        R::WhichAccessKey { keys, .. } => {
            let mut text = text("which_access_key").exit(Exit::Usage);
            for (id, active, created) in keys {
                let since = created.map_or_else(String::new, |at| format!(", made {}", date_time(at)));
                text = text.note(format!("{id}: {}{since}", if *active { "active" } else { "inactive" }));
            }
            for (id, active, _) in keys.iter().filter(|_| keys.len() > 1) {
                text = text.hint(if *active {
                    format!("--replace {id} deletes this one before the new one is made, and leaves the other")
                } else {
                    format!("--make-room {id} deletes the inactive one first, and rotates the other")
                });
            }
            text
        }
        R::ActiveKey { id } => text("key_active")
            .hint(format!("--replace {id} replaces it, and leaves the other one as it is"))
            .exit(Exit::Usage),
        R::LastActiveKey { other, .. } => {
            text("last_active_key").hint(format!("--make-room {other} deletes the inactive one first"))
        }
        R::OtherKeyGone { .. } => text("last_active_key")
            .hint("somebody else is at work on this user's access keys: `aws iam list-access-keys` shows them"),
        R::SignsThis { .. } => {
            text("signs_this").hint("use the new key, the user's other key, or have an administrator do it")
        }
        R::KeyNotKnown { .. } => text("key_not_known").hint("run the same command again later; the old key works"),
        R::KeyOfAnother { .. } => text("key_of_another"),
        R::NewKeyGone { .. } => text("new_key_gone")
            .hint("somebody else is at work on this user's access keys: `aws iam list-access-keys` shows them"),
    }
}
