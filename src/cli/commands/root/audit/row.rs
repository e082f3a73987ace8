//! One account's result as every format and the file of `--resume` have it: words and numbers, no types of other rooms.

use crate::aws::DeviceKind;
use crate::aws::posture::{Fact, Facts, Standing};
use crate::cli::args::FailOn;
use crate::cli::explain::Exit;
use crate::cli::explain::audit::{self as words, Fix};
use crate::flow::{self, Audited, Evidence, Finding, Severity, Verdict};
use crate::totp::unix;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    #[serde(rename = "type")]
    kind: String,
    pub(super) account: String,
    pub(super) name: Option<String>,
    pub(super) partition: String,
    /// `alone`, `management`, `member`, `unknown`.
    pub(super) standing: String,
    /// Seconds since the epoch.
    pub(super) at: u64,
    /// `pass`, `fail`, `unknown`, `closed`.
    pub(super) verdict: String,
    /// AWS's word for the state of an account that is not active.
    pub(super) state: Option<String>,
    pub(super) factors: Vec<FactorRow>,
    pub(super) findings: Vec<FindingRow>,
}

/// One factor of root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FactorRow {
    pub(super) serial: String,
    /// `fido`, `hardware_totp`, `virtual`, `sms`.
    pub(super) kind: String,
    pub(super) enabled: Option<u64>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FindingRow {
    pub(super) id: String,
    pub(super) verdict: String,
    pub(super) severity: String,
    pub(super) title: String,
    pub(super) evidence: Vec<String>,
    pub(super) unreadable: Vec<UnreadableRow>,
    pub(super) why: Option<String>,
    pub(super) fix: Option<Fix>,
    pub(super) numbers: BTreeMap<String, String>,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnreadableRow {
    pub(super) call: String,
    pub(super) permission: String,
    pub(super) reason: String,
    /// Asking again may tell.
    #[serde(default)]
    pub(super) may_pass: bool,
}

impl Row {
    pub(super) fn of(audited: &Audited) -> Self {
        match audited {
            Audited::Closed { account, name, state } => Self {
                kind: "root_audit_account".to_owned(),
                account: account.clone(),
                name: Some(name.clone()),
                partition: String::new(),
                standing: "member".to_owned(),
                at: 0,
                verdict: "closed".to_owned(),
                state: Some(state.clone()),
                factors: Vec::new(),
                findings: Vec::new(),
            },
            Audited::Account { facts, findings } => Self {
                kind: "root_audit_account".to_owned(),
                account: facts.account.clone(),
                name: facts.name.clone(),
                partition: facts.partition.clone(),
                standing: standing(facts).to_owned(),
                at: unix(facts.at),
                verdict: worst(findings).to_owned(),
                state: facts.state.clone(),
                factors: factors(facts),
                findings: findings.iter().map(|finding| FindingRow::of(facts, finding)).collect(),
            },
        }
    }

    /// The verdict; of an account that is not active, AWS's word for its state.
    pub(super) fn verdict_in_words(&self) -> String {
        match &self.state {
            None => self.verdict.clone(),
            Some(state) if self.verdict == "closed" => state.clone(),
            Some(state) => format!("{} ({state})", self.verdict),
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Without what a table of many accounts does not show.
    pub(super) fn slim(mut self) -> Self {
        // The two that say what root's factors are stay, whatever they say.
        let kept = ["root-mfa", "root-hardware-mfa"];
        self.findings.retain(|finding| {
            finding.verdict == "fail" || finding.verdict == "unknown" || kept.contains(&finding.id.as_str())
        });
        for finding in &mut self.findings {
            finding.evidence = Vec::new();
            finding.why = None;
            finding.fix = None;
            finding.numbers = BTreeMap::new();
            finding.title = String::new();
        }
        self.findings.shrink_to_fit();
        self
    }

    /// Everything about it could be told.
    pub(super) fn is_told(&self) -> bool {
        self.findings.iter().all(|finding| finding.unreadable.is_empty())
    }

    pub(super) fn findings_of<'r>(&'r self, verdict: &'r str) -> impl Iterator<Item = &'r FindingRow> {
        self.findings.iter().filter(move |finding| finding.verdict == verdict)
    }

    /// What is to be said of root's factors in a few words.
    pub(super) fn factors_in_words(&self) -> String {
        if self.verdict == "closed" {
            return String::new();
        }
        if self.findings.iter().any(|finding| finding.id == "root-mfa" && finding.verdict == "not_applicable") {
            return "none needed".to_owned();
        }
        let mfa =
            self.findings.iter().find(|finding| finding.id == "root-mfa").map(|finding| finding.verdict.as_str());
        let mut kinds: Vec<&str> = self.factors.iter().map(|factor| factor.kind.as_str()).collect();
        kinds.sort_unstable();
        let hidden =
            self.findings.iter().any(|finding| finding.id == "root-hardware-mfa" && finding.verdict == "pass");
        match (mfa, kinds.is_empty()) {
            (Some("fail"), _) => "none".to_owned(),
            (Some("pass"), true) if hidden => "hardware".to_owned(),
            (Some("pass"), true) => "yes".to_owned(),
            (_, true) => "?".to_owned(),
            _ => kinds.join(" + "),
        }
    }
}

fn standing(facts: &Facts) -> &'static str {
    match &facts.standing {
        Fact::Known(Standing::Alone) => "alone",
        Fact::Known(Standing::Management) => "management",
        Fact::Known(Standing::Member(_)) => "member",
        Fact::Unreadable(_) => "unknown",
    }
}

/// A failure goes before what is not known.
fn worst(findings: &[Finding]) -> &'static str {
    let any = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    match () {
        () if any(Verdict::Fail) => "fail",
        () if any(Verdict::Unknown) => "unknown",
        () => "pass",
    }
}

fn factors(facts: &Facts) -> Vec<FactorRow> {
    let kind = |kind| match kind {
        DeviceKind::Fido | DeviceKind::RootFido => "fido",
        DeviceKind::HardwareTotp => "hardware_totp",
        DeviceKind::Virtual => "virtual",
        DeviceKind::Sms => "sms",
    };
    let seen = facts.root.factors.known().map(|factors| factors.seen.as_slice()).unwrap_or_default();
    seen.iter()
        .map(|factor| FactorRow {
            serial: factor.serial.clone(),
            kind: kind(factor.kind).to_owned(),
            enabled: factor.enabled.map(unix),
        })
        .collect()
}

impl FindingRow {
    fn of(facts: &Facts, finding: &Finding) -> Self {
        let wanted = matches!(finding.verdict, Verdict::Fail | Verdict::Unknown);
        let Finding { rule, verdict, severity, evidence, unreadable } = finding;
        let fix = |evidence: &[Evidence]| {
            words::fix(*rule, &facts.account, &facts.partition, flow::is_member(facts), evidence)
        };
        Self {
            id: words::rule_id(*rule).to_owned(),
            verdict: words::verdict_id(*verdict).to_owned(),
            severity: words::severity_id(*severity).to_owned(),
            title: words::title(*rule, *verdict, evidence),
            evidence: evidence.iter().map(words::evidence).collect(),
            unreadable: unreadable
                .iter()
                .map(|why| UnreadableRow {
                    call: why.call.to_string(),
                    permission: why.call.permission().to_owned(),
                    reason: words::unreadable(why),
                    may_pass: words::may_pass(why),
                })
                .collect(),
            why: wanted.then(|| words::why(*rule).to_owned()),
            fix: (*verdict == Verdict::Fail).then(|| fix(evidence)),
            numbers: numbers(*rule),
        }
    }

    pub(super) fn number(&self, of: &str) -> Option<&str> {
        self.numbers.get(of).map(String::as_str)
    }

    /// Each with the name of what it is a number in.
    pub(super) fn numbers_in_words(&self) -> Vec<String> {
        let names = [
            ("cis_v3", "CIS v3"),
            ("cis_v5", "CIS v5"),
            ("cis_v6", "CIS v6"),
            ("cis_v7", "CIS v7"),
            ("security_hub", "Security Hub"),
            ("config", "Config"),
            ("prowler", "Prowler"),
        ];
        names.iter().filter_map(|(of, name)| Some(format!("{name} {}", self.number(of)?))).collect()
    }
}

fn numbers(rule: flow::Rule) -> BTreeMap<String, String> {
    let numbers = words::numbers(rule);
    let all = [
        ("cis_v3", numbers.cis_v3),
        ("cis_v5", numbers.cis_v5),
        ("cis_v6", numbers.cis_v6),
        ("cis_v7", numbers.cis_v7),
        ("security_hub", numbers.security_hub),
        ("config", numbers.config),
        ("prowler", numbers.prowler),
    ];
    all.into_iter()
        .filter(|(_, number)| !number.is_empty())
        .map(|(of, number)| (of.to_owned(), number.to_owned()))
        .collect()
}

/// What all rows come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) accounts: usize,
    pub(super) pass: usize,
    pub(super) fail: usize,
    pub(super) unknown: usize,
    pub(super) closed: usize,
    /// Failures by severity.
    pub(super) findings: BTreeMap<String, usize>,
    /// Things that could not be told.
    pub(super) untold: usize,
    /// Failures, and unknowns, that count for the exit code.
    failing: usize,
    undecided: usize,
    /// Of the unknowns, those that the next run may tell.
    passing: usize,
}

