//! What is so about the root user of an account, and about what watches it: read, and not judged.

mod administrators;
mod alarm;
mod buses;
mod event;
mod facts;
mod member;
mod model;
mod pattern;
mod policy;
mod powers;
mod read;
mod replies;
mod report;
mod root;
mod scp;
mod sign_in;
mod sweep;
mod topic;
mod watch;
mod watchers;
mod window;

pub use alarm::{Raised, Unweighed};
pub use buses::{OWN_BUS_ROLE, OWN_RULE};
pub use event::Watch;
pub use facts::{
    Admin, Admins, Central, Certificates, Contact, Fact, Factor, Factors, Facts, LastUse, ManagedOrganization,
    OrgMembership, PasswordPolicy, ReachableRole, Root, RootKey, RootRow, Surroundings, Unreadable, UserRow,
};
pub use model::{Example, Own};
pub use pattern::{Condition, Coverage, NotJudged, Order, Pattern, Test};
pub(in crate::aws) use read::home;
pub use report::{CredentialReport, NotAReport};
pub use scp::{
    AllowList, Allowed, Effect, Level, LevelKind, Place, PolicyName, RootDeny, ServiceControl, Stops, Tasks, calls,
};
pub use sweep::{Progress, Scope, Sweep};
pub use topic::{Sender, key_lets_in, lets_in};
pub(in crate::aws) use watch::management;
pub use watchers::{
    Alarm, Behind, Filter, Logs, Management, May, Reach, Receives, RegionWatch, Rule, Seal, Sent, Subscription,
    Target, Topic, Trail, TrailStatus, brought,
};
