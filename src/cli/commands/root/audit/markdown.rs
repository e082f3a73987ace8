//! Markdown: verdict, table by account, each finding with evidence and fix.

use super::row::{FindingRow, Row, Totals};
use super::table::{summary, whose};
use crate::cli::counts::count;
use crate::cli::page::{displayed, name};
use crate::flow::Verdict;
use std::time::SystemTime;

pub(super) fn report(rows: &[Row], totals: &Totals, caller: &str, at: SystemTime) -> String {
    let mut text = format!(
        "# Root users: {}\n\n{}, seen by `{}`, {}.\n\n",
        summary(totals),
        count(totals.accounts, "account"),
        plain(caller),
        moment(at)
    );
    text.push_str("| account | name | verdict | root MFA | to fix | unknown |\n|---|---|---|---|---|---|\n");
    for row in rows {
        let ids = |verdict| row.findings_of(verdict).map(|finding| name(&finding.id)).collect::<Vec<_>>().join(", ");
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            row.account,
            plain(row.name.as_deref().unwrap_or_default()),
            plain(&row.verdict_in_words()),
            plain(&row.factors_in_words()),
            ids(Verdict::Fail),
            ids(Verdict::Unknown)
        ));
    }
    for row in rows.iter().filter(|row| !row.is_closed()) {
        text.push_str(&format!("\n## {}\n", plain(&whose(row))));
        for verdict in [Verdict::Fail, Verdict::Unknown] {
            row.findings_of(verdict).for_each(|finding| text.push_str(&section(finding)));
        }
        for (verdict, label) in [(Verdict::Pass, "Well"), (Verdict::NotApplicable, "Not applicable")] {
            let titles: Vec<String> = row.findings_of(verdict).map(|finding| plain(&finding.title)).collect();
            if !titles.is_empty() {
                text.push_str(&format!("\n{label}: {}.\n", titles.join(" · ")));
            }
        }
    }
    text
}

fn section(finding: &FindingRow) -> String {
    let mark = if finding.verdict == Verdict::Fail { name(&finding.severity) } else { "unknown".to_owned() };
    let mut text = format!("\n### {} ({mark})\n\n", plain(&finding.title));
    let numbers = finding.numbers_in_words().into_iter().map(|number| plain(&number));
    let id = std::iter::once(format!("`{}`", name(&finding.id))).chain(numbers).collect::<Vec<_>>().join(" · ");
    text.push_str(&format!("{id}\n"));
    if let Some(why) = &finding.why {
        text.push_str(&format!("\nWhy: {}.\n", displayed(why)));
    }
    for line in finding.unreadable.iter().map(|why| &why.reason).chain(&finding.evidence) {
        text.push_str(&format!("\n- {}", plain(line)));
    }
    text.push('\n');
    if let Some(fix) = &finding.fix {
        let commands: Vec<&str> = fix.glasskey.iter().chain(&fix.aws).map(String::as_str).collect();
        if !commands.is_empty() {
            let lines: Vec<String> = commands.into_iter().map(displayed).collect();
            text.push_str(&format!("\n```\n{}\n```\n", lines.join("\n")));
        }
        if let Some(console) = &fix.console {
            text.push_str(&format!("\nConsole: {}\n", displayed(console)));
        }
    }
    text
}

/// Other people's words, with nothing in them that Markdown would act on.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in displayed(text).chars() {
        match letter {
            '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\' | '#' => {
                safe.push('\\');
                safe.push(letter);
            }
            _ => safe.push(letter),
        }
    }
    safe
}

/// Date and time in UTC: a report travels.
pub(super) fn moment(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| String::new(), |time| time.strftime("%F %H:%M UTC").to_string())
}
