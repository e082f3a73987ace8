//! Which security advisories touch a key, and which use of it. A table, `data/advisories.json`, and the question put
//! to it; what firmware a key has is found out elsewhere. Where an advisory does not touch a use, that is said too, and
//! where the table has none of a key's kind, that is what is said.
//!
//! Yubico's keys are told apart by product and firmware. Those of other makers number their firmware each in its own
//! way, so that their advisories go by the model, and whether a key is affected stays open.

use super::auth_data::Aaguid;
use serde::Deserialize;
use std::fmt;
use std::sync::LazyLock;

/// A key's firmware, as its maker counts: "5.7.4".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u8, pub u8, pub u8);

impl Version {
    /// From getInfo's `firmwareVersion`, into which Yubico's keys pack it: 328966 is 5.5.6.
    /// `None` for numbers that are packed some other way.
    #[must_use]
    pub const fn from_fido(number: u64) -> Option<Self> {
        match number.to_be_bytes() {
            [0, 0, 0, 0, 0, major, minor, patch] if major > 0 => Some(Self(major, minor, patch)),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    Yubico(Version),
    /// Another maker's: the number that getInfo gives, in that maker's own counting.
    Number(u64),
}

impl Firmware {
    /// A YubiKey's, which alone can be compared with the table's.
    #[must_use]
    pub const fn yubico(self) -> Option<Version> {
        match self {
            Self::Yubico(version) => Some(version),
            Self::Number(_) => None,
        }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yubico(version) => version.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// A key, as far as advisories tell keys apart.
#[derive(Clone, Debug)]
pub struct Key<'a> {
    pub yubico: bool,
    /// The firmware of Yubico's keys; `None` where it is not told, and for other makers' keys.
    pub firmware: Option<Version>,
    /// The name that its metadata or its maker gives its model.
    pub model: &'a str,
    pub fips: bool,
    /// Its model by getInfo; `None` where it was not asked.
    pub aaguid: Option<Aaguid>,
    /// USB vendor and product; `None` where it was read over PC/SC only.
    pub usb: Option<(u16, u16)>,
}

/// Why nothing can be said of a key's advisories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    #[error("the key does not tell its firmware")]
    Firmware,
    /// The table has none of its kind: another maker's, or a series that is not in it.
    #[error("the table of advisories has none for keys of this kind")]
    Kind,
}

impl std::str::FromStr for Version {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '.').map(str::parse);
        let mut part = || parts.next().unwrap_or_else(|| "".parse());
        Ok(Self(part()?, part()?, part()?))
    }
}

/// The lines of products that advisories tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// YubiKey NEO, firmware 3.
    Neo,
    /// YubiKey 4.
    #[serde(rename = "yubikey4")]
    YubiKey4,
    /// YubiKey FIPS Series, firmware 4.4.
    #[serde(rename = "yubikey4-fips")]
    YubiKey4Fips,
    /// YubiKey 5 Series, and CSPN and CCN.
    #[serde(rename = "yubikey5")]
    YubiKey5,
    /// YubiKey 5 FIPS Series.
    #[serde(rename = "yubikey5-fips")]
    YubiKey5Fips,
    #[serde(rename = "yubikey-bio")]
    YubiKeyBio,
    /// Security Key Series: FIDO only.
    SecurityKey,
}

impl Product {
    /// From what a key says of itself. `None` for makers and models that no advisory here is about.
    #[must_use]
    pub fn of(firmware: Version, model: &str, fips: bool) -> Option<Self> {
        let is = |part: &str| model.contains(part);
        // Yubico's FIDO-only keys call themselves "Security Key C NFC" or "FIDO U2F Security Key", without its name.
        if !is("Yubi") && !model.starts_with("Security Key") && model != "FIDO U2F Security Key" {
            return None;
        }
        match firmware.0 {
            3 => Some(Self::Neo),
            4 | 5 if is("Security Key") => Some(Self::SecurityKey),
            4 if fips || is("FIPS") => Some(Self::YubiKey4Fips),
            4 => Some(Self::YubiKey4),
            5 if is("Bio") => Some(Self::YubiKeyBio),
            5 if fips || is("FIPS") => Some(Self::YubiKey5Fips),
            5 => Some(Self::YubiKey5),
            _ => None,
        }
    }
}

/// How bad its publisher finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Moderate,
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Fido2,
    Oath,
    Piv,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fido2 => "FIDO2",
            Self::Oath => "TOTP",
            Self::Piv => "PIV",
        })
    }
}

