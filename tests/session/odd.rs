//! Credentials that no STS gives, in replies of the right form.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;

/// An STS that gives every caller these credentials.
fn sts(account: &str, access_key_id: &str, secret: &str, token: &str, expiration: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let caller = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/bob</Arn>\
         <UserId>AIDA</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    let session = format!(
        "<GetSessionTokenResponse><GetSessionTokenResult><Credentials><AccessKeyId>{access_key_id}</AccessKeyId>\
         <SecretAccessKey>{secret}</SecretAccessKey>{token}<Expiration>{expiration}</Expiration></Credentials>\
         </GetSessionTokenResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetSessionTokenResponse>"
    );
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = String::new();
            let mut buffer = [0; 4096];
            while !request.contains("Action=") {
                let read = stream.read(&mut buffer).unwrap();
                if read == 0 {
                    break;
                }
                request.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            let body = if request.contains("GetCallerIdentity") { &caller } else { &session };
            let length = body.len();
            let reply = format!(
                "HTTP/1.1 200 OK\r\nx-amzn-requestid: r\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{body}"
            );
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn credentials_that_no_sts_gives_are_no_session() {
    const TOKEN: &str = "<SessionToken>token</SessionToken>";
    const LATER: &str = "2099-01-01T00:00:00Z";
    let bob = Bob::new();
    let own = bob.keys.access_key_id.clone();
    let cases = [
        ("ASIAEXAMPLE", "secret", TOKEN, LATER, true),
        ("ASIAEXAMPLE", "secret", "", LATER, false),
        ("ASIAEXAMPLE", "", TOKEN, LATER, false),
        ("", "secret", TOKEN, LATER, false),
        ("ASIAEXAMPLE", "sec&#27;[31mret", TOKEN, LATER, false),
        ("ASIAEXAMPLE", "sec&#10;ret", TOKEN, LATER, false),
        ("ASIAEXAMPLE", "secret", TOKEN, "2020-01-01T00:00:00Z", false),
        ("ASIAEXAMPLE", "secret", TOKEN, "soon", false),
        (&own, "secret", TOKEN, LATER, false),
    ];
    for (id, secret, token, expiration, well) in cases {
        bob.world.a_minute_passes_for_codes();
        let mut command = bob.command(&["--no-cache", "--format", "json"]);
        command.env("AWS_ENDPOINT_URL_STS", sts(&bob.world.aws.account(), id, secret, token, expiration));
        let done = run(&mut command);
        let case = format!("{id} {secret} {token} {expiration}: {done:?}");
        assert_eq!((done.code == 0, done.stdout.is_empty()), (well, !well), "{case}");
        assert!(well || done.stderr.contains("the reply to GetSessionToken"), "{case}");
    }
}
