//! authenticatorCredentialManagement (CTAP 2.1 §6.8), and its preview under 0x41.

use super::applet::{Applet, Credential};
use super::ctap::{Answer, Auth, as_map, optional, permission, required};
use super::get_assertion::{describe, descriptor};
use super::get_info::size;
use super::make_credential::user;
use super::status::{
    INVALID_PARAMETER, INVALID_SUBCOMMAND, MISSING_PARAMETER, NO_CREDENTIALS, NOT_ALLOWED, PIN_AUTH_INVALID, Status,
};
use crate::fido::cbor::{self, Value};

/// What is still to be had with the `…GetNext…` subcommands, the next one last.
pub(super) enum Listing {
    RelyingParties(Vec<String>),
    Credentials(Vec<Vec<u8>>),
}

impl Applet {
    pub(super) fn credential_management(&mut self, request: &Value) -> Answer {
        let subcommand = required(request, 1, Value::as_uint)?;
        let params = optional(request, 2, as_map)?;
        match subcommand {
            0x03 => return self.next_rp(),
            0x05 => return self.next_credential(),
            _ => self.power.listing = None,
        }
        if !matches!(subcommand, 1 | 2 | 4 | 6 | 7) {
            return Err(INVALID_SUBCOMMAND.into());
        }
        let auth = Auth::of(request, 3, 4)?;
        let mut message = vec![u8::try_from(subcommand).map_err(|_| INVALID_SUBCOMMAND)?];
        message.extend(params.map(cbor::encode).unwrap_or_default());
        self.authenticate(&auth, &message, permission::CREDENTIAL_MANAGEMENT, None)?;
        match subcommand {
            0x01 => self.only_for(None).map(|()| Some(self.metadata())).map_err(Into::into),
            0x02 => self.first_rp(),
            0x04 => self.first_credential(params.ok_or(MISSING_PARAMETER)?),
            0x06 => self.delete(params.ok_or(MISSING_PARAMETER)?),
            _ => self.update_user(params.ok_or(MISSING_PARAMETER)?),
        }
    }

    /// A token bound to a relying party is no good for another, nor for what concerns all of them.
    fn only_for(&self, rp_id: Option<&str>) -> Result<(), Status> {
        let bound = self.power.grant.as_ref().and_then(|grant| grant.rp_id.as_deref());
        // Keys of before the standard bind a token by its first use, and ask no more of it here.
        if bound.is_none() || bound == rp_id || !self.speaks(super::options::Level::Fido21) {
            Ok(())
        } else {
            Err(PIN_AUTH_INVALID)
        }
    }

    fn metadata(&self) -> Value {
        Value::map([(1, size(self.discoverable().count())), (2, size(self.slots_left()))])
    }

    fn first_rp(&mut self) -> Answer {
        self.only_for(None)?;
        let mut rps: Vec<String> = Vec::new();
        for credential in self.discoverable() {
            if !rps.contains(&credential.rp_id) {
                rps.push(credential.rp_id.clone());
            }
        }
        let total = rps.len();
        let first = rps.pop().ok_or(NO_CREDENTIALS)?;
        let mut answer = self.relying_party(&first);
        answer.push((5, size(total)));
        self.power.listing = Some(Listing::RelyingParties(rps));
        Ok(Some(Value::map(answer)))
    }

    fn next_rp(&mut self) -> Answer {
        let Some(Listing::RelyingParties(rps)) = &mut self.power.listing else { return Err(NOT_ALLOWED.into()) };
        let next = rps.pop().ok_or(NOT_ALLOWED)?;
        Ok(Some(Value::map(self.relying_party(&next))))
    }

    fn relying_party(&self, rp_id: &str) -> Vec<(i32, Value)> {
        let of_it = self.discoverable().filter(|credential| credential.rp_id == rp_id);
        let mut rp = vec![("id", Value::from(rp_id))];
        let mut hash = Vec::new();
        for credential in of_it {
            hash = credential.rp_id_hash().to_vec();
            if let (1, Some(name)) = (rp.len(), &credential.rp_name) {
                rp.push(("name", name.as_str().into()));
            }
        }
        vec![(3, Value::map(rp)), (4, Value::Bytes(hash))]
    }

    fn first_credential(&mut self, params: &Value) -> Answer {
        let hash = required(params, 1, Value::as_bytes)?;
        let of_it: Vec<&Credential> = self.discoverable().filter(|each| each.rp_id_hash() == hash).collect();
        let rp_id = of_it.first().map(|credential| credential.rp_id.clone());
        let mut ids: Vec<Vec<u8>> = of_it.iter().map(|credential| credential.id.clone()).collect();
        self.only_for(rp_id.as_deref())?;
        let total = ids.len();
        let first = ids.pop().ok_or(NO_CREDENTIALS)?;
        let mut answer = self.described(&first)?;
        answer.push((9, size(total)));
        self.power.listing = Some(Listing::Credentials(ids));
        Ok(Some(Value::map(answer)))
    }

    fn next_credential(&mut self) -> Answer {
        let Some(Listing::Credentials(ids)) = &mut self.power.listing else { return Err(NOT_ALLOWED.into()) };
        let next = ids.pop().ok_or(NOT_ALLOWED)?;
        Ok(Some(Value::map(self.described(&next)?)))
    }

    fn described(&self, id: &[u8]) -> Result<Vec<(i32, Value)>, Status> {
        let credential = self.discoverable().find(|credential| credential.id == id).ok_or(NO_CREDENTIALS)?;
        let mut answer = vec![
            (6, describe(&credential.user, true)),
            (7, descriptor(&credential.id)),
            (8, credential.key.cose()),
            (10, Value::Uint(u64::from(credential.protection))),
        ];
        answer.extend(credential.large_blob_key.as_ref().map(|key| (11, key[..].into())));
        Ok(answer)
    }

    fn delete(&mut self, params: &Value) -> Answer {
        let position = self.named(params)?;
        self.held.credentials.remove(position);
        Ok(None)
    }

    fn update_user(&mut self, params: &Value) -> Answer {
        let position = self.named(params)?;
        let user = user(required(params, 3, as_map)?)?;
        let credential = self.held.credentials.get_mut(position).ok_or(NO_CREDENTIALS)?;
        if credential.user.id != user.id {
            return Err(INVALID_PARAMETER.into());
        }
        credential.user = user;
        Ok(None)
    }

    /// The place of the credential that the parameters name.
    fn named(&self, params: &Value) -> Result<usize, Status> {
        let id = required(required(params, 2, as_map)?, "id", Value::as_bytes)?;
        let found = self.held.credentials.iter().enumerate().find(|(_, each)| each.discoverable && each.id == id);
        let (position, credential) = found.ok_or(NO_CREDENTIALS)?;
        self.only_for(Some(&credential.rp_id))?;
        Ok(position)
    }
}
