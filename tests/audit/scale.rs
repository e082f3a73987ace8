//! A thousand accounts, each answer 50 ms away: how long, how much memory, how many calls.

#![allow(clippy::print_stdout)] // the figures are what it is for

use super::office::Office;
use glasskey::sim::aws::Organization;
use glasskey::sim::clock::SimClock;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

const ACCOUNTS: usize = 1000;

/// The figures of docs/scale.md: `cargo test --release --test tests -- --ignored --exact audit::scale::a_thousand_accounts
/// --nocapture`, on a machine that is otherwise quiet.
#[test]
#[ignore = "a measurement"]
fn a_thousand_accounts() {
    let organization = Organization::new(SimClock::host());
    organization.add_many(ACCOUNTS - 1);
    let aws = organization.management().clone();
    let admin = aws.admin();
    aws.set_latency(Duration::from_millis(50));
    let office = Office::over(aws, admin);
    let audit = office.command(&["--org", "--json"]);
    // The child's peak, as the kernel counted it.
    let script = "import resource, subprocess, sys
subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(audit.get_program()).args(audit.get_args()).env_clear();
    python.envs(audit.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = crate::support::run(&mut python);
    let summary: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    let seconds = summary["seconds"].as_f64().unwrap();
    let mib = run.stderr.trim().parse::<f64>().unwrap() / 1024.0;
    let calls = office.aws.calls().len();
    println!("{ACCOUNTS} accounts: {seconds:.1} s, {mib:.0} MiB, {calls} calls; {summary}");
    assert_eq!(summary["accounts"], ACCOUNTS);
    assert!(calls <= 8 * ACCOUNTS, "{calls}");
    assert!(mib < 64.0, "{mib}");
    assert!(cfg!(debug_assertions) || seconds < 20.0, "{seconds}");
}
