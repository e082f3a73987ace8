//! WebAuthn's JSON (Level 3 §5.1): the options a relying party hands out, the client data that a key's signature
//! covers, the responses that go back, and the checks a relying party makes. The part of a browser, without one.
//! Knows no key: what is asked of a key, and what it answered, are plain data here.

mod client_data;
mod extensions;
mod members;
mod options;
mod origin;
mod response;
mod verify;

pub use client_data::{Ceremony, ClientData, ReadClientData, fresh_challenge};
pub use extensions::{LargeBlob, Prf, ProtectionPolicy, RegistrationExtensions, RequestExtensions, Salts};
pub use options::{
    Attachment, Conveyance, CreationOptions, Error, RequestOptions, Requirement, RpEntity, Selection, UserEntity,
};
pub use origin::{BadOrigin, BadRpId, Origin, check_rp_id};
pub use response::{AssertionResponse, Made, PrfResults, RegistrationResponse, Used};
pub use verify::{
    Asserted, Expected, Refusal, Registered, Stored, rp_id_hash, verify_assertion, verify_registration,
};
