//! A bare client of the simulator's tests, written from the standard: frames, CBOR and PIN protocols.

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use glasskey::fido::cbor::{Value, decode_all, encode};
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::transport::hid::{Hid, Report};
use hmac::{Hmac, KeyInit, Mac};
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use sha2::{Digest, Sha256};
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const HASH: [u8; 32] = [0x11; 32];
pub(crate) const PIN: &str = "123456";

pub(crate) fn map<const N: usize>(entries: [(i32, Value); N]) -> Value {
    Value::map(entries)
}

pub(crate) struct Client {
    pub(crate) hid: Box<dyn Hid>,
    pub(crate) channel: u32,
    /// How many keepalives came with the last command.
    pub(crate) keepalives: usize,
}

impl Client {
    pub(crate) fn new(key: &SoftAuthenticator) -> Self {
        Self::over(key.hid())
    }

    pub(crate) fn over(hid: Box<dyn Hid>) -> Self {
        let mut client = Self { hid, channel: 0xFFFF_FFFF, keepalives: 0 };
        let (command, data) = client.exchange(0x06, &[7; 8]);
        assert_eq!((command, &data[..8]), (0x06, &[7; 8][..]));
        client.channel = u32::from_be_bytes(data[8..12].try_into().unwrap());
        client
    }

    pub(crate) fn send(&mut self, command: u8, data: &[u8]) {
        for report in frames(self.channel, command, data) {
            self.hid.send(&report).unwrap();
        }
    }

    /// The next message on this channel.
    pub(crate) fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut next = || loop {
            let report = self.hid.receive(PATIENCE).unwrap().expect("an answer");
            if report[..4] == self.channel.to_be_bytes() {
                return report;
            }
        };
        let first = next();
        let length = usize::from(u16::from_be_bytes([first[5], first[6]]));
        assert_eq!(first[4] & 0x80, 0x80, "a first report");
        let mut data = first[7..].to_vec();
        let mut sequence = 0;
        while data.len() < length {
            let report = next();
            assert_eq!(report[4], sequence, "in sequence");
            sequence += 1;
            data.extend(&report[5..]);
        }
        data.truncate(length);
        (first[4] & 0x7F, data)
    }

    pub(crate) fn exchange(&mut self, command: u8, data: &[u8]) -> (u8, Vec<u8>) {
        self.send(command, data);
        self.keepalives = 0;
        loop {
            match self.receive() {
                (0x3B, _) => self.keepalives += 1,
                message => return message,
            }
        }
    }

    /// A CTAP2 command with its parameters as they are; the status is the error.
    pub(crate) fn raw(&mut self, command: u8, params: &[u8]) -> Result<Option<Value>, u8> {
        let (kind, data) = self.exchange(0x10, &[&[command], params].concat());
        assert_eq!(kind, 0x10, "{data:02x?}");
        match data.split_first().unwrap() {
            (0, []) => Ok(None),
            (0, rest) => Ok(Some(decode_all(rest).expect("canonical"))),
            (status, rest) => {
                assert!(rest.is_empty());
                Err(*status)
            }
        }
    }

    pub(crate) fn ctap(&mut self, command: u8, params: Value) -> Result<Option<Value>, u8> {
        self.raw(command, &encode(&params))
    }

    pub(crate) fn ask(&mut self, command: u8, params: Value) -> Result<Value, u8> {
        self.ctap(command, params).map(|answer| answer.expect("a map"))
    }

    pub(crate) fn info(&mut self) -> Value {
        self.raw(0x04, &[]).unwrap().unwrap()
    }

    pub(crate) fn option(&mut self, name: &str) -> Option<bool> {
        self.info().get_int(4).unwrap().get_text(name).and_then(Value::as_bool)
    }

    pub(crate) fn retries(&mut self) -> u64 {
        self.ask(0x06, map([(2, 1.into())])).unwrap().get_int(3).unwrap().as_uint().unwrap()
    }

    pub(crate) fn agree(&mut self, protocol: u8) -> Shared {
        let answer = self.ask(0x06, map([(1, i32::from(protocol).into()), (2, 2.into())])).unwrap();
        Shared::with(protocol, answer.get_int(1).unwrap())
    }

    pub(crate) fn set_pin(&mut self, protocol: u8, pin: &str) -> Result<(), u8> {
        let shared = self.agree(protocol);
        let new = shared.seal(&padded(pin));
        let params = map([
            (1, i32::from(protocol).into()),
            (2, 3.into()),
            (3, shared.public.clone()),
            (4, shared.mac(&new).into()),
            (5, new.into()),
        ]);
        self.ctap(0x06, params).map(|answer| assert_eq!(answer, None))
    }

    pub(crate) fn change_pin(&mut self, protocol: u8, old: &str, new: &str) -> Result<(), u8> {
        let shared = self.agree(protocol);
        let (new, old) = (shared.seal(&padded(new)), shared.seal(&pin_hash(old)));
        let params = map([
            (1, i32::from(protocol).into()),
            (2, 4.into()),
            (3, shared.public.clone()),
            (4, shared.mac(&[&new[..], &old].concat()).into()),
            (5, new.into()),
            (6, old.into()),
        ]);
        self.ctap(0x06, params).map(|_| ())
    }

    /// getPinToken.
    pub(crate) fn plain_token(&mut self, protocol: u8, pin: &str) -> Result<Token, u8> {
        self.token_with(protocol, pin, 5, Vec::new())
    }

    /// getPinUvAuthTokenUsingPinWithPermissions.
    pub(crate) fn token(&mut self, protocol: u8, pin: &str, permissions: u8, rp: Option<&str>) -> Result<Token, u8> {
        let mut more = vec![(9, Value::from(i32::from(permissions)))];
        more.extend(rp.map(|rp| (10, rp.into())));
        self.token_with(protocol, pin, 9, more)
    }

    fn token_with(&mut self, protocol: u8, pin: &str, way: i32, more: Vec<(i32, Value)>) -> Result<Token, u8> {
        let shared = self.agree(protocol);
        let mut params = vec![
            (1, i32::from(protocol).into()),
            (2, way.into()),
            (3, shared.public.clone()),
            (6, shared.seal(&pin_hash(pin)).into()),
        ];
        params.extend(more);
        let answer = self.ask(0x06, Value::map(params))?;
        Ok(Token { protocol, key: shared.open(answer.get_int(2).unwrap().as_bytes().unwrap()) })
    }

    /// A key that is set up: with [`PIN`] where wanted.
    pub(crate) fn with_pin(options: Options) -> (SoftAuthenticator, Self) {
        let protocol = options.pin_protocols[0].number();
        let key = SoftAuthenticator::new(options);
        let mut client = Self::new(&key);
        client.set_pin(protocol, PIN).unwrap();
        (key, client)
    }

    /// A command of credential management, fingerprints or configuration, with a fresh token. `prefix`: what is
    /// signed before the subcommand.
    pub(crate) fn managed(&mut self, call: Call<'_>, params: Option<Value>) -> Result<Option<Value>, u8> {
        let token = self.token(2, PIN, call.permission, None)?;
        let mut message = call.prefix.to_vec();
        message.push(call.subcommand);
        message.extend(params.iter().flat_map(encode));
        let mut request = call.extra.clone();
        request.push((call.keys[0], i32::from(call.subcommand).into()));
        request.extend(params.map(|params| (call.keys[1], params)));
        request.push((call.keys[2], 2.into()));
        request.push((call.keys[3], token.sign(&message).into()));
        self.ctap(call.command, Value::map(request))
    }
}

