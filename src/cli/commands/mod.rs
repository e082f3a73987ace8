//! One file a command: arguments to a request, the flow, its report.

pub(super) mod access_key;
pub(super) mod demo;
pub(super) mod devices;
pub(super) mod doctor;
pub(super) mod drill;
pub(super) mod enroll;
pub(super) mod fido;
pub(super) mod generate;
pub(super) mod keys;
pub(super) mod oath;
pub(super) mod piv;
pub(super) mod recover;
pub(super) mod retire;
pub(super) mod root;
pub(super) mod roster;
pub(super) mod rotate;
pub(super) mod session;
pub(super) mod simulate;
pub(super) mod version;

use super::report::schema;
use schemars::Schema;

pub(super) fn schemas() -> Vec<Schema> {
    let mut schemas = vec![
        schema::<keys::Report>(),
        schema::<version::Report>(),
        schema::<piv::Report<'_>>(),
        schema::<enroll::Report<'_>>(),
        schema::<enroll::PlanReport<'_>>(),
        schema::<roster::UserReport<'_>>(),
        schema::<roster::Report<'_>>(),
        schema::<recover::Report<'_>>(),
        schema::<devices::Report<'_>>(),
        schema::<rotate::Report<'_>>(),
        schema::<rotate::PlanReport<'_>>(),
        schema::<access_key::Report<'_>>(),
        schema::<access_key::PlanReport<'_>>(),
        schema::<rotate::ResyncReport<'_>>(),
        schema::<retire::Report<'_>>(),
        schema::<retire::PlanReport<'_>>(),
        schema::<doctor::Report>(),
        schema::<session::Report<'_>>(),
        schema::<session::ForgetReport>(),
        schema::<drill::Report<'_>>(),
        schema::<drill::VerifyReport>(),
        schema::<simulate::Report>(),
        schema::<demo::Report>(),
    ];
    schemas.extend(fido::schemas());
    schemas.extend(oath::schemas());
    schemas.extend(root::schemas());
    schemas
}
