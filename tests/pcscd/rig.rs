//! A pcscd of one's own, with readers whose keys are Unix sockets.
//!
//! pcscd's socket has a fixed place, `/run/pcscd/pcscd.comm`. So each rig has a user and a mount namespace in which
//! `/run` is empty: no root is needed, rigs do not meet, and the machine's own services are out of sight. The drivers
//! of real readers are hidden too: a key that happens to be plugged in cannot be written to.
//! A program under test joins the namespaces: see [`Rig::command`].

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What a YubiKey 5 calls its reader. ykman goes by it.
pub(crate) const READER: &str = "Yubico YubiKey OTP+FIDO+CCID";

/// Far more than anything here takes; for a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hides the machine's `/run` and its reader drivers, then keeps the namespaces until its input ends, which it does
/// however the test ends.
const ANCHOR: &str = "
mount -t tmpfs tmpfs /run && mkdir /run/pcscd || exit
if [ -d /usr/lib/pcsc/drivers ]; then mount -t tmpfs tmpfs /usr/lib/pcsc/drivers || exit; fi
echo ready
exec cat";

/// Hides the programs that are the administrator's too, pcscd among them.
const WITHOUT_PROGRAMS: &str = "mount -t tmpfs tmpfs /usr/sbin || exit";

/// Namespaces, a pcscd in them, and its readers. Everything ends when it is dropped.
pub(crate) struct Rig {
    service: Option<Service>,
    anchor: Child,
    home: TempDir,
}

impl Rig {
    /// A running pcscd with this many readers, at most 16 and all empty. They are called [`reader_name`].
    pub(crate) fn with_readers(count: usize) -> Self {
        let mut rig = Self::without_service();
        rig.start_service(count);
        rig
    }

    /// Namespaces in which no pcscd runs.
    pub(crate) fn without_service() -> Self {
        Self::anchored(ANCHOR)
    }

    /// Namespaces in which there is no pcscd.
    pub(crate) fn without_program() -> Self {
        Self::anchored(&format!("{WITHOUT_PROGRAMS}{ANCHOR}"))
    }

    fn anchored(script: &str) -> Self {
        let mut anchor = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux) runs");
        let mut ready = String::new();
        BufReader::new(anchor.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(
            ready, "ready\n",
            "this machine must allow user namespaces: unshare --user --map-root-user --mount"
        );
        Self { service: None, anchor, home: tempfile::Builder::new().prefix("rig").tempdir().unwrap() }
    }

    /// Starts pcscd and returns when it accepts clients.
    pub(crate) fn start_service(&mut self, readers: usize) {
        self.start_service_with(&vec![READER.as_bytes(); readers]);
    }

    /// As [`Rig::start_service`], with readers of these names, which need not be UTF-8.
    pub(crate) fn start_service_with(&mut self, readers: &[&[u8]]) {
        let configuration = self.home.path().join("readers.d");
        fs::create_dir_all(&configuration).unwrap();
        let mut text = Vec::new();
        for (slot, name) in readers.iter().enumerate() {
            fs::create_dir_all(self.slot(slot)).unwrap();
            let (device, driver) = (self.slot(slot), driver());
            let (device, driver) = (device.display(), driver.display());
            text.extend([&b"FRIENDLYNAME \""[..], name].concat());
            writeln!(text, "\"\nDEVICENAME {device}\nLIBPATH {driver}\nCHANNELID {slot}").unwrap();
        }
        fs::write(configuration.join("readers"), text).unwrap();

        // The kernel ends pcscd with the thread that started it, so also when a test is killed.
        let mut command = self.command("setpriv");
        command.args(["--pdeathsig", "KILL", "pcscd", "--foreground", "--info", "--config"]).arg(configuration);
        let service = Service::start(command);
        service.await_line("daemon ready");
        // Seen from outside, the namespace's files are below the root directory of a process in it.
        let socket = format!("/proc/{}/root/run/pcscd/pcscd.comm", self.anchor.id());
        let deadline = Instant::now() + PATIENCE;
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "pcscd does not listen:\n{}", service.log());
            thread::yield_now();
        }
        self.service = Some(service);
    }

    /// Ends pcscd as a crash would.
    pub(crate) fn stop_service(&mut self) {
        self.service = None;
        let _ = fs::remove_file(format!("/proc/{}/root/run/pcscd/pcscd.comm", self.anchor.id()));
    }

    /// Where a key for this reader has to listen.
    pub(crate) fn card_socket(&self, slot: usize) -> PathBuf {
        self.slot(slot).join("card")
    }

    /// Returns when pcscd has powered as many keys, one after the other or side by side, since it was started.
    pub(crate) fn await_cards(&self, count: usize) {
        self.service().await_lines("Card ATR: ", count);
    }

    /// Returns when pcscd has noticed, for the first time, that the key was pulled out of this reader.
    pub(crate) fn await_no_card(&self, slot: usize) {
        self.service().await_line(&format!("Card Removed From {}", reader_name(slot)));
    }

    /// A command that will run in the rig: with its pcscd, as a root user whose rights end at the rig.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "--target",
            &self.anchor.id().to_string(),
            "--user",
            "--mount",
            "--preserve-credentials",
            "--",
        ]);
        command.arg(program);
        command
    }

    /// A directory for the files of programs in the rig.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn slot(&self, slot: usize) -> PathBuf {
        self.home.path().join(format!("reader{slot}"))
    }

    fn service(&self) -> &Service {
        self.service.as_ref().expect("pcscd has been started")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.service = None;
        let _ = self.anchor.kill();
        let _ = self.anchor.wait();
    }
}

/// What pcscd calls the reader of a slot.
pub(crate) fn reader_name(slot: usize) -> String {
    format!("{READER} {slot:02X} 00")
}

/// A running pcscd and what it has said so far.
struct Service {
    process: Child,
    log: Arc<(Mutex<String>, Condvar)>,
}

impl Service {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("nsenter and setpriv (util-linux) run");
        let lines = BufReader::new(process.stdout.take().unwrap()).split(b'\n');
        let log = Arc::<(Mutex<String>, Condvar)>::default();
        let writer = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *writer.0.lock().unwrap() += &(String::from_utf8_lossy(&line) + "\n");
                writer.1.notify_all();
            }
        });
        Self { process, log }
    }

    fn await_line(&self, text: &str) {
        self.await_lines(text, 1);
    }

    fn await_lines(&self, text: &str, times: usize) {
        let log = self.log.0.lock().unwrap();
        let missing = |log: &mut String| log.matches(text).count() < times;
        let (log, waited) = self.log.1.wait_timeout_while(log, PATIENCE, missing).unwrap();
        assert!(!waited.timed_out(), "pcscd did not say {text:?} {times} times:\n{log}");
    }

    fn log(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The reader's driver, built once a run.
pub(crate) fn driver() -> &'static Path {
    static DRIVER: OnceLock<PathBuf> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pcscd/reader.c");
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (fresh, driver) = (place.join(format!("reader.{}.so", std::process::id())), place.join("libreader.so"));
        let flags = Command::new("pkg-config").args(["--cflags", "libpcsclite"]).output().expect("pkg-config runs");
        let flags = String::from_utf8(flags.stdout).unwrap();
        let built = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread"])
            .args(flags.split_whitespace())
            .arg(source)
            .arg("-o")
            .arg(&fresh)
            .status()
            .expect("cc runs");
        assert!(built.success(), "the reader's driver is built (needs gcc and libpcsclite-dev)");
        // Renamed into place: another test run may have the old one loaded.
        fs::rename(fresh, &driver).unwrap();
        driver
    })
}
