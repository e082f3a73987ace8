//! FIDO2 keys and cards, a simulated account or organization, and root at its console.

use crate::fido_cli::roots_of;
use crate::support::fido::PIN;
use crate::support::{FidoKeys, Keys as Cards, Run, run};
use glasskey::sim::aws::{Aws, Call, Keys, Organization, Setup};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use serde_json::Value;
use std::io::{Read, Write};
use std::process::Command;

pub(super) struct Place {
    pub(super) fido: FidoKeys,
    pub(super) cards: Cards,
    pub(super) aws: Aws,
    server: Server,
}

impl Place {
    /// An account whose root has a password and nothing else, and two keys with PINs.
    pub(super) fn new() -> Self {
        Self::over(Aws::with(SimClock::host(), Setup::default()))
    }

    pub(super) fn over(aws: Aws) -> Self {
        Self::with(aws, FidoKeys::serve_two(), Cards::serve(2))
    }

    pub(super) fn with(aws: Aws, fido: FidoKeys, cards: Cards) -> Self {
        let server = Server::start(aws.clone(), None).unwrap();
        Self { fido, cards, aws, server }
    }

    /// An organization; the account is its management account, and `member` one of its members.
    pub(super) fn organization() -> (Self, Aws) {
        let organization = Organization::varied(SimClock::host(), Setup::default(), 13);
        let view = organization.view();
        let no_mfa = |account: &&Value| account["name"].as_str().unwrap().starts_with("no-mfa");
        let number = view["accounts"].as_array().unwrap().iter().find(no_mfa).unwrap()["id"].as_str().unwrap();
        let member = organization.account(number).unwrap();
        (Self::over(organization.management().clone()), member)
    }

    /// The binary with these credentials, and no terminal.
    pub(super) fn command(&self, keys: Option<&Keys>, line: &str) -> Command {
        let mut command = self.fido.glasskey(line.split_whitespace());
        self.dress(&mut command, keys);
        command
    }

    /// As [`Place::command`], with whatever terminal it is given.
    pub(super) fn at_terminal(&self, keys: Option<&Keys>, line: &str) -> Command {
        let mut command = self.fido.bare(line.split_whitespace());
        self.dress(&mut command, keys);
        command
    }

    fn dress(&self, command: &mut Command, keys: Option<&Keys>) {
        command.env("GLASSKEY_CARDS", self.cards.cards());
        if let Some(keys) = keys {
            command.envs(self.server.environment(keys));
        }
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    }

    pub(super) fn run_as(&self, keys: &Keys, line: &str) -> Run {
        run(&mut self.command(Some(keys), line))
    }

    /// `root enroll` of both keys, their makers trusted and their PINs on file descriptor 3.
    pub(super) fn enroll_line(&self, more: &str) -> String {
        let roots = roots_of(&self.fido, 0);
        std::fs::write(self.fido.home.path().join("fd3"), format!("{PIN}\n{PIN}\n")).unwrap();
        format!("root enroll --key 12345678 --key 12345679 --attestation-roots {roots} --every 1 {more}")
    }

    /// The answer of the control path.
    pub(super) fn control(&self, command: &str, body: &Value) -> Value {
        let (body, addr) = (body.to_string(), self.server.addr());
        let mut socket = std::net::TcpStream::connect(addr).unwrap();
        let head = format!("POST /_glasskey/{command} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
        write!(socket, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// The requests so far of one action.
    pub(super) fn calls(&self, action: &str) -> Vec<Call> {
        self.aws.calls().into_iter().filter(|call| call.action == action).collect()
    }
}
