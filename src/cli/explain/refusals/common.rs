//! What stands in the way of more than one flow.

use crate::cli::explain::{Exit, Explanation};
use crate::flow::CommonRefusal as R;

pub(super) fn common(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NameTheUser { .. } => {
            text("name_the_user").hint("name the user: `glasskey enroll USER --key SERIAL`").exit(Exit::Usage)
        }
        R::NoSuchUser { .. } => {
            text("no_such_user").hint("`aws iam list-users` lists them; names are case-sensitive here")
        }
        R::Unfinished { .. } | R::UnfinishedRemoval { .. } | R::UnfinishedKey { .. } => {
            text("unfinished_run").hint("`glasskey recover` finishes or undoes it")
        }
        R::WhichDevice { devices, .. } => {
            let mut text = text("which_device");
            if !devices.is_empty() {
                text = text.note(format!("the user's devices: {}", devices.join(", ")));
            }
            text.hint("name one by its name, by its serial number, or by the number of a key here that holds it")
        }
        R::NotOnKey { .. } => {
            text("not_on_key").hint("`glasskey devices USER` shows which key here holds which device")
        }
        R::BadValue { what, .. } => text("bad_value")
            .hint(match *what {
                "path" => "a path is / or begins and ends with /, at most 512 characters",
                _ => "letters, digits and _+=,.@- only",
            })
            .exit(Exit::Usage),
    }
}
