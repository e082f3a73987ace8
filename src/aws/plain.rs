//! Services whose few operations do not earn a crate of a hundred thousand lines each: CloudTrail, CloudWatch, Logs,
//! S3, SNS, KMS, EventBridge, Organizations, Account Management, IAM Identity Center.
//!
//! The SDK's own runtime signs, connects and times out; what is ours is a table of protocols and a JSON value each way.
//! CloudWatch is spoken to in JSON, which it takes beside CBOR.

use super::answer::{OwnAnswer, OwnReply, Written};
use super::call::Call;
use super::clients::Clients;
use super::config::DEFAULT_REGION;
use aws_config::Region;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{HttpSignatureType, SigV4OperationSigningConfig, SigningOptions};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

pub(super) mod hosts;
mod s3;
mod xml;

pub(crate) use s3::is_new_name as is_new_bucket_name;

use hosts::{InGovCloud, Kind, address, home_of};

struct Service {
    /// Before the colon of its permissions.
    prefix: &'static str,
    /// Of its endpoint's name; what it is signed for.
    host: &'static str,
    /// As the configuration names it (`AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`).
    id: &'static str,
    protocol: Protocol,
    /// Answers in one region of a partition only.
    global: bool,
    gov_cloud: InGovCloud,
}

enum Protocol {
    /// AWS JSON of this version: the action behind this prefix in `X-Amz-Target`.
    Json(&'static str, &'static str),
    /// The action is the path, with a small first letter.
    Rest,
    /// A form of this version in, XML out.
    Query(&'static str),
    /// The action in the method and the query, the bucket in the path.
    S3,
}

const SERVICES: &[Service] = &[
    regional(
        "cloudtrail",
        "cloudtrail",
        "CloudTrail",
        Protocol::Json("1.1", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
    ),
    regional("logs", "logs", "CloudWatch Logs", Protocol::Json("1.1", "Logs_20140328")),
    Service {
        gov_cloud: InGovCloud::Plain,
        ..regional("cloudwatch", "monitoring", "CloudWatch", Protocol::Json("1.0", "GraniteServiceVersion20100801"))
    },
    Service {
        gov_cloud: InGovCloud::Plain,
        ..regional("events", "events", "EventBridge", Protocol::Json("1.1", "AWSEvents"))
    },
    Service { gov_cloud: InGovCloud::Fips, ..regional("kms", "kms", "KMS", Protocol::Json("1.1", "TrentService")) },
    regional("sns", "sns", "SNS", Protocol::Query("2010-03-31")),
    Service {
        prefix: "organizations",
        host: "organizations",
        id: "Organizations",
        protocol: Protocol::Json("1.1", "AWSOrganizationsV20161128"),
        global: true,
        gov_cloud: InGovCloud::Plain,
    },
    Service {
        prefix: "account",
        host: "account",
        id: "Account",
        protocol: Protocol::Rest,
        global: true,
        gov_cloud: InGovCloud::Fips,
    },
    Service { gov_cloud: InGovCloud::Fips, ..regional("s3", "s3", "S3", Protocol::S3) },
    regional("sso", "sso", "SSO Admin", Protocol::Json("1.1", "SWBExternalService")),
];

const fn regional(prefix: &'static str, host: &'static str, id: &'static str, protocol: Protocol) -> Service {
    Service { prefix, host, id, protocol, global: false, gov_cloud: InGovCloud::AsSts }
}

/// The services, as one caller reaches them.
#[derive(Clone)]
pub(super) struct JsonClient {
    pub(super) clients: Clients,
}

impl JsonClient {
    /// Sends one request to a service in a region. What comes back is JSON, also where the service speaks XML.
    pub(super) fn ask(
        &self,
        call: Call,
        region: &str,
        body: Value,
    ) -> impl Future<Output = Result<Value, SdkError<Refused, HttpResponse>>> + use<> {
        let (prefix, action) = call.parts();
        let service = SERVICES.iter().find(|service| service.prefix == prefix);
        let (plain, region) = (self.clone(), region.to_owned());
        async move {
            let Some(service) = service else {
                return Err(SdkError::construction_failure(format!("{call} is of no service that is known")));
            };
            let (region, url) = plain.place(service, region).await.map_err(SdkError::construction_failure)?;
            let request = request(service, action, &body);
            let request =
                request.ok_or_else(|| SdkError::construction_failure(format!("{call} has no such form")))?;
            plain.operation(service, call, &region, &url).invoke(request).await
        }
    }

    /// The region to sign for, and the endpoint.
    async fn place(&self, service: &Service, region: String) -> Result<(String, String), BoxError> {
        let region = if service.global { home_of(&region).await? } else { region };
        let kind = Kind {
            fips: self.clients.config.use_fips().unwrap_or_default(),
            dual_stack: self.clients.config.use_dual_stack().unwrap_or_default(),
        };
        let url = match self.clients.own_endpoint(service.id) {
            Some(url) => url,
            None => address(service, &region, kind).await?,
        };
        Ok((region, url))
    }

    fn operation(&self, service: &Service, call: Call, region: &str, url: &str) -> Operation<Sent, Value, Refused> {
        let Clients { config, date_interceptor } = &self.clients;
        let mut builder = Operation::builder()
            .service_name(service.id)
            .operation_name(call.parts().1)
            .endpoint_url(url)
            .no_retry()
            .interceptor(date_interceptor.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .runtime_plugin(self.signing(service, region));
        if let Some(http) = config.http_client() {
            builder = builder.http_client(http);
        }
        if let Some(timeouts) = config.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        if let Some(time) = config.time_source() {
            builder = builder.time_source(time);
        }
        if let Some(sleep) = config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        let reader: Reader = match service.protocol {
            Protocol::Query(_) => xml::read_response,
            Protocol::S3 => s3::read,
            Protocol::Json(..) | Protocol::Rest => read_json,
        };
        builder = match service.protocol {
            Protocol::Query(_) => builder.interceptor(OwnAnswer),
            Protocol::S3 => builder.interceptor(OwnReply { call, written: Written::S3 }),
            Protocol::Json(..) | Protocol::Rest => builder.interceptor(OwnReply { call, written: Written::Json }),
        };
        builder
            .serializer(|sent: Sent| Ok(sent.0))
            .deserializer(move |response: &HttpResponse| read(response, reader, call))
            .build()
    }

    fn signing(&self, service: &Service, region: &str) -> StaticRuntimePlugin {
        let mut options = SigningOptions::default();
        options.signature_type = HttpSignatureType::HttpRequestHeaders;
        if let Protocol::S3 = service.protocol {
            // Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header".
            options.content_sha256_header = true;
            options.double_uri_encode = false;
            options.normalize_uri_path = false;
        }
        let mut layer = Layer::new("signing");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(Region::new(region.to_owned()))),
            name: Some(SigningName::from_static(service.host)),
            signing_options: options,
            ..SigV4OperationSigningConfig::default()
        });
        let mut components = RuntimeComponentsBuilder::new("signing")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])));
        if let Some(identity) = self.clients.config.credentials_provider() {
            components = components.with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(identity));
        }
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
    }
}

