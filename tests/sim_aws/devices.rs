//! The life of an MFA device in IAM.

use super::client::{call, code, codes, create, pair, session, verdict};
use super::{account, wait};
use std::collections::BTreeSet;

const INVALID: &str = "403 InvalidAuthenticationCode: Authentication code for device is not valid.";
const SELF: &str = "403 AccessDenied: To complete this action, please ensure that you are authenticated with an MFA \
                    device that is enabled for this user.";
const ENABLE: &str = "EnableMFADevice";
const RESYNC: &str = "ResyncMFADevice";

#[test]
fn a_new_device_comes_with_a_seed_and_a_picture_of_it() {
    let (aws, admin) = account();
    let made =
        call(&aws, &admin, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "key-1"), ("Path", "/break/glass/")]);
    let serial = "arn:aws:iam::111122223333:mfa/break/glass/key-1";
    assert_eq!(made.get("SerialNumber").as_deref(), Some(serial));
    let base64 = |name| data_encoding::BASE64.decode(made.get(name).unwrap().as_bytes()).unwrap();
    let base32 = base64("Base32StringSeed");
    assert_eq!(base32.len(), 64);
    assert_eq!(data_encoding::BASE32_NOPAD.decode(&base32).unwrap(), *aws.seed_of(serial).unwrap());

    let mut reader = png::Decoder::new(std::io::Cursor::new(base64("QRCodePNG"))).read_info().unwrap();
    let mut bits = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bits).unwrap();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let white = |x: usize, y: usize| bits[y * frame.line_size + x / 8] >> (7 - x % 8) & 1;
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| white(x, y) * 255);
    let (_, text) = picture.detect_grids()[0].decode().unwrap();
    assert_eq!(text, format!("otpauth://totp/key-1@111122223333?secret={}", str::from_utf8(&base32).unwrap()));
}

#[test]
fn two_devices_never_share_a_seed() {
    let (aws, _) = account();
    let serials = aws.add_device_for("admin", 4);
    let seeds: BTreeSet<_> = serials.iter().map(|serial| aws.seed_of(serial).unwrap().to_vec()).collect();
    assert_eq!(seeds.len(), 4);
}

#[test]
fn create_refuses_bad_names_and_paths() {
    let (aws, admin) = account();
    create(&aws, &admin, "taken");
    let path = "400 ValidationError: The specified value for path is invalid. It must begin and end with / and contain \
                only alphanumeric characters and/or / characters.";
    let name = "400 ValidationError: The specified value for virtualMFADeviceName is invalid. It must contain only \
                alphanumeric characters and/or the following: +=,.@_-";
    let long = format!("/{}/", "x".repeat(511));
    let cases = [
        ("taken", "/", "409 EntityAlreadyExists: MFA device already exists."),
        ("a", "no-slash/", path),
        ("a", "/no-slash", path),
        (
            "a",
            &long,
            "400 ValidationError: 1 validation error detected: Value at 'path' failed to satisfy constraint: \
                      Member must have length less than or equal to 512",
        ),
        ("a b", "/", name),
        ("schlüssel", "/", name),
        ("taken", "/other/", "200"),
        ("a", "/double//slash/", "200"),
    ];
    for (device, path, expected) in cases {
        let parameters = [("VirtualMFADeviceName", device), ("Path", path)];
        assert_eq!(verdict(&aws, &admin, "CreateVirtualMFADevice", &parameters), expected, "{device} at {path}");
    }
    assert_eq!(
        verdict(&aws, &admin, "CreateVirtualMFADevice", &[]),
        "400 ValidationError: 1 validation error detected: Value null at 'virtualMFADeviceName' failed to satisfy \
         constraint: Member must not be null"
    );
}

