//! Whom is trusted and where it is asked: bundles of certificates, FIPS and dual-stack.

use super::{Home, check};
use crate::support::{Simulated, run};
use rcgen::{CertificateParams, KeyPair};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// HTTPS on loopback with a certificate that nobody trusts, and AWS's answer to credentials that it does not know.
struct Https {
    child: Child,
    url: String,
    certificate: PathBuf,
}

impl Https {
    fn serve(home: &Home) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        home.write("tls.pem", pem("CERTIFICATE", certificate.der()));
        home.write("tls.key", pem("PRIVATE KEY", &key.serialize_der()));
        let script = "import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length']))
        body = b'<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>x</Message></Error></ErrorResponse>'
        self.send_response(403)
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()";
        let mut child = Command::new("python3")
            .args(["-c", script])
            .args([home.path("tls.pem"), home.path("tls.key")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut port).unwrap();
        Self { child, url: format!("https://127.0.0.1:{}", port.trim()), certificate: home.path("tls.pem") }
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pem(what: &str, der: &[u8]) -> String {
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", data_encoding::BASE64.encode(der))
}

const REACHED: &str = "glasskey: error: AWS does not know these credentials\n";

#[test]
fn a_bundle_of_certificates_is_trusted_by_every_client() {
    let home = Home::new();
    let https = Https::serve(&home);
    let bundle = https.certificate.display().to_string();
    home.write("credentials", format!("[default]\n{}[own]\n{}ca_bundle = {bundle}\n", home.key(), home.key()));
    let command = |args: &[&str]| {
        let mut command = home.command(args);
        let names = command.get_envs().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        for name in names.iter().filter(|name| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL")) {
            command.env(name, &https.url);
        }
        command
    };
    let untrusted = run(&mut command(&["devices"]));
    assert!(untrusted.stderr.contains("AWS cannot be reached"), "{untrusted:?}");
    assert!(untrusted.stderr.contains("AWS_CA_BUNDLE, or ca_bundle in the profile, names the file"), "{untrusted:?}");
    // IAM, STS, and what an audit asks.
    for args in [&["devices"][..], &["session", "--no-cache"], &["root", "audit"]] {
        let trusted = run(command(args).env("AWS_CA_BUNDLE", &bundle));
        assert!(trusted.stderr.contains(REACHED), "{args:?}: {trusted:?}");
    }
    // With a byte order mark, and as OpenSSL writes what it trusts a certificate for: the AWS CLI takes both.
    let plain = std::fs::read_to_string(&https.certificate).unwrap();
    home.write("bom.pem", format!("\u{feff}{plain}"));
    let der = data_encoding::BASE64.decode(plain.lines().nth(1).unwrap().as_bytes()).unwrap();
    home.write("trusted.pem", pem("TRUSTED CERTIFICATE", &[&*der, &[0x30, 0]].concat()));
    for bundle in ["bom.pem", "trusted.pem"] {
        let trusted = run(command(&["devices"]).env("AWS_CA_BUNDLE", home.path(bundle)));
        assert!(trusted.stderr.contains(REACHED), "{bundle}: {trusted:?}");
    }
    let own = run(&mut command(&["devices", "--profile", "own"]));
    assert!(own.stderr.contains(REACHED), "{own:?}");

    let said = run(command(&["doctor", "--json"]).env("AWS_CA_BUNDLE", &bundle));
    let details = check(&said, "aws_configuration")["details"].to_string();
    assert!(details.contains(&format!("AWS_CA_BUNDLE is {bundle}: its certificates are trusted")), "{details}");
    assert_eq!(check(&said, "aws_identity")["message"], "AWS does not know these credentials");
}

#[test]
fn a_bundle_that_is_none_is_named() {
    let home = Home::new();
    home.write("credentials", format!("[default]\n{}", home.key())).write("empty.pem", "nothing\n");
    home.write("odd.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let directory = home.path("");
    for (path, why) in [
        (home.path("empty.pem"), "there is no certificate in it (PEM)"),
        (home.path("odd.pem"), "there is no certificate in it (PEM)"),
        (home.path("gone.pem"), "No such file or directory (os error 2)"),
        (directory, "it is not a file"),
    ] {
        let error = format!("AWS_CA_BUNDLE names {}, which gives no certificates to trust: {why}", path.display());
        home.refuses(home.command(&["devices"]).env("AWS_CA_BUNDLE", &path), &error, "in PEM");
    }
}

/// What the SDK refuses by itself was never sent: nobody is told that a reply was lost, and nothing is repeated.
#[test]
fn what_the_sdk_refuses_by_itself_is_the_configuration() {
    let world = Simulated::with_keys(1);
    let commands = [
        "devices",
        "enroll alice --key 12345678 --yes --no-input",
        "rotate alice --access-key --secret-to-command cat --yes --no-input",
        "retire alice --device alice --yes --no-input",
        "resync alice --key 12345678 --no-input",
        "session --no-cache",
        "root audit",
        "root audit --org",
        "root remove --account 111122223333 --all --yes",
    ];
    let kinds = ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];
    for (line, kind) in commands.iter().flat_map(|line| kinds.map(|kind| (line, kind))) {
        // A custom endpoint cannot be either, says the SDK.
        let done = run(world.glasskey(line.split(' ')).env(kind, "true"));
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{line}: {done:?}");
        assert!(done.stderr.contains("glasskey: error: the AWS configuration cannot be used\n"), "{line}: {done:?}");
        assert!(!done.stderr.contains("dispatch failure"), "{line}: {done:?}");
        assert!(done.stderr.contains(&format!("{kind} (use_")), "{line}: {done:?}");
        assert!(!done.stderr.contains("lost") && !done.stderr.contains("waiting"), "{line}: {done:?}");
        assert!(world.actions().is_empty());
    }
}
