//! The HTTP client, which marks what goes wrong once a request is on its way: everything else the SDK refuses by itself,
//! and nothing was sent. A reply is read up to a bound.

use super::trust::Bundle;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector as Network, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;
use std::time::Duration;

/// How long a connection may idle before it is not trusted: an end that closed it meanwhile would look like a lost
/// reply to the next call.
const STALE: Duration = Duration::from_secs(4);

/// The most bytes that are read of a reply. The longest, the credential report of 5,000 users, has a few million.
pub(in crate::aws) const LONGEST_REPLY: usize = 16 << 20;

/// To AWS. TLS by ring: a process starts 25 ms sooner than with aws-lc.
pub(super) fn network(bundle: Option<&Bundle>) -> SharedHttpClient {
    let context = bundle.and_then(|bundle| {
        let store = tls::TrustStore::empty().with_pem_certificate(bundle.pem.as_bytes());
        tls::TlsContext::builder().with_trust_store(store).build().ok()
    });
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector =
            Network::builder().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
        connector.set_pool_idle_timeout(Some(Some(STALE)));
        if let Some(context) = context.clone() {
            connector = connector.tls_context(context);
        }
        let mut connector = connector.proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// The same client, whose errors are told from those of the SDK.
pub(super) fn marked(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Marked(client))
}

/// What went wrong with a request that was handed to the HTTP client.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(in crate::aws) struct OnTheWire(ConnectorError);

#[derive(Debug)]
struct Marked<T>(T);

impl HttpClient for Marked<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Marked(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Marked<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move { answer.await.map(bounded).map_err(mark) })
    }
}

fn bounded(response: HttpResponse) -> HttpResponse {
    response.map(|body| SdkBody::from_body_1_x(Limited::new(body, LONGEST_REPLY)))
}

/// Keeps the kind.
fn mark(error: ConnectorError) -> ConnectorError {
    let (io, timeout, user, kind) = (error.is_io(), error.is_timeout(), error.is_user(), error.as_other());
    let error = Box::new(OnTheWire(error));
    match () {
        () if io => ConnectorError::io(error),
        () if timeout => ConnectorError::timeout(error),
        () if user => ConnectorError::user(error),
        () => ConnectorError::other(error, kind),
    }
}