#[test]
fn a_pair_is_two_consecutive_codes_in_order() {
    let cases = [
        ((-1, 0), "200"),
        ((0, 1), "200"),
        ((0, 0), INVALID),
        ((0, -1), INVALID),
        ((-2, 0), INVALID),
        ((1, 3), INVALID),
    ];
    for ((one, two), expected) in cases {
        let (aws, admin) = account();
        let serial = create(&aws, &admin, "key");
        let (one, two) = (code(&aws, &serial, one), code(&aws, &serial, two));
        let got = codes(&aws, &admin, ENABLE, "admin", &serial, &one, &two);
        assert_eq!(got, expected, "{one}, {two}");
    }
}

#[test]
fn the_second_code_may_be_998_steps_old_or_1000_ahead() {
    for (second, expected) in [(-999, INVALID), (-998, "200"), (1000, "200"), (1001, INVALID)] {
        let (aws, admin) = account();
        let serial = create(&aws, &admin, "key");
        assert_eq!(pair(&aws, &admin, ENABLE, "admin", &serial, second), expected, "{second}");
    }
}

#[test]
fn the_search_is_around_the_offset_the_last_pair_showed() {
    let (aws, admin) = account();
    let serial = create(&aws, &admin, "key");
    for (action, second) in [(ENABLE, 600), (RESYNC, 1200), (RESYNC, 1800)] {
        assert_eq!(pair(&aws, &admin, action, "admin", &serial, second), "200", "{second}");
        assert_eq!(aws.devices()[0].offset_steps, second);
    }
    assert_eq!(pair(&aws, &admin, RESYNC, "admin", &serial, 1800 + 1001), INVALID);
    assert_eq!(pair(&aws, &admin, RESYNC, "admin", &serial, 1800 + 1000), "200");
}

#[test]
fn codes_have_six_digits() {
    let (aws, admin) = account();
    let serial = create(&aws, &admin, "key");
    let cases = [
        ("12345", "authenticationCode1", r"have length greater than or equal to 6"),
        ("1234567", "authenticationCode1", r"have length less than or equal to 6"),
        ("12345x", "authenticationCode1", r"satisfy regular expression pattern: [\d]+"),
    ];
    for (one, member, must) in cases {
        let expected = format!(
            "400 ValidationError: 1 validation error detected: Value at '{member}' failed to satisfy constraint: Member \
             must {must}"
        );
        assert_eq!(codes(&aws, &admin, ENABLE, "admin", &serial, one, "123456"), expected);
    }
}

#[test]
fn a_pair_must_be_newer_than_the_last_one_taken() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    let serial = create(&aws, &admin, "key");
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &serial, 0), "200");
    for (second, expected) in [(0, INVALID), (1, INVALID), (-5, INVALID), (2, "200")] {
        assert_eq!(pair(&aws, &admin, RESYNC, "bob", &serial, second), expected, "resync {second}");
    }
    let off = [("UserName", "bob"), ("SerialNumber", serial.as_str())];
    assert_eq!(verdict(&aws, &admin, "DeactivateMFADevice", &off), "200");
    // Another owner, the same history.
    let _ = aws.add_user("carol");
    for (second, expected) in [(2, INVALID), (3, INVALID), (4, "200")] {
        assert_eq!(pair(&aws, &admin, ENABLE, "carol", &serial, second), expected, "enable again {second}");
    }
}

