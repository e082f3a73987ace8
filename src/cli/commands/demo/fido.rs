//! The demo's FIDO2 key: a software authenticator in process, made ready, registered and verified by the real flows.

use super::{Audience, Stage, Told, unexpected};
use crate::cli::explain::{self, Explanation};
use crate::fido::metadata::Metadata;
use crate::flow::fido_key::{self, Ceremony, PinNow, PrepareRequest, Prepared, Records, Trust};
use crate::person::Person;
use crate::platform::Interrupt;
use crate::sim::authenticator::{Options, SoftAuthenticator};
use crate::sim::fido_ports::SoftFidoPorts;
use crate::unlock::fido::{self as unlock, Opened};

/// A key out of its box, made ready.
pub(super) struct Made {
    pub(super) prepared: Prepared,
    opened: Opened,
    interrupt: Interrupt,
}

/// Genuine by the root that its simulated maker has, and a PIN set.
pub(super) fn made_ready(stage: &Stage) -> Result<Made, Box<Explanation>> {
    let serial = super::super::simulate::random_serial().map_err(|_| unexpected("no random serial number"))?;
    let key = SoftAuthenticator::new(Options::new(serial));
    let brought: Vec<Vec<u8>> = key.attestation_roots().into_iter().chain(key.attestation_intermediates()).collect();
    let interrupt = Interrupt::new().map_err(|_| unexpected("no interrupt"))?;
    let ports = SoftFidoPorts(vec![key.clone()]);
    let mut opened =
        unlock::open(&ports, None, &interrupt).map_err(|cause| Box::new(explain::fido_unlock(&cause)))?;
    let mut person = stage.audience();
    let trust = Trust { metadata: Metadata::bundled(), brought: &brought, at: stage.clock.now() };
    let request = PrepareRequest { min_pin: Some(8), ..PrepareRequest::default() };
    let prepared = {
        let mut ceremony = ceremony(&mut opened, &mut person, &interrupt);
        fido_key::prepare(request, trust, &mut ceremony)
    };
    let prepared = prepared.map_err(|failed| Box::new(explain::not_prepared(&opened.id, &failed)))?;
    if prepared.attested.verdict.is_err() || prepared.pin != PinNow::Set || !key.has_pin() {
        return Err(unexpected("the key was not made ready"));
    }
    Ok(Made { prepared, opened, interrupt })
}

/// Out of its box, and proved: made ready, registered, verified.
pub(super) fn ready(stage: &mut Stage) -> Told {
    let Made { mut opened, interrupt, .. } = made_ready(stage)?;
    let mut person = stage.audience();
    let records = Records::of_state(stage.state.path());
    let now = stage.clock.now();
    let enrolled = fido_key::enroll(&records, now, &mut ceremony(&mut opened, &mut person, &interrupt));
    enrolled.map_err(|cause| Box::new(explain::ceremony(&opened.id, &cause)))?;
    let verified = fido_key::verify(&records, now, &mut ceremony(&mut opened, &mut person, &interrupt));
    let verified = verified.map_err(|cause| Box::new(explain::ceremony(&opened.id, &cause)))?;
    match verified.verdict {
        Ok(_) => {
            Ok("genuine by its maker's root, a PIN of at least 8 set, registered, and its signature verified"
                .to_owned())
        }
        Err(_) => Err(unexpected("the key's signature does not verify")),
    }
}

fn ceremony<'a>(key: &'a mut Opened, person: &'a mut Audience, interrupt: &'a Interrupt) -> Ceremony<'a> {
    Ceremony { key, person: person as &mut dyn Person, interrupt, last_try: false }
}
