//! The table of the audit's rules, from the rules themselves.

use super::hold;
use glasskey::flow::{Benchmark, RULES};
use serde_json::Value;

fn name(of: impl serde::Serialize) -> String {
    serde_json::to_value(of).ok().as_ref().and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn the_table_of_rules() {
    use Benchmark::{CisV3, CisV5, CisV6, CisV7, Config, Prowler, SecurityHub};
    let mut table = "| rule | severity | fails when | CIS v3 | v5 | v6 | v7 | Security Hub | Config | Prowler |\n\
                     |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for rule in RULES {
        let number = |of: Benchmark| {
            let of = rule.benchmarks.iter().find(|(benchmark, _)| *benchmark == of);
            of.map_or_else(String::new, |(_, number)| format!(" {number}"))
        };
        let numbers = [CisV3, CisV5, CisV6, CisV7, SecurityHub, Config, Prowler].map(number).join(" |");
        table.push_str(&format!(
            "| `{}` | {} | {} |{numbers} |\n",
            name(rule.id),
            name(rule.severity),
            rule.fails_when
        ));
    }
    hold("docs/audit.md", "rules", &table);
}
