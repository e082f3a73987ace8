//! The table of advisories at the edges of each range.

use glasskey::fido::advisories::{Severity, Use, Version, all, applies, covers};

fn ids(firmware: &str, model: &str, fips: bool) -> Vec<&'static str> {
    let applied = applies(firmware.parse().unwrap(), model, fips);
    applied.iter().map(|applied| applied.advisory.id.as_str()).collect()
}

#[test]
fn the_table_is_read_and_complete() {
    assert_eq!(all().len(), 7);
    for advisory in all() {
        assert!(advisory.source.starts_with("https://"), "{}", advisory.id);
        for effect in [&advisory.fido2, &advisory.oath, &advisory.piv] {
            assert!(!effect.effect.is_empty() && !effect.effect.ends_with('.'), "{}", advisory.id);
        }
        assert!(advisory.id.starts_with("YSA-") || advisory.published.is_some(), "{}", advisory.id);
        assert!(!advisory.advice.is_empty() && advisory.severity >= Severity::Low);
    }
}

#[test]
fn each_range_begins_and_ends_where_it_should() {
    const YK5: &str = "YubiKey 5 Series with NFC";
    const BIO: &str = "YubiKey Bio Series - FIDO Edition";
    const SK: &str = "Security Key NFC by Yubico";
    let (both, euc, pin): (&[&str], &[&str], &[&str]) =
        (&["YSA-2024-03", "YSA-2025-02"], &["YSA-2024-03"], &["YSA-2025-02"]);
    for (firmware, model, fips, expected) in [
        ("5.0.0", YK5, false, euc),
        ("5.4.0", YK5, false, euc),
        ("5.4.1", YK5, false, both),
        ("5.6.9", YK5, false, both),
        ("5.7.0", YK5, false, pin),
        ("5.7.3", YK5, false, pin),
        ("5.7.4", YK5, false, &[]),
        ("5.7.1", YK5, true, both),
        ("5.7.2", YK5, true, pin),
        ("5.7.1", "YubiKey 5 FIPS Series", false, both),
        ("5.7.1", BIO, false, both),
        ("5.7.2", BIO, false, pin),
        ("5.6.9", SK, false, both),
        ("5.7.0", SK, false, pin),
        ("4.2.0", "YubiKey 4", false, &["YSA-2017-01"]),
        ("4.3.4", "YubiKey 4", false, &["YSA-2017-01"]),
        ("4.3.4", "Security Key by Yubico", false, &[]),
        ("4.1.9", "YubiKey 4", false, &[]),
        ("4.3.5", "YubiKey 4", false, &[]),
        ("4.4.1", "YubiKey FIPS", true, &[]),
        ("4.4.2", "YubiKey FIPS", true, &["YSA-2019-02"]),
        ("4.4.3", "YubiKey FIPS", true, &[]),
        ("4.4.4", "YubiKey FIPS", true, &["YSA-2019-02"]),
        ("4.4.5", "YubiKey FIPS", true, &[]),
        ("4.4.4", "YubiKey 4", false, &[]),
        ("3.4.9", "YubiKey NEO", false, &["YSA-2018-01"]),
        ("5.4.3", "Security Key C NFC", false, &["YSA-2024-03", "YSA-2025-02"]),
        ("5.4.3", "TOKEN2 FIDO2 Security Key", false, &[]),
    ] {
        assert_eq!(ids(firmware, model, fips), expected, "{firmware} {model} fips={fips}");
    }
}

#[test]
fn what_is_not_touched_is_said_and_so_is_doubt() {
    let applied = applies(Version(5, 4, 3), "YubiKey 5 Series", false);
    assert_eq!(applied[0].sentence(Use::Oath), "TOTP is not affected: TOTP uses HMAC, not ECDSA");
    assert!(applied[0].sentence(Use::Fido2).starts_with("FIDO2 is affected: ") && applied[0].certain);
    assert!(applied[1].sentence(Use::Fido2).starts_with("FIDO2 may be affected: ") && !applied[1].certain);
}

#[test]
fn what_the_table_does_not_cover_is_not_called_free_of_advisories() {
    assert!(covers(Version(5, 7, 4), "YubiKey 5C NFC", false) && covers(Version(5, 7, 4), "Security Key NFC", false));
    assert!(!covers(Version(5, 7, 4), "Swissbit iShield Key Pro", false));
    assert!(!covers(Version(5, 4, 3), "TOKEN2 FIDO2 Security Key", false));
}

#[test]
fn firmware_is_unpacked_as_yubico_packs_it() {
    assert_eq!(Version::from_fido(328_966), Some(Version(5, 5, 6)));
    assert_eq!((Version::from_fido(1), Version::from_fido(u64::MAX)), (None, None));
    assert!("5.7".parse::<Version>().is_err() && "5.7.4a".parse::<Version>().is_err());
    assert_eq!(Version(5, 7, 4).to_string(), "5.7.4");
}
