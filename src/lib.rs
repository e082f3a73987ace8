//! glasskey puts hardware MFA on AWS accounts and keeps it working.
//!
//! Rooms, and what each one does not know. Arrows point one way:
//! `cli → flow → {oath, fido, keys, aws, sink} → {transport, totp, secret}`; `sim` stands in for the outside world.
//!
//! - [`secret`]: seeds, codes and passwords that cannot be printed; memory that is wiped; process hardening.
//! - [`totp`]: RFC 6238 arithmetic, otpauth URIs, and the clock corrected by AWS's replies.
//! - [`store`]: files as this program keeps them: opened with care, replaced whole, added to by lines, locked.
//! - [`journal`]: what an interrupted run must undo or finish; never a secret.
//! - [`used_codes`]: which codes have been sent, so that none is sent twice.
//! - [`transport`]: bytes to a smart card and back; knows no applet.
//! - [`oath`]: the YKOATH applet; has never heard of AWS.
//! - [`fido`]: FIDO2 authenticators over HID: CTAP2, attestation, WebAuthn.
//! - [`piv`]: what the PIV applet says, read only; knows real readers alone.
//! - [`qr`]: QR codes, in and out.
//! - [`unlock`]: keys in use by a command, unlocked with a password or PIN asked for once.
//! - [`platform`]: being interrupted, the terminal as a device, who may write to a file: what differs by operating system.
//! - [`keys`]: which keys are plugged in, seen through PC/SC, over HID or both; choosing exactly one.
//! - [`aws`]: IAM, STS, what an audit reads and what hardening writes; the only async code outside the simulator's server.
//! - [`sink`]: the places a seed may go.
//! - [`person`]: prompts, confirmations and progress, as a trait.
//! - [`world`]: everything a command may touch.
//! - [`flow`]: the stories: enroll, recover, devices, rotate, resync, retire, a FIDO2 key's ceremonies. Has never seen an
//!   APDU, an SDK type or a print macro.
//! - [`sim`]: stand-ins for keys and AWS, a feature of the product.
//! - `cli`: arguments, the terminal, reports, and the sentence for every error; not part of the library.
//!
//! # As a library
//!
//! A flow takes a request and a [`World`](world::World): this machine ([`World::system`](world::World::system)), or a
//! simulated one, as here. Errors print one line of facts, and have what is behind them as their `source`. More is in
//! `examples/`.
//!
//! ```
//! use glasskey::flow::enroll::{Request, enroll};
//! use glasskey::keys::Serial;
//! use glasskey::sim::{self, aws::Aws, clock::SimClock, oath_card};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (aws, state) = (Aws::new(SimClock::host()), tempfile::tempdir()?);
//!     let key = oath_card::SoftKey::new(oath_card::Options::new(12_345_678));
//!     let mut world = sim::world(&aws, &aws.admin(), &[key], state.path())?;
//!     let request = Request { keys: vec![Serial(12_345_678)], approved: true, ..Default::default() };
//!     for device in enroll(&request, &mut world)?.devices {
//!         println!("{} is enabled; {} keys hold its seed", device.arn, device.keys.len());
//!     }
//!     Ok(())
//! }
//! ```

// Where `missing_docs` is allowed, variants and fields are named for what they are.
pub mod aws;
mod cli;
#[allow(missing_docs)]
pub mod fido;
#[allow(missing_docs)]
pub mod flow;
#[allow(missing_docs)]
pub mod journal;
pub mod keys;
pub mod oath;
#[allow(missing_docs)]
pub mod person;
pub mod piv;
#[allow(missing_docs)]
pub mod platform;
pub mod qr;
pub mod secret;
#[allow(missing_docs)]
pub mod sim;
#[allow(missing_docs)]
pub mod sink;
#[allow(missing_docs)]
pub mod store;
pub mod totp;
#[allow(missing_docs)]
pub mod transport;
#[allow(missing_docs)]
pub mod unlock;
#[allow(missing_docs)]
pub mod used_codes;
pub mod world;

#[doc(hidden)]
pub use cli::{run, schemas, systems};
