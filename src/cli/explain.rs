//! Every error's sentence, hint and exit code, in one place.
//!
//! A sentence says what happened, a hint what to do next, and the state what the world is in now. No capital first
//! letters after the prefix, no full stops at the end.

use crate::aws;
use crate::flow::{Cause, Failed, Left, Refusal, Stage};
use crate::keys::{self, Serial};
use crate::totp::BadUri;
use crate::{journal, oath, piv, ring, sink, transport};

/// What a script may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It worked, and the answer is no.
    No = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Failed; the world is as it was.
    Failed = 3,
    /// Failed, and something is left.
    Left = 4,
    /// A person, a touch or a password is needed, and nobody can be asked.
    Person = 5,
    /// Interrupted, and undone.
    Interrupted = 130,
}

/// An error, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// A short, stable name for scripts: `key_not_found`.
    pub code: &'static str,
    /// What happened.
    pub what: String,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// What state the world is in; empty where nothing was begun.
    pub state: Vec<String>,
    /// The exit code.
    pub exit: Exit,
}

impl Explanation {
    /// A failure that left the world as it was.
    #[must_use]
    pub fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), notes: Vec::new(), hints: Vec::new(), state: Vec::new(), exit: Exit::Failed }
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With something worth knowing.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// A flow that failed: its cause, where it happened, and what is left.
#[must_use]
pub fn failed(failed: &Failed) -> Explanation {
    let mut text = cause(&failed.cause, failed.stage);
    if let Some(ahead) = failed.ahead.filter(|ahead| ahead.unsigned_abs() > 5) {
        text.notes.push(format!(
            "this computer's clock is {}; the codes were computed by AWS's time, so the clock is not the cause",
            off_by(ahead)
        ));
    }
    text.state.extend(failed.left.iter().map(left));
    let recover = failed.left.iter().any(Left::is_for_recover);
    if recover {
        text.exit = Exit::Left;
        text.hints.push("`glasskey recover` looks at what is left and finishes or undoes it".to_owned());
    } else if failed.left.iter().any(|left| matches!(left, Left::Earlier { .. })) {
        text.exit = Exit::Left;
        text.hints.push("run the command again for the keys that have no device yet".to_owned());
    } else if began(failed.stage) {
        text.state.insert(0, "what had been done was undone again; nothing was left behind".to_owned());
    }
    text
}

/// Stages in which something may have been created, so that a word about it is due.
fn began(stage: Stage) -> bool {
    !matches!(stage, Stage::Preflight | Stage::Recover)
}

/// `74 s ahead of AWS`.
#[must_use]
pub fn off_by(ahead: i64) -> String {
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    format!("{} s {way} AWS", ahead.unsigned_abs())
}

fn cause(cause: &Cause, stage: Stage) -> Explanation {
    match cause {
        Cause::Aws(error) => aws(error),
        Cause::Keys(error) => keys(error),
        Cause::Sink(error) => sink(error, stage),
        Cause::Journal(error) => journal(error),
        Cause::Refused(error) => refusal(error),
        Cause::Declined => Explanation::new("declined", "not confirmed; nothing was done"),
        Cause::NobodyToAsk => nobody("a confirmation is needed, and nobody can be asked").hint("--yes says yes"),
        Cause::Interrupted => Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
    }
}

fn nobody(what: &str) -> Explanation {
    Explanation::new("nobody_to_ask", what).exit(Exit::Person)
}

fn left(left: &Left) -> String {
    match left {
        Left::Device { arn, why } => {
            format!("left behind: {arn}, not enabled ({})", aws(why).what)
        }
        Left::Unknown { arn, .. } => format!("perhaps left behind: {arn}; AWS has not been asked or did not answer"),
        Left::Untouched { arn } => format!("left as it was: {arn}, and what the keys hold"),
        Left::Enabled { arn } => format!("{arn} is enabled"),
        Left::Earlier { arn } => format!("done before this: {arn} is enabled and works"),
        Left::Credential { key, name, why: Some(why) } => {
            format!("left behind: the credential \"{name}\" on YubiKey {key} ({})", ring(why).what)
        }
        Left::Credential { key, name, why: None } => {
            format!("kept: the credential \"{name}\" on YubiKey {key}, which can still finish the device")
        }
        Left::OnPhone { account } => {
            format!(
                "if a phone scanned the QR code, remove its entry \"AWS ({account})\" there: its codes are of no use"
            )
        }
        Left::Journal { cause } => format!("the journal still lists the run ({})", journal(cause).what),
    }
}

