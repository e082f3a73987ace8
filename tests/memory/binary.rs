//! The binary, frozen in the middle of an enrollment and read from outside through `/proc/PID/mem`: how much of the
//! seed is there, in any form it could have. The simulated outside holds a message back while the test looks.
//!
//! Reading another process's memory needs root. Without it the kernel's refusal is itself what is checked: hardening
//! makes it refuse the process's own user.

use crate::support::Simulated;
use glasskey::sim::tap::{Passing, Wire};
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use zeroize::Zeroizing;

/// Moments of an enrollment, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The PUT command with the seed has left the process, which waits for the answer: the seed must be there.
    Writing,
    /// The key computes the first code; the seed is held for comparing.
    Proving,
    /// The codes are sent to IAM. The seed is not needed any more.
    Enabling,
    /// IAM is asked whether it lists the device.
    Confirming,
}

impl Moment {
    fn of(passing: &Passing, enabled: bool) -> Option<Self> {
        match &passing.wire {
            _ if passing.done => None,
            Wire::Key { ins: 0x01, .. } => Some(Self::Writing),
            Wire::Key { ins: 0xA2, .. } => Some(Self::Proving),
            Wire::Aws { action } if action == "EnableMFADevice" => Some(Self::Enabling),
            Wire::Aws { action } if action == "ListMFADevices" && enabled => Some(Self::Confirming),
            _ => None,
        }
    }
}

/// Stops the world at each moment, the first time it comes, until it is released.
fn freeze(world: &Simulated) -> (Receiver<Moment>, Sender<()>) {
    let (arrived, arrival) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let gate = Mutex::new((arrived, released, Vec::new()));
    world.tap.listen(move |passing| {
        let mut gate = gate.lock().unwrap();
        let Some(moment) = Moment::of(passing, gate.2.contains(&Moment::Enabling)) else { return };
        if !gate.2.contains(&moment) {
            gate.2.push(moment);
            gate.0.send(moment).unwrap();
            gate.1.recv().unwrap();
        }
    });
    (arrival, release)
}

/// A form a seed could have, and every piece of 16 bytes of it.
pub(super) struct Form {
    pub(super) name: &'static str,
    pub(super) whole: Zeroizing<Vec<u8>>,
}

const PIECE: usize = 16;

fn forms(seed: &[u8]) -> Vec<Form> {
    use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER, HEXUPPER};
    let base32 = BASE32_NOPAD.encode(seed);
    let form = |name, whole: Vec<u8>| Form { name, whole: Zeroizing::new(whole) };
    vec![
        form("raw", seed.to_vec()),
        form("inner HMAC pad", seed.iter().map(|byte| byte ^ 0x36).collect()),
        form("outer HMAC pad", seed.iter().map(|byte| byte ^ 0x5c).collect()),
        form("base32 in base64", BASE64.encode(base32.as_bytes()).into_bytes()),
        form("raw in base64", BASE64.encode(seed).into_bytes()),
        form("hex", HEXLOWER.encode(seed).into_bytes()),
        form("upper-case hex", HEXUPPER.encode(seed).into_bytes()),
        form("lower-case base32", base32.to_ascii_lowercase().into_bytes()),
        form("base32", base32.into_bytes()),
    ]
}

/// What was found, and where: form and mapping, once for each place.
pub(super) type Places = Vec<(&'static str, String)>;

/// Looks for every piece of every form in everything the process can write to.
pub(super) fn scan(pid: u32, forms: &[Form]) -> std::io::Result<Places> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut begins = vec![false; 1 << 16];
    for piece in forms.iter().flat_map(|form| form.whole.windows(PIECE)) {
        begins[usize::from(u16::from_be_bytes([piece[0], piece[1]]))] = true;
    }
    let mut places = Places::new();
    for line in maps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words[1].starts_with("rw") {
            continue;
        }
        let (from, to) = words[0].split_once('-').unwrap();
        let [from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // A secret mapping cannot be read by anybody: that is what it is for.
        if memory.read_exact_at(&mut bytes, from).is_err() {
            assert!(line.contains("secretmem"), "unreadable: {line}");
            continue;
        }
        for at in 0..bytes.len().saturating_sub(PIECE) {
            if begins[usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))] {
                let piece = &bytes[at..at + PIECE];
                let held = forms.iter().filter(|form| form.whole.windows(PIECE).any(|window| window == piece));
                let place = words.get(5).copied().unwrap_or("anonymous");
                places.extend(held.map(|form| (form.name, format!("{place} {:#x}", from + at as u64))));
            }
        }
    }
    Ok(places)
}

