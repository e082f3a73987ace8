//! Security advisories about a key, as they are shown: whom they touch, and plainly whom they do not.

use crate::fido::advisories::{self, Applied, Severity, Use, Version};
use crate::oath;
use serde_json::{Value, json};

const USES: [Use; 3] = [Use::Fido2, Use::Oath, Use::Piv];

/// Those about a key of this firmware and model; `None`: the table has none of its maker or series, so nobody knows.
pub(super) fn about(firmware: oath::Version, model: &str, fips: bool) -> Option<Vec<Applied>> {
    let oath::Version(major, minor, patch) = firmware;
    let firmware = Version(major, minor, patch);
    advisories::covers(firmware, model, fips).then(|| advisories::applies(firmware, model, fips))
}

/// In a cell of a table: `YSA-2024-03 touches FIDO2 and PIV, not TOTP`.
pub(super) fn note(applied: &Applied) -> String {
    let (affected, not): (Vec<_>, Vec<_>) = USES.iter().partition(|at_hand| applied.effect(**at_hand).affected);
    let names = |uses: &[&Use], and: &str| uses.iter().map(ToString::to_string).collect::<Vec<_>>().join(and);
    let id = &applied.advisory.id;
    let verb = if applied.certain { "touches" } else { "may touch" };
    match (affected.is_empty(), not.is_empty()) {
        (true, _) => format!("{id} touches none of {}", names(&not, ", ")),
        (_, true) => format!("{id} {verb} {}", names(&affected, " and ")),
        _ => format!("{id} {verb} {}, not {}", names(&affected, " and "), names(&not, " or ")),
    }
}

/// In full, a line for each use; for the left column, the id, and nothing below it.
pub(super) fn lines(applied: &Applied) -> Vec<(String, String)> {
    let advisory = applied.advisory;
    let mut lines = vec![(advisory.id.clone(), format!("{} ({})", advisory.title, severity(advisory.severity)))];
    lines.extend(USES.map(|at_hand| (String::new(), applied.sentence(at_hand))));
    lines.push((String::new(), advisory.advice.clone()));
    lines.push((String::new(), advisory.source.clone()));
    lines
}

pub(super) fn to_json(applied: &Applied) -> Value {
    let effect = |at_hand| {
        let effect = applied.effect(at_hand);
        json!({ "affected": effect.affected, "effect": effect.effect })
    };
    let advisory = applied.advisory;
    json!({
        "id": advisory.id, "title": advisory.title, "severity": severity(advisory.severity),
        "certain": applied.certain, "fido2": effect(Use::Fido2), "oath": effect(Use::Oath), "piv": effect(Use::Piv),
        "advice": advisory.advice, "source": advisory.source,
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Moderate => "moderate",
        Severity::High => "high",
    }
}