/// How a family of managing commands is called.
pub(crate) struct Call<'a> {
    pub(crate) command: u8,
    pub(crate) subcommand: u8,
    pub(crate) permission: u8,
    pub(crate) prefix: &'a [u8],
    /// Keys of the subcommand, its parameters, the protocol and the signature.
    pub(crate) keys: [i32; 4],
    pub(crate) extra: Vec<(i32, Value)>,
}

pub(crate) fn frames(channel: u32, command: u8, data: &[u8]) -> Vec<Report> {
    let fill = |bytes: &[u8]| {
        let mut report = [0; 64];
        report[..bytes.len()].copy_from_slice(bytes);
        report
    };
    let channel = channel.to_be_bytes();
    let (first, rest) = data.split_at(data.len().min(57));
    let length = (data.len() as u16).to_be_bytes();
    let mut out = vec![fill(&[&channel[..], &[0x80 | command], &length, first].concat())];
    for (at, part) in rest.chunks(59).enumerate() {
        out.push(fill(&[&channel[..], &[at as u8], part].concat()));
    }
    out
}

pub(crate) struct Token {
    pub(crate) protocol: u8,
    key: Vec<u8>,
}

impl Token {
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        mac(self.protocol, &self.key, message)
    }
}

pub(crate) struct Shared {
    protocol: u8,
    hmac: Vec<u8>,
    aes: Vec<u8>,
    pub(crate) public: Value,
}

