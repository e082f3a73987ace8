//! Security advisories about a key, as they are shown: whom they touch, plainly whom they do not, and for which keys
//! nobody knows.

use crate::cli::page::name;
use crate::fido::advisories::Effect;
use crate::fido::advisories::{Applied, Severity, Unknown, Use};
use schemars::JsonSchema;
use serde::Serialize;

const USES: [Use; 3] = [Use::Fido2, Use::Oath, Use::Piv];

/// What every command says of a key whose advisories nobody knows.
pub(super) const fn unknown(why: Unknown) -> &'static str {
    match why {
        Unknown::Firmware => "not known: the key does not tell its firmware",
        Unknown::Kind => "glasskey has no advisories for this kind of key; ask its maker",
    }
}

/// In the last cell of a table.
pub(super) fn notes(about: &Result<Vec<Applied>, Unknown>) -> Vec<String> {
    match about {
        Ok(about) => about.iter().map(note).collect(),
        Err(why @ Unknown::Firmware) => vec![format!("advisories {}", unknown(*why))],
        Err(why @ Unknown::Kind) => vec![unknown(*why).to_owned()],
    }
}

/// A security advisory about a key.
#[derive(Serialize, JsonSchema)]
pub(super) struct AdvisoryReport {
    /// The advisory's id, such as `YSA-2024-03`.
    id: &'static str,
    /// The title.
    title: &'static str,
    /// The publisher's severity.
    severity: Severity,
    /// False where it is open whether this firmware is affected.
    certain: bool,
    /// What it means for FIDO2.
    fido2: Effect,
    /// What it means for codes (OATH).
    oath: Effect,
    /// What it means for PIV.
    piv: Effect,
    /// What to do, for people.
    advice: &'static str,
    /// Where the advisory is published.
    source: &'static str,
    /// When it was published, a day or a year; null where that is not recorded.
    published: Option<&'static str>,
}

impl From<&Applied> for AdvisoryReport {
    fn from(applied: &Applied) -> Self {
        let advisory = applied.advisory;
        let effect = |at_hand| applied.effect(at_hand).clone();
        Self {
            id: &advisory.id,
            title: &advisory.title,
            severity: advisory.severity,
            certain: applied.certain,
            fido2: effect(Use::Fido2),
            oath: effect(Use::Oath),
            piv: effect(Use::Piv),
            advice: &advisory.advice,
            source: &advisory.source,
            published: advisory.published.as_deref(),
        }
    }
}

/// In a report; null where nobody knows.
pub(super) fn reports(about: &Result<Vec<Applied>, Unknown>) -> Option<Vec<AdvisoryReport>> {
    about.as_ref().ok().map(|about| about.iter().map(Into::into).collect())
}

/// In a cell of a table: `YSA-2024-03 touches FIDO2 and PIV, not TOTP`.
fn note(applied: &Applied) -> String {
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
    let mut lines = vec![(advisory.id.clone(), format!("{} ({})", advisory.title, name(&advisory.severity)))];
    lines.extend(USES.map(|at_hand| (String::new(), applied.sentence(at_hand))));
    lines.push((String::new(), advisory.advice.clone()));
    lines.push((String::new(), source(applied)));
    lines
}

/// Where it is published, and when, as far as that is known.
pub(super) fn source(applied: &Applied) -> String {
    let published = applied.advisory.published.as_ref().map_or_else(String::new, |when| format!(" ({when})"));
    format!("{}{published}", applied.advisory.source)
}
