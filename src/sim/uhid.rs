//! A software authenticator as a HID device of the Linux kernel, through `/dev/uhid`.
//!
//! The kernel makes `/dev/hidrawN` and its place in sysfs of it, as of a key on USB: any program finds it. Whoever
//! may write to `/dev/uhid` can do this, which is root as a rule. Knows no CTAP: reports go through as they come.
//!
//! Events are written down by hand, field by field (`linux/uhid.h`, packed, in the machine's byte order).

use super::authenticator::{Connection, Options, SoftAuthenticator};
use super::hid_server::REPORT_DESCRIPTOR;
use super::oath_card::Watcher;
use crate::transport::hid::Report;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// `BUS_USB` in `linux/input.h`.
const BUS_USB: u16 = 3;

/// Event types of `linux/uhid.h`.
mod event {
    pub(super) const DESTROY: u32 = 1;
    pub(super) const OUTPUT: u32 = 6;
    pub(super) const GET_REPORT: u32 = 9;
    pub(super) const GET_REPORT_REPLY: u32 = 10;
    pub(super) const CREATE2: u32 = 11;
    pub(super) const INPUT2: u32 = 12;
    pub(super) const SET_REPORT: u32 = 13;
    pub(super) const SET_REPORT_REPLY: u32 = 14;
    /// The longest event: its type, and a CREATE2.
    pub(super) const SIZE: usize = 4 + 128 + 64 + 64 + 2 * 2 + 4 * 4 + DATA;
    /// `UHID_DATA_MAX`.
    pub(super) const DATA: usize = 4096;
}

/// How long the kernel may take to make a node, or to take it away. It takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A key on `/dev/uhid`. Pulling the key takes its node away, and plugging it in makes one again; dropping this is as
/// good as pulling it, and leaves the key as it is.
pub struct Uhid(Arc<Server>);

struct Server {
    key: SoftAuthenticator,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    stopped: bool,
    device: Option<Device>,
}

/// A device in the kernel, until dropped.
struct Device {
    node: PathBuf,
    shared: Arc<Shared>,
    bell: Option<UnixStream>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    device: File,
    ended: AtomicBool,
}

impl Uhid {
    /// Plugs `key` in, and returns when its node is there; at once where the key is pulled.
    ///
    /// # Errors
    /// Those of opening `/dev/uhid`: `NotFound` where the kernel has no UHID, `PermissionDenied` without the right to.
    /// `InvalidInput` for a key whose name has more than 120 bytes. `TimedOut` when the kernel made no node of it: it
    /// has no HIDRAW.
    pub fn plug_in(key: &SoftAuthenticator) -> io::Result<Self> {
        let server = Arc::new(Server { key: key.clone(), slot: Mutex::default() });
        let as_watcher: Arc<dyn Watcher> = Arc::<Server>::clone(&server);
        key.watch(Arc::downgrade(&as_watcher));
        if key.is_plugged_in() {
            server.insert()?;
        }
        Ok(Self(server))
    }

    /// Its node, `/dev/hidrawN`; `None` while the key is pulled. Another one each time it is plugged in.
    pub fn node(&self) -> Option<PathBuf> {
        self.0.slot().device.as_ref().map(|device| device.node.clone())
    }
}

impl Drop for Uhid {
    fn drop(&mut self) {
        let mut slot = self.0.slot();
        slot.stopped = true;
        slot.device = None;
    }
}

impl Watcher for Server {
    fn pulled(&self) {
        self.slot().device = None;
    }

    fn plugged_in(self: Arc<Self>) {
        // Where the kernel does not take it, the key stays away, which is what it shows.
        let _ = self.insert();
    }
}

