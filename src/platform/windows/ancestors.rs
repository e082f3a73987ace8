//! The processes above this one. Windows tells a parent by a number that another process may have by now, and the
//! arguments of none: so there are none.

use std::ffi::OsString;

#[must_use]
pub fn of_this_program() -> Vec<Vec<OsString>> {
    Vec::new()
}
