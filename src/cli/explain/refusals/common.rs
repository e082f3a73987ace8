//! What stands in the way of more than one flow.

use crate::cli::explain::{Exit, Explanation};
use crate::flow::CommonRefusal;

pub(super) fn common(refusal: &CommonRefusal) -> Explanation {
    match refusal {
        CommonRefusal::NameTheUser { caller } => {
            Explanation::new("name_the_user", format!("the caller is not an IAM user: {caller}"))
                .hint("name the user: `glasskey enroll USER --key SERIAL`")
                .exit(Exit::Usage)
        }
        CommonRefusal::NoSuchUser { user } => {
            Explanation::new("no_such_user", format!("there is no IAM user \"{user}\" in this account"))
                .hint("`aws iam list-users` lists them; names are case-sensitive here")
        }
        CommonRefusal::Unfinished { arn, user } => Explanation::new(
            "unfinished_run",
            format!("an earlier run for user {user} did not end; it was making {arn}"),
        )
        .hint("`glasskey recover` finishes or undoes it"),
        CommonRefusal::WhichDevice { named, devices, several } => {
            let which = if *several {
                "more than one device of the user is meant by"
            } else {
                "no device of the user is called"
            };
            let mut text = Explanation::new("which_device", format!("{which} \"{named}\""));
            if !devices.is_empty() {
                text = text.note(format!("the user's devices: {}", devices.join(", ")));
            }
            text.hint("name one by its name, by its serial number, or by the number of a key here that holds it")
        }
        CommonRefusal::NotOnKey { key, serial } => {
            Explanation::new("not_on_key", format!("YubiKey {key} holds no credential of {serial}"))
                .hint("`glasskey devices USER` shows which key here holds which device")
        }
        CommonRefusal::UnfinishedRemoval { serial, user } => Explanation::new(
            "unfinished_run",
            format!("an earlier run for user {user} did not end; it was removing {serial}"),
        )
        .hint("`glasskey recover` finishes or undoes it"),
        CommonRefusal::UnfinishedKey { user } => Explanation::new(
            "unfinished_run",
            format!("an earlier run for user {user} did not end; it was rotating the access key"),
        )
        .hint("`glasskey recover` finishes or undoes it"),
        CommonRefusal::BadValue { what, value } => {
            Explanation::new("bad_value", format!("\"{value}\" is not a {what} that IAM takes"))
                .hint(match *what {
                    "path" => "a path is / or begins and ends with /, at most 512 characters",
                    _ => "letters, digits and _+=,.@- only",
                })
                .exit(Exit::Usage)
        }
    }
}
