//! The account behind the SDK's own HTTP seam: everything of the SDK runs except the socket.

use super::{Answer, Aws, Request};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use std::collections::BTreeMap;
use std::fmt;

impl Aws {
    /// This account as an HTTP client for any AWS SDK configuration. A dropped reply is a timeout; a request that never
    /// arrived is an I/O error. Latency is real time, spent in tokio's timer.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess(self.clone()))
    }
}

struct InProcess(Aws);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the simulated AWS")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self(self.0.clone()))
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.handle(&read(&request));
        let latency = self.0.latency();
        let outcome = carry(answer);
        if latency.is_zero() {
            return HttpConnectorFuture::ready(outcome);
        }
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(latency).await;
            outcome
        })
    }
}

fn read(request: &HttpRequest) -> Request {
    let uri = http::Uri::try_from(request.uri()).unwrap_or_default();
    let mut headers: BTreeMap<String, String> =
        request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // The connection would add it.
    headers.entry("host".to_owned()).or_insert_with(|| uri.authority().map(ToString::to_string).unwrap_or_default());
    Request {
        method: request.method().to_owned(),
        path: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers,
        body: request.body().bytes().unwrap_or_default().to_vec(),
    }
}

fn carry(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let reply = match answer {
        Answer::Reply(reply) => reply,
        Answer::Lost => return Err(ConnectorError::timeout("the reply was lost".into())),
        Answer::NeverArrived => return Err(ConnectorError::io("the request did not arrive".into())),
    };
    let status = reply.status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    for (name, value) in reply.headers {
        response.headers_mut().insert(name.to_ascii_lowercase(), value);
    }
    Ok(response)
}

impl Aws {
    /// How an [`crate::aws::Connector`] reaches this simulator in process, as the principal of these keys.
    pub fn wire(&self, keys: &super::Keys) -> crate::aws::Wire {
        let credentials = aws_credential_types::Credentials::new(
            keys.access_key_id.clone(),
            keys.secret_access_key.clone(),
            keys.session_token.clone(),
            None,
            "simulator",
        );
        crate::aws::Wire::InProcess(self.http_client(), credentials)
    }
}
