//! Access keys of which one must be named.

use super::{Exit, Explanation};
use crate::cli::moments::date_time;
use std::time::SystemTime;

pub(super) fn which(user: &str, named: Option<&str>, keys: &[(String, bool, Option<SystemTime>)]) -> Explanation {
    let what = match named {
        Some(named) => format!("{user} has no access key {named}, or it makes no room"),
        None => format!("{user} has two access keys, and AWS allows no third"),
    };
    let mut text = Explanation::new("which_access_key", what).exit(Exit::Usage);
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
