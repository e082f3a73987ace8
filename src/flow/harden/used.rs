//! Which plans have been applied, so that none is twice: a file for each in the state directory, called by its digest.

use crate::flow::failure::{Cause, HardenRefusal};
use crate::person::HardenPlan;
use crate::store;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// No mark is longer, in bytes.
const LONGEST: u64 = 4096;

pub(super) struct UsedPlans(PathBuf);

impl UsedPlans {
    pub(super) fn in_dir(state: &Path) -> Self {
        Self(state.join("plans"))
    }

    fn path(&self, plan: &HardenPlan) -> PathBuf {
        // A digest was computed here: it is hexadecimal.
        self.0.join(format!("{}.used", plan.digest))
    }

    /// # Errors
    /// [`HardenRefusal::UsedPlan`], and where that cannot be read.
    pub(super) fn check(&self, plan: &HardenPlan) -> Result<(), Cause> {
        match store::read_own(&self.path(plan), LONGEST) {
            Ok(run) => {
                let run = String::from_utf8_lossy(&run).trim().to_owned();
                Err(Cause::refused(HardenRefusal::UsedPlan { run }))
            }
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
            Err(why) => Err(Cause::PlanMark(why)),
        }
    }

    /// Writes down that this run applies it, before it changes anything.
    pub(super) fn mark(&self, plan: &HardenPlan, run: &str) -> Result<(), Cause> {
        store::replace(&self.path(plan), format!("{run}\n").as_bytes()).map_err(Cause::PlanMark)
    }

    /// The run has changed nothing. Best effort: with the mark, a new plan is made.
    pub(super) fn unmark(&self, plan: &HardenPlan) {
        let _ = store::remove(&self.path(plan));
    }
}