impl Server {
    fn insert(&self) -> io::Result<()> {
        let mut slot = self.slot();
        if !slot.stopped && slot.device.is_none() {
            slot.device = Some(Device::new(&self.key)?);
        }
        Ok(())
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Device {
    fn new(key: &SoftAuthenticator) -> io::Result<Self> {
        let device = File::options().read(true).write(true).open("/dev/uhid")?;
        let place = place();
        (&device).write_all(&create(&key.options(), &place)?)?;
        let shared = Arc::new(Shared { device, ended: AtomicBool::new(false) });
        let (bell, theirs) = UnixStream::pair()?;
        let connection = Arc::new(key.connect());
        let (down, below) = (Arc::clone(&shared), Arc::clone(&connection));
        let (up, above) = (Arc::clone(&shared), connection);
        let threads = vec![
            thread::spawn(move || {
                let _ = down.take_down(&below, &theirs);
                down.end();
            }),
            thread::spawn(move || {
                let _ = up.bring_up(&above);
                up.end();
            }),
        ];
        let mut made = Self { node: PathBuf::new(), shared, bell: Some(bell), threads };
        made.node = await_node(&place)?;
        Ok(made)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.shared.end();
        drop(self.bell.take());
        for thread in self.threads.drain(..) {
            // A fault may pull the key out while one of the two hands it a report.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    /// Takes the device away, once.
    fn end(&self) {
        if !self.ended.swap(true, Ordering::SeqCst) {
            let _ = (&self.device).write_all(&event::DESTROY.to_ne_bytes());
        }
    }

    /// Reports from programs to the key, until the other end of the bell is closed or the key is gone.
    fn take_down(&self, key: &Connection, bell: &UnixStream) -> io::Result<()> {
        let mut read = vec![0; event::SIZE];
        loop {
            let mut waiting = [PollFd::new(&self.device, PollFlags::IN), PollFd::new(bell, PollFlags::IN)];
            rustix::event::poll(&mut waiting, None)?;
            let [device, bell] = waiting;
            if !bell.revents().is_empty() {
                return Ok(());
            }
            if device.revents().is_empty() {
                continue;
            }
            let length = (&self.device).read(&mut read)?;
            match parse(read.get(..length).unwrap_or_default()) {
                Some(Event::Output(report)) => key.send(&report).map_err(gone)?,
                Some(Event::Asks { id, reply }) => (&self.device).write_all(&refusal(id, reply))?,
                None => {}
            }
        }
    }

    fn bring_up(&self, key: &Connection) -> io::Result<()> {
        while !self.ended.load(Ordering::SeqCst) {
            if let Some(report) = key.receive(Duration::from_millis(100)).map_err(gone)? {
                (&self.device).write_all(&input(&report))?;
            }
        }
        Ok(())
    }
}

fn gone(_: crate::transport::Error) -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

/// Where this key is said to be plugged in, in words that no other key on this machine has.
fn place() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("glasskey-{}/input{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed))
}

/// CREATE2: name[128], phys[64], uniq[64], rd_size, bus, vendor, product, version, country, rd_data.
fn create(options: &Options, place: &str) -> io::Result<Vec<u8>> {
    let name = format!("Yubico {}", options.product);
    let mut event = event::CREATE2.to_ne_bytes().to_vec();
    for (text, size) in [(&*name, 128), (place, 64), ("", 64)] {
        // With at least one zero at its end.
        if text.len() >= size {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let end = event.len() + size;
        event.extend_from_slice(text.as_bytes());
        event.resize(end, 0);
    }
    event.extend_from_slice(&(REPORT_DESCRIPTOR.len() as u16).to_ne_bytes());
    event.extend_from_slice(&BUS_USB.to_ne_bytes());
    for number in [options.vendor_id.into(), options.product_id.into(), 0, 0] {
        event.extend_from_slice(&u32::to_ne_bytes(number));
    }
    event.extend_from_slice(&REPORT_DESCRIPTOR);
    Ok(event)
}

/// INPUT2: size, data.
fn input(report: &Report) -> Vec<u8> {
    let mut event = event::INPUT2.to_ne_bytes().to_vec();
    event.extend_from_slice(&(report.len() as u16).to_ne_bytes());
    event.extend_from_slice(report);
    event
}

/// `UHID_GET_REPORT_REPLY` or `UHID_SET_REPORT_REPLY`: id, err, and for the former size and data. FIDO has no such
/// reports; without an answer, whoever asked would wait for five seconds.
fn refusal(id: u32, reply: u32) -> Vec<u8> {
    const EIO: u16 = 5;
    let mut event = reply.to_ne_bytes().to_vec();
    event.extend_from_slice(&id.to_ne_bytes());
    event.extend_from_slice(&EIO.to_ne_bytes());
    event.extend_from_slice(&0_u16.to_ne_bytes());
    event
}

/// What the kernel says, as far as it matters here.
enum Event {
    Output(Report),
    /// A program asks for, or sets, a report by number; the reply is of this type.
    Asks {
        id: u32,
        reply: u32,
    },
}

fn parse(event: &[u8]) -> Option<Event> {
    let (kind, body) = event.split_first_chunk::<4>()?;
    match u32::from_ne_bytes(*kind) {
        event::OUTPUT => {
            // data, size, rtype.
            let (data, rest) = body.split_at_checked(event::DATA)?;
            let size = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
            match data.get(..size)? {
                // hidraw leaves the report id in front, which is 0 for a device that has none.
                [0, report @ ..] if size == 65 => report.try_into().ok().map(Event::Output),
                report => report.try_into().ok().map(Event::Output),
            }
        }
        asks @ (event::GET_REPORT | event::SET_REPORT) => {
            let id = u32::from_ne_bytes(*body.first_chunk()?);
            let reply = if asks == event::GET_REPORT { event::GET_REPORT_REPLY } else { event::SET_REPORT_REPLY };
            Some(Event::Asks { id, reply })
        }
        _ => None,
    }
}

/// The node that the kernel made for the key at `place`. It is made after the kernel has taken the event.
fn await_node(place: &str) -> io::Result<PathBuf> {
    let deadline = Instant::now() + PATIENCE;
    let wanted = format!("HID_PHYS={place}");
    while Instant::now() < deadline {
        if let Some(node) = find_node(&wanted)? {
            return Ok(node);
        }
        let pause = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
        rustix::event::poll(&mut [], Some(&pause))?;
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn find_node(wanted: &str) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir("/sys/class/hidraw") {
        // The class is there with the first device.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // A device that goes away meanwhile is not the one.
        let uevent = fs::read_to_string(entry.path().join("device/uevent")).unwrap_or_default();
        let node = Path::new("/dev").join(entry.file_name());
        if uevent.lines().any(|line| line == wanted) && node.exists() {
            return Ok(Some(node));
        }
    }
    Ok(None)
}
