//! One account's result, as every format and the file of `--resume` have it.

use crate::aws::DeviceKind;
use crate::aws::posture::{Fact, Facts, OrgMembership};
use crate::cli::explain::Exit;
use crate::cli::explain::audit::{self as words, Fix};
use crate::cli::page::name;
use crate::flow::{self, Benchmark, Finding, Rule, Severity, Verdict};
use crate::totp::unix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One account of `glasskey root audit`. With `--org`, `--account` or `--accounts` there is one line per account, in
/// the order in which they finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "root_audit_account")]
pub(in crate::cli) struct Row {
    /// The account number.
    pub(super) account: String,
    /// The account's name; null where it is not known.
    pub(super) name: Option<String>,
    /// The partition, such as `aws`; empty for a closed account.
    pub(super) partition: String,
    /// The account's place in its organization.
    pub(super) standing: Membership,
    /// When the account was read, in seconds since the Unix epoch; 0 for a closed account.
    pub(super) at: u64,
    /// `fail` when a finding fails; else `unknown` when a finding is unknown; else `pass`. `closed` is an account that
    /// is not in use.
    pub(super) verdict: RowVerdict,
    /// The state in AWS's words of an account that is not active: for `closed`, `SUSPENDED`, `PENDING_CLOSURE` or
    /// `CLOSED`; with another verdict, `PENDING_ACTIVATION` or a state that AWS adds. Null for an active account.
    pub(super) state: Option<String>,
    /// Root's factors that were seen.
    pub(super) factors: Vec<FactorRow>,
    /// One finding per rule, in the order of docs/audit.md. A member has fewer, since it is seen from outside.
    pub(super) findings: Vec<FindingRow>,
}

/// The account's place in its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Membership {
    /// In no organization.
    Alone,
    /// The management account.
    Management,
    /// A member account.
    Member,
    /// AWS Organizations could not be asked.
    Unknown,
}

/// What an account comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(in crate::cli) enum RowVerdict {
    Pass,
    Fail,
    Unknown,
    Closed,
}

/// One factor of root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::cli) struct FactorRow {
    /// The serial number: an ARN for all but SMS and hardware tokens.
    pub(super) serial: String,
    /// `fido`, `hardware_totp`, `virtual` or `sms`.
    pub(super) kind: DeviceKind,
    /// When it was enabled, in seconds since the Unix epoch; null where AWS does not say.
    pub(super) enabled: Option<u64>,
}

/// One rule's finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::cli) struct FindingRow {
    /// The rule.
    pub(super) id: Rule,
    /// What the rule comes to.
    pub(super) verdict: Verdict,
    /// The rule's severity, whatever the verdict.
    pub(super) severity: Severity,
    /// What was found, for people.
    pub(super) title: String,
    /// What was seen, for people.
    pub(super) evidence: Vec<String>,
    /// What could not be read.
    pub(super) unreadable: Vec<UnreadableRow>,
    /// Why the rule matters, for people; null where nothing is to be done.
    pub(super) why: Option<String>,
    /// How to fix it; null where nothing is to be done.
    pub(super) fix: Option<Fix>,
    /// The rule's numbers in benchmarks and other tools; a name is there only where the rule has a number.
    pub(super) numbers: BTreeMap<Benchmark, String>,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::cli) struct UnreadableRow {
    /// The API call.
    pub(super) call: String,
    /// The IAM permission that the call needs.
    pub(super) permission: String,
    /// Why it could not be read, for people.
    pub(super) reason: String,
    /// Asking again may help (throttled, lost, a server error). Otherwise a person must act first.
    #[serde(default)]
    pub(super) may_pass: bool,
}

impl Row {
    pub(super) fn of(facts: &Facts, findings: &[Finding]) -> Self {
        Self {
            account: facts.account.clone(),
            name: facts.name.clone(),
            partition: facts.partition.clone(),
            standing: standing(facts),
            at: unix(facts.at),
            verdict: worst(findings),
            state: facts.state.clone(),
            factors: factors(facts),
            findings: findings.iter().map(|finding| FindingRow::of(facts, finding)).collect(),
        }
    }

