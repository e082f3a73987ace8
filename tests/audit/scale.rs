//! Many accounts: a thousand, each answer 50 ms away: how long, how much memory, how many calls; ten thousand, in the
//! same memory; and a list that is divided among processes.

#![allow(clippy::print_stdout)] // the figures are what it is for

use super::office::Office;
use glasskey::sim::aws::Organization;
use glasskey::sim::clock::SimClock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

/// What an audit of so many accounts took: seconds, MiB, calls.
fn measured(accounts: usize, latency: Duration) -> (f64, f64, usize) {
    let organization = Organization::new(SimClock::host());
    organization.add_many(accounts - 1);
    let aws = organization.management().clone();
    let admin = aws.admin();
    aws.set_latency(latency);
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
    println!("{accounts} accounts: {seconds:.1} s, {mib:.0} MiB, {calls} calls; {summary}");
    assert_eq!((&summary["accounts"], &summary["unknown"]), (&accounts.into(), &0.into()));
    assert!(calls <= 8 * accounts, "{calls}");
    assert!(mib < 64.0, "{mib}");
    (seconds, mib, calls)
}

/// As benches/audit.sh measures it; here so that a change that costs more shows: `cargo test --release --test tests --
/// --ignored audit::scale --nocapture`, on a machine that is otherwise quiet.
#[test]
#[ignore = "a measurement"]
fn a_thousand_accounts() {
    let (seconds, ..) = measured(1000, Duration::from_millis(50));
    assert!(cfg!(debug_assertions) || seconds < 20.0, "{seconds}");
}

/// Ten times the accounts, and no more memory: only what is under way is kept.
#[test]
#[ignore = "a measurement"]
fn ten_thousand_accounts_take_no_more_memory() {
    let (_, few, _) = measured(1000, Duration::ZERO);
    let (_, many, _) = measured(10_000, Duration::ZERO);
    assert!(many < few * 1.25, "{few} MiB, {many} MiB");
}

/// What docs/scale.md does with GNU parallel: the list in parts, a process for each, one JSON object a line.
#[test]
fn a_list_divided_among_processes() {
    let organization = Organization::new(SimClock::host());
    let members = organization.add_many(50);
    let aws = organization.management().clone();
    let admin = aws.admin();
    let office = Office::over(aws, admin);
    let (whole, _) = office.lines(&["--org"]);
    let parts: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let office = &office;
        let audit = |part: &[String]| {
            let (mut command, list) = (office.command(&["--accounts", "-", "--json"]), part.join("\n"));
            scope.spawn(move || {
                let run = crate::support::run_with(&mut command, list.as_bytes());
                assert_eq!(run.code, 1, "{}", run.stderr);
                run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            })
        };
        let running: Vec<_> = members.chunks(17).map(audit).collect();
        running.into_iter().map(|part| part.join().unwrap()).collect()
    });
    assert_eq!(parts.len(), 3);
    let rows = |lines: &[Value]| -> BTreeMap<String, Value> {
        let rows = lines.iter().filter(|line| line["standing"] == "member");
        rows.map(|line| (line["account"].as_str().unwrap().to_owned(), line["findings"].clone())).collect()
    };
    let divided: BTreeMap<String, Value> = parts.iter().flat_map(|part| rows(part)).collect();
    assert_eq!(divided.len(), members.len());
    assert_eq!(divided, rows(&whole));
    let sum = |count: &str| parts.iter().map(|part| part.last().unwrap()[count].as_u64().unwrap()).sum::<u64>();
    // The management account is in the whole alone.
    let management = whole.iter().find(|line| line["standing"] == "management").unwrap();
    for count in ["accounts", "pass", "fail", "unknown", "closed"] {
        let of_management = u64::from(count == "accounts" || management["verdict"] == count);
        assert_eq!(sum(count) + of_management, whole.last().unwrap()[count].as_u64().unwrap(), "{count}");
    }
}
