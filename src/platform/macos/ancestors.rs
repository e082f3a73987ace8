//! The processes above this one, from `ps`: who has started it, and who has started them.

use std::ffi::OsString;

const LEVELS: usize = 64;

/// The arguments, the program's name first, of each process above this one that runs this same program; nearest first.
/// By the file name of the program. `ps` separates arguments by spaces alone: one with a space in it is two.
#[must_use]
pub fn of_this_program() -> Vec<Vec<OsString>> {
    let own = std::env::current_exe().unwrap_or_default();
    let above = std::iter::successors(asked(std::process::id()), |(parent, _)| asked(*parent));
    // The first is this process itself.
    let arguments = above.skip(1).take(LEVELS).map(|(_, command)| command);
    let words = arguments.map(|command| command.split_whitespace().map(OsString::from).collect::<Vec<_>>());
    let ours = |words: &Vec<OsString>| {
        words.first().is_some_and(|program| std::path::Path::new(program).file_name() == own.file_name())
    };
    words.filter(ours).collect()
}

/// The parent and the command line of a process: `  PPID COMMAND …` (ps(1)).
fn asked(pid: u32) -> Option<(u32, String)> {
    let mut ps = std::process::Command::new("/bin/ps");
    ps.args(["-o", "ppid=,command=", "-p", &pid.to_string()]).stdin(std::process::Stdio::null());
    let told = ps.output().ok().filter(|told| told.status.success() && pid > 0)?;
    let told = String::from_utf8_lossy(&told.stdout);
    let (parent, command) = told.trim().split_once(' ')?;
    Some((parent.parse().ok()?, command.trim().to_owned()))
}
