//! `glasskey oath add`: a credential is written, then the key's code is compared with our own arithmetic. One that
//! cannot be proved does not stay.

use super::secret::{self, SecretInput};
use super::{Failed, Invocation, NameReport, by_name, refused, usage, visible};
use crate::cli::Outcome;
use crate::cli::args::Add;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::keys::Serial;
use crate::oath::{self, Name, New};
use crate::person::{Notice, Person};
use crate::secret::{Code, Seed};
use crate::totp::{self, AWS, Kind, Params, Step, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::SystemTime;
use subtle::ConstantTimeEq;

pub(super) fn run(args: &Add, invocation: &mut Invocation<'_>) -> Outcome {
    refuse_secrets_in_arguments(args)?;
    let given = secret::given(args, invocation)?;
    let key = invocation.key_to_write(&args.key)?;
    let found = match given {
        Some(found) => found,
        None => secret::asked(args, invocation)?,
    };
    warn_of_two_issuers(args, &found, invocation);
    let credential = Credential::new(args, key, found)?;
    credential.write(key, invocation)?;
    let proved = credential.kind == Kind::Totp;
    if proved {
        if let Err(why) = credential.prove(key, invocation) {
            return Err(credential.take_back(key, why, invocation));
        }
        invocation.step(key, &format!("written as \"{}\", its code matches", credential.name.id()));
    } else {
        invocation.step(
            key,
            &format!("written as \"{}\"; not proved, since that would use up a code", credential.name.id()),
        );
    }
    let added = AddedCredential::of(&credential, proved);
    invocation.console.result(&Page::of(credential.name.id()), &Report { key, added });
    Ok(Exit::Done)
}

/// The credential that was written.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "credential_added")]
pub(in crate::cli) struct Report<'a> {
    /// The key's serial number.
    key: Serial,
    #[serde(flatten)]
    added: AddedCredential<'a>,
}

/// A credential that was written.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct AddedCredential<'a> {
    #[serde(flatten)]
    name: NameReport<'a>,
    /// `SHA1`, `SHA256` or `SHA512`.
    algorithm: &'static str,
    /// How many digits a code has.
    digits: u8,
    /// The credential requires a touch.
    touch: bool,
    /// The key's code was compared with the secret's. False for `hotp` only, where that would use up a code. A TOTP
    /// credential whose code is wrong is removed again, and the command fails.
    proved: bool,
}

impl<'a> AddedCredential<'a> {
    pub(super) fn of(credential: &'a Credential, proved: bool) -> Self {
        let Credential { name, kind, params, touch, .. } = credential;
        Self {
            name: NameReport::of(name, *kind != Kind::Totp),
            algorithm: params.algorithm.as_str(),
            digits: params.digits,
            touch: *touch,
            proved,
        }
    }
}

/// The parameter's issuer was taken; the person may know better.
fn warn_of_two_issuers(args: &Add, found: &SecretInput, invocation: &Invocation<'_>) {
    if let SecretInput::Uri(Uri { issuer: Some(taken), other_issuer: Some(other), .. }) = found
        && args.issuer.is_none()
        && !args.account.as_ref().is_some_and(|account| account.contains(':'))
    {
        invocation.warn(&two_issuers(taken, other));
    }
}

pub(super) fn two_issuers(taken: &str, other: &str) -> String {
    format!(
        "the URI names two issuers: \"{}\" was taken, its label says \"{}\"; --issuer takes another",
        taken, other
    )
}

/// A secret among the arguments has been seen already: by `ps`, by the shell's history. The answer does not repeat it.
fn refuse_secrets_in_arguments(args: &Add) -> Result<(), Failed> {
    let uri = args.account.as_ref().is_some_and(|account| secret::looks_like_a_uri(account.as_bytes()));
    if !uri && args.misplaced.is_empty() {
        return Ok(());
    }
    let what = if uri { "an otpauth URI was given as an argument" } else { "there is an argument too many" };
    Err(Box::new(
        Explanation::new("secret_in_arguments", what)
            .note("everybody on this machine can see arguments, and the shell keeps them in its history")
            .hint("if it was a secret, have the service issue a new one; then run the command without it, and it is asked for")
            .exit(Exit::Usage),
    ))
}

pub(super) struct Credential {
    name: Name,
    kind: Kind,
    params: Params,
    touch: bool,
    seed: Seed,
}