#[test]
fn enable_tells_what_is_in_the_way() {
    let (aws, admin) = account();
    let (_, _) = (aws.add_user("bob"), aws.add_user("carol"));
    let serial = create(&aws, &admin, "key");
    let nowhere = "arn:aws:iam::111122223333:mfa/nowhere";
    let enable = |user: &str, serial: &str| codes(&aws, &admin, ENABLE, user, serial, "000000", "000001");
    assert_eq!(
        enable("AWS ROOT USER", &serial),
        "400 ValidationError: The specified value for userName is invalid. It must contain only alphanumeric \
         characters and/or the following: +=,.@_-",
        "root has no name that the API takes"
    );
    assert_eq!(enable("ghost", &serial), "404 NoSuchEntity: The user with name ghost cannot be found.");
    let unknown = format!("404 NoSuchEntity: MFA Device with serial number {nowhere} does not exist.");
    assert_eq!(enable("bob", nowhere), unknown);
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &serial, 0), "200");
    assert_eq!(enable("bob", &serial), "409 EntityAlreadyExists: MFA Device for user bob already exists.");
    assert_eq!(enable("carol", &serial), "409 EntityAlreadyExists: MFA Device is already in use.");

    let off = |user: &str, serial: &str| {
        verdict(&aws, &admin, "DeactivateMFADevice", &[("UserName", user), ("SerialNumber", serial)])
    };
    assert_eq!(off("ghost", &serial), "404 NoSuchEntity: The user with name ghost cannot be found.");
    assert_eq!(off("bob", nowhere), unknown);
    assert_eq!(off("carol", &serial), "404 NoSuchEntity: MFA Device invalid for user.");
    assert_eq!(
        codes(&aws, &admin, RESYNC, "carol", &serial, "000000", "000001"),
        "404 NoSuchEntity: MFA Device invalid for user."
    );
    assert_eq!(off("bob", &serial), "200");
    assert_eq!(off("bob", &serial), "404 NoSuchEntity: MFA Device invalid for user.");
}

#[test]
fn a_ninth_device_is_too_many() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    aws.add_device_for("bob", 7);
    let (eighth, ninth) = (create(&aws, &admin, "eighth"), create(&aws, &admin, "ninth"));
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &eighth, 0), "200");
    let expected = "409 LimitExceeded: Cannot exceed quota for MFADevicesPerUser: 8";
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &ninth, 0), expected);
    assert_eq!(call(&aws, &admin, "ListMFADevices", &[("UserName", "bob")]).all("SerialNumber").len(), 8);
}

#[test]
fn a_device_in_use_cannot_be_deleted_and_a_new_one_has_a_new_seed() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    let serial = create(&aws, &admin, "key");
    let seed = aws.seed_of(&serial).unwrap();
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &serial, 0), "200");
    let delete = || verdict(&aws, &admin, "DeleteVirtualMFADevice", &[("SerialNumber", &serial)]);
    assert_eq!(delete(), "409 DeleteConflict: MFA VirtualDevice in use. Must deactivate first.");
    let off = [("UserName", "bob"), ("SerialNumber", serial.as_str())];
    assert_eq!(verdict(&aws, &admin, "DeactivateMFADevice", &off), "200");
    assert_eq!(*aws.seed_of(&serial).unwrap(), *seed, "deactivating keeps the seed");
    assert_eq!(delete(), "200");
    assert_eq!(delete(), format!("404 NoSuchEntity: MFA Device with serial number {serial} does not exist."));
    assert_eq!(create(&aws, &admin, "key"), serial);
    assert_ne!(*aws.seed_of(&serial).unwrap(), *seed);
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &serial, 0), "200", "a new device has no history");
}

