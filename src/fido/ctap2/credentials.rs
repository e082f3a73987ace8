//! authenticatorCredentialManagement (CTAP 2.1 §6.8), and its preview under another number.

use super::{Ctap2, descriptor, map, read_descriptor, read_user, secret, user_entity};
use crate::fido::Error;
use crate::fido::cbor::{self, Value};
use crate::fido::fields::Fields;
use crate::fido::pin::Token;
use crate::fido::types::{CredentialCount, Descriptor, StoredCredential, StoredRelyingParty, User};

const WHAT: &str = "credential management";
const STANDARD: u8 = 0x0A;
/// More than any key holds; a key that claims more is not believed.
const MOST: u64 = 10_000;

mod sub {
    pub(super) const METADATA: u8 = 0x01;
    pub(super) const RPS_BEGIN: u8 = 0x02;
    pub(super) const RPS_NEXT: u8 = 0x03;
    pub(super) const CREDENTIALS_BEGIN: u8 = 0x04;
    pub(super) const CREDENTIALS_NEXT: u8 = 0x05;
    pub(super) const DELETE: u8 = 0x06;
    pub(super) const UPDATE_USER: u8 = 0x07;
}

impl Ctap2 {
    /// How full the key is. Needs
    /// [`Permissions::CREDENTIAL_MANAGEMENT`](crate::fido::Permissions::CREDENTIAL_MANAGEMENT), as the next four.
    pub fn credential_count(&mut self, token: &Token) -> Result<CredentialCount, Error> {
        let answer = self.manage(sub::METADATA, None, token)?;
        let fields = Fields::new(&answer, WHAT)?;
        Ok(CredentialCount {
            existing: fields.need(0x01, Value::as_uint)?,
            remaining: fields.need(0x02, Value::as_uint)?,
        })
    }

    pub fn relying_parties(&mut self, token: &Token) -> Result<Vec<StoredRelyingParty>, Error> {
        let first = self.manage(sub::RPS_BEGIN, None, token);
        self.enumerate(first, sub::RPS_NEXT, 0x05, stored_rp)
    }

    /// The discoverable credentials of the relying party whose id has this SHA-256.
    pub fn credentials(&mut self, token: &Token, rp_id_hash: &[u8; 32]) -> Result<Vec<StoredCredential>, Error> {
        let of = map([(0x01, Some(Value::from(rp_id_hash.as_slice())))]);
        let first = self.manage(sub::CREDENTIALS_BEGIN, Some(of), token);
        self.enumerate(first, sub::CREDENTIALS_NEXT, 0x09, stored_credential)
    }

    /// Deletes a credential. [`Error::NoCredentials`].
    pub fn delete_credential(&mut self, token: &Token, credential: &Descriptor) -> Result<(), Error> {
        let which = map([(0x02, Some(descriptor(credential)))]);
        self.manage(sub::DELETE, Some(which), token).map(drop)
    }

    /// Changes the account's names; its id must be what it was. [`Error::NotSupported`] on keys of before CTAP 2.1.
    pub fn rename_user(&mut self, token: &Token, credential: &Descriptor, user: &User) -> Result<(), Error> {
        // The preview has no such subcommand.
        if self.known()?.credential_management() != Some(STANDARD) {
            return Err(Error::NotSupported { what: "renaming credentials" });
        }
        let which = map([(0x02, Some(descriptor(credential))), (0x03, Some(user_entity(user)))]);
        self.manage(sub::UPDATE_USER, Some(which), token).map(drop)
    }

    /// The first answer says how many there are; "no credentials" is an empty list.
    fn enumerate<T>(
        &mut self,
        first: Result<Value, Error>,
        next: u8,
        total: i64,
        read: fn(&Fields<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let first = match first {
            Err(Error::NoCredentials) => return Ok(Vec::new()),
            first => first?,
        };
        let fields = Fields::new(&first, WHAT)?;
        let total = match fields.uint(total)?.unwrap_or(1) {
            0 => return Ok(Vec::new()),
            total if total > MOST => return Err(fields.malformed()),
            total => total,
        };
        let mut all = vec![read(&fields)?];
        let command = self.management_command()?;
        for _ in 1..total {
            let answer = self.ask(command, Some(&map([(0x01, Some(Value::Uint(next.into())))])))?;
            all.push(read(&Fields::new(&answer, WHAT)?)?);
        }
        Ok(all)
    }

    fn management_command(&mut self) -> Result<u8, Error> {
        self.known()?.credential_management().ok_or(Error::NotSupported { what: WHAT })
    }

    /// A subcommand proved with the token, over its number and parameters.
    fn manage(&mut self, subcommand: u8, parameters: Option<Value>, token: &Token) -> Result<Value, Error> {
        let command = self.management_command()?;
        let mut proven = vec![subcommand];
        proven.extend(parameters.iter().flat_map(cbor::encode));
        let request = map([
            (0x01, Some(Value::Uint(subcommand.into()))),
            (0x02, parameters),
            (0x03, Some(Value::Uint(token.protocol().number().into()))),
            (0x04, Some(token.authenticate(&proven)?.into())),
        ]);
        if matches!(subcommand, sub::DELETE) {
            self.info = None; // it counts the room that is left
        }
        self.ask(command, Some(&request))
    }
}

pub(super) fn stored_rp(answer: &Fields<'_>) -> Result<StoredRelyingParty, Error> {
    let rp = answer.need(0x03, Some)?;
    let text = |key| rp.get_text(key).and_then(Value::as_text).map(str::to_owned);
    let id_hash = answer.need(0x04, |hash| hash.as_bytes()?.try_into().ok())?;
    Ok(StoredRelyingParty { id: text("id"), name: text("name"), id_hash })
}

pub(super) fn stored_credential(answer: &Fields<'_>) -> Result<StoredCredential, Error> {
    Ok(StoredCredential {
        id: answer.need(0x07, read_descriptor)?,
        user: answer.need(0x06, read_user)?,
        public_key: answer.need(0x08, |key| key.as_map().map(|_| key.clone()))?,
        cred_protect: answer.byte(0x0A)?,
        large_blob_key: secret(answer, 0x0B)?,
        third_party_payment: answer.truth(0x0C)?,
    })
}