impl Credential {
    /// What the arguments say, and for the rest what came with the secret.
    fn new(args: &Add, key: Serial, found: SecretInput) -> Result<Self, Failed> {
        let (issuer, account, params, kind, seed) = match found {
            SecretInput::Uri(uri) => {
                (uri.issuer, Some(uri.account).filter(|it| !it.is_empty()), uri.params, uri.kind, uri.seed)
            }
            SecretInput::Seed(seed) => (None, None, AWS, Kind::Totp, seed),
        };
        let (issuer, account) = match args.account.as_deref() {
            None => (issuer, account),
            // `issuer:account`, unless the issuer is named apart.
            Some(named) => match named.split_once(':').filter(|_| args.issuer.is_none()) {
                Some((issuer, account)) => (Some(issuer.to_owned()), Some(account.to_owned())),
                None => (issuer, Some(named.to_owned())),
            },
        };
        let issuer = args.issuer.clone().or(issuer).filter(|issuer| !issuer.is_empty());
        let account = account.ok_or_else(|| {
            let both = format!("`glasskey oath add --key {key} --issuer Example alice` names both");
            Box::new(usage("no account is named").hint(both))
        })?;
        let kind = args.hotp.map_or(kind, |counter| Kind::Hotp { counter });
        let params = Params {
            algorithm: args.algorithm.unwrap_or(params.algorithm),
            digits: args.digits.unwrap_or(params.digits),
            period: if kind == Kind::Totp { args.period.unwrap_or(params.period) } else { AWS.period },
        };
        if kind != Kind::Totp && args.period.is_some() {
            return Err(usage("an HOTP credential counts events; --period means nothing to it"));
        }
        let name = Name::new(params.period, issuer.as_deref(), &account)
            .map_err(|error| Box::new(explain::oath(None, &error).exit(Exit::Usage)))?;
        visible(name.id()).map_err(usage)?;
        Ok(Self { name, kind, params, touch: args.touch, seed })
    }

    pub(super) fn of(uri: Uri, name: Name, touch: bool) -> Self {
        Self { name, kind: uri.kind, params: uri.params, touch, seed: uri.seed }
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn touch(&self) -> bool {
        self.touch
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn params(&self) -> Params {
        self.params
    }

    /// Whether another is the same, and writing both would write one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = |one: &[u8], other: &[u8]| bool::from(one.ct_eq(other));
        (&self.name, self.kind, self.params) == (&other.name, other.kind, other.params)
            && self.seed.expose(|one| other.seed.expose(|other| same(one, other)))
    }

    /// The code at this moment, in seconds since the Unix epoch.
    pub(super) fn code_at(&self, unix: u64) -> Code {
        totp::code(&self.seed, self.params, Step(unix / u64::from(self.params.period.max(1))))
    }

    /// As it came, with another name: `issuer:account`, or the account alone.
    pub(super) fn named(uri: Uri, name: &str, touch: bool) -> Result<Self, oath::Error> {
        let (issuer, account) = name.split_once(':').map_or((None, name), |(issuer, rest)| (Some(issuer), rest));
        let name = Name::new(uri.params.period, issuer, account)?;
        Ok(Self::of(uri, name, touch))
    }

    /// PUT. The key is closed again at once: pcscd keeps the last command, which holds the seed, until then.
    pub(super) fn write(&self, key: Serial, invocation: &mut Invocation<'_>) -> Result<(), Failed> {
        let mut session = invocation.session(key)?;
        // Known to be absent before PUT is sent: should it be there afterwards, it is ours to remove.
        if session.list().map_err(refused(key))?.iter().any(|present| present.name == self.name) {
            return Err(refused(key)(oath::Error::NameTaken(self.name.clone())));
        }
        let Self { name, kind, params, touch, seed } = self;
        let new = New { name, kind: *kind, params: *params, touch: *touch, seed };
        let put = session.put(&new);
        drop(session);
        match put {
            Ok(()) => Ok(()),
            Err(error @ (oath::Error::Transport(_) | oath::Error::Malformed)) => {
                Err(self.take_back(key, refused(key)(error), invocation))
            }
            Err(error) => Err(refused(key)(error)),
        }
    }

    /// The key's code for now, against our own.
    pub(super) fn prove(&self, key: Serial, invocation: &mut Invocation<'_>) -> Result<(), Failed> {
        if self.is_computed(key, self.touch, invocation)? {
            return Ok(());
        }
        let what = format!("YubiKey {key} computes another code than the secret gives");
        Err(Box::new(
            Explanation::new("wrong_code", what)
                .hint("do not use this key; `glasskey keys` shows its model and firmware"),
        ))
    }

    /// Whether the key computes its code under its name, after a touch where that is needed.
    pub(super) fn is_computed(
        &self,
        key: Serial,
        touch: bool,
        invocation: &mut Invocation<'_>,
    ) -> Result<bool, Failed> {
        let mut session = invocation.session(key)?;
        if touch {
            invocation.person.tell(&Notice::Touch { key });
        }
        let step = Step::at(SystemTime::now(), self.params.period);
        let code = session.code(&self.name, step);
        if invocation.interrupt.raised() {
            return Err(Box::new(Explanation::interrupted()));
        }
        Ok(code.map_err(refused(key))?.matches(&totp::code(&self.seed, self.params, step)))
    }

    pub(super) fn take_back(&self, key: Serial, mut why: Failed, invocation: &mut Invocation<'_>) -> Failed {
        let id = self.name.id();
        let removed = match invocation.session(key).map(|mut session| session.delete(&self.name)) {
            Ok(Ok(())) => Some(format!("the credential \"{id}\" was removed again; nothing was left behind")),
            Ok(Err(oath::Error::NotFound(_))) => Some("nothing was written".to_owned()),
            _ => None,
        };
        match removed {
            Some(state) => why.state.push(state),
            None => {
                why.exit = Exit::Left;
                why.state.push(format!("perhaps left behind: the credential \"{id}\" on YubiKey {key}, not proved"));
                why.hints.push(format!("`glasskey oath delete --key {key} {}` removes it", by_name(&self.name)));
            }
        }
        why
    }
}
