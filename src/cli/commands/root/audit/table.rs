//! For people: a verdict in one line, then what is to be done.

use super::row::{FindingRow, Row, RowVerdict, Totals};
use crate::cli::console::Style;
use crate::cli::page::{Page, name};
use crate::flow::{Benchmark, Severity, Verdict};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Wide enough for the longest title, so that numbers stand in a column.
const TITLE: usize = 50;

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `2 things to fix, 1 unknown`.
pub(super) fn verdict(failures: usize, unknown: usize) -> String {
    match (failures, unknown) {
        (0, 0) => "all is well".to_owned(),
        (0, unknown) => format!("nothing to fix that could be told, {unknown} unknown"),
        (failures, 0) => format!("{} to fix", count(failures, "thing", "things")),
        (failures, unknown) => format!("{} to fix, {unknown} unknown", count(failures, "thing", "things")),
    }
}

/// `123456789012 (prod)`.
pub(super) fn whose(row: &Row) -> String {
    row.name.as_ref().map_or_else(|| row.account.clone(), |name| format!("{} ({name})", row.account))
}

/// `CIS 2.6 · IAM.6`: the newest benchmark's numbers.
fn references(finding: &FindingRow) -> String {
    let cis = finding.number(Benchmark::CisV7).map(|number| format!("CIS {number}"));
    let hub = finding.number(Benchmark::SecurityHub).map(str::to_owned);
    cis.into_iter().chain(hub).collect::<Vec<_>>().join(" · ")
}

pub(super) fn account(row: &Row) -> Page {
    let (fail, unknown): (Vec<_>, Vec<_>) =
        (row.findings_of(Verdict::Fail).collect(), row.findings_of(Verdict::Unknown).collect());
    let mut page = Page::of(&format!("Root of {}: {}", whose(row), verdict(fail.len(), unknown.len())));
    if !fail.is_empty() || !unknown.is_empty() {
        page.gap();
    }
    let mut fail = fail;
    fail.sort_by_key(|finding| Reverse(finding.severity));
    for finding in fail {
        headline("FAIL", finding, &mut page);
        for line in &finding.evidence {
            page.line(&format!("        {line}"));
        }
        for line in fix(finding) {
            page.line(&format!("        {line}"));
        }
    }
    for finding in unknown {
        headline("?", finding, &mut page);
        for line in finding.unreadable.iter().map(|why| &why.reason).chain(&finding.evidence) {
            page.line(&format!("        {line}"));
        }
    }
    let good: Vec<&str> = row.findings_of(Verdict::Pass).map(|finding| finding.title.as_str()).collect();
    if !good.is_empty() {
        page.gap();
        page.line(&format!("  pass  {}", good.join(" · ")));
    }
    // What passes in part says why not in all.
    for finding in row.findings_of(Verdict::Pass).filter(|finding| finding.title.contains(", but ")) {
        finding.evidence.iter().for_each(|line| page.line(&format!("        {line}")));
    }
    let none: Vec<&str> = row.findings_of(Verdict::NotApplicable).map(|finding| finding.title.as_str()).collect();
    if !none.is_empty() {
        page.line(&format!("  n/a   {}", none.join(" · ")));
    }
    page
}

fn headline(mark: &str, finding: &FindingRow, page: &mut Page) {
    let line =
        format!("  {mark:<4}  {:<TITLE$}  {:<8}  {}", finding.title, name(&finding.severity), references(finding));
    page.line(line.trim_end());
}

fn fix(finding: &FindingRow) -> Vec<String> {
    let Some(fix) = &finding.fix else { return Vec::new() };
    let mut lines: Vec<String> = fix.glasskey.iter().chain(&fix.aws).cloned().collect();
    lines.extend(fix.console.clone());
    let label = |(nth, line): (usize, String)| format!("{:<4}  {line}", if nth == 0 { "fix" } else { "" });
    lines.into_iter().enumerate().map(label).collect()
}

pub(super) fn line(row: &Row, style: Style) -> String {
    let mark = match row.verdict {
        RowVerdict::Fail => style.red("FAIL"),
        RowVerdict::Unknown => style.yellow("?   "),
        RowVerdict::Closed => style.dim("—   "),
        RowVerdict::Pass => "pass".to_owned(),
    };
    format!("  {mark}  {}", columns(row))
}

fn columns(row: &Row) -> String {
    let called = row.name.as_deref().unwrap_or_default();
    let what = if row.is_closed() { row.state.clone().unwrap_or_default() } else { what(row) };
    format!("{}  {called:<20}  {:<22}  {what}", row.account, row.factors_in_words()).trim_end().to_owned()
}

/// The ids of what fails, and why something is not known.
fn what(row: &Row) -> String {
    let mut parts: Vec<String> = row.findings_of(Verdict::Fail).map(|finding| name(&finding.id)).collect();
    // One cause, such as a role that cannot be assumed, leaves many questions open.
    let mut reasons: Vec<&str> = Vec::new();
    for finding in row.findings_of(Verdict::Unknown) {
        match finding.unreadable.first() {
            Some(why) if !reasons.contains(&why.reason.as_str()) => reasons.push(&why.reason),
            Some(_) => {}
            None => parts.push(format!("{}?", name(&finding.id))),
        }
    }
    parts.extend(reasons.into_iter().map(|reason| format!("unknown: {reason}")));
    parts.splice(0..0, row.state.clone());
    parts.join(", ")
}

/// Many accounts: the verdict, the failures by rule, and the table.
pub(super) fn accounts(rows: &[Row], totals: &Totals) -> Page {
    let of = count(totals.accounts, "account", "accounts");
    let mut page = Page::of(&format!("Root users of {of}: {}", summary(totals)));
    let mut by_rule: BTreeMap<(Reverse<Severity>, String), usize> = BTreeMap::new();
    for finding in rows.iter().flat_map(|row| row.findings_of(Verdict::Fail)) {
        *by_rule.entry((Reverse(finding.severity), name(&finding.id))).or_default() += 1;
    }
    if !by_rule.is_empty() {
        page.gap();
    }
    for ((_, id), n) in by_rule {
        page.line(&format!("  {id:<20}  {}", count(n, "account", "accounts")));
    }
    page.gap();
    page.line(&format!("  {:<4}  {:<12}  {:<20}  {:<22}  {}", "", "ACCOUNT", "NAME", "ROOT MFA", "TO FIX"));
    for row in rows {
        let mark = match row.verdict {
            RowVerdict::Fail => "FAIL",
            RowVerdict::Unknown => "?",
            RowVerdict::Closed => "-",
            RowVerdict::Pass => "pass",
        };
        page.line(&format!("  {mark:<4}  {}", columns(row)));
    }
    page
}

/// `7 well, 2 with things to fix, 1 unknown, 1 closed`.
pub(super) fn summary(totals: &Totals) -> String {
    let parts = [
        (totals.pass, "well"),
        (totals.fail, "with something to fix"),
        (totals.unknown, "unknown"),
        (totals.closed, "closed"),
    ];
    let said: Vec<String> =
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

/// The progress bar.
pub(super) fn bar(totals: &Totals, wanted: usize) -> String {
    const WIDTH: usize = 24;
    let wanted = wanted.max(totals.accounts).max(1);
    let filled = (WIDTH * totals.accounts / wanted).min(WIDTH);
    format!(
        "  [{}{}] {} of {}, {} with something to fix, {} unknown",
        "#".repeat(filled),
        "-".repeat(WIDTH - filled),
        totals.accounts,
        count(wanted, "account", "accounts"),
        totals.fail,
        totals.unknown
    )
}