/// Text that must be in memory, so that finding nothing else is not blindness.
pub(super) fn control(text: &str) -> Vec<Form> {
    vec![Form { name: "control", whole: Zeroizing::new(text.as_bytes()[..PIECE].to_vec()) }]
}

#[test]
#[allow(clippy::print_stdout)]
fn no_piece_of_the_seed_is_left_while_the_device_is_enabled() {
    let world = Simulated::with_keys(1);
    let (arrival, release) = freeze(&world);
    let mut command = world.glasskey(world.enroll_args());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    let mut moments = Vec::new();
    let mut refused = false;
    while let Ok(moment) = arrival.recv_timeout(std::time::Duration::from_secs(30)) {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "no core file");

        let seed = world.aws.seed_of(&world.arn("alice")).unwrap();
        match scan(pid, &forms(&seed)) {
            Err(why) => {
                // Not permitted to look: then the hardening is what refuses even the process's own user.
                assert_eq!(why.kind(), std::io::ErrorKind::PermissionDenied, "{why}");
                refused = true;
            }
            Ok(places) => {
                let name = scan(pid, &control(&world.credential("alice"))).unwrap();
                assert!(!name.is_empty(), "{moment:?}: the scan sees what is there");
                match moment {
                    Moment::Writing => {
                        assert!(places.iter().any(|(form, _)| *form == "raw"), "the scan sees a seed on its way");
                        let others: Vec<_> = places.iter().filter(|(form, _)| *form != "raw").collect();
                        assert!(others.is_empty(), "only what is being sent: {others:?}");
                    }
                    Moment::Proving if !has_secret_memory(pid) => {
                        // One locked copy, in its own page.
                        let pages: std::collections::BTreeSet<_> =
                            places.iter().map(|(form, place)| (*form, &place[..place.len() - 3])).collect();
                        assert!(pages.len() <= 1, "{pages:?}");
                    }
                    _ => assert_eq!(places, Places::new(), "{moment:?}"),
                }
            }
        }
        moments.push(moment);
        release.send(()).unwrap();
        if moment == Moment::Confirming {
            break;
        }
    }
    assert_eq!(moments, [Moment::Writing, Moment::Proving, Moment::Enabling, Moment::Confirming]);
    assert!(child.wait().unwrap().success());
    world.tap.silence();
    world.alice_is_enrolled().unwrap();
    if refused {
        println!("NOT MEASURED: this user may not read the memory of glasskey; that the kernel refuses was checked");
    }
}

fn has_secret_memory(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap().contains("secretmem")
}

/// A user with no rights but their own. Root may look at everything, so root's own processes prove nothing.
const NOBODY: u32 = 65_534;

/// A command of an ordinary user: this one, or nobody where this is root.
fn as_ordinary_user(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        let id = NOBODY.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--inh-caps=-all", "--", program]);
        command
    } else {
        Command::new(program)
    }
}

/// Whether an ordinary user may see the memory map of one of their own processes.
fn may_look(pid: u32) -> bool {
    let output = as_ordinary_user("cat").arg(format!("/proc/{pid}/maps")).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || complaint.contains("Permission denied"), "{complaint}");
    output.status.success()
}

#[test]
fn its_own_user_cannot_look_into_the_running_process() {
    // Where nobody can run it and reach its socket: the build directory may be in a private home.
    let place = tempfile::tempdir().unwrap();
    let binary = place.path().join("glasskey");
    std::fs::copy(env!("CARGO_BIN_EXE_glasskey"), &binary).unwrap();
    std::fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let socket = place.path().join("card");

    let mut glasskey = as_ordinary_user(binary.to_str().unwrap());
    glasskey.args(["simulate", "--card-socket"]).arg(&socket).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
    glasskey.env("PATH", std::env::var_os("PATH").unwrap());
    let mut glasskey = glasskey.spawn().unwrap();
    // It says so when it is ready, long after it has hardened itself.
    let mut line = String::new();
    let mut said = std::io::BufReader::new(glasskey.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert!(line.starts_with("serving a software key"), "{line}");
    let mut other = as_ordinary_user("cat");
    let mut other = other.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // cat has been started as that user when it answers.
    std::io::Write::write_all(other.stdin.as_mut().unwrap(), b"x").unwrap();
    std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut [0]).unwrap();

    let seen = [other.id(), glasskey.id()].map(may_look);
    // The kernel gives the files of a process that is not dumpable to root (proc(5)).
    let owners = [other.id(), glasskey.id()].map(|pid| std::fs::metadata(format!("/proc/{pid}/mem")).unwrap().uid());
    for child in [&mut glasskey, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(seen, [true, false], "an ordinary process, and glasskey");
    assert_ne!(owners[0], 0);
    assert_eq!(owners[1], 0);
}
