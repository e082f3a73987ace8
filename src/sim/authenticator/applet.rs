//! What the key holds: PIN, credentials, fingerprints, settings; and what it forgets when it loses power.

use super::attestation::{Authority, Batch, Leaf};
use super::get_assertion::Assertions;
use super::keys::PrivateKey;
use super::options::{Aaguid, Attestation, Level, Options};
use super::pin_protocol::{Agreement, PinProtocol};
use super::{bio_enrollment, credential_management, ctap, large_blobs};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::time::SystemTime;
use zeroize::Zeroizing;

pub(super) struct Applet {
    pub(super) options: Options,
    pub(super) authority: Authority,
    pub(super) batch: Batch,
    pub(super) held: Held,
    pub(super) power: Power,
    /// The quality of the next fingerprint samples; good ones when it is empty.
    pub(super) samples: VecDeque<u8>,
}

/// Kept without power; gone with a reset.
pub(super) struct Held {
    pub(super) pin: Option<Pin>,
    pub(super) pin_retries: u8,
    pub(super) uv_retries: u8,
    pub(super) min_pin_length: u8,
    pub(super) min_pin_rp_ids: Vec<String>,
    pub(super) force_pin_change: bool,
    pub(super) always_uv: bool,
    pub(super) enterprise: bool,
    pub(super) credentials: Vec<Credential>,
    pub(super) fingerprints: Vec<Fingerprint>,
    pub(super) large_blobs: Vec<u8>,
    pub(super) counter: u32,
}

pub(super) struct Pin {
    /// LEFT(SHA-256(PIN), 16).
    pub(super) hash: Zeroizing<[u8; 16]>,
    /// In code points.
    pub(super) length: u8,
}

pub(super) struct Fingerprint {
    pub(super) id: Vec<u8>,
    pub(super) name: Option<String>,
}

pub(super) struct Credential {
    pub(super) id: Vec<u8>,
    pub(super) rp_id: String,
    pub(super) rp_name: Option<String>,
    pub(super) user: User,
    pub(super) discoverable: bool,
    pub(super) key: PrivateKey,
    pub(super) protection: u8,
    /// CredRandomWithUV and CredRandomWithoutUV.
    pub(super) hmac_secret: Option<[Zeroizing<[u8; 32]>; 2]>,
    pub(super) blob: Option<Vec<u8>>,
    pub(super) large_blob_key: Option<Zeroizing<[u8; 32]>>,
}

#[derive(Clone, Default)]
pub(super) struct User {
    pub(super) id: Vec<u8>,
    pub(super) name: Option<String>,
    pub(super) display_name: Option<String>,
}

/// Gone without power.
pub(super) struct Power {
    pub(super) since: SystemTime,
    /// Wrong PINs in a row; three block PIN authentication until the next power-up.
    pub(super) wrong_pins: u8,
    pub(super) one: Agreement,
    pub(super) two: Agreement,
    pub(super) grant: Option<Grant>,
    pub(super) assertions: Option<Assertions>,
    pub(super) listing: Option<credential_management::Listing>,
    pub(super) enrolling: Option<bio_enrollment::Enrolling>,
    pub(super) writing: Option<large_blobs::Writing>,
}

/// What the token that was given out may be used for.
pub(super) struct Grant {
    pub(super) protocol: PinProtocol,
    pub(super) permissions: u8,
    pub(super) rp_id: Option<String>,
}

/// Fingerprints that do not match until only the PIN helps.
pub(super) const MAX_UV_RETRIES: u8 = 3;

impl Power {
    pub(super) fn up(now: SystemTime) -> Self {
        Self {
            since: now,
            wrong_pins: 0,
            one: Agreement::new(),
            two: Agreement::new(),
            grant: None,
            assertions: None,
            listing: None,
            enrolling: None,
            writing: None,
        }
    }

    pub(super) fn agreement(&mut self, protocol: PinProtocol) -> &mut Agreement {
        match protocol {
            PinProtocol::One => &mut self.one,
            PinProtocol::Two => &mut self.two,
        }
    }

    /// What spans several commands ends with any command from outside it. Not so writing large blobs: a platform
    /// may need a fresh token in between.
    pub(super) fn forget_sequences_but(&mut self, command: u8) {
        if command != ctap::GET_NEXT_ASSERTION {
            self.assertions = None;
        }
        if !matches!(command, ctap::CREDENTIAL_MANAGEMENT | ctap::CREDENTIAL_MANAGEMENT_PREVIEW) {
            self.listing = None;
        }
    }
}

impl Held {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            pin: None,
            pin_retries: options.max_pin_retries,
            uv_retries: MAX_UV_RETRIES,
            min_pin_length: options.initial_min_pin_length,
            min_pin_rp_ids: Vec::new(),
            force_pin_change: false,
            always_uv: options.always_uv == Some(true),
            enterprise: false,
            credentials: Vec::new(),
            fingerprints: Vec::new(),
            large_blobs: large_blobs::empty(),
            counter: 0,
        }
    }
}

impl Applet {
    pub(super) fn new(options: Options) -> Self {
        let authority = options.authority.clone().unwrap_or_else(Authority::generate);
        let batch = issue(&authority, &options);
        let (held, power) = (Held::new(&options), Power::up(options.clock.now()));
        Self { options, authority, batch, held, power, samples: VecDeque::new() }
    }

    /// Another certificate, after the options said so.
    pub(super) fn set_attestation(&mut self, attestation: Attestation) {
        self.options.attestation = attestation;
        self.batch = issue(&self.authority, &self.options);
    }

    pub(super) fn speaks(&self, level: Level) -> bool {
        self.options.level >= level
    }

    /// Discoverable credentials that still fit.
    pub(super) fn slots_left(&self) -> usize {
        self.options.slots.saturating_sub(self.discoverable().count())
    }

    pub(super) fn discoverable(&self) -> impl Iterator<Item = &Credential> {
        self.held.credentials.iter().filter(|credential| credential.discoverable)
    }

    /// Whether a fingerprint can stand for the PIN now.
    pub(super) fn has_uv(&self) -> bool {
        !self.held.fingerprints.is_empty()
    }

    /// Whether some form of user verification is set up.
    pub(super) fn is_protected(&self) -> bool {
        self.held.pin.is_some() || self.has_uv()
    }

    /// The signature counter after counting this signature.
    pub(super) fn count(&mut self) -> u32 {
        self.held.counter = self.held.counter.saturating_add(1);
        self.held.counter
    }

    /// Everything that holds, forgotten.
    pub(super) fn forget_all(&mut self) {
        self.held = Held::new(&self.options);
        self.power = Power { since: self.power.since, ..Power::up(self.power.since) };
    }
}

impl Credential {
    pub(super) fn rp_id_hash(&self) -> [u8; 32] {
        Sha256::digest(self.rp_id.as_bytes()).into()
    }
}

fn issue(authority: &Authority, options: &Options) -> Batch {
    let proper = Leaf::proper(options.aaguid);
    match options.attestation {
        Attestation::ForgedChain => Authority::generate().issue(&proper),
        Attestation::WrongAaguid => authority.issue(&Leaf { aaguid: Some(Aaguid([0x5A; 16])), ..proper }),
        Attestation::NoAaguid => authority.issue(&Leaf { aaguid: None, ..proper }),
        Attestation::CaLeaf => authority.issue(&Leaf { ca: true, ..proper }),
        Attestation::WrongUnit => authority.issue(&Leaf { unit: "Authenticator", ..proper }),
        _ => authority.issue(&proper),
    }
}
