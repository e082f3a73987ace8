//! `glasskey keys`

use crate::cli::Outcome;
use crate::cli::args::{Cli, Keys};
use crate::cli::console::Console;
use crate::cli::explain::Explanation;

pub(in crate::cli) fn run(_args: &Keys, _cli: &Cli, _console: &mut Console) -> Outcome {
    Err(Box::new(Explanation::new("usage", "not yet")))
}
