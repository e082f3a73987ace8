//! The rules in `udev/` say what the table beside them says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A line of the table: USB vendor and product id, then what the device is.
struct Device<'a> {
    vendor: &'a str,
    product: &'a str,
    interfaces: &'a str,
    model: &'a str,
}

fn devices(table: &str) -> Vec<Device<'_>> {
    let entries = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    entries.map(|line| device(line).unwrap_or_else(|| panic!("not a line of the table: {line:?}"))).collect()
}

fn device(line: &str) -> Option<Device<'_>> {
    let is_id = |id: &str| id.len() == 4 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let (vendor, rest) = line.split_once(' ')?;
    let (product, rest) = rest.split_once(' ')?;
    let (interfaces, model) = rest.trim_start().split_once(' ')?;
    (is_id(vendor) && is_id(product)).then_some(Device { vendor, product, interfaces, model: model.trim_start() })
}

fn rules(devices: &[Device<'_>]) -> String {
    let mut text = String::from(
        "# Generated from devices.txt: see README.md. Not needed with systemd, whose own rules do this for every FIDO key.\n\
         ACTION==\"remove\", GOTO=\"glasskey_end\"\n\
         SUBSYSTEM!=\"hidraw\", GOTO=\"glasskey_end\"\n",
    );
    let mut vendors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for device in devices {
        vendors.entry(device.vendor).or_default().push(device.product);
    }
    for (vendor, products) in vendors {
        let products = products.join("|");
        writeln!(text, "ATTRS{{idVendor}}==\"{vendor}\", ATTRS{{idProduct}}==\"{products}\", TAG+=\"uaccess\"")
            .unwrap();
    }
    text + "LABEL=\"glasskey_end\"\n"
}

#[test]
fn the_rules_agree_with_the_table_and_open_nothing_to_everybody() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("udev");
    let table = std::fs::read_to_string(place.join("devices.txt")).unwrap();
    let devices = devices(&table);
    assert!(!devices.is_empty());
    assert!(devices.iter().all(|device| device.interfaces.split('+').any(|one| one == "FIDO")), "only FIDO keys");
    assert!(devices.iter().all(|device| !device.model.is_empty()));
    assert!(
        devices.is_sorted_by(|one, next| (one.vendor, one.product) < (next.vendor, next.product)),
        "the table is in order, and names nothing twice"
    );

    let (file, rules) = (place.join("69-glasskey.rules"), rules(&devices));
    if std::env::var_os("GLASSKEY_WRITE_UDEV_RULES").is_some() {
        std::fs::write(&file, &rules).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), rules, "see udev/README.md to generate it anew");
    assert!(!rules.contains("MODE") && !rules.contains("GROUP"));
}
