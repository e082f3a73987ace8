//! Open Cybersecurity Schema Framework 1.3: Compliance Finding (class 2003), one a line.

use super::row::{FindingRow, Row};
use crate::aws::root_arn;
use crate::cli::page::name;
use crate::flow::{Severity, Verdict};
use serde_json::{Value, json};

pub(super) fn events(row: &Row) -> Vec<Value> {
    let told = row.findings.iter().filter(|finding| finding.verdict != Verdict::NotApplicable);
    told.map(|finding| event(row, finding)).collect()
}

/// Informational for what is well; OCSF counts from 1.
fn severity(finding: &FindingRow) -> (u8, &'static str) {
    match (finding.verdict, finding.severity) {
        (Verdict::Pass, _) => (1, "Informational"),
        (_, Severity::Low) => (2, "Low"),
        (_, Severity::Medium) => (3, "Medium"),
        (_, Severity::High) => (4, "High"),
        (_, Severity::Critical) => (5, "Critical"),
    }
}

fn status(verdict: Verdict) -> (u8, &'static str) {
    match verdict {
        Verdict::Pass => (1, "Pass"),
        Verdict::Fail => (3, "Fail"),
        Verdict::Unknown | Verdict::NotApplicable => (0, "Unknown"),
    }
}

fn event(row: &Row, finding: &FindingRow) -> Value {
    let arn = root_arn(&row.partition, &row.account);
    let (severity, named) = severity(finding);
    let (status_id, status) = status(finding.verdict);
    let reasons = finding.unreadable.iter().map(|why| why.reason.as_str());
    let detail = reasons.chain(finding.evidence.iter().map(String::as_str)).collect::<Vec<_>>().join("; ");
    let standards: Vec<String> =
        finding.numbers.iter().map(|(of, number)| format!("{} {number}", name(of))).collect();
    let mut event = json!({
        "activity_id": 1, "activity_name": "Create", "category_uid": 2, "category_name": "Findings",
        "class_uid": 2003, "class_name": "Compliance Finding", "type_uid": 200_301,
        "type_name": "Compliance Finding: Create", "time": row.at * 1000,
        "severity_id": severity, "severity": named,
        "status_id": 1, "status": "New", "message": finding.title, "status_detail": detail,
        "metadata": {
            "version": "1.3.0",
            "product": { "name": "glasskey", "vendor_name": "glasskey", "version": env!("CARGO_PKG_VERSION") },
        },
        "finding_info": {
            "uid": format!("{}/{}", row.account, name(&finding.id)), "title": finding.title, "types": [finding.id],
            "desc": finding.why.clone().unwrap_or_else(|| finding.title.clone()), "created_time": row.at * 1000,
        },
        "compliance": {
            "control": finding.id, "standards": if standards.is_empty() { vec!["glasskey".to_owned()] } else { standards },
            "status_id": status_id, "status": status,
        },
        "cloud": {
            "provider": "AWS",
            "account": { "uid": row.account, "name": row.name, "type_id": 10, "type": "AWS Account" },
        },
        "resources": [{ "uid": arn, "type": "AwsIamRootUser", "cloud_partition": row.partition }],
    });
    if let Some(fix) = &finding.fix
        && let Some(members) = event.as_object_mut()
    {
        let fixes = fix.glasskey.iter().chain(&fix.aws).chain(&fix.console).map(String::as_str);
        members.insert("remediation".to_owned(), json!({ "desc": fixes.collect::<Vec<_>>().join("\n") }));
    }
    event
}
