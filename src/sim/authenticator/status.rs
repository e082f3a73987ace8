//! CTAP2 status codes (CTAP 2.1 §8.2), those that the key answers with.

/// A status byte other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) u8);

pub(super) const INVALID_COMMAND: Status = Status(0x01);
pub(super) const INVALID_PARAMETER: Status = Status(0x02);
pub(super) const INVALID_LENGTH: Status = Status(0x03);
pub(super) const INVALID_SEQ: Status = Status(0x04);
pub(super) const CBOR_UNEXPECTED_TYPE: Status = Status(0x11);
pub(super) const INVALID_CBOR: Status = Status(0x12);
pub(super) const MISSING_PARAMETER: Status = Status(0x14);
pub(super) const LIMIT_EXCEEDED: Status = Status(0x15);
pub(super) const CREDENTIAL_EXCLUDED: Status = Status(0x19);
pub(super) const UNSUPPORTED_ALGORITHM: Status = Status(0x26);
pub(super) const KEY_STORE_FULL: Status = Status(0x28);
pub(super) const UNSUPPORTED_OPTION: Status = Status(0x2B);
pub(super) const INVALID_OPTION: Status = Status(0x2C);
pub(super) const KEEPALIVE_CANCEL: Status = Status(0x2D);
pub(super) const NO_CREDENTIALS: Status = Status(0x2E);
pub(super) const USER_ACTION_TIMEOUT: Status = Status(0x2F);
pub(super) const NOT_ALLOWED: Status = Status(0x30);
pub(super) const PIN_INVALID: Status = Status(0x31);
pub(super) const PIN_BLOCKED: Status = Status(0x32);
pub(super) const PIN_AUTH_INVALID: Status = Status(0x33);
pub(super) const PIN_AUTH_BLOCKED: Status = Status(0x34);
pub(super) const PIN_NOT_SET: Status = Status(0x35);
/// CTAP 2.0 calls it PIN_REQUIRED.
pub(super) const PUAT_REQUIRED: Status = Status(0x36);
pub(super) const PIN_POLICY_VIOLATION: Status = Status(0x37);
pub(super) const REQUEST_TOO_LARGE: Status = Status(0x39);
pub(super) const UV_BLOCKED: Status = Status(0x3C);
pub(super) const INTEGRITY_FAILURE: Status = Status(0x3D);
pub(super) const INVALID_SUBCOMMAND: Status = Status(0x3E);
pub(super) const UV_INVALID: Status = Status(0x3F);
pub(super) const UNAUTHORIZED_PERMISSION: Status = Status(0x40);
pub(super) const LARGE_BLOB_STORAGE_FULL: Status = Status(0x42);
