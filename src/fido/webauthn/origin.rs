//! Origins, and which relying party ids one may use: its host, or a suffix of it that someone can register
//! (HTML "is a registrable domain suffix of or is equal to", WebAuthn L3 §5.1.3 step 8).

use std::net::{Ipv4Addr, Ipv6Addr};

/// A web origin that may do WebAuthn: https, or http on localhost and the names under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: String,
}

/// Why text is not an origin that may do WebAuthn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadOrigin {
    /// Not `scheme://host` or `scheme://host:port`: a path, a user, nothing.
    #[error("an origin looks like https://example.com or https://example.com:8443")]
    Form,
    /// Neither https nor http://localhost.
    #[error("WebAuthn needs https, or http://localhost")]
    Insecure,
    /// The host is an IP address: relying parties have names.
    #[error("the origin's host is an IP address; WebAuthn needs a name")]
    IpAddress,
    #[error("the origin's host is not a domain name")]
    Host,
    /// The host has letters outside ASCII: origins carry the `xn--` form.
    #[error("the origin's host must be in its ASCII form (xn--…)")]
    NotAscii,
}

/// Why an origin may not use a relying party id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRpId {
    #[error("rp.id \"{rp_id}\" is not a domain name in lower-case ASCII")]
    Form { rp_id: String },
    #[error("rp.id \"{rp_id}\" is neither the origin's host \"{host}\" nor a domain above it")]
    OtherDomain { rp_id: String, host: String },
    /// A parent domain, but one under which anyone can register names, like "co.uk".
    #[error("rp.id \"{rp_id}\" is a public suffix: anyone can have a name under it")]
    PublicSuffix { rp_id: String },
}

impl Origin {
    /// Reads an origin; a default port and one final slash are dropped, the host is put in lower case.
    ///
    /// # Errors
    /// Text that is none, or one that browsers give no WebAuthn.
    pub fn parse(text: &str) -> Result<Self, BadOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(BadOrigin::Form)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() || rest.contains(['/', '?', '#', '@', '\\']) {
            return Err(BadOrigin::Form);
        }
        if rest.starts_with('[') {
            return Err(BadOrigin::IpAddress);
        }
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let port = port.map(|port| port.parse::<u16>().map_err(|_| BadOrigin::Form)).transpose()?;
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        let default = match (scheme.as_str(), host.as_str()) {
            ("https", _) => 443,
            // Names under localhost never leave the machine either (Secure Contexts §3.1).
            ("http", host) if host == "localhost" || host.ends_with(".localhost") => 80,
            _ => return Err(BadOrigin::Insecure),
        };
        check_host(&host)?;
        let port = port.filter(|port| *port != default).map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self { text: format!("{scheme}://{host}{port}"), host })
    }

    /// As it stands in client data.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: the relying party's id where the options name none.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn check_host(host: &str) -> Result<(), BadOrigin> {
    if !host.is_ascii() {
        Err(BadOrigin::NotAscii)
    } else if is_ip(host) {
        Err(BadOrigin::IpAddress)
    } else if is_domain(host) {
        Ok(())
    } else {
        Err(BadOrigin::Host)
    }
}

/// The URL standard reads a host whose last label is a number as IPv4, however it is written.
fn is_ip(host: &str) -> bool {
    let numeric = |label: &str| {
        let hexadecimal = label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
        hexadecimal || (!label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()))
    };
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().is_some_and(numeric);
    last || host.parse::<Ipv4Addr>().is_ok() || host.parse::<Ipv6Addr>().is_ok()
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, 253 in all; no final dot.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Whether `origin` may use `rp_id`.
///
/// # Errors
/// It may not: nothing signed for that id would be worth anything to it, or too much to others.
pub fn check_rp_id(origin: &Origin, rp_id: &str) -> Result<(), BadRpId> {
    let host = origin.host();
    if !is_domain(rp_id) || is_ip(rp_id) {
        let rp_id = rp_id.chars().take(253).collect();
        return Err(BadRpId::Form { rp_id });
    }
    if rp_id == host {
        return Ok(());
    }
    let above = |name: &str| name.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'));
    if !above(host) {
        return Err(BadRpId::OtherDomain { rp_id: rp_id.to_owned(), host: host.to_owned() });
    }
    let public = psl::suffix_str(rp_id) == Some(rp_id) || psl::suffix_str(host).is_some_and(above);
    if public { Err(BadRpId::PublicSuffix { rp_id: rp_id.to_owned() }) } else { Ok(()) }
}
