//! `glasskey oath …`: every command, and every way it is refused.

pub(crate) mod adding; // `add`: where secrets come from, proof, and taking back
mod asking; // prompts at a terminal
mod importing; // `import`: exports, lists and pictures
mod reading; // `list`, `info`, `code`, and choosing the key
mod writing; // `delete`, `rename`, `password`, `reset`

use crate::support::{FIRST, Keys, Run};
use glasskey::sim::oath_card::{Fault, On, What, When};

/// `--key 12345678`.
const KEY: &str = "--key=12345678";

/// `glasskey oath` with these arguments, on the first key.
fn oath(keys: &Keys, args: &[&str]) -> Run {
    let mut all = vec!["oath"];
    all.extend(args);
    all.push(KEY);
    assert_eq!(keys.key(0).serial().map(|serial| serial.0), Some(FIRST));
    keys.run(all)
}

fn fault(ins: u8, when: When, what: What) -> Fault {
    Fault { on: On::Ins(ins), when, what }
}