/// What AWS answered.
#[must_use]
pub fn aws(error: &aws::Error) -> Explanation {
    use aws::Error as E;
    let said =
        |what: &str, message: &str| if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") };
    match error {
        E::Denied { call, message, needs_mfa: true } => Explanation::new("mfa_session_needed", said(&format!("AWS refused {call}"), message))
            .note("a user who has an MFA device must act on their own devices through an MFA session")
            .hint("plug in a key that holds one of your devices and run the same command again, or use the credentials of an MFA session"),
        E::Denied { call, message, .. } => Explanation::new("access_denied", said(&format!("AWS refused {call}"), message))
            .hint(format!("the caller needs the permission {} for this", call.permission())),
        E::MfaRefused { message } => Explanation::new("mfa_refused", said("STS did not accept the code", message))
            .hint("every code is accepted once, and nine tries in three minutes lock the device for the rest of them"),
        E::WrongCodes => Explanation::new("wrong_codes", "AWS refused both codes")
            .hint("another run may have used this device's codes in the last minute; run the same command again"),
        E::AlreadyExists { message } => Explanation::new("already_exists", said("AWS says it exists already", message)),
        E::NotFound { message } => Explanation::new("not_found", said("AWS does not find it", message)),
        E::LimitExceeded { message } => Explanation::new("limit_exceeded", said("an AWS quota is reached", message)),
        E::DeleteConflict { message } => Explanation::new("delete_conflict", said("AWS says it is still in use", message)),
        E::TryLater { call, code } => Explanation::new("try_later", format!("AWS still answers {code} to {call} after half a minute"))
            .hint("wait a few minutes and run the same command again"),
        E::Invalid { message } => Explanation::new("invalid_value", said("AWS does not take a value", message)),
        E::Expired => Explanation::new("expired_credentials", "the AWS credentials have expired")
            .hint("sign in again (`aws login`, `aws sso login`, or a new session) and run the same command again"),
        E::UnknownCredentials => Explanation::new("unknown_credentials", "AWS does not know these credentials")
            .hint("`aws configure list` shows where they come from"),
        E::BadSignature { message } => Explanation::new("bad_signature", said("AWS does not accept the signature", message))
            .hint("check the secret access key; `aws configure list` shows where it comes from"),
        E::NoCredentials { detail } => Explanation::new("no_credentials", "no AWS credentials found")
            .note(detail.clone())
            .hint("name a profile with --profile, or set AWS_PROFILE; `aws configure` makes one"),
        E::BadConfiguration { detail } => Explanation::new("bad_configuration", "the AWS configuration cannot be used")
            .note(detail.clone())
            .hint("`aws configure list` shows what is in use; an expired login is renewed with `aws login` or `aws sso login`"),
        E::Unreachable { call, detail } => Explanation::new("unreachable", format!("AWS cannot be reached for {call}"))
            .note(detail.clone())
            .hint("check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS)"),
        E::OutcomeUnknown { call, detail } => {
            Explanation::new("outcome_unknown", format!("the reply to {call} was lost ({detail})"))
                .hint("run the same command again")
        }
        E::Interrupted => Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
        E::Malformed { call } => Explanation::new("malformed_reply", format!("the reply to {call} lacks what it must have"))
            .hint("is AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL_STS pointed at something that is not AWS?"),
        E::Refused { call, status, code, message } => {
            Explanation::new("refused", said(&format!("AWS refused {call} with {code} (HTTP {status})"), message))
        }
    }
}

