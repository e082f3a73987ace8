//! Where services are, by the SDK's own data about partitions: STS is found everywhere, and the others beside it.

use super::{DEFAULT_REGION, Service};
use crate::aws::Partition;
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

#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

/// The address of a service. Fails where the partition has no such endpoints.
pub(super) async fn address(service: &Service, region: &str, kind: Kind) -> Result<String, BoxError> {
    // S3 has its dual stack under its ordinary name's end.
    let beside = service.host == "s3" && kind.dual_stack;
    let wanted = sts::Params::builder().region(region.to_owned()).use_fips(kind.fips);
    let wanted = wanted.use_dual_stack(kind.dual_stack && !beside);
    let wanted = wanted.build()?;
    let resolver = sts::DefaultResolver::new();
    let found = resolver.resolve_endpoint(&wanted).await?;
    let rest = found.url().strip_prefix("https://sts").ok_or("STS is not where it was")?;
    let after_fips = rest.strip_prefix("-fips").unwrap_or(rest);
    let fips = match service.gov_cloud {
        InGovCloud::Plain if Partition::of_region(region) == Partition::GovCloud => false,
        InGovCloud::Fips => kind.fips,
        _ => rest.starts_with("-fips"),
    };
    let beside = if beside { ".dualstack" } else { "" };
    Ok(format!("https://{}{}{beside}{after_fips}", service.host, if fips { "-fips" } else { "" }))
}

/// The region of a partition in which its global services answer: where IAM is signed for, but in China, whose
/// Organizations and Account Management are in Ningxia (AWS General Reference, "Service endpoints").
pub(super) async fn home_of(region: &str) -> Result<String, BoxError> {
    match iam_of(region).await? {
        beijing if beijing == "cn-north-1" => Ok("cn-northwest-1".to_owned()),
        home => Ok(home),
    }
}

/// The region for which IAM is signed in the partition of a region. The SDK's data about partitions name one too
/// (`implicitGlobalRegion`), but it is not to be had, and is not IAM's in China.
pub(in crate::aws) async fn iam_of(region: &str) -> Result<String, BoxError> {
    let wanted = iam::Params::builder().region(region.to_owned()).use_fips(false).use_dual_stack(false).build()?;
    let resolver = iam::DefaultResolver::new();
    let found = resolver.resolve_endpoint(&wanted).await?;
    let signed_for = found.auth_schemes().iter().find_map(|scheme| scheme.get("signingRegion")?.as_string());
    Ok(signed_for.unwrap_or(DEFAULT_REGION).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::SERVICES;
    use super::*;

    /// Of each partition: a region, where its global services are, and the ends of its hosts' names, as botocore 1.44
    /// resolves them. Two partitions have no dual-stack there; the SDK's data name one for each.
    const PARTITIONS: [(&str, &str, &str, Option<&str>); 10] = [
        ("eu-west-1", "us-east-1", "amazonaws.com", Some("api.aws")),
        ("us-east-1", "us-east-1", "amazonaws.com", Some("api.aws")),
        ("cn-north-1", "cn-northwest-1", "amazonaws.com.cn", Some("api.amazonwebservices.com.cn")),
        ("us-gov-west-1", "us-gov-west-1", "amazonaws.com", Some("api.aws")),
        ("us-gov-east-1", "us-gov-west-1", "amazonaws.com", Some("api.aws")),
        ("eusc-de-east-1", "eusc-de-east-1", "amazonaws.eu", Some("api.amazonwebservices.eu")),
        ("us-iso-east-1", "us-iso-east-1", "c2s.ic.gov", Some("api.aws.ic.gov")),
        ("us-isob-east-1", "us-isob-east-1", "sc2s.sgov.gov", Some("api.aws.scloud")),
        ("eu-isoe-west-1", "eu-isoe-west-1", "cloud.adc-e.uk", None),
        ("us-isof-south-1", "us-isof-south-1", "csp.hci.ic.gov", None),
    ];

    fn named_fips(host: &str, region: &str, dual_stack: bool) -> bool {
        match host {
            _ if !region.starts_with("us-gov-") => true,
            "account" | "kms" | "s3" => true,
            "organizations" | "monitoring" | "events" => false,
            _ => dual_stack,
        }
    }

    #[tokio::test]
    async fn every_service_is_where_botocore_has_it_in_every_partition_and_of_every_kind() {
        for (region, home, suffix, dual) in PARTITIONS {
            for (service, fips) in SERVICES.iter().flat_map(|service| [false, true].map(|fips| (service, fips))) {
                let region_of = if service.global { home_of(region).await.unwrap() } else { region.to_owned() };
                assert!(!service.global || region_of == home, "{region}: {region_of}");
                let of_s3 = service.host == "s3";
                for (dual_stack, suffix) in [(false, Some(suffix)), (true, if of_s3 { Some(suffix) } else { dual })] {
                    let Some(suffix) = suffix else { continue };
                    let name = if fips && named_fips(service.host, region, dual_stack) { "-fips" } else { "" };
                    let name = if of_s3 && dual_stack { format!("{name}.dualstack") } else { name.to_owned() };
                    let right = format!("https://{}{name}.{region_of}.{suffix}", service.host);
                    let kind = Kind { fips, dual_stack };
                    assert_eq!(address(service, &region_of, kind).await.unwrap(), right, "{kind:?}");
                }
            }
        }
    }

    /// Where root's sign-ins are recorded.
    #[tokio::test]
    async fn iam_is_signed_for_in_one_region_of_each_partition() {
        for (region, home, ..) in PARTITIONS {
            let right = if home == "cn-northwest-1" { "cn-north-1" } else { home };
            assert_eq!(iam_of(region).await.unwrap(), right, "{region}");
        }
    }
}
