//! The processes above this one, from `/proc`: who has started it, and who has started them.

use std::ffi::OsString;

const LEVELS: usize = 64;

/// The arguments, the program's name first, of each process above this one that runs this same program; nearest first.
/// One that has ended, or is another user's, is not told, nor what is above one that has ended.
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

/// Of `PID (NAME) STATE PARENT …` (proc_pid_stat(5)); a name may hold parentheses and spaces.
fn parent(pid: &str) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1).filter(|pid| *pid != "0").map(str::to_owned)
}
