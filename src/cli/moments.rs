//! Times as a person reads them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::SystemTime;

/// `74 s ahead of AWS`.
pub(super) fn off_by(ahead: i64) -> String {
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    format!("{} s {way} AWS", ahead.unsigned_abs())
}

/// Hours, minutes and seconds where the person is.
pub(super) fn clock_time(time: SystemTime) -> String {
    zoned(time).map_or_else(String::new, |time| time.strftime("%H:%M:%S").to_string())
}

/// Date and time where the person is, with the zone.
pub(super) fn date_time(time: SystemTime) -> String {
    zoned(time).map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}

fn zoned(time: SystemTime) -> Option<jiff::Zoned> {
    Timestamp::try_from(time).ok().map(|time| time.to_zoned(TimeZone::system()))
}
