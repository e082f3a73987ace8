//! A process in a rig that does, line by line, what a test asks of it.
//!
//! libpcsclite finds pcscd by a fixed path, so code that is to use a rig's pcscd has to run in the rig. A probe is
//! this test binary again, with [`obey`] as its only test. It speaks for glasskey (`open`, `transmit`, …, through
//! [`PcscPorts`], or `oath …`, see [`oath::carry_out`]) or for some other program (`other connect`, …, straight through the `pcsc` crate).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use glasskey::keys::{self, ListedKey};
use glasskey::transport::pcsc::PcscPorts;
use glasskey::transport::{Card, Ports};

use super::{oath, rig::Rig};

/// Set in the probe's process only.
const MARK: &str = "GLASSKEY_TEST_PROBE";

/// Separates the probe's answers from what the test harness prints.
const ANSWER: &str = "answer: ";

/// How long `open-briefly` waits for another program's transaction.
const BRIEFLY: Duration = Duration::from_millis(300);

/// Far more than any line takes; for a machine that is busy with something else.
const DEADLINE: Duration = Duration::from_secs(20);

/// A process in a rig. It ends when dropped.
pub(crate) struct Probe {
    process: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
}

impl Probe {
    pub(crate) fn start(rig: &Rig) -> Self {
        let mut process = rig
            .command(std::env::current_exe().unwrap())
            .args(["--exact", "pcscd::probe::obey", "--ignored", "--nocapture"])
            .env(MARK, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (give, answers) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The harness leaves its own line open: "test pcscd::probe::obey ... answer: …".
                if let Some((_, answer)) = line.split_once(ANSWER) {
                    let _ = give.send(answer.to_owned());
                }
            }
        });
        Self { process, questions, answers }
    }

    /// Has one line carried out, and returns the answer.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.begin(line);
        self.answer()
    }

    /// Has one line carried out; [`Self::answer`] fetches the answer.
    pub(crate) fn begin(&mut self, line: &str) {
        writeln!(self.questions, "{line}").unwrap();
    }

    pub(crate) fn answer(&mut self) -> String {
        self.answers.recv_timeout(DEADLINE).expect("the probe answers")
    }

    /// Whether the last line is still being carried out.
    pub(crate) fn is_busy(&mut self) -> bool {
        self.answers.try_recv().is_err()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its name and process id, as a holder is shown.
    pub(crate) fn holder(&self) -> String {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", self.pid())).unwrap();
        format!("Holder {{ name: {:?}, pid: {} }}", name.trim_end(), self.pid())
    }

    /// Returns when the process has a thread of this name.
    pub(crate) fn await_thread(&self, name: &str) {
        let named = |entry: std::fs::DirEntry| {
            std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
        };
        let threads = format!("/proc/{}/task", self.pid());
        let deadline = Instant::now() + DEADLINE;
        while !std::fs::read_dir(&threads).unwrap().flatten().any(named) {
            assert!(Instant::now() < deadline, "the probe has no thread {name}");
            thread::yield_now();
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "the far end of Probe, which starts it in a rig"]
fn obey() {
    assert!(std::env::var_os(MARK).is_some(), "runs only as another test's probe");
    let mut hands = Hands::default();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (verb, object) = line.split_once(' ').unwrap_or((&line, ""));
        println!("{ANSWER}{}", hands.carry_out(verb, object));
    }
}

/// What a probe holds.
#[derive(Default)]
struct Hands {
    /// As glasskey.
    card: Option<Box<dyn Card>>,
    /// As another program.
    other: Option<pcsc::Card>,
}

impl Hands {
    fn carry_out(&mut self, verb: &str, object: &str) -> String {
        let ports = PcscPorts::with_timeout(if verb == "open-briefly" { BRIEFLY } else { DEADLINE });
        match verb {
            "readers" => match ports.readers() {
                Ok(names) => names.join("|"),
                Err(error) => format!("{error:?}"),
            },
            "open" | "open-briefly" => match ports.open(object) {
                Ok(card) => self.card.insert(card).shared_with().map_or("alone".to_owned(), |h| format!("{h:?}")),
                Err(error) => format!("{error:?}"),
            },
            "transmit" => match self.card.as_mut().unwrap().transmit(&bytes(object)) {
                Ok(answer) => format!("{} {}", hex(&answer.data), answer.sw),
                Err(error) => format!("{error:?}"),
            },
            "close" => {
                self.card = None;
                "closed".to_owned()
            }
            "keys" => {
                let tell = |found: ListedKey| match found.key {
                    Ok(key) => key.device.serial.map_or("key without serial".to_owned(), |serial| serial.to_string()),
                    Err(error) => format!("{error:?}"),
                };
                keys::list(&ports).unwrap().into_iter().map(tell).collect::<Vec<_>>().join("|")
            }
            "oath" => {
                let (reader, line) = object.split_once('|').unwrap();
                oath::carry_out(reader, line).unwrap_or_else(|error| format!("{error:?}"))
            }
            "other" => self.as_another_program(object).unwrap_or_else(|code| format!("{code:?}")),
            unknown => panic!("no such verb: {unknown}"),
        }
    }

    fn as_another_program(&mut self, line: &str) -> Result<String, pcsc::Error> {
        use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
        let (verb, object) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "connect" => {
                let reader = std::ffi::CString::new(object).unwrap();
                let context = Context::establish(Scope::System)?;
                self.other = Some(context.connect(&reader, ShareMode::Shared, Protocols::ANY)?);
            }
            "begin" => std::mem::forget(self.other.as_mut().unwrap().transaction()?),
            "transmit" => {
                let mut answer = [0; 258];
                return self.other.as_ref().unwrap().transmit(&bytes(object), &mut answer).map(hex);
            }
            "reset" => self.other.take().unwrap().disconnect(Disposition::ResetCard).map_err(|(_, code)| code)?,
            "leave" => self.other.take().unwrap().disconnect(Disposition::LeaveCard).map_err(|(_, code)| code)?,
            unknown => panic!("no such verb: {unknown}"),
        }
        Ok("done".to_owned())
    }
}

fn hex(data: &[u8]) -> String {
    data_encoding::HEXUPPER.encode(data)
}

fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXUPPER.decode(hex.as_bytes()).unwrap()
}
