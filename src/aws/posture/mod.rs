//! What is so about the root user of an account, and about what watches it: read, and not judged.

mod event;
mod facts;
mod pattern;
mod read;
mod report;
mod root;
mod scp;
mod sweep;
mod watch;

pub use event::Watch;
pub use facts::{
    Admin, Admins, Alarm, Around, Central, Certificates, Contact, Fact, Factor, Factors, Facts, Filter, LastUse,
    Logs, Management, PasswordPolicy, Root, RootKey, RootRow, Rule, Standing, Subscription, Summary, Target, Trail,
    TrailStatus, Unreadable, UserRow,
};
pub use pattern::{Condition, Coverage, Example, NotJudged, Order, Pattern, Test};
pub use report::{CredentialReport, NotAReport};
pub use scp::{
    AllowList, Allowed, Effect, Level, LevelKind, Place, PolicyName, RootDeny, ServiceControl, Stops, Tasks, calls,
};
pub use sweep::{Progress, Scope, Sweep};
