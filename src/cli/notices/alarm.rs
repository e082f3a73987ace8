//! What is said while the alarm on root's use is proved.

use crate::cli::console::Style;
use crate::cli::page::name;
use crate::person::{AlarmNotice, Proof};

pub(super) fn lines(notice: &AlarmNotice, style: Style) -> Vec<String> {
    match notice {
        AlarmNotice::MarkedEvent { group, alarm, told } => vec![
            format!(
                "A marked sign-in of root is put in the log group {group}, beside the trail's events. The line stays"
            ),
            format!(
                "there. It raises {alarm}, which tells {}. The event is marked as glasskey's test.",
                people(told)
            ),
        ],
        AlarmNotice::MarkedEvents { regions, told } => vec![
            format!("A marked call of root is sent to EventBridge in each of these regions: {}.", regions.join(", ")),
            format!("Each is a mail to {}, which is marked as glasskey's test.", people(told)),
        ],
        AlarmNotice::Put { group } => vec![format!("  {} the marked event is in {group}", style.bold("put      "))],
        AlarmNotice::Tested(tested) => {
            let region = tested.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
            vec![format!(
                "  {} {}{region}: {}",
                style.bold(&format!("{:<9}", proof(tested.proof))),
                name(&tested.hop),
                tested.why
            )]
        }
        AlarmNotice::DateNotKept => style
            .bold("glasskey: the date of this proof cannot be kept: `glasskey root audit` will not show it")
            .lines()
            .map(str::to_owned)
            .collect(),
    }
}

fn people(told: &[String]) -> String {
    if told.is_empty() { "nobody".to_owned() } else { told.join(", ") }
}

/// In one or two words.
pub(in crate::cli) fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Proven => "proven",
        Proof::NotProvable => "not here",
        Proof::NotProven => "unproven",
        Proof::Broken => "broken",
    }
}