    /// Of an account that is not in use.
    pub(super) fn closed(account: String, name: String, state: String) -> Self {
        Self {
            account,
            name: Some(name),
            partition: String::new(),
            standing: Membership::Member,
            at: 0,
            verdict: RowVerdict::Closed,
            state: Some(state),
            factors: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The verdict; of an account that is not active, AWS's word for its state.
    pub(super) fn verdict_in_words(&self) -> String {
        match &self.state {
            None => name(&self.verdict),
            Some(state) if self.is_closed() => state.clone(),
            Some(state) => format!("{} ({state})", name(&self.verdict)),
        }
    }

    /// Not in use, so that there is nothing to audit.
    pub(super) fn is_closed(&self) -> bool {
        self.verdict == RowVerdict::Closed
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Without what a table of many accounts does not show.
    pub(super) fn slim(mut self) -> Self {
        // The two that say what root's factors are stay, whatever they say.
        let kept = [Rule::RootMfa, Rule::RootHardwareMfa];
        self.findings.retain(|finding| {
            matches!(finding.verdict, Verdict::Fail | Verdict::Unknown) || kept.contains(&finding.id)
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

    pub(super) fn findings_of(&self, verdict: Verdict) -> impl Iterator<Item = &FindingRow> {
        self.findings.iter().filter(move |finding| finding.verdict == verdict)
    }

    fn verdict_of(&self, rule: Rule) -> Option<Verdict> {
        self.findings.iter().find(|finding| finding.id == rule).map(|finding| finding.verdict)
    }

    /// What is to be said of root's factors in a few words.
    pub(super) fn factors_in_words(&self) -> String {
        let mut kinds: Vec<String> = self.factors.iter().map(|factor| name(&factor.kind)).collect();
        kinds.sort_unstable();
        let text = match (self.verdict_of(Rule::RootMfa), kinds.is_empty()) {
            _ if self.is_closed() => "",
            (Some(Verdict::NotApplicable), _) => "none needed",
            (Some(Verdict::Fail), _) => "none",
            (_, false) => return kinds.join(" + "),
            (Some(Verdict::Pass), true) if self.verdict_of(Rule::RootHardwareMfa) == Some(Verdict::Pass) => {
                "hardware"
            }
            (Some(Verdict::Pass), true) => "yes",
            (_, true) => "?",
        };
        text.to_owned()
    }
}

fn standing(facts: &Facts) -> Membership {
    match &facts.standing {
        Fact::Known(OrgMembership::Alone) => Membership::Alone,
        Fact::Known(OrgMembership::Management) => Membership::Management,
        Fact::Known(OrgMembership::Member(_)) => Membership::Member,
        Fact::Unreadable(_) => Membership::Unknown,
    }
}

/// A failure goes before what is not known.
fn worst(findings: &[Finding]) -> RowVerdict {
    let any = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    match () {
        () if any(Verdict::Fail) => RowVerdict::Fail,
        () if any(Verdict::Unknown) => RowVerdict::Unknown,
        () => RowVerdict::Pass,
    }
}

fn factors(facts: &Facts) -> Vec<FactorRow> {
    let seen = facts.root.factors.known().map(|factors| factors.seen.as_slice()).unwrap_or_default();
    let row = |factor: &crate::aws::posture::Factor| FactorRow {
        serial: factor.serial.clone(),
        kind: if factor.kind == DeviceKind::RootFido { DeviceKind::Fido } else { factor.kind },
        enabled: factor.enabled.map(unix),
    };
    seen.iter().map(row).collect()
}

impl FindingRow {
    fn of(facts: &Facts, finding: &Finding) -> Self {
        let Finding { rule, verdict, evidence, unreadable } = finding;
        let to_do = matches!(verdict, Verdict::Fail | Verdict::Unknown);
        let unreadable = unreadable.iter().map(|why| UnreadableRow {
            call: why.call.to_string(),
            permission: why.call.permission().to_owned(),
            reason: words::unreadable(why),
            may_pass: words::may_pass(why),
        });
        let member = flow::is_member(facts);
        Self {
            id: rule.id,
            verdict: *verdict,
            severity: rule.severity,
            title: finding.title(),
            evidence: evidence.iter().map(words::evidence).collect(),
            unreadable: unreadable.collect(),
            why: to_do.then(|| rule.why.to_owned()),
            fix: (*verdict == Verdict::Fail)
                .then(|| words::fix(rule.id, &facts.account, &facts.partition, member, evidence)),
            numbers: rule.benchmarks.iter().map(|(of, number)| (*of, (*number).to_owned())).collect(),
        }
    }

    pub(super) fn number(&self, of: Benchmark) -> Option<&str> {
        self.numbers.get(&of).map(String::as_str)
    }

    pub(super) fn numbers_in_words(&self) -> Vec<String> {
        let all = BENCHMARKS.iter();
        all.filter_map(|(of, name)| Some(format!("{name} {}", self.number(*of)?))).collect()
    }
}

/// In the order in which they are shown, with their names.
pub(super) const BENCHMARKS: [(Benchmark, &str); 7] = [
    (Benchmark::CisV3, "CIS v3"),
    (Benchmark::CisV5, "CIS v5"),
    (Benchmark::CisV6, "CIS v6"),
    (Benchmark::CisV7, "CIS v7"),
    (Benchmark::SecurityHub, "Security Hub"),
    (Benchmark::Config, "Config"),
    (Benchmark::Prowler, "Prowler"),
];

/// What all accounts come to.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Totals {
    /// How many accounts there are in all.
    pub(super) accounts: usize,
    /// Accounts in which every rule holds.
    pub(super) pass: usize,
    /// Accounts with a failed finding.
    pub(super) fail: usize,
    /// Accounts with no failed finding and an unknown one.
    pub(super) unknown: usize,
    /// Accounts that are not in use.
    pub(super) closed: usize,
    /// How many findings failed, by severity; a severity without any is left out.
    pub(super) findings: BTreeMap<Severity, usize>,
    /// Things that could not be told.
    #[serde(skip)]
    pub(super) untold: usize,
    /// Failures, and unknowns, that count for the exit code.
    #[serde(skip)]
    failing: usize,
    #[serde(skip)]
    undecided: usize,
    /// Of the unknowns, those that the next run may tell.
    #[serde(skip)]
    passing: usize,
}

impl Totals {
    pub(super) fn add(&mut self, row: &Row, fail_on: Severity) {
        self.accounts += 1;
        match row.verdict {
            RowVerdict::Fail => self.fail += 1,
            RowVerdict::Unknown => self.unknown += 1,
            RowVerdict::Closed => self.closed += 1,
            RowVerdict::Pass => self.pass += 1,
        }
        for finding in &row.findings {
            let counts = finding.severity >= fail_on;
            match finding.verdict {
                Verdict::Fail => {
                    *self.findings.entry(finding.severity).or_default() += 1;
                    self.failing += usize::from(counts);
                }
                Verdict::Unknown => {
                    self.untold += 1;
                    self.undecided += usize::from(counts);
                    self.passing += usize::from(counts && finding.unreadable.iter().any(|why| why.may_pass));
                }
                Verdict::Pass | Verdict::NotApplicable => {}
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