impl Totals {
    pub(super) fn add(&mut self, row: &Row, fail_on: FailOn) {
        self.accounts += 1;
        match row.verdict.as_str() {
            "fail" => self.fail += 1,
            "unknown" => self.unknown += 1,
            "closed" => self.closed += 1,
            _ => self.pass += 1,
        }
        for finding in &row.findings {
            let counts = rank(&finding.severity) >= fail_on_rank(fail_on);
            match finding.verdict.as_str() {
                "fail" => {
                    *self.findings.entry(finding.severity.clone()).or_default() += 1;
                    self.failing += usize::from(counts);
                }
                "unknown" => {
                    self.untold += 1;
                    self.undecided += usize::from(counts);
                    self.passing += usize::from(counts && finding.unreadable.iter().any(|why| why.may_pass));
                }
                _ => {}
            }
        }
    }

    pub(super) fn failures(&self) -> usize {
        self.findings.values().sum()
    }

    /// A finding goes before what could not be told; of that, what the next run may tell before what takes a person.
    pub(super) fn exit(&self) -> Exit {
        match (self.failing, self.undecided, self.passing) {
            (0, 0, _) => Exit::Done,
            (0, _, 0) => Exit::Person,
            (0, ..) => Exit::Left,
            _ => Exit::No,
        }
    }
}

/// A severity's place, from its name.
pub(super) fn rank(severity: &str) -> u8 {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        .into_iter()
        .zip(1..)
        .find(|(one, _)| words::severity_id(*one) == severity)
        .map_or(0, |(_, rank)| rank)
}

fn fail_on_rank(fail_on: FailOn) -> u8 {
    match fail_on {
        FailOn::Low => 1,
        FailOn::Medium => 2,
        FailOn::High => 3,
        FailOn::Critical => 4,
    }
}