fn sink(error: &sink::Error, stage: Stage) -> Explanation {
    match error {
        sink::Error::Ring(error) => {
            let mut text = ring(error);
            match stage {
                Stage::Write { key } => text.what = format!("{} (while writing to YubiKey {key})", text.what),
                Stage::Prove { key } => text.what = format!("{} (while proving YubiKey {key})", text.what),
                _ => {}
            }
            text
        }
        sink::Error::WrongCode { key } => {
            Explanation::new("wrong_code", format!("YubiKey {key} computes other codes than the seed gives"))
                .hint("do not use this key; `glasskey keys` shows its model and firmware")
        }
        sink::Error::NotConfirmed => {
            Explanation::new("not_confirmed", "no right code from the phone was typed in")
                .hint("scan the QR code with an authenticator app, then type the code it shows; the phone's clock must be right")
        }
        sink::Error::NobodyToAsk => nobody("--qr needs a terminal to show the QR code on"),
        sink::Error::TooLong => Explanation::new("too_long", "the QR code cannot hold the otpauth URI"),
    }
}

/// A key that could not be used.
#[must_use]
pub fn ring(error: &ring::Error) -> Explanation {
    match error {
        ring::Error::Keys(error) => keys(error),
        ring::Error::Oath { key, cause } => oath(Some(*key), cause),
        ring::Error::NobodyToAsk { key } => {
            nobody(&format!("the OATH applet of YubiKey {key} has a password, and nobody can be asked for it"))
                .hint("--password-fd FD reads it from a file descriptor, one line per key")
        }
    }
}

