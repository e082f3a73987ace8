//! Open Cybersecurity Schema Framework 1.3: Compliance Finding (class 2003), one a line.

use super::row::{FindingRow, Row, rank};
use crate::aws::root_arn;
use serde_json::{Value, json};

pub(super) fn events(row: &Row) -> Vec<Value> {
    let told = row.findings.iter().filter(|finding| finding.verdict != "not_applicable");
    told.map(|finding| event(row, finding)).collect()
}

fn event(row: &Row, finding: &FindingRow) -> Value {
    let arn = root_arn(&row.partition, &row.account);
    // Informational for what is well; OCSF counts from 1.
    let severity = if finding.verdict == "pass" { 1 } else { rank(&finding.severity) + 1 };
    let names = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"];
    let named = names.get(usize::from(severity)).copied().unwrap_or("Unknown");
    let (status_id, status) = match finding.verdict.as_str() {
        "pass" => (1, "Pass"),
        "fail" => (3, "Fail"),
        _ => (0, "Unknown"),
    };
    let detail =
        finding.unreadable.iter().map(|why| why.reason.as_str()).chain(finding.evidence.iter().map(String::as_str));
    let detail = detail.collect::<Vec<_>>().join("; ");
    let standards: Vec<String> = finding.numbers.iter().map(|(of, number)| format!("{of} {number}")).collect();
    let fixes = finding.fix.as_ref().map(|fix| {
        fix.glasskey.iter().chain(&fix.aws).chain(&fix.console).map(String::as_str).collect::<Vec<_>>().join("\n")
    });
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
            "uid": format!("{}/{}", row.account, finding.id), "title": finding.title, "types": [finding.id],
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
    if let Some(fixes) = fixes
        && let Some(members) = event.as_object_mut()
    {
        members.insert("remediation".to_owned(), json!({ "desc": fixes }));
    }
    event
}
