//! What trails bring to EventBridge.

use crate::aws::posture::{Fact, Management};
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
