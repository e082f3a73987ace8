//! Root's part of the demo: what the console does, the audience does in the simulated one; the flows are the real ones.

use super::fido::{self, Made};
use super::{Stage, Told, unexpected};
use crate::cli::explain::{self, Explanation};
use crate::flow::root::{self, Candidate, Evidence, FidoRequest, NotDone, TotpRequest, WatchLimits};
use crate::secret::Seed;
use std::time::Duration;

const PATIENCE: WatchLimits = WatchLimits { timeout: Duration::from_secs(900), every: Duration::from_secs(3) };

fn not_done(failed: &NotDone) -> Box<Explanation> {
    Box::new(explain::root_not_done(failed))
}

/// Two security keys, each made ready, registered in the console, and seen in IAM by its serial number.
pub(super) fn two_keys(stage: &mut Stage) -> Told {
    let request = FidoRequest { keys: 2, account: None, blind: false, limits: PATIENCE };
    let mut world = stage.world(&stage.aws.root_session())?;
    let sitting = root::begin(&request, &mut world).map_err(|failed| not_done(&failed))?;
    let ready = [fido::made_ready(stage)?, fido::made_ready(stage)?];
    let candidates = ready.map(|Made { prepared, .. }| {
        let genuine = prepared.attested.verdict.as_ref().ok();
        let certification = genuine.map_or_else(String::new, |genuine| genuine.certification.to_string());
        Candidate { id: prepared.key, certification }
    });
    let enrolled = sitting.register(&candidates, &mut world).map_err(|failed| not_done(&failed))?;
    let seen = enrolled.keys.iter().filter(|key| key.evidence == Evidence::Seen && key.serial.is_some()).count();
    match (seen, enrolled.devices) {
        (2, Some(devices)) if devices.len() == 2 => {
            Ok("root has two security keys, each seen in IAM under the name of its key".to_owned())
        }
        _ => Err(unexpected("root's keys were not seen")),
    }
}

/// Codes instead, where a console takes no security keys: one secret on both keys.
pub(super) fn codes(stage: &mut Stage) -> Told {
    let name = "root-account-mfa-device";
    let console = |cause: String| Box::new(Explanation::new("demo", cause));
    let request = TotpRequest {
        keys: stage.serials(),
        phone: false,
        account: None,
        blind: false,
        device_name: name.to_owned(),
        touch: false,
        limits: PATIENCE,
        codes_elsewhere: true,
    };
    let mut world = stage.world(&stage.aws.root_session())?;
    let sitting = root::begin_totp(request, &mut world).map_err(|failed| not_done(&failed))?;
    let (serial, secret) = stage.aws.new_virtual_for_root(name).map_err(console)?;
    let seed = Seed::from_base32(secret.as_bytes()).map_err(|_| unexpected("the console's secret is none"))?;
    stage.form.replace(Some(serial.clone()));
    let enrolled = sitting.enroll(seed, &mut world).map_err(|failed| not_done(&failed))?;
    if enrolled.serial != Some(serial) || enrolled.keys.len() != 2 {
        return Err(unexpected("root's device was not seen"));
    }
    Ok("the console's secret is on both keys, the console took two codes, and IAM lists the device".to_owned())
}
