//! Comma-separated values (RFC 4180): a line for each finding.

use super::row::{BENCHMARKS, Row};
use crate::cli::page::{displayed, name};

pub(super) const HEADER: &str = "account,name,partition,standing,rule,verdict,severity,title,evidence,unreadable,fix,cis_v3,cis_v5,cis_v6,cis_v7,security_hub,config,prowler\r\n";

pub(super) fn lines(row: &Row) -> String {
    if let Some(state) = row.state.as_ref().filter(|_| row.is_closed()) {
        let cells = [
            &row.account,
            row.name.as_deref().unwrap_or_default(),
            "",
            &name(&row.standing),
            "",
            "closed",
            "",
            state,
        ];
        return format!("{}{}\r\n", cells.map(cell).join(","), ",".repeat(10));
    }
    let mut text = String::new();
    for finding in &row.findings {
        let unreadable: Vec<&str> = finding.unreadable.iter().map(|why| why.reason.as_str()).collect();
        let fix = finding.fix.as_ref().map(|fix| {
            fix.glasskey.iter().chain(&fix.aws).chain(&fix.console).map(String::as_str).collect::<Vec<_>>().join("; ")
        });
        let mut cells = vec![
            cell(&row.account),
            cell(row.name.as_deref().unwrap_or_default()),
            cell(&row.partition),
            cell(&name(&row.standing)),
            cell(&name(&finding.id)),
            cell(&name(&finding.verdict)),
            cell(&name(&finding.severity)),
            cell(&finding.title),
            cell(&finding.evidence.join("; ")),
            cell(&unreadable.join("; ")),
            cell(fix.as_deref().unwrap_or_default()),
        ];
        cells.extend(BENCHMARKS.map(|(of, _)| cell(finding.number(of).unwrap_or_default())));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Quoted where it must be. A spreadsheet takes `=`, `+`, `-` and `@` at the beginning for a formula, and names of
/// users and accounts are other people's words: those get a space in front. So do the wide forms of these signs, which
/// some take for them.
fn cell(text: &str) -> String {
    let text = displayed(text);
    let formula = text.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let guarded = if formula { format!(" {text}") } else { text };
    if guarded.contains([',', '"']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}
