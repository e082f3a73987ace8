//! Why a key did not do it: the CTAP status bytes and what else can go wrong on the way to one.

use super::ctaphid::ChannelError;
use super::pin::BadPin;
use crate::transport;
use std::path::PathBuf;
use std::time::Duration;

/// Why a FIDO2 key could not be found, opened or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The reports did not get through: the key was pulled.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// The system lets this user not open the device (EACCES, EPERM).
    #[error("this user may not open {path}, the device of a FIDO2 key")]
    NoPermission {
        /// The device node, or the system's name for the device.
        path: PathBuf,
    },
    #[error("there is no device {path}")]
    NoDevice { path: PathBuf },
    #[error("the system's HID service does not do it: {why}")]
    System {
        /// The system's own words.
        why: String,
    },
    /// The HID library stopped in the middle; nothing was sent to any key.
    #[error("the HID library stopped in the middle; nothing was sent to any key")]
    LibraryPanicked,
    /// No key of ours answers on this device: it sent nothing for this long.
    #[error("the key has not answered for {} s", after.as_secs())]
    NoAnswer { after: Duration },
    /// The person interrupted, and the key did not say that it gave the command up: it may have carried it out.
    #[error("interrupted, and the key did not say that it stopped")]
    CancelUnanswered,
    #[error("the key serves another program")]
    Busy,
    /// The key refused a frame (CTAPHID_ERROR).
    #[error("the key refused the message")]
    Channel(#[source] ChannelError),
    #[error("the answer of the key makes no sense ({what})")]
    Malformed {
        /// Which answer or part of one: `getInfo`.
        what: &'static str,
    },
    /// The key speaks U2F only.
    #[error("the key speaks U2F only, not FIDO2")]
    NoCtap2,
    #[error("the key cannot do {what}")]
    NotSupported {
        /// Which: `credential management`.
        what: &'static str,
    },
    /// The PIN cannot be one, or not on this key. Nothing was sent.
    #[error(transparent)]
    BadPin(#[from] BadPin),
    /// The PIN is wrong. Status 31.
    #[error("that is not the PIN of the key{}", tries(*left))]
    PinWrong {
        /// Tries left before the key must be reset; `None` where the key did not tell.
        left: Option<u8>,
    },
    /// One try is left: a wrong PIN now blocks the key for good. Nothing was sent.
    #[error("one PIN try is left on the key; it was not used")]
    LastTry,
    /// The PIN is blocked until the key is reset. Status 32.
    #[error("the PIN of the key is blocked")]
    PinBlocked,
    /// Three wrong PINs in a row: no PIN is taken until the key was unplugged. Status 34.
    #[error("the key takes no PIN until it was unplugged: three in a row were wrong{}", tries(*left))]
    PinAuthBlocked {
        /// Tries left then; `None` where the key did not tell.
        left: Option<u8>,
    },
    /// The key refused the proof made with the PIN's token: it has expired, or is for something else. Status 33.
    #[error("the key refused the proof of the PIN")]
    PinAuthInvalid,
    /// No PIN is set. Status 35, or from getInfo.
    #[error("no PIN is set on the key")]
    PinNotSet,
    #[error("a PIN is set on the key already")]
    PinAlreadySet,
    /// The PIN must be changed before it can be used. Status 37 for a token, or from getInfo.
    #[error("the PIN of the key must be changed before it can be used")]
    PinMustChange,
    /// The key wants the PIN or a fingerprint for this. Status 36.
    #[error("the key wants its PIN or a fingerprint for this")]
    PinRequired,
    /// The new PIN is not good enough for the key: too short, too simple or the old one. Status 37.
    #[error("the new PIN is not good enough for the key")]
    PinPolicy,
    /// The token may not be used for this command. Status 40.
    #[error("the PIN's token may not be used for this")]
    Unauthorized,
    /// The fingerprint was not recognised. Status 3F.
    #[error("the key did not recognise the fingerprint{}", tries(*left))]
    UvWrong {
        /// Tries left before only the PIN is taken; `None` where the key did not tell.
        left: Option<u8>,
    },
    /// Fingerprints are blocked until the PIN is given. Status 3C.
    #[error("the key takes no fingerprint until its PIN is given")]
    UvBlocked,
    /// Nobody touched the key in the time given by us, or by the key (status 3A, or 05).
    #[error("nobody touched the key in time")]
    TouchTimedOut,
    /// The person took too long. Status 2F.
    #[error("nobody touched the key in time")]
    UserActionTimeout,
    /// The person refused on the key; some keys answer so when nobody touched them in time. Status 27.
    #[error("it was refused on the key, or nobody touched it in time")]
    Denied,
    /// The key wants to be touched or unplugged first. Status 3B.
    #[error("the key wants to be touched first")]
    TouchRequired,
    /// The command was cancelled. Status 2D, after an interrupt.
    #[error("interrupted")]
    Cancelled,
    /// Not now: the reset window is over, or the key is in a state that forbids it. Status 30.
    #[error("the key does not allow that now")]
    NotAllowed,
    /// No credential fits. Status 2E.
    #[error("the key holds no credential that fits")]
    NoCredentials,
    /// One of the excluded credentials is on the key. Status 19.
    #[error("the key holds one of the excluded credentials: it is registered already")]
    Excluded,
    /// No room for another discoverable credential. Status 28.
    #[error("the key has no room for another discoverable credential")]
    KeyFull,
    /// No room for another fingerprint. Status 17.
    #[error("the key has no room for another fingerprint")]
    FingerprintsFull,
    /// No room in the large-blob array. Status 18.
    #[error("the key has no room for that large blob")]
    LargeBlobFull,
    /// The large-blob array, or what was to become it, is damaged. Status 3D, or its checksum.
    #[error("the large blobs of the key are damaged")]
    LargeBlobDamaged,
    /// None of the algorithms asked for. Status 26.
    #[error("the key knows none of the algorithms asked for")]
    UnsupportedAlgorithm,
    /// An option is not there. Status 2B.
    #[error("the key does not know an option of the request")]
    UnsupportedOption,
    /// An option is not valid here. Status 2C.
    #[error("the key does not take an option of the request")]
    InvalidOption,
    /// The message is longer than the key takes. Status 39, or by getInfo.
    #[error("the key does not take a request of this size")]
    TooLarge,
    /// Too many or too long parameters. Status 15.
    #[error("the key does not take a request with so many or so long parameters")]
    LimitExceeded,
    #[error("the key refused with status {status:02X}{}", status_name(*status).map_or_else(String::new, |name| format!(" ({name})")))]
    Other { command: u8, status: u8 },
}

fn tries(left: Option<u8>) -> String {
    left.map_or_else(String::new, |left| format!("; tries left: {left}"))
}

impl Error {
    /// What a status byte other than 00 means (CTAP 2.1 §8.2). The counters of wrong tries are for the caller to read.
    pub(super) fn of_status(command: u8, status: u8) -> Self {
        match status {
            0x01 | 0x3E => Self::NotSupported { what: command_name(command) },
            0x05 | 0x3A => Self::TouchTimedOut,
            0x06 => Self::Busy,
            0x15 => Self::LimitExceeded,
            0x17 => Self::FingerprintsFull,
            0x18 => Self::LargeBlobFull,
            0x19 => Self::Excluded,
            0x26 => Self::UnsupportedAlgorithm,
            0x27 => Self::Denied,
            0x28 => Self::KeyFull,
            0x2B => Self::UnsupportedOption,
            0x2C => Self::InvalidOption,
            0x2D => Self::Cancelled,
            0x2E => Self::NoCredentials,
            0x2F => Self::UserActionTimeout,
            0x30 => Self::NotAllowed,
            0x31 => Self::PinWrong { left: None },
            0x32 => Self::PinBlocked,
            0x33 => Self::PinAuthInvalid,
            0x34 => Self::PinAuthBlocked { left: None },
            0x35 => Self::PinNotSet,
            0x36 => Self::PinRequired,
            0x37 => Self::PinPolicy,
            0x39 => Self::TooLarge,
            0x3B => Self::TouchRequired,
            0x3C => Self::UvBlocked,
            0x3D => Self::LargeBlobDamaged,
            0x3F => Self::UvWrong { left: None },
            0x40 => Self::Unauthorized,
            status => Self::Other { command, status },
        }
    }
}

/// Names of status bytes (CTAP 2.1 §8.2).
const STATUS_NAMES: &[(u8, &str)] = &[
    (0x00, "CTAP2_OK"),
    (0x01, "CTAP1_ERR_INVALID_COMMAND"),
    (0x02, "CTAP1_ERR_INVALID_PARAMETER"),
    (0x03, "CTAP1_ERR_INVALID_LENGTH"),
    (0x04, "CTAP1_ERR_INVALID_SEQ"),
    (0x05, "CTAP1_ERR_TIMEOUT"),
    (0x06, "CTAP1_ERR_CHANNEL_BUSY"),
    (0x0A, "CTAP1_ERR_LOCK_REQUIRED"),
    (0x0B, "CTAP1_ERR_INVALID_CHANNEL"),
    (0x11, "CTAP2_ERR_CBOR_UNEXPECTED_TYPE"),
    (0x12, "CTAP2_ERR_INVALID_CBOR"),
    (0x14, "CTAP2_ERR_MISSING_PARAMETER"),
    (0x15, "CTAP2_ERR_LIMIT_EXCEEDED"),
    (0x17, "CTAP2_ERR_FP_DATABASE_FULL"),
    (0x18, "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL"),
    (0x19, "CTAP2_ERR_CREDENTIAL_EXCLUDED"),
    (0x21, "CTAP2_ERR_PROCESSING"),
    (0x22, "CTAP2_ERR_INVALID_CREDENTIAL"),
    (0x23, "CTAP2_ERR_USER_ACTION_PENDING"),
    (0x24, "CTAP2_ERR_OPERATION_PENDING"),
    (0x25, "CTAP2_ERR_NO_OPERATIONS"),
    (0x26, "CTAP2_ERR_UNSUPPORTED_ALGORITHM"),
    (0x27, "CTAP2_ERR_OPERATION_DENIED"),
    (0x28, "CTAP2_ERR_KEY_STORE_FULL"),
    (0x2B, "CTAP2_ERR_UNSUPPORTED_OPTION"),
    (0x2C, "CTAP2_ERR_INVALID_OPTION"),
    (0x2D, "CTAP2_ERR_KEEPALIVE_CANCEL"),
    (0x2E, "CTAP2_ERR_NO_CREDENTIALS"),
    (0x2F, "CTAP2_ERR_USER_ACTION_TIMEOUT"),
    (0x30, "CTAP2_ERR_NOT_ALLOWED"),
    (0x31, "CTAP2_ERR_PIN_INVALID"),
    (0x32, "CTAP2_ERR_PIN_BLOCKED"),
    (0x33, "CTAP2_ERR_PIN_AUTH_INVALID"),
    (0x34, "CTAP2_ERR_PIN_AUTH_BLOCKED"),
    (0x35, "CTAP2_ERR_PIN_NOT_SET"),
    (0x36, "CTAP2_ERR_PUAT_REQUIRED"),
    (0x37, "CTAP2_ERR_PIN_POLICY_VIOLATION"),
    (0x39, "CTAP2_ERR_REQUEST_TOO_LARGE"),
    (0x3A, "CTAP2_ERR_ACTION_TIMEOUT"),
    (0x3B, "CTAP2_ERR_UP_REQUIRED"),
    (0x3C, "CTAP2_ERR_UV_BLOCKED"),
    (0x3D, "CTAP2_ERR_INTEGRITY_FAILURE"),
    (0x3E, "CTAP2_ERR_INVALID_SUBCOMMAND"),
    (0x3F, "CTAP2_ERR_UV_INVALID"),
    (0x40, "CTAP2_ERR_UNAUTHORIZED_PERMISSION"),
    (0x7F, "CTAP1_ERR_OTHER"),
];

/// A status byte's name in the specification, for a support request.
#[must_use]
pub fn status_name(status: u8) -> Option<&'static str> {
    STATUS_NAMES.iter().find(|(known, _)| *known == status).map(|(_, name)| *name)
}

/// A command's name as people read it.
pub(super) fn command_name(command: u8) -> &'static str {
    match command {
        0x01 => "registration",
        0x02 | 0x08 => "signing in",
        0x04 => "getInfo",
        0x06 => "PINs",
        0x07 => "reset",
        0x09 | 0x40 => "fingerprints",
        0x0A | 0x41 => "credential management",
        0x0B => "selection",
        0x0C => "large blobs",
        0x0D => "configuration",
        _ => "this command",
    }
}

impl From<super::auth_data::Error> for Error {
    fn from(_: super::auth_data::Error) -> Self {
        Self::Malformed { what: "authenticator data" }
    }
}
