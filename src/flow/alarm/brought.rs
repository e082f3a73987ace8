//! What trails record of root, for filters and for EventBridge.

use crate::aws::posture::{Fact, Management, Trail};
use crate::person::Proof;

/// What trails bring to the rules of these regions.
pub(super) fn recorded(brought: &[(String, Fact<Management>)]) -> (Proof, String) {
    let of = |wanted: fn(Management) -> bool| {
        let there = brought.iter().filter(|(_, brought)| brought.known().is_some_and(|one| wanted(*one)));
        there.map(|(region, _)| region.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (nothing, changes) = (of(|one| !one.has_changes()), of(|one| one == Management::Writes));
    let unread = brought.iter().find_map(|(_, brought)| match brought {
        Fact::Unreadable(why) => Some(&why.why),
        Fact::Known(_) => None,
    });
    let shows = "that its events come to EventBridge shows with root's next use";
    match unread {
        _ if !nothing.is_empty() => {
            let why = "EventBridge sees nothing of root where none records what changes something";
            (Proof::Broken, format!("no trail records everything in {nothing}, and {why}"))
        }
        Some(why) => (Proof::NotProvable, why.to_string()),
        None if !changes.is_empty() => (
            Proof::NotProvable,
            format!("a trail records what changes something, but not what only reads in {changes}; {shows}"),
        ),
        None => (Proof::NotProvable, format!("a trail records everything where there are rules; {shows}")),
    }
}

/// What of root's use a trail certainly leaves out of its log group: a filter there does not see it. `None`: nothing.
pub(super) fn left_out(trail: &Trail) -> Option<&'static str> {
    match trail.management.known() {
        _ if !trail.all_regions => Some("other regions than its own"),
        Some(Management::Writes) => Some("calls that only read"),
        Some(Management::Reads) => Some("sign-ins, and calls that change something"),
        Some(Management::None) => Some("management events"),
        Some(Management::All) | None => None,
    }
}