#[test]
fn whoever_has_a_device_manages_their_own_only_through_it() {
    let (aws, admin) = account();
    let bob = aws.add_user("bob");
    aws.allow("bob", r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
    let (first, second) = (create(&aws, &admin, "first"), create(&aws, &admin, "second"));
    assert_eq!(pair(&aws, &bob, ENABLE, "bob", &first, 0), "200", "the first with plain keys");
    let off = |keys, serial: &str| verdict(&aws, keys, "DeactivateMFADevice", &[("SerialNumber", serial)]);
    assert_eq!(pair(&aws, &bob, ENABLE, "bob", &second, 0), SELF);
    assert_eq!(pair(&aws, &bob, ENABLE, "bob", &first, 1), SELF, "before: already exists");
    assert_eq!(pair(&aws, &bob, ENABLE, "bob", &first, 1), SELF);
    assert_eq!(codes(&aws, &bob, ENABLE, "bob", "arn:aws:iam::1:mfa/x", "000000", "000000"), SELF);
    assert_eq!(off(&bob, &first), SELF);
    assert_eq!(off(&bob, "arn:aws:iam::1:mfa/x"), SELF, "before: does not exist");
    assert_eq!(pair(&aws, &bob, RESYNC, "bob", &first, 2), "200", "resynchronising needs no session");
    assert_eq!(pair(&aws, &admin, ENABLE, "bob", &second, 0), "200", "an administrator acts on another user");

    wait(&aws, 30);
    let opened = session(&aws, &bob, &second, 0).keys();
    assert_eq!(off(&opened, &first), "200");
    assert_eq!(off(&opened, &second), "200", "its own, and the last");
    assert_eq!(call(&aws, &admin, "ListMFADevices", &[("UserName", "bob")]).all("SerialNumber"), [""; 0]);
}

#[test]
fn a_security_key_counts_but_opens_no_session() {
    let (aws, admin) = account();
    let bob = aws.add_user("bob");
    aws.allow("bob", r#"{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#).unwrap();
    let fido = aws.add_fido_for("bob", "yubikey");
    assert!(fido.starts_with("arn:aws:iam::111122223333:u2f/user/bob/yubikey-"), "{fido}");
    let serial = create(&aws, &admin, "key");
    assert_eq!(pair(&aws, &bob, ENABLE, "bob", &serial, 0), SELF);
    assert_eq!(
        verdict(&aws, &bob, "GetSessionToken", &[("SerialNumber", &fido), ("TokenCode", "123456")]).split(':').next(),
        Some("403 AccessDenied")
    );
    let got = call(&aws, &bob, "GetMFADevice", &[("SerialNumber", &fido)]);
    assert_eq!((got.status, got.get("key").as_deref(), got.get("value").as_deref()), (200, Some("FIDO"), Some("L1")));
    let refused = verdict(&aws, &admin, "GetMFADevice", &[("SerialNumber", &serial)]);
    let recorded = "400 ValidationError: The MFA device serial number sent in the request is invalid or not supported \
                    by this API. Currently, only hardware FIDO security keys are supported. Please use the compatible \
                    device or API.";
    assert_eq!(refused, recorded);
    assert_eq!(call(&aws, &admin, "ListVirtualMFADevices", &[]).all("SerialNumber"), [serial]);
    assert_eq!(call(&aws, &admin, "ListMFADevices", &[("UserName", "bob")]).all("SerialNumber"), [fido]);
}

#[test]
fn lists_show_what_is_there_and_never_a_seed() {
    let (aws, admin) = account();
    let bob = aws.add_user("bob");
    let assigned = aws.add_device_for("bob", 1).remove(0);
    let spare = create(&aws, &admin, "spare");
    let list = |status: &str| call(&aws, &admin, "ListVirtualMFADevices", &[("AssignmentStatus", status)]);
    assert_eq!(list("Assigned").get("SerialNumber").as_ref(), Some(&assigned));
    assert_eq!(list("Unassigned").get("SerialNumber").as_ref(), Some(&spare));
    assert_eq!((list("Assigned").all("SerialNumber").len(), list("Unassigned").all("SerialNumber").len()), (1, 1));
    assert_eq!(list("Any").all("SerialNumber"), [assigned.clone(), spare.clone()]);
    assert_eq!(list("Any").all("UserName"), ["bob"]);
    assert_eq!(list("Any").all("Arn"), ["arn:aws:iam::111122223333:user/bob"]);
    assert_eq!(list("Any").all("EnableDate").len(), 1);
    for serial in [&assigned, &spare] {
        let base32 = data_encoding::BASE32_NOPAD.encode(&aws.seed_of(serial).unwrap());
        let base64 = data_encoding::BASE64.encode(base32.as_bytes());
        let text = list("Any").text;
        assert!(!text.contains("Seed") && !text.contains(&base32) && !text.contains(&base64));
    }
    assert_eq!(
        verdict(&aws, &admin, "ListVirtualMFADevices", &[("AssignmentStatus", "Some")]).split(':').next(),
        Some("400 ValidationError")
    );
    // Without a name: the caller.
    aws.allow("bob", r#"{"Statement":{"Effect":"Allow","Action":"iam:List*","Resource":"*"}}"#).unwrap();
    let own = call(&aws, &bob, "ListMFADevices", &[]);
    assert_eq!((own.all("SerialNumber"), own.all("UserName")), (vec![assigned], vec!["bob".to_owned()]));
}

#[test]
fn root_has_devices_too() {
    let (aws, admin) = account();
    let root = aws.root();
    let serial = aws.add_device_for("root", 1).remove(0);
    assert_eq!(call(&aws, &root, "ListMFADevices", &[]).all("SerialNumber"), [serial]);
    let listed = call(&aws, &admin, "ListVirtualMFADevices", &[]);
    assert_eq!(listed.all("Arn"), ["arn:aws:iam::111122223333:root"]);
    let summary = call(&aws, &admin, "GetAccountSummary", &[]);
    let entries: Vec<_> = summary.all("key").into_iter().zip(summary.all("value")).collect();
    for expected in [
        ("AccountMFAEnabled", "1"),
        ("MFADevices", "1"),
        ("MFADevicesInUse", "1"),
        ("Users", "1"),
        ("AccountAccessKeysPresent", "1"),
    ] {
        assert!(entries.iter().any(|(k, v)| (k.as_str(), v.as_str()) == expected), "{expected:?} in {entries:?}");
    }
}

#[test]
fn long_lists_come_in_pages() {
    let (aws, admin) = account();
    let names: Vec<_> = (0..25).map(|n| format!("key-{n:02}")).collect();
    let serials: Vec<_> = names.iter().map(|name| create(&aws, &admin, name)).collect();
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    let mut pages = 0;
    loop {
        let mut parameters = vec![("MaxItems", "10")];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = call(&aws, &admin, "ListVirtualMFADevices", &parameters);
        found.extend(page.all("SerialNumber"));
        pages += 1;
        marker = page.get("Marker");
        assert_eq!(page.get("IsTruncated").unwrap(), marker.is_some().to_string());
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (serials, 3));
    let bad = verdict(&aws, &admin, "ListVirtualMFADevices", &[("Marker", "nonsense")]);
    assert_eq!(bad, "400 ValidationError: Invalid Marker.");
    for (items, bound) in [("0", "greater than or equal to 1"), ("1001", "less than or equal to 1000")] {
        assert_eq!(
            verdict(&aws, &admin, "ListVirtualMFADevices", &[("MaxItems", items)]),
            format!(
                "400 ValidationError: 1 validation error detected: Value '{items}' at 'maxItems' failed to satisfy \
                 constraint: Member must have value {bound}"
            )
        );
    }
}

#[test]
fn tags_are_kept_with_the_device_and_listed_apart() {
    let (aws, admin) = account();
    let parameters = [
        ("VirtualMFADeviceName", "key"),
        ("Tags.member.1.Key", "serial"),
        ("Tags.member.1.Value", "12345678"),
        ("Tags.member.2.Key", "by"),
        ("Tags.member.2.Value", "glasskey"),
    ];
    let serial = call(&aws, &admin, "CreateVirtualMFADevice", &parameters).get("SerialNumber").unwrap();
    let tags = || {
        let listed = call(&aws, &admin, "ListMFADeviceTags", &[("SerialNumber", &serial)]);
        listed.all("Key").into_iter().zip(listed.all("Value")).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>()
    };
    assert_eq!(tags(), ["by=glasskey", "serial=12345678"]);
    assert_eq!(call(&aws, &admin, "ListVirtualMFADevices", &[]).all("Key"), [""; 0]);
    let tag = [("SerialNumber", serial.as_str()), ("Tags.member.1.Key", "by"), ("Tags.member.1.Value", "a = b")];
    assert_eq!(verdict(&aws, &admin, "TagMFADevice", &tag), "200");
    let untag = [("SerialNumber", serial.as_str()), ("TagKeys.member.1", "serial")];
    assert_eq!(verdict(&aws, &admin, "UntagMFADevice", &untag), "200");
    assert_eq!(tags(), ["by=a = b"]);
    assert_eq!(aws.devices()[0].tags["by"], "a = b");
}
