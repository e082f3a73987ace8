//! Audits the root user of a simulated account.
#![allow(clippy::print_stdout)]

use glasskey::flow::{AuditRequest, Audited, audit};
use glasskey::sim::aws::Aws;
use glasskey::sim::clock::SimClock;
use std::error::Error;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let (aws, state) = (Aws::new(SimClock::host()), tempfile::tempdir()?);
    let mut world = glasskey::sim::world(&aws, &aws.root_session(), &[], state.path())?;
    let request = AuditRequest { scope: None, at_once: 1, known: Vec::new() };
    audit(request, &mut world, &mut |audited, _| {
        if let Audited::Account { facts, findings } = audited {
            println!("account {}", facts.account);
            findings.iter().for_each(|finding| println!("{:?}: {:?}", finding.rule, finding.verdict));
        }
        true
    })?;
    Ok(())
}