/// What an advisory means for one use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize, schemars::JsonSchema)]
pub struct Effect {
    /// Whether the advisory affects this use.
    pub affected: bool,
    /// In what way, or why not; for people.
    pub effect: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Range {
    products: Vec<Product>,
    from: String,
    before: String,
    #[serde(default)]
    from_uncertain: bool,
    #[serde(default)]
    before_uncertain: bool,
}

/// Models of other makers, by what a key says of itself. Which of them have the affected firmware cannot be told.
#[derive(Clone, Debug, Default, Deserialize)]
struct Models {
    /// As [`Aaguid`] is written.
    #[serde(default)]
    aaguids: Vec<String>,
    /// `20a0:42b1`.
    #[serde(default)]
    usb: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Advisory {
    /// Like "YSA-2024-03".
    pub id: String,
    pub title: String,
    pub severity: Severity,
    #[serde(default)]
    affects: Vec<Range>,
    #[serde(default)]
    models: Models,
    /// What it means for FIDO2.
    pub fido2: Effect,
    /// What it means for TOTP.
    pub oath: Effect,
    pub piv: Effect,
    pub advice: String,
    pub source: String,
    /// When it was published, as far as its publisher tells: a day or a year.
    pub published: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub struct Applied {
    pub advisory: &'static Advisory,
    /// Whether it is certain that this firmware is among the affected ones.
    pub certain: bool,
}

impl Applied {
    #[must_use]
    pub const fn effect(&self, at_hand: Use) -> &'static Effect {
        match at_hand {
            Use::Fido2 => &self.advisory.fido2,
            Use::Oath => &self.advisory.oath,
            Use::Piv => &self.advisory.piv,
        }
    }

    /// The same as a sentence: "TOTP is not affected: …".
    #[must_use]
    pub fn sentence(&self, at_hand: Use) -> String {
        let Effect { affected, effect } = self.effect(at_hand);
        let verb = match (affected, self.certain) {
            (false, _) => "is not affected",
            (true, true) => "is affected",
            (true, false) => "may be affected",
        };
        format!("{at_hand} {verb}: {effect}")
    }
}

static TABLE: LazyLock<Vec<Advisory>> =
    // A test holds that the table can be read.
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/advisories.json")).unwrap_or_default());

#[must_use]
pub fn all() -> &'static [Advisory] {
    &TABLE
}

/// The advisories about this key.
///
/// # Errors
/// Why nobody knows.
pub fn about(key: &Key<'_>) -> Result<Vec<Applied>, Unknown> {
    let by_model: Vec<Applied> = all().iter().filter_map(|advisory| advisory.about_model(key)).collect();
    match key.firmware {
        _ if !by_model.is_empty() => Ok(by_model),
        _ if !key.yubico => Err(Unknown::Kind),
        None => Err(Unknown::Firmware),
        Some(firmware) if covers(firmware, key.model, key.fips) => Ok(applies(firmware, key.model, key.fips)),
        Some(_) => Err(Unknown::Kind),
    }
}

/// Whether the table has the advisories about keys of this kind. Of all others nobody knows here.
#[must_use]
pub fn covers(firmware: Version, model: &str, fips: bool) -> bool {
    Product::of(firmware, model, fips).is_some()
}

/// The advisories about a key with this firmware; `model` is the name its metadata or its maker gives it.
#[must_use]
pub fn applies(firmware: Version, model: &str, fips: bool) -> Vec<Applied> {
    let Some(product) = Product::of(firmware, model, fips) else { return vec![] };
    all().iter().filter_map(|advisory| advisory.about(product, firmware)).collect()
}

impl Advisory {
    fn about(&'static self, product: Product, firmware: Version) -> Option<Applied> {
        let range = self.affects.iter().find(|range| range.products.contains(&product) && range.holds(firmware))?;
        Some(Applied { advisory: self, certain: !range.from_uncertain && !range.before_uncertain })
    }
}

impl Advisory {
    fn about_model(&'static self, key: &Key<'_>) -> Option<Applied> {
        let aaguid = key.aaguid.map(|aaguid| aaguid.to_string());
        let usb = key.usb.map(|(vendor, product)| format!("{vendor:04x}:{product:04x}"));
        let Models { aaguids, usb: devices } = &self.models;
        let named = aaguids.iter().any(|one| Some(one) == aaguid.as_ref());
        let is_meant = named || devices.iter().any(|one| Some(one) == usb.as_ref());
        is_meant.then_some(Applied { advisory: self, certain: false })
    }
}

impl Range {
    fn holds(&self, firmware: Version) -> bool {
        let (from, before) = (self.from.parse(), self.before.parse());
        from.is_ok_and(|from: Version| from <= firmware) && before.is_ok_and(|before: Version| firmware < before)
    }
}
