//! `glasskey root enroll --totp`: the console's secret onto keys and a phone, their codes into the console.

use super::enroll::{Factor, RegisteredReport, Report, limits, open};
use crate::aws::DeviceKind;
use crate::cli::args::{Cli, RootEnroll};
use crate::cli::commands::oath::lines::Asking;
use crate::cli::commands::oath::secret::{self, SecretInput};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::secret_line::Source;
use crate::cli::terminal::TerminalPerson;
use crate::cli::{Outcome, environment};
use crate::flow::root::{self, Evidence, TotpEnrolled, TotpRequest};
use crate::keys::{KeyId, Serial};
use crate::secret::Seed;
use crate::totp::{AWS, Kind};
use crate::world::World;

pub(super) fn run(args: &RootEnroll, cli: &Cli, console: &mut Console) -> Outcome {
    let request = TotpRequest {
        keys: serials(&args.keys)?,
        phone: args.phone,
        account: args.account.clone(),
        blind: args.watching.no_watch,
        device_name: args.device_name.clone(),
        touch: args.touch,
        limits: limits(&args.watching.pace),
        codes_elsewhere: args.codes_fd.is_some(),
    };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let mut person = TerminalPerson::new(&cli.global, console.style(), world.interrupt.clone());
    person.codes_to(args.codes_fd);
    world.person = Box::new(person);
    let sitting = root::begin_totp(request, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    if args.open {
        open(sitting.partition(), console);
    }
    let seed = seed(args, cli, &world, console)?;
    let enrolled = sitting.enroll(seed, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    last_words(&enrolled, console);
    let device = enrolled.serial.clone().unwrap_or_else(|| format!("\"{}\", as you said", enrolled.name));
    console.result(&Page::of(&device), &report(&enrolled));
    Ok(Exit::Done)
}

/// Cards are named by their serial numbers, each once.
fn serials(keys: &[KeyId]) -> Result<Vec<Serial>, Box<Explanation>> {
    let mut serials = Vec::new();
    for key in keys {
        let Some(serial) = key.serial() else {
            return Err(usage("with --totp a key is named by its serial number"));
        };
        if serials.contains(&serial) {
            let text = Explanation::new("same_key", format!("YubiKey {serial} is named twice"));
            return Err(Box::new(text.hint("name each key once").exit(Exit::Usage)));
        }
        serials.push(serial);
    }
    Ok(serials)
}

/// The console's secret, from wherever it is given; asked for otherwise.
fn seed(args: &RootEnroll, cli: &Cli, world: &World, console: &Console) -> Result<Seed, Box<Explanation>> {
    let found = match args.secret_fd {
        Some(fd) => {
            let from = Source::Fd(fd);
            let text = from.open().and_then(|mut file| from.read_password(&mut file));
            let text = text.ok_or_else(|| usage(format!("file descriptor {fd} holds no secret")))?;
            secret::parse(text.expose().as_bytes())?
        }
        None => {
            let person = TerminalPerson::new(&cli.global, console.style(), world.interrupt.clone());
            let asking =
                Asking { person: &person, style: console.style(), interrupt: &world.interrupt, import: None };
            match secret::given_as(args.qr_image.as_deref(), asking)? {
                Some(found) => found,
                None => return asked(asking),
            }
        }
    };
    of_aws(found)
}

fn asked(asking: Asking<'_>) -> Result<Seed, Box<Explanation>> {
    let nobody = || match asking.interrupt.raised() {
        true => Explanation::interrupted(),
        false => Explanation::new("nobody_to_ask", "the secret is needed, and nobody can be asked")
            .hint("pipe it to standard input, or give it with --qr-image or --secret-fd")
            .exit(Exit::Person),
    };
    let ask = || {
        let text = asking.person.ask_pasted("Secret key that the console shows (not shown here): ");
        text.ok_or_else(|| Box::new(nobody()))
    };
    secret::until_right(ask, |text| secret::parse_one_of(text, asking).and_then(of_aws), asking.style)
}

fn of_aws(found: SecretInput) -> Result<Seed, Box<Explanation>> {
    match found {
        SecretInput::Seed(seed) => Ok(seed),
        SecretInput::Uri(uri) if uri.kind == Kind::Totp && uri.params == AWS => Ok(uri.seed),
        SecretInput::Uri(_) => Err(Box::new(
            usage("that secret is not one of AWS: its codes have six digits, SHA-1 and thirty seconds")
                .hint("take the QR code or the secret key of the console's own page"),
        )),
    }
}

/// For each key, the command that gives the credential the name of its device.
fn renamings(enrolled: &TotpEnrolled) -> Vec<String> {
    let resource = enrolled.serial.as_ref().and_then(|serial| serial.split_once(":mfa/"));
    let Some((_, resource)) = resource else { return Vec::new() };
    let TotpEnrolled { account, credential, keys, .. } = enrolled;
    keys.iter()
        .map(|key| format!("glasskey oath rename --key {key} \"{credential}\" \"AWS:{account}/{resource}\""))
        .collect()
}

fn last_words(enrolled: &TotpEnrolled, console: &mut Console) {
    if enrolled.evidence == Evidence::Said {
        console.say("glasskey: what you said has not been seen; `glasskey root audit` as root would show it");
    }
    if enrolled.serial.as_ref().is_some_and(|serial| !serial.ends_with(&format!("mfa/{}", enrolled.name))) {
        console.say(&format!(
            "glasskey: the credential is called \"{}\" after the name that was proposed",
            enrolled.credential
        ));
        for command in renamings(enrolled) {
            console.say(&format!("glasskey: `{command}` gives it the device's"));
        }
    }
    let others = enrolled.devices.as_ref().map(|devices| devices.len() > 1);
    let only = match (enrolled.keys.as_slice(), enrolled.phone) {
        ([key], false) => Some(format!("YubiKey {key}")),
        ([], true) => Some("the phone".to_owned()),
        _ => None,
    };
    if let Some(only) = only.filter(|_| others != Some(true)) {
        console.say(&format!(
            "glasskey: {only} alone holds it; losing it locks root out unless root has another factor"
        ));
    }
    if enrolled.evidence == Evidence::Seen {
        console.say(
            "glasskey: IAM does not show which seed it has: sign in once with a code of each place that holds it",
        );
    }
    console.say("glasskey: controls for hardware MFA stay failed, since AWS counts this device as virtual");
}

fn report(enrolled: &TotpEnrolled) -> Report<'_> {
    let TotpEnrolled { account, partition, view, name, evidence, serial, credential, keys, phone, devices, .. } =
        enrolled;
    let factor = Factor::Virtual { credential, keys, phone: *phone };
    Report {
        account: Some(account),
        partition,
        view: *view,
        kind: DeviceKind::Virtual,
        registered: vec![RegisteredReport { name, evidence: *evidence, serial: serial.as_deref(), factor }],
        devices: devices.as_deref(),
    }
}
