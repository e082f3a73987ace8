//! The one test binary. Each module says what it proves and through which door.

mod answers; // replies that are none of AWS's, dates that cannot be, lists without an end
mod arrows; // who may use whom
mod audit; // root audit: what is read, what is judged, how it is told
mod aws_hardening; // trails, buckets, filters, alarms, topics and rules, written through the library
mod cli; // arguments in; stdout, stderr and exit code out
mod configuration; // the AWS configuration, read as the AWS CLI reads it or refused for what it is
mod docs; // the documents say what is so
mod doctor; // glasskey doctor: what it looks at, well and unwell
mod drill; // break-glass keys drilled, and the record of it proved
mod enroll; // the enroll flow and every fault in it, through the binary
mod fido; // CTAP2 over our own channel, against scripted and software authenticators
mod fido_cli; // the fido commands, through the binary
mod fido_pure; // attestation, metadata, advisories and WebAuthn JSON, without a key
mod fido_sim; // the software authenticator, through its reports
mod harden; // root harden: planned, applied, seen, undone
mod hid; // keys over HID, behind a shim in place of the kernel: ours and other people's clients
mod interop_aws; // the real aws CLI and boto3 against the simulator
mod judges; // python-fido2, fido2-tools and @simplewebauthn/server as judges
mod kernel; // the real uhid, hidraw and sysfs, in a kernel of our own
mod keys; // finding and choosing keys
mod library; // the library as another program uses it
mod memory; // what is left of a seed in the process's memory
mod oath; // the applet's protocol against the software key and recorded vectors
mod output; // what is written: nothing raw, nothing lost
mod pcscd; // the real PC/SC service, and ykman as judge
mod root; // root's own factors: signed in, enrolled, resynchronised, removed
mod roster; // many users: at once, key after key, from where it stopped
mod rotation; // devices, resync, retire, rotate, through the binary
mod secret; // wiping, parsing, QR codes
mod session; // MFA sessions from a key's code: formats, memory, many callers, nobody there
mod sim_aws; // the simulated AWS keeps to the recorded semantics
mod state; // the state directory: whose it is, and runs that nobody of ours has written
mod support; // worlds, the binary, terminals
mod totp; // codes and their time, otpauth URIs, what phones export
