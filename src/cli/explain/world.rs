//! This machine gives a command nothing to work with.

use super::Explanation;
use crate::world::{Error, STATE_DIR};

/// This machine gives a command nothing to work with.
pub(in crate::cli) fn world(error: &Error) -> Explanation {
    match error {
        Error::Signals(cause) => Explanation::new("signals", format!("{error}: {cause}")),
        Error::RelativeState { .. } => Explanation::new("journal", error.to_string())
            .hint("name it from the root on: a relative one is another directory wherever you stand"),
        Error::NoState => Explanation::new("journal", error.to_string()).hint(format!("{STATE_DIR} names one")),
    }
}
