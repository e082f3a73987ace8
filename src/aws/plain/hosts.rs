//! Where services are, by the SDK's own data about partitions: STS is found everywhere, and the others beside it.

use super::{DEFAULT_REGION, Service};
use aws_sdk_iam::config::endpoint as iam;
use aws_sdk_sts::config::endpoint as sts;
use aws_smithy_runtime_api::box_error::BoxError;
use iam::ResolveEndpoint as _;
use sts::ResolveEndpoint as _;

/// How GovCloud calls a service's FIPS endpoint. Everywhere else it is `-fips`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InGovCloud {
    /// As STS's: with `-fips` on dual-stack only.
    AsSts,
    /// Its ordinary endpoint is one.
    Plain,
    /// As everywhere.
    Fips,
}

/// Which kind of endpoint is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

/// The address of a service. Fails where the partition has no such endpoints.
pub(super) async fn address(service: &Service, region: &str, kind: Kind) -> Result<String, BoxError> {
    let wanted = sts::Params::builder().region(region.to_owned()).use_fips(kind.fips).use_dual_stack(kind.dual_stack);
    let wanted = wanted.build()?;
    let resolver = sts::DefaultResolver::new();
    let found = resolver.resolve_endpoint(&wanted).await?;
    let rest = found.url().strip_prefix("https://sts").ok_or("STS is not where it was")?;
    let after_fips = rest.strip_prefix("-fips").unwrap_or(rest);
    let fips = match service.gov_cloud {
        InGovCloud::Plain if region.starts_with("us-gov-") => false,
        InGovCloud::Fips => kind.fips,
        _ => rest.starts_with("-fips"),
    };
    Ok(format!("https://{}{}{after_fips}", service.host, if fips { "-fips" } else { "" }))
}

/// The region of a partition in which its global services answer: where IAM is signed for, but in China.
pub(super) async fn home_of(region: &str) -> Result<String, BoxError> {
    if region.starts_with("cn-") {
        return Ok("cn-northwest-1".to_owned());
    }
    let wanted = iam::Params::builder().region(region.to_owned()).use_fips(false).use_dual_stack(false).build()?;
    let resolver = iam::DefaultResolver::new();
    let found = resolver.resolve_endpoint(&wanted).await?;
    let signed_for = found.auth_schemes().iter().find_map(|scheme| scheme.get("signingRegion")?.as_string());
    Ok(signed_for.unwrap_or(DEFAULT_REGION).to_owned())
}
