//! Why a roster is not worked through.

use crate::cli::explain::{Explanation, nobody};
use crate::flow::RosterRefusal;

pub(super) fn roster(refusal: &RosterRefusal) -> Explanation {
    match refusal {
        RosterRefusal::NeedsPerson { line, user } => {
            nobody(&format!("line {line} of the roster names no key for {user}, and nobody is there to insert one"))
                .hint("name keys in the roster, or give --escrow or --to-command")
        }
    }
}
