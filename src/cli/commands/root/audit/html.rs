//! One self-contained file: verdict, table by account, each finding with evidence and fix. No scripts, nothing loaded
//! from anywhere; for the screen, light and dark, and for paper.

use super::markdown::moment;
use super::row::{FindingRow, Row, Totals};
use super::table::{summary, verdict, whose};
use crate::cli::counts::count;
use crate::cli::page::{displayed, name};
use crate::flow::Verdict;
use std::time::SystemTime;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de; --wash: #f6f8fa;
  --bad: #b42318; --unsure: #8a5a00; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #30363d;
  --wash: #161b22; --bad: #ff7b72; --unsure: #e3b341; --good: #56d364; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.5rem 5rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 3rem 0 .25rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
table { width: 100%; border-collapse: collapse; margin: 1.5rem 0; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
a { color: inherit; }
.fail { color: var(--bad); } .unknown { color: var(--unsure); } .pass { color: var(--good); }
.mark { font-weight: 600; white-space: nowrap; }
article { margin: 1rem 0; padding: .75rem 1rem; border: 1px solid var(--line); border-left: 4px solid var(--soft);
  border-radius: 4px; break-inside: avoid; }
article.fail { color: inherit; border-left-color: var(--bad); }
article.unknown { color: inherit; border-left-color: var(--unsure); }
article ul { margin: .5rem 0; padding-left: 1.2rem; }
li, code, pre { overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .5rem .75rem; background: var(--wash); border-radius: 4px; white-space: pre-wrap;
  font: .85rem/1.5 ui-monospace, monospace; }
code { font: .9em ui-monospace, monospace; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } h2 { break-after: avoid; }
  thead { display: table-header-group; } tr { break-inside: avoid; } a { text-decoration: none; } }
@media (max-width: 40rem) { .wide { overflow-x: auto; } }
";

pub(super) fn report(rows: &[Row], totals: &Totals, caller: &str, at: SystemTime) -> String {
    let heading = match rows {
        [row] => format!("Root of {}: {}", whose(row), verdict(totals.failures(), totals.untold)),
        _ => format!("Root users of {}: {}", count(totals.accounts, "account"), summary(totals)),
    };
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<p class=\"soft\">Seen by <code>{}</code>, {}. Written by glasskey {}.</p>\n</header>\n<main>\n",
        escaped(caller),
        moment(at),
        env!("CARGO_PKG_VERSION"),
        title = escaped(&heading),
    );
    text.push_str("<div class=\"wide\">\n<table>\n<thead><tr><th scope=\"col\">Account</th><th scope=\"col\">Name</th><th scope=\"col\">Verdict</th><th scope=\"col\">Root MFA</th><th scope=\"col\">To fix</th><th scope=\"col\">Unknown</th></tr></thead>\n<tbody>\n");
    rows.iter().for_each(|row| text.push_str(&line(row)));
    text.push_str("</tbody>\n</table>\n</div>\n");
    rows.iter().filter(|row| !row.is_closed()).for_each(|row| text.push_str(&section(row)));
    text.push_str("</main>\n</body>\n</html>\n");
    text
}

fn line(row: &Row) -> String {
    let ids = |verdict| row.findings_of(verdict).map(|finding| name(&finding.id)).collect::<Vec<_>>().join(", ");
    let account = match row.is_closed() {
        true => escaped(&row.account),
        false => format!("<a href=\"#a{0}\">{0}</a>", escaped(&row.account)),
    };
    format!(
        "<tr><td class=\"number\">{account}</td><td>{}</td><td class=\"mark {}\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escaped(row.name.as_deref().unwrap_or_default()),
        name(&row.verdict),
        escaped(&row.verdict_in_words()),
        escaped(&row.factors_in_words()),
        escaped(&ids(Verdict::Fail)),
        escaped(&ids(Verdict::Unknown)),
    )
}

fn section(row: &Row) -> String {
    let mut text = format!("<section id=\"a{}\">\n<h2>{}</h2>\n", escaped(&row.account), escaped(&whose(row)));
    let (fail, unknown) = (row.findings_of(Verdict::Fail).count(), row.findings_of(Verdict::Unknown).count());
    text.push_str(&format!("<p class=\"mark {}\">{}</p>\n", name(&row.verdict), escaped(&verdict(fail, unknown))));
    for verdict in [Verdict::Fail, Verdict::Unknown] {
        row.findings_of(verdict).for_each(|finding| text.push_str(&article(finding)));
    }
    for (verdict, label) in [(Verdict::Pass, "Well"), (Verdict::NotApplicable, "Not applicable")] {
        let titles: Vec<&str> = row.findings_of(verdict).map(|finding| finding.title.as_str()).collect();
        if !titles.is_empty() {
            text.push_str(&format!("<p class=\"soft\">{label}: {}.</p>\n", escaped(&titles.join(" · "))));
        }
    }
    text.push_str("</section>\n");
    text
}

fn article(finding: &FindingRow) -> String {
    let mark = if finding.verdict == Verdict::Fail { name(&finding.severity) } else { "unknown".to_owned() };
    let mut text = format!(
        "<article class=\"{}\">\n<h3>{} <span class=\"mark {}\">{}</span></h3>\n",
        name(&finding.verdict),
        escaped(&finding.title),
        name(&finding.verdict),
        mark
    );
    let id = std::iter::once(name(&finding.id)).chain(finding.numbers_in_words()).collect::<Vec<_>>().join(" · ");
    text.push_str(&format!("<p class=\"soft\">{}</p>\n", escaped(&id)));
    if let Some(why) = &finding.why {
        text.push_str(&format!("<p>{}.</p>\n", escaped(why)));
    }
    let seen: Vec<&String> = finding.unreadable.iter().map(|why| &why.reason).chain(&finding.evidence).collect();
    if !seen.is_empty() {
        text.push_str("<ul>\n");
        seen.iter().for_each(|line| text.push_str(&format!("<li>{}</li>\n", escaped(line))));
        text.push_str("</ul>\n");
    }
    if let Some(fix) = &finding.fix {
        let commands: Vec<&str> = fix.glasskey.iter().chain(&fix.aws).map(String::as_str).collect();
        if !commands.is_empty() {
            let lines: Vec<String> = commands.into_iter().map(escaped).collect();
            text.push_str(&format!("<pre>{}</pre>\n", lines.join("\n")));
        }
        if let Some(console) = &fix.console {
            text.push_str(&format!("<p class=\"soft\">Console: {}</p>\n", escaped(console)));
        }
    }
    text.push_str("</article>\n");
    text
}

/// Text that is only text. Names and messages are other people's words.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in displayed(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}