impl Shared {
    fn with(protocol: u8, theirs: &Value) -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let own = p256::SecretKey::from_slice(&seed).unwrap();
        let part = |key| <[u8; 32]>::try_from(theirs.get_int(key).unwrap().as_bytes().unwrap()).unwrap();
        let point = p256::EncodedPoint::from_affine_coordinates(&part(-2).into(), &part(-3).into(), false);
        let theirs = p256::PublicKey::from_encoded_point(&point).unwrap();
        let z = p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), theirs.as_affine());
        let z = z.raw_secret_bytes();
        let derive = |info: &[u8]| hmac(&hmac(&[0; 32], z), &[info, &[1]].concat());
        let (hmac, aes) = match protocol {
            1 => (Sha256::digest(z).to_vec(), Sha256::digest(z).to_vec()),
            _ => (derive(b"CTAP2 HMAC key"), derive(b"CTAP2 AES key")),
        };
        let point = own.public_key().to_encoded_point(false);
        let public = map([
            (1, 2.into()),
            (3, (-25).into()),
            (-1, 1.into()),
            (-2, point.x().unwrap().to_vec().into()),
            (-3, point.y().unwrap().to_vec().into()),
        ]);
        Self { protocol, hmac, aes, public }
    }

    pub(crate) fn seal(&self, data: &[u8]) -> Vec<u8> {
        let iv = if self.protocol == 1 { [0; 16] } else { [9; 16] };
        let sealed =
            cbc::Encryptor::<Aes256>::new_from_slices(&self.aes, &iv).unwrap().encrypt_padded_vec::<NoPadding>(data);
        if self.protocol == 1 { sealed } else { [&iv[..], &sealed].concat() }
    }

    pub(crate) fn open(&self, data: &[u8]) -> Vec<u8> {
        let (iv, data) = if self.protocol == 1 { (&[0; 16][..], data) } else { data.split_at(16) };
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&self.aes, iv).unwrap();
        cipher.decrypt_padded_vec::<NoPadding>(data).unwrap()
    }

    pub(crate) fn mac(&self, message: &[u8]) -> Vec<u8> {
        mac(self.protocol, &self.hmac, message)
    }
}

pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn mac(protocol: u8, key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = hmac(key, message);
    mac.truncate(if protocol == 1 { 16 } else { 32 });
    mac
}

fn padded(pin: &str) -> Vec<u8> {
    let mut padded = pin.as_bytes().to_vec();
    padded.resize(64.max(pin.len().next_multiple_of(16)), 0);
    padded
}

fn pin_hash(pin: &str) -> Vec<u8> {
    Sha256::digest(pin.as_bytes())[..16].to_vec()
}

/// makeCredential's parameters for this user at this relying party, with more.
pub(crate) fn registration(rp: &str, user: u8, more: Vec<(i32, Value)>) -> Value {
    let parameters = |algorithm: i32| Value::map([("alg", Value::from(algorithm)), ("type", "public-key".into())]);
    let mut params = vec![
        (1, HASH.to_vec().into()),
        (2, Value::map([("id", rp), ("name", "A site")])),
        (
            3,
            Value::map([
                ("id", Value::Bytes(vec![user; 4])),
                ("name", format!("user{user}").into()),
                ("displayName", format!("User {user}").into()),
            ]),
        ),
        (4, Value::array([parameters(-7), parameters(-8)])),
    ];
    params.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
    params.extend(more);
    Value::map(params)
}

pub(crate) fn rk() -> (i32, Value) {
    (7, Value::map([("rk", true)]))
}

/// Authenticator data, taken apart.
pub(crate) struct AuthData {
    pub(crate) raw: Vec<u8>,
    pub(crate) rp_id_hash: Vec<u8>,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    pub(crate) aaguid: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) key: Value,
    pub(crate) extensions: Option<Value>,
}

impl AuthData {
    pub(crate) fn of(answer: &Value) -> Self {
        let raw = answer.get_int(2).unwrap().as_bytes().unwrap().to_vec();
        let mut data = Self {
            rp_id_hash: raw[..32].to_vec(),
            flags: raw[32],
            counter: u32::from_be_bytes(raw[33..37].try_into().unwrap()),
            aaguid: Vec::new(),
            id: Vec::new(),
            key: Value::Null,
            extensions: None,
            raw,
        };
        let mut rest = &data.raw[37..];
        if data.flags & 0x40 != 0 {
            data.aaguid = rest[..16].to_vec();
            let length = usize::from(u16::from_be_bytes([rest[16], rest[17]]));
            data.id = rest[18..18 + length].to_vec();
            let (key, used) = glasskey::fido::cbor::decode(&rest[18 + length..]).unwrap();
            data.key = key;
            rest = &rest[18 + length + used..];
        }
        if data.flags & 0x80 != 0 {
            data.extensions = Some(decode_all(rest).unwrap());
        } else {
            assert!(rest.is_empty());
        }
        data
    }

    /// Checks a signature over this data and [`HASH`] with a COSE key.
    pub(crate) fn verify(&self, key: &Value, signature: &[u8]) {
        let message = [&self.raw[..], &HASH].concat();
        let part = |number| key.get_int(number).unwrap().as_bytes().unwrap();
        use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
        match key.get_int(3).and_then(Value::as_int) {
            Some(-7) => {
                let point = [&[4], part(-2), part(-3)].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&message, signature).unwrap();
            }
            _ => UnparsedPublicKey::new(&ED25519, part(-2)).verify(&message, signature).unwrap(),
        }
    }
}
