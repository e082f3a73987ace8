//! docs/hardware.md says of each system what doctor says there.

use super::{hold, read, root};
use crate::support::Keys;

#[test]
fn what_each_system_protects_is_in_docs_hardware() {
    hold("docs/hardware.md", "systems", &glasskey::systems());
}

#[test]
fn doctor_prints_the_column_of_its_own_system() {
    let told = Keys::serve(1).run(["doctor", "--json", "--offline"]).json();
    let column = match told["system"]["name"].as_str().unwrap() {
        "Linux" => 2,
        "macOS" => 3,
        _ => 4,
    };
    let table = read(&root().join("docs/hardware.md"));
    let protection = told["system"]["protection"].as_array().unwrap();
    assert!(protection.len() > 5, "{protection:?}");
    for one in protection {
        let (what, how) = (one["what"].as_str().unwrap(), one["how"].as_str().unwrap());
        let rows = table.lines().map(|line| line.split(" | ").collect::<Vec<_>>());
        let row = rows.into_iter().find(|row| row[0] == format!("| {what}")).expect(what);
        assert_eq!(row[column - 1].trim_end_matches(" |"), how);
    }
}
