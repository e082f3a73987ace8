//! What a run is given beside its plan: nothing of it is written down.

use crate::flow::seed_sinks::{CommandTo, EscrowTo};

/// What the steps need and no plan may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HardenInputs {
    /// Where the administrator's password goes; `None`: nowhere, so none can be made.
    pub password: Option<PasswordPlaces>,
}

/// Places for a new password; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordPlaces {
    /// An age file; it has a name.
    pub escrow: Option<EscrowTo>,
    /// A command that takes it on its standard input.
    pub command: Option<CommandTo>,
    /// The terminal, until the person has taken it down.
    pub shown: bool,
}
