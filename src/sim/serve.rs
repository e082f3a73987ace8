//! The simulated AWS on loopback, for any AWS client, with a control path on the same port.
//!
//! Binds 127.0.0.1 only. The control path moves the clock, makes things fail and shows the call log; it is JSON and is
//! described in `docs/simulator.md`. It shows no seed but that of a device just made, as the console does. A web page
//! can reach neither: requests with an `Origin`, or for a host that is not loopback (DNS rebinding), are refused before
//! anything of them is read or remembered.

use super::aws::{Answer, Aws, Keys, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, ORIGIN};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

mod control;

/// The largest body taken; IAM's own limit is far below.
const LARGEST_BODY: usize = 1 << 20;
/// How long a client may take to send a request's head, and then its body.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a client looks for its endpoint: for every service at once, and for each of those there are.
const ENDPOINTS: [&str; 13] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_ACCOUNT",
    "AWS_ENDPOINT_URL_CLOUDTRAIL",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_ORGANIZATIONS",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_SSO_ADMIN",
];

/// A server in a thread of its own; stops when dropped.
pub struct Server {
    addr: SocketAddr,
    aws: Aws,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `aws` on 127.0.0.1, on this port or on a free one. Ready to be called when it returns.
    pub fn start(aws: Aws, port: Option<u16>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let served = aws.clone();
        let thread = std::thread::Builder::new().name("simulated AWS".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, served) => {}
                    // The sender sends nothing; being dropped is the message.
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { addr, aws, stop: Some(stop), thread: Some(thread) })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The endpoint for AWS clients: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What a shell needs to point any AWS client here as the owner of `keys`: one `export` line each.
    pub fn exports(&self, keys: &Keys) -> Vec<String> {
        let line = |(name, value): (&str, String)| format!("export {name}={value}");
        self.environment(keys).into_iter().map(line).collect()
    }

    /// The same as names and values.
    pub fn environment(&self, keys: &Keys) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.clone()),
        ];
        all.extend(keys.session_token.clone().map(|token| ("AWS_SESSION_TOKEN", token)));
        // The aws CLI, version 1, and boto3 read only the second.
        let region = self.aws.partition().region();
        all.extend(["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name, region.to_owned())));
        all.extend(ENDPOINTS.map(|name| (name, self.url())));
        all
    }

    /// Blocks until the server ends, which it does only when its thread dies.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, aws: Aws) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, aws.clone()))),
            // Out of descriptors, most likely: let some connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, aws: Aws) {
    // Headers and body go out in two writes; Nagle would hold the second back for 40 ms.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let aws = aws.clone();
        async move { answer(request, &aws).await }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // An error is a connection that ended, which is also how a lost reply ends.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

type Response = hyper::Response<Full<Bytes>>;

/// An error closes the connection without a reply.
async fn answer(request: hyper::Request<Incoming>, aws: &Aws) -> io::Result<Response> {
    let (head, body) = request.into_parts();
    if !is_local(&head) {
        return Ok(plain(403, "the simulator answers only programs on this machine"));
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Ok(plain(413, "the body is too large")),
        Ok(Err(_)) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    };
    if let Some(command) = head.uri.path().strip_prefix("/_glasskey/") {
        return Ok(control::answer(command, &head, &body, aws));
    }
    let headers = head.headers.iter();
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: headers
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect(),
        body: body.to_vec(),
    };
    let answer = aws.handle(&request);
    let latency = aws.latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let reply = match answer {
        Answer::Reply(reply) => reply,
        Answer::Lost | Answer::NeverArrived => return Err(io::ErrorKind::ConnectionReset.into()),
    };
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Full::from(reply.body)).map_err(io::Error::other)
}

/// Whether a program on this machine asks, and not a web page: browsers send an `Origin` with what a page posts, and a
/// page that rebinds its own name to 127.0.0.1 still sends that name as the host.
fn is_local(head: &Parts) -> bool {
    let local = |name: &str| matches!(name, "127.0.0.1" | "localhost");
    let name = |host: &str| host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let mut hosts = head.headers.get_all(HOST).iter();
    let named =
        head.headers.contains_key(HOST) && hosts.all(|host| host.to_str().is_ok_and(|host| local(&name(host))));
    named && head.uri.host().is_none_or(local) && !head.headers.contains_key(ORIGIN)
}

fn plain(status: u16, text: &str) -> Response {
    let mut response = Response::new(Full::from(format!("{text}\n")));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_REQUEST);
    response
}
