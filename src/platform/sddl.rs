//! Who may write to a file, of what Windows says in its own text (Security Descriptor Definition Language).

use super::Writers;

/// Data, more data, what is in a directory, the file itself, its access list and its owner.
const WRITE: u32 = ADD | MOVE;
const ADD: u32 = 0x2 | 0x4 | 0x4000_0000;
/// To put another thing in the place of what is in a directory, or of the directory.
const MOVE: u32 = 0x40 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000;

/// The system, its administrators, what installs it, and whoever owns the file.
const TRUSTED: [&str; 7] = [
    "SY",
    "BA",
    "OW",
    "CO",
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Who may write to a file or directory; `us`: this user's SID.
pub(super) fn writers(text: &str, us: &str) -> Writers {
    who(text, us, WRITE)
}

/// Who may put another thing in the place of what is in a directory.
pub(super) fn movers(text: &str, us: &str) -> Writers {
    who(text, us, MOVE)
}

/// Whether others than this user may read it, or what is in it.
pub(super) fn others_may_read(text: &str, us: &str) -> bool {
    const READ: u32 = 0x1 | 0x8000_0000 | 0x1000_0000;
    who(text, us, READ) != Writers::Us
}

fn who(text: &str, us: &str, rights: u32) -> Writers {
    let is_trusted = |sid: &str| sid == us || TRUSTED.contains(&sid);
    let (before, list) = text.split_once("D:").unwrap_or((text, ""));
    let owner = before.split_once("O:").map_or("", |(_, owner)| owner.split("G:").next().unwrap_or_default());
    if !is_trusted(owner) {
        return Writers::ItsOwner;
    }
    // Without a list everybody may do everything; with an empty one nobody may do anything.
    if list.is_empty() || list.starts_with("NO_ACCESS_CONTROL") {
        return Writers::Others;
    }
    let mut entries = list.split('(').skip(1).map(|entry| entry.split(')').next().unwrap_or_default());
    let lets_others = entries.any(|entry| {
        let fields: Vec<&str> = entry.split(';').collect();
        match fields[..] {
            // Of what is made below alone (IO), nothing is said of this one. What is not an entry that allows takes away.
            [kind, flags, allowed, _, _, who, ..] => {
                kind.contains('A')
                    && !pairs(flags).any(|flag| flag == "IO")
                    && mask(allowed) & rights != 0
                    && !is_trusted(who)
            }
            _ => false,
        }
    });
    if lets_others { Writers::Others } else { Writers::Us }
}

fn pairs(text: &str) -> impl Iterator<Item = &str> {
    (0..text.len() / 2).filter_map(|nth| text.get(2 * nth..2 * nth + 2))
}

/// Rights in letters, or as a number. What is not known counts as everything.
fn mask(text: &str) -> u32 {
    if let Some(number) = text.strip_prefix("0x") {
        return u32::from_str_radix(number, 16).unwrap_or(u32::MAX);
    }
    let right = |letters: &str| match letters {
        "FA" => 0x001f_01ff,
        "FR" => 0x0012_0089,
        "FW" => 0x0012_0116,
        "FX" => 0x0012_00a0,
        "GA" => 0x1000_0000,
        "GX" => 0x2000_0000,
        "GW" => 0x4000_0000,
        "GR" => 0x8000_0000,
        "CC" => 0x1,
        "DC" => 0x2,
        "LC" => 0x4,
        "SW" => 0x8,
        "RP" => 0x10,
        "WP" => 0x20,
        "DT" => 0x40,
        "LO" => 0x80,
        "CR" => 0x100,
        "SD" => 0x1_0000,
        "RC" => 0x2_0000,
        "WD" => 0x4_0000,
        "WO" => 0x8_0000,
        _ => u32::MAX,
    };
    pairs(text).fold(0, |all, letters| all | right(letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: &str = "S-1-5-21-1-2-3-1001";
    const OURS: &str = "O:S-1-5-21-1-2-3-1001G:S-1-5-21-1-2-3-513D:";

    #[test]
    fn what_this_user_the_system_and_administrators_may_write_is_ours() {
        let own = format!("{OURS}PAI(A;OICI;FA;;;{US})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
        assert_eq!((writers(&own, US), movers(&own, US)), (Writers::Us, Writers::Us));
        assert!(!others_may_read(&own, US));
        let elevated = "O:BAG:BAD:(A;;0x1f01ff;;;BA)(A;;FA;;;OW)";
        assert_eq!(writers(elevated, US), Writers::Us);
        assert_eq!(writers(&format!("{OURS}P"), US), Writers::Us, "nobody may do anything");
    }

    #[test]
    fn what_others_may_write_is_not() {
        for others in
            ["(A;;FA;;;WD)", "(A;;0x1301bf;;;AU)", "(A;ID;DCLC;;;BU)", "(A;;GW;;;S-1-5-21-9-9-9-9)", "(A;;??;;;WD)"]
        {
            assert_eq!(writers(&format!("{OURS}(A;;FA;;;{US}){others}"), US), Writers::Others, "{others}");
        }
        for nobody in ["(A;;FR;;;WD)", "(A;;0x1200a9;;;BU)", "(A;OICIIO;GA;;;WD)", "(D;;FA;;;WD)", "(A;;FA;;;SY)"] {
            assert_eq!(writers(&format!("{OURS}(A;;FA;;;{US}){nobody}"), US), Writers::Us, "{nobody}");
        }
        assert_eq!(writers(&format!("{OURS}NO_ACCESS_CONTROL"), US), Writers::Others);
        assert_eq!(writers(OURS.trim_end_matches("D:"), US), Writers::Others);
        assert_eq!(writers("O:S-1-5-21-1-2-3-1002G:BAD:(A;;FA;;;SY)", US), Writers::ItsOwner);
        assert!(others_may_read(&format!("{OURS}(A;;FR;;;WD)"), US));
    }

    /// The root of a drive, where everybody may make directories and nobody may move another's.
    #[test]
    fn in_a_directory_that_others_may_add_to_nothing_is_moved() {
        let root = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464G:SYD:PAI(A;;LC;;;AU)\
                    (A;OICIIO;SDGXGWGR;;;AU)(A;;FA;;;SY)(A;OICIIO;GA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)";
        assert_eq!((movers(root, US), writers(root, US)), (Writers::Us, Writers::Others));
        let shared = format!("{OURS}(A;;FA;;;{US})(A;;DT;;;BU)");
        assert_eq!(movers(&shared, US), Writers::Others);
    }
}
