//! Why a roster is not worked through.

use crate::cli::explain::{Explanation, nobody};
use crate::flow::RosterRefusal as R;

pub(super) fn roster(refusal: &R) -> Explanation {
    match refusal {
        R::NeedsPerson { .. } => nobody(refusal).hint("name keys in the roster, or give --escrow or --to-command"),
    }
}