fn list(serials: &[Serial]) -> String {
    serials.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A key that could not be found or read.
#[must_use]
pub fn keys(error: &keys::Error) -> Explanation {
    match error {
        keys::Error::Transport(error) => transport(error),
        keys::Error::Oath(error) => oath(None, error),
        keys::Error::NotAYubiKey => Explanation::new("not_a_yubikey", "not a YubiKey, or its Management applet does not answer"),
        keys::Error::NoKey => Explanation::new("no_key", "no key is plugged in")
            .hint("plug one in; `glasskey keys` shows what is seen, and `glasskey simulate` makes software keys to try with"),
        keys::Error::Several(present) => {
            Explanation::new("several_keys", format!("more than one key is plugged in: {}", list(present)))
                .hint("name one with --key SERIAL")
                .exit(Exit::Usage)
        }
        keys::Error::Missing { wanted, present } if present.is_empty() => {
            Explanation::new("key_not_found", format!("YubiKey {wanted} is not plugged in; no key is"))
                .hint("the serial number is printed on the key")
        }
        keys::Error::Missing { wanted, present } => {
            Explanation::new("key_not_found", format!("YubiKey {wanted} is not plugged in; here are: {}", list(present)))
                .hint("the serial number is printed on the key; `glasskey keys` lists what is plugged in")
        }
    }
}

/// What stands between a program and a card.
#[must_use]
pub fn transport(error: &transport::Error) -> Explanation {
    use transport::Error as E;
    match error {
        E::NoService => Explanation::new("no_pcscd", "the PC/SC service (pcscd) is not running")
            .hint("on Debian and Ubuntu: sudo apt install pcscd && sudo systemctl start pcscd.socket"),
        E::Denied => Explanation::new("pcscd_denied", "the PC/SC service refused this user (polkit)")
            .note("polkit lets only users who sit at the machine reach readers; a remote or service session is refused")
            .hint("allow org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card for this user in /etc/polkit-1/rules.d"),
        E::NoReader { reader } => Explanation::new("no_reader", format!("the reader \"{reader}\" is gone"))
            .hint("plug the key in again"),
        E::Busy { reader, holder: Some(holder) } => {
            Explanation::new("reader_busy", format!("\"{reader}\" is held by {} (process {})", holder.name, holder.pid))
                .hint(if holder.name == "scdaemon" { "gpgconf --kill scdaemon lets go of it" } else { "end that program, or unplug the key and plug it in again" })
        }
        E::Busy { reader, holder: None } => {
            Explanation::new("reader_busy", format!("another program holds \"{reader}\" exclusively"))
                .hint("close it (scdaemon, yubikey-agent and Yubico Authenticator are the usual ones), or unplug the key and plug it in again")
        }
        E::NoCard { reader } => Explanation::new("no_card", format!("there is no card in \"{reader}\"")),
        E::Mute { reader } => Explanation::new("card_mute", format!("the card in \"{reader}\" does not answer"))
            .hint("unplug the key and plug it in again"),
        E::Removed => Explanation::new("key_removed", "the key was pulled while it was in use"),
        E::Reset => Explanation::new("key_reset", "another program reset the key again and again")
            .hint("close other programs that use the key"),
        E::Malformed => Explanation::new("malformed_answer", "the key's answer makes no sense"),
        E::Pcsc { code } => Explanation::new("pcsc", format!("the PC/SC service answered error 0x{code:08X}")),
    }
}

/// What the OATH applet said.
#[must_use]
pub fn oath(key: Option<Serial>, error: &oath::Error) -> Explanation {
    use oath::Error as E;
    let on = key.map_or_else(|| "the key".to_owned(), |key| format!("YubiKey {key}"));
    let name_key = key.map_or_else(String::new, |key| format!(" --key {key}"));
    match error {
        E::Transport(transport::Error::Removed) => {
            Explanation::new("key_removed", format!("{on} was pulled while it was in use")).hint("plug it in again")
        }
        E::Transport(error) => transport(error),
        E::NoApplet => Explanation::new("no_oath", format!("{on} has no OATH applet, or it is disabled over this interface"))
            .hint("`glasskey keys` shows what is enabled; `ykman config usb --enable OATH` enables it"),
        E::Locked => Explanation::new("oath_locked", format!("the OATH applet of {on} has a password"))
            .hint("run the command on a terminal, or give it with --password-fd FD"),
        E::WrongPassword => Explanation::new("wrong_password", format!("that is not the OATH password of {on}"))
            .note("wrong tries are not counted; nothing is locked"),
        E::Impostor => Explanation::new("impostor", format!("{on} does not prove that it knows its own password"))
            .hint("something between this program and the key is not to be trusted; do not go on"),
        E::NotFound(name) => Explanation::new("no_credential", format!("there is no credential \"{}\" on {on}", name.id()))
            .hint(format!("`glasskey oath list{name_key}` shows what is on it")),
        E::NameTaken(name) => Explanation::new("name_taken", format!("a credential \"{}\" is on {on} already; it was not overwritten", name.id()))
            .hint(format!("`glasskey oath delete{name_key}` removes it, `glasskey oath rename{name_key}` keeps it under another name")),
        E::Full => Explanation::new("key_full", format!("no free slot on {on}"))
            .hint(format!("`glasskey oath list{name_key}` shows what is on it")),
        E::TouchTimedOut => Explanation::new("no_touch", format!("nobody touched {on} in time")).exit(Exit::Person),
        E::Unsupported { what, since: oath::Version(a, b, c) } => {
            Explanation::new("unsupported", format!("the firmware of {on} cannot do {what}; {a}.{b}.{c} and later can"))
        }
        E::SeedTooShort => Explanation::new("seed_too_short", "the secret is too short: the applet takes 2 bytes or more")
            .exit(Exit::Usage),
        E::BadName { bytes: 0 } => Explanation::new("bad_name", "the credential's name is empty").exit(Exit::Usage),
        E::BadName { bytes: ..=oath::MAX_NAME } => {
            Explanation::new("bad_name", "a key would read the credential's name back differently")
                .hint("the account must not be empty, the issuer must not hold a colon, and the name must not begin with a number and a slash")
                .exit(Exit::Usage)
        }
        E::BadName { bytes } => Explanation::new("name_too_long", format!("the credential's name has {bytes} bytes; 64 fit"))
            .hint("shorten the issuer or the account")
            .exit(Exit::Usage),
        E::Refused(sw) => Explanation::new("key_refused", format!("{on} refused with status word {sw}")),
        E::Malformed => Explanation::new("malformed_answer", format!("the answer of {on} makes no sense")),
    }
}

/// What the PIV applet said.
#[must_use]
pub fn piv(key: Option<Serial>, error: &piv::Error) -> Explanation {
    use piv::Error as E;
    let on = key.map_or_else(|| "the key".to_owned(), |key| format!("YubiKey {key}"));
    match error {
        E::Transport(transport::Error::Removed) => {
            Explanation::new("key_removed", format!("{on} was pulled while it was in use")).hint("plug it in again")
        }
        E::Transport(error) => transport(error),
        E::NoApplet => {
            Explanation::new("no_piv", format!("{on} has no PIV applet, or it is disabled over this interface"))
                .hint("`glasskey keys --json` shows what is enabled; `ykman config usb --enable PIV` enables it")
        }
        E::NoSerial => Explanation::new(
            "no_serial",
            format!("{on} tells its serial number in the OTP applet, which is disabled"),
        )
        .hint("`ykman config mode OTP+FIDO+CCID` enables it"),
        E::TooOld => Explanation::new(
            "unsupported",
            format!("the PIV applet of {on} cannot be read: glasskey reads that of YubiKeys 4 and 5"),
        )
        .hint("`ykman piv info` may"),
        E::OtherKey { found } => {
            Explanation::new("other_key", format!("{on} has made room for YubiKey {found} in its reader"))
                .hint("leave one key plugged in and run the same command again")
        }
        E::Disturbed => Explanation::new(
            "key_disturbed",
            format!("another program used {on} between two commands, again and again"),
        )
        .hint("close other programs that use the key"),
        E::Refused => Explanation::new("key_refused", format!("the PIV applet of {on} refused to be read"))
            .hint("if another program uses the key, close it; else unplug the key and plug it in again"),
        E::Malformed => Explanation::new("malformed_answer", format!("the answer of {on} makes no sense")),
        E::NotBuiltIn => {
            Explanation::new("no_pcsc", "this glasskey was built without PC/SC, and PIV is read through it alone")
        }
    }
}

fn journal(error: &journal::Error) -> Explanation {
    match error {
        journal::Error::Io { path, cause } => {
            Explanation::new("journal", format!("the journal cannot be used: {}: {cause}", path.display()))
                .hint("GLASSKEY_STATE_DIR names another directory for it")
        }
        journal::Error::Busy { pid } => {
            let who = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
            Explanation::new("busy", format!("another glasskey is at work{who}")).hint("wait until it has ended")
        }
        journal::Error::Unreadable { path, line } => {
            Explanation::new("journal", format!("line {line} of {} is not one this version writes", path.display()))
                .hint("was it written by a later glasskey? Use that one to recover, or move the file away once you know what it left")
        }
    }
}

fn refusal(refusal: &Refusal) -> Explanation {
    match refusal {
        Refusal::RootCaller => Explanation::new("root_caller", "the caller is the root user, whose MFA can be enabled in the console only")
            .hint("name an IAM user, or enable root's MFA in the console: https://console.aws.amazon.com/iam/home#/security_credentials"),
        Refusal::NameTheUser { caller } => {
            Explanation::new("name_the_user", format!("the caller is not an IAM user: {caller}"))
                .hint("name the user: `glasskey enroll USER --key SERIAL`")
                .exit(Exit::Usage)
        }
        Refusal::NoSuchUser { user } => Explanation::new("no_such_user", format!("there is no IAM user \"{user}\" in this account"))
            .hint("`aws iam list-users` lists them; names are case-sensitive here"),
        Refusal::TooManyDevices { used, wanted } => {
            Explanation::new("too_many_devices", format!("the user has {used} MFA devices; {wanted} more would exceed AWS's limit of 8"))
                .hint("`aws iam list-mfa-devices --user-name USER` lists them; deactivate one that is no longer used")
        }
        Refusal::NameTaken { arn, user: Some(user) } => {
            let owner = user.rsplit('/').next().unwrap_or(user);
            Explanation::new("device_exists", format!("{arn} exists already and is enabled for {owner}"))
                .hint(format!("--device-name {}-2 makes another beside it", arn.name()))
        }
        Refusal::NameTaken { arn, user: None } => {
            Explanation::new("device_exists", format!("{arn} exists already and was not made by an unfinished run of this machine; it was not touched"))
                .hint(format!(
                    "if nobody is enrolling it right now, delete it: `aws iam delete-virtual-mfa-device --serial-number {arn}`; or use --device-name {}-2",
                    arn.name()
                ))
        }
        Refusal::Unfinished { arn, user } => {
            Explanation::new("unfinished_run", format!("an earlier run for user {user} did not end; it was making {arn}"))
                .hint("`glasskey recover` finishes or undoes it")
        }
        Refusal::CredentialThere { key, name } => Explanation::new(
            "name_taken",
            format!("a credential \"{}\" is on YubiKey {key} already; it was not overwritten", name.id()),
        )
        .hint("--device-name NAME makes a device of another name beside it")
        .hint(format!("where its device is gone from IAM, `glasskey oath delete --key {key}` removes it")),
        Refusal::KeyFull { key, capacity } => {
            let mut text = oath(Some(*key), &oath::Error::Full);
            text.what = format!("{} (all {capacity} are used)", text.what);
            text
        }
        Refusal::NameTooLong { name, bytes } => {
            Explanation::new("name_too_long", format!("\"{name}\" has {bytes} bytes; a key's credential name holds 64"))
                .hint("choose a shorter --device-name or --path")
        }
        Refusal::NeedsMfaSession { devices } => {
            Explanation::new("mfa_session_needed", "you have an MFA device already, so AWS lets you change your devices only through an MFA session")
                .note(format!("your devices: {}", devices.join(", ")))
                .hint("plug in a key that holds one of them (a FIDO device cannot open such a session), use the credentials of an MFA session, or have an administrator do it")
        }
        Refusal::BadValue { what, value } => Explanation::new("bad_value", format!("\"{value}\" is not a {what} that IAM takes"))
            .hint(match *what {
                "path" => "a path is / or begins and ends with /, at most 512 characters",
                _ => "letters, digits and _+=,.@- only",
            })
            .exit(Exit::Usage),
        Refusal::OtherAccount { account } => {
            Explanation::new("other_account", format!("the unfinished run belongs to account {account}, and these credentials do not"))
                .hint("run `glasskey recover` with --profile for that account")
        }
        Refusal::CannotFinish => Explanation::new("cannot_finish", "the run cannot be finished: no key that is plugged in holds its credential, or the device is gone")
            .hint("plug in the key it was writing to, or undo the run"),
        Refusal::CannotUndo => Explanation::new("cannot_undo", "not everything could be undone"),
        Refusal::KeysDiffer => Explanation::new("keys_differ", "the keys of this run compute different codes, so one of them was not written by it")
            .hint("undo the run and enroll again"),
    }
}

/// What is wrong with an otpauth URI or a secret.
#[must_use]
pub fn bad_uri(error: &BadUri) -> Explanation {
    use crate::secret::BadSeed;
    let what = match error {
        BadUri::NotOtpauth => "it is not an otpauth://totp/ or otpauth://hotp/ URI".to_owned(),
        BadUri::NoAccount => "the URI names no account".to_owned(),
        BadUri::NoSecret => "the URI holds no secret".to_owned(),
        BadUri::Seed(BadSeed::Empty) => "the secret is empty".to_owned(),
        BadUri::Seed(BadSeed::TooLong) => "the secret is too long".to_owned(),
        BadUri::Seed(BadSeed::NotBase32 { position }) => {
            format!("the secret is not base32: character {} cannot be", position + 1)
        }
        BadUri::Seed(_) => "there is no memory to keep the secret in".to_owned(),
        BadUri::Parameter(name) => format!("the URI's {name} has a value that means nothing here"),
        BadUri::TwoIssuers => "the URI names two different issuers".to_owned(),
    };
    Explanation::new("bad_secret", what).exit(Exit::Usage)
}
