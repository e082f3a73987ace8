//! The processes above this one: who has started it, and who has started them.
//!
//! Linux tells them in `/proc`; on macOS `ps` does. Windows tells them only through calls that need unsafe code. Where
//! nothing is told, there are none.

use std::ffi::OsString;

#[cfg(any(target_os = "linux", target_os = "macos"))]
const LEVELS: usize = 64;

/// The arguments, the program's name first, of each process above this one that runs this same program; nearest first.
/// One that has ended, or is another user's, is not told, nor what is above one that has ended.
#[cfg(target_os = "linux")]
#[must_use]
pub fn of_this_program() -> Vec<Vec<OsString>> {
    use std::os::unix::ffi::OsStringExt;
    let Ok(own) = std::fs::read_link("/proc/self/exe") else { return Vec::new() };
    let above = std::iter::successors(parent("self"), |pid| parent(pid)).take(LEVELS);
    let ours = above.filter(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == own));
    let arguments = |pid: String| {
        let text = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        text.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect()
    };
    ours.map(arguments).collect()
}

/// The same, by the file name of the program. `ps` separates arguments by spaces alone: one with a space in it is two.
#[cfg(target_os = "macos")]
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
#[cfg(target_os = "macos")]
fn asked(pid: u32) -> Option<(u32, String)> {
    let mut ps = std::process::Command::new("/bin/ps");
    ps.args(["-o", "ppid=,command=", "-p", &pid.to_string()]).stdin(std::process::Stdio::null());
    let told = ps.output().ok().filter(|told| told.status.success() && pid > 0)?;
    let told = String::from_utf8_lossy(&told.stdout);
    let (parent, command) = told.trim().split_once(' ')?;
    Some((parent.parse().ok()?, command.trim().to_owned()))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[must_use]
pub fn of_this_program() -> Vec<Vec<OsString>> {
    Vec::new()
}

/// Of `PID (NAME) STATE PARENT …` (proc_pid_stat(5)); a name may hold parentheses and spaces.
#[cfg(target_os = "linux")]
fn parent(pid: &str) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1).filter(|pid| *pid != "0").map(str::to_owned)
}
