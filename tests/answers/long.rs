//! A reply without end.

use crate::support::{Simulated, run};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Answers every request with a success whose body goes on as long as anybody reads it.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 64 << 10]);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n";
                let mut sent = stream.write_all(head.as_bytes());
                let body = "<a>".repeat(20_000);
                while sent.is_ok() {
                    sent = stream.write_all(body.as_bytes());
                }
            });
        }
    });
    url
}

#[test]
fn a_reply_without_end_is_read_up_to_a_bound() {
    let world = Simulated::with_keys(1);
    let url = endless();
    for (line, call) in [
        ("devices alice", "GetCallerIdentity"),
        ("session --no-cache", "ListMFADevices"),
        ("root audit", "GetCallerIdentity"),
    ] {
        let mut command = world.glasskey(line.split(' '));
        let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL")) {
            command.env(name, &url);
        }
        let began = Instant::now();
        let done = run(&mut command);
        assert!(began.elapsed() < Duration::from_secs(60), "{line}: {:?}", began.elapsed());
        let error = format!("the reply to {call} is longer than 16 MiB, and was not read to its end\n");
        assert!(done.code == 3 && done.stderr.contains(&error), "{line}: {done:?}");
    }
}
