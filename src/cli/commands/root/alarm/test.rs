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
    let mut page = Page::of(&format!("{:<8} {:<9} {}", "hop", "proof", "what was seen"));
    for Tested { hop, proof: of, why } in &tested.hops {
        page.line(&format!("{:<8} {:<9} {why}", name(hop), proof(*of)));
    }
    page
}

/// What came of proving the alarm on root's use.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "alarm_tested")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The region of log group, alarm and topic.
    region: &'a str,
    /// The log group.
    log_group: &'a str,
    /// The metric filter; null where none is about root.
    filter: Option<&'a str>,
    /// The alarm; null where none is on the filter's metric.
    alarm: Option<&'a str>,
    /// What the alarm tells, an ARN; null where it tells nobody.
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
    /// What came of it.
    proof: Proof,
    /// What was seen, or why it is not proved, for people; AWS's own text where there is one.
    message: &'a str,
}

impl<'a> Report<'a> {
    fn of(tested: &'a AlarmTested) -> Self {
        let hop = |Tested { hop, proof, why }: &'a Tested| HopReport { hop: *hop, proof: *proof, message: why };
        Self {
            account: &tested.account,
            region: &tested.region,
            log_group: &tested.group,
            filter: tested.filter.as_deref(),
            alarm: tested.alarm.as_deref(),
            topic: tested.topic.as_deref(),
            hops: tested.hops.iter().map(hop).collect(),
            proved: tested.proved.map(unix),
        }
    }
}
