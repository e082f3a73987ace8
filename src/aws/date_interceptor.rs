//! What each reply says of the time.
//!
//! A `Date` header is written by whatever stands nearest. AWS accepts a signature only near the time at which it was made,
//! so a reply that does not refuse the request for its time says by that what the time is, whatever its header says. Knows
//! nothing of what was asked for.

use super::error::speaks_of_time;
use crate::totp::Clock;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::date_time::{DateTime, Format};
use std::time::{Duration, SystemTime};

/// Hears the `Date` header of every reply (RFC 9110 §6.6.1: whole seconds, when the reply was made). Whether it is believed
/// is the clock's to say.
#[derive(Clone)]
pub(super) struct DateInterceptor(pub(super) Clock);

/// The host's time when a reply's headers had come: its body may take longer.
#[derive(Debug)]
struct Came(SystemTime);

impl Storable for Came {
    type Storer = StoreReplace<Self>;
}

#[derive(Debug)]
struct Signed(SystemTime);

impl Storable for Signed {
    type Storer = StoreReplace<Self>;
}

impl std::fmt::Debug for DateInterceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DateInterceptor")
    }
}

impl Intercept for DateInterceptor {
    fn name(&self) -> &'static str {
        "glasskey::DateInterceptor"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let signed = signed(context.request()).unwrap_or_else(|| self.0.now());
        config.interceptor_state().store_put(Signed(signed));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        _context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(Came(self.0.host_now()));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(date) = date(context.response()) else { return Ok(()) };
        let came = config.load::<Came>().map_or_else(|| self.0.host_now(), |came| came.0);
        if is_refused_for_its_time(context.response()) {
            self.0.heard(date, came);
        } else {
            let signed = config.load::<Signed>().map_or_else(|| self.0.now(), |signed| signed.0);
            self.0.heard_in_answer(date, came, signed);
        }
        Ok(())
    }
}

/// The header cuts the second off: the middle of it is the better guess.
fn date(response: &HttpResponse) -> Option<SystemTime> {
    let date = DateTime::from_str(response.headers().get("date")?, Format::HttpDate).ok()?;
    let date = SystemTime::try_from(date).ok()?;
    Some(date.checked_add(Duration::from_millis(500)).unwrap_or(date))
}

/// When a request was signed: `X-Amz-Date: 20261129T122000Z` (IAM User Guide, "Create a signed AWS API request").
fn signed(request: &HttpRequest) -> Option<SystemTime> {
    let text = request.headers().get("x-amz-date")?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().into())
}

/// By its code or by AWS's sentence, which are in its body or, of some services, in a header.
fn is_refused_for_its_time(response: &HttpResponse) -> bool {
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    let code = response.headers().get("x-amzn-errortype").unwrap_or_default();
    !response.status().is_success() && (speaks_of_time(&body) || speaks_of_time(code))
}
