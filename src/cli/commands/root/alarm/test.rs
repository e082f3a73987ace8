//! `glasskey root alarm test`: each hop of the chain, and what came of proving it.

use crate::cli::args::{Cli, RootAlarmTest};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::notices::proof;
use crate::cli::page::{Page, name};
use crate::cli::{Outcome, environment};
use crate::flow::alarm::{self, AlarmTest, AlarmTested, Hop, Proof, Tested};
use crate::totp::unix;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

pub(in crate::cli) fn run(args: &RootAlarmTest, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let request = AlarmTest { wait: Duration::from_secs(args.wait), approved: cli.global.yes };
    let tested = alarm::test(request, &mut world).map_err(|failed| explain::failed(&failed))?;
    console.result(&page(&tested), &Report::of(&tested));
    Ok(if tested.proved.is_some() { Exit::Done } else { Exit::No })
}

fn page(tested: &AlarmTested) -> Page {
    let in_regions = tested.hops.iter().any(|tested| tested.region.is_some());
    let width = if in_regions { 22 } else { 8 };
    let mut page = Page::of(&format!("{:<width$} {:<9} {}", "hop", "proof", "what was seen"));
    for Tested { hop, region, proof: of, why } in &tested.hops {
        let hop = region.as_ref().map_or_else(|| name(hop), |region| format!("{} {region}", name(hop)));
        page.line(&format!("{hop:<width$} {:<9} {why}", proof(*of)));
    }
    page
}

/// What came of proving the alarm on root's use.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "alarm_tested")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The region of log group, alarm and topic, or of root's sign-ins and the topic.
    region: &'a str,
    /// The log group; null where rules of EventBridge were proved.
    log_group: Option<&'a str>,
    /// The metric filter; null where none is about root.
    filter: Option<&'a str>,
    /// The alarm; null where none is on the filter's metric.
    alarm: Option<&'a str>,
    /// The rule of EventBridge in the region of root's sign-ins; null where a metric filter was proved.
    rule: Option<&'a str>,
    /// What the alarm or the rule tells, an ARN; null where it tells nobody.
    topic: Option<&'a str>,
    /// The hops, in the order in which an event passes them.
    hops: Vec<HopReport<'a>>,
    /// When all that can be proved was, in seconds since 1970: now; null where something was not. The exit code is 1 then.
    proved: Option<u64>,
}

/// A hop.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct HopReport<'a> {
    /// Which.
    hop: Hop,
    /// The region, where there is such a hop in several; null otherwise.
    region: Option<&'a str>,
    /// What came of it.
    proof: Proof,
    /// What was seen, or why it is not proved, for people; AWS's own text where there is one.
    message: &'a str,
}

impl<'a> Report<'a> {
    fn of(tested: &'a AlarmTested) -> Self {
        let hop = |Tested { hop, region, proof, why }: &'a Tested| HopReport {
            hop: *hop,
            region: region.as_deref(),
            proof: *proof,
            message: why,
        };
        Self {
            account: &tested.account,
            region: &tested.region,
            log_group: tested.group.as_deref(),
            filter: tested.filter.as_deref(),
            alarm: tested.alarm.as_deref(),
            rule: tested.rule.as_deref(),
            topic: tested.topic.as_deref(),
            hops: tested.hops.iter().map(hop).collect(),
            proved: tested.proved.map(unix),
        }
    }
}
