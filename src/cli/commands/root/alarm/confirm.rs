//! `glasskey root alarm confirm`: the link out of AWS's mail, used with the account's authority.

use crate::cli::args::{Cli, RootAlarmConfirm};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::secret_line::stdin_has_text;
use crate::cli::terminal::TerminalPerson;
use crate::cli::{Outcome, environment};
use crate::flow::alarm::{self, Confirmation};
use crate::world::World;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// No mail with a link is longer, in bytes.
const LONGEST: u64 = 1 << 20;

pub(in crate::cli) fn run(args: &RootAlarmConfirm, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let confirmation = match args.link.as_deref().filter(|link| *link != "-") {
        Some(link) => link_in(link)?,
        None => link_in(&given(cli, &world, console)?)?,
    };
    let confirmed = alarm::confirm(&confirmation, &mut world).map_err(|failed| explain::failed(&failed))?;
    let report = Report {
        account: &confirmed.account,
        topic: &confirmed.topic,
        subscription: &confirmed.subscription,
        authenticated: confirmed.authenticated,
    };
    console.result(&Page::of(&format!("confirmed: {}", confirmed.subscription)), &report);
    if confirmed.authenticated != Some(true) {
        let why = match confirmed.authenticated {
            Some(_) => "it had been confirmed in a browser before, so the unsubscribe link of any mail still ends it",
            None => "AWS does not say whether the unsubscribe link of a mail ends it",
        };
        console.style().warn(why);
        return Ok(Exit::No);
    }
    Ok(Exit::Done)
}

/// The link, asked for without echo, or from standard input.
fn given(cli: &Cli, world: &World, console: &Console) -> Result<Zeroizing<String>, Box<Explanation>> {
    if !stdin_has_text() {
        let person = TerminalPerson::new(&cli.global, console.style(), world.interrupt.clone());
        let text = person.ask_pasted("Link in the mail that asks to confirm (not shown here): ");
        return text.map(|text| Zeroizing::new(text.expose().to_owned())).ok_or_else(|| {
            Box::new(match world.interrupt.raised() {
                true => Explanation::interrupted(),
                false => Explanation::new("nobody_to_ask", "the link is needed, and nobody can be asked")
                    .hint("pipe it to standard input")
                    .exit(Exit::Person),
            })
        });
    }
    let mut text = Zeroizing::new(String::new());
    let read = io::stdin().take(LONGEST).read_to_string(&mut text);
    read.map_err(|cause| usage(format!("cannot read standard input: {cause}")))?;
    Ok(text)
}

/// The first link of SNS in a text, which may be a whole mail; or all of it, where it was broken into lines.
fn link_in(text: &str) -> Result<Confirmation, Box<Explanation>> {
    let whole = Zeroizing::new(text.split_whitespace().collect::<String>());
    let words = text.split_whitespace().filter_map(|word| word.find("https://sns.").and_then(|at| word.get(at..)));
    let found = words.chain([whole.as_str()]).find_map(Confirmation::of_link);
    found.ok_or_else(|| {
        let what = "that is not the link of a mail in which AWS asks to confirm a subscription";
        usage(what).hint("it begins with https://sns. and has TopicArn= and Token= in it: copy it whole").into()
    })
}

/// An address that was confirmed.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "alarm_confirmed")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The topic's ARN.
    topic: &'a str,
    /// The subscription's ARN.
    subscription: &'a str,
    /// Whether only the account can end it; false where it had been confirmed in a browser before, null where AWS does not
    /// say. The exit code is 0 only where this is true.
    authenticated: Option<bool>,
}