struct Sent(HttpRequest);

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sent")
    }
}

/// `None`: the body does not say what the request needs.
fn request(service: &Service, action: &str, body: &Value) -> Option<Sent> {
    let (content, path, bytes): (Cow<'static, str>, _, _) = match service.protocol {
        Protocol::Json(version, _) => {
            (format!("application/x-amz-json-{version}").into(), "/".to_owned(), body.to_string())
        }
        Protocol::Rest => ("application/json".into(), path(action), body.to_string()),
        Protocol::Query(version) => {
            ("application/x-www-form-urlencoded".into(), "/".to_owned(), form(action, version, body))
        }
        Protocol::S3 => return s3::request(action, body).map(finished),
    };
    let mut request = HttpRequest::new(SdkBody::from(bytes));
    // A method and a path that are written out above are always taken.
    let _ = request.set_method("POST");
    let _ = request.set_uri(path);
    let headers = request.headers_mut();
    headers.insert("content-type", content);
    if let Protocol::Json(_, target) = service.protocol {
        headers.insert("x-amz-target", format!("{target}.{action}"));
    }
    Some(finished(request))
}

fn finished(mut request: HttpRequest) -> Sent {
    let length = request.body().bytes().map_or(0, <[u8]>::len).to_string();
    let headers = request.headers_mut();
    headers.insert("content-length", length);
    headers.insert("user-agent", concat!("glasskey/", env!("CARGO_PKG_VERSION")));
    Sent(request)
}

fn path(action: &str) -> String {
    let mut letters = action.chars();
    std::iter::once('/').chain(letters.next().map(|first| first.to_ascii_lowercase())).chain(letters).collect()
}

fn form(action: &str, version: &str, body: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", version);
    for (name, value) in body.as_object().into_iter().flatten() {
        form.append_pair(name, value.as_str().unwrap_or_default());
    }
    form.finish()
}

/// What a reply says; `None`: nothing that can be read.
type Reader = fn(&HttpResponse) -> Option<Value>;

fn read_json(response: &HttpResponse) -> Option<Value> {
    serde_json::from_slice(response.body().bytes()?).ok().filter(Value::is_object)
}

fn read(response: &HttpResponse, reader: Reader, call: Call) -> Result<Value, OrchestratorError<Refused>> {
    let mut value = reader(response);
    if response.status().is_success() {
        let is_empty = response.body().bytes().is_some_and(|bytes| bytes.trim_ascii().is_empty());
        if value.is_none() && is_empty && call.changes_something() {
            value = Some(Value::Object(serde_json::Map::new()));
        }
        return value.ok_or_else(|| OrchestratorError::response(Box::new(NotAnAnswer)));
    }
    let text = |names: &[&str]| {
        let members = value.as_ref()?;
        let error = members.get("Error").unwrap_or(members);
        names.iter().find_map(|name| error.get(name)?.as_str()).map(str::to_owned)
    };
    let code =
        response.headers().get("x-amzn-errortype").map(str::to_owned).or_else(|| text(&["__type", "code", "Code"]));
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code {
        // `namespace#Name:http://…` in one service or another.
        let name = code.split(':').next().unwrap_or_default();
        meta = meta.code(name.rsplit('#').next().unwrap_or(name));
    }
    if let Some(message) = text(&["message", "Message"]) {
        meta = meta.message(message);
    }
    Err(OrchestratorError::operation(Refused(meta.build())))
}

/// A service's refusal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(ErrorMetadata);

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

#[derive(Debug, thiserror::Error)]
#[error("neither JSON nor XML")]
struct NotAnAnswer;
