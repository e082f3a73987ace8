//! Enrolls a user of a simulated account: one seed on two software keys, each proved before the device is enabled.
#![allow(clippy::print_stdout)]

use glasskey::flow::enroll::{Request, enroll, permissions};
use glasskey::keys::Serial;
use glasskey::sim::aws::Aws;
use glasskey::sim::clock::SimClock;
use glasskey::sim::oath_card::{Options, SoftKey};
use std::error::Error;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let (aws, state) = (Aws::new(SimClock::host()), tempfile::tempdir()?);
    let _ = aws.add_user("alice");
    let serials = [12_345_678, 12_345_679];
    let keys = serials.map(|serial| SoftKey::new(Options::new(serial)));
    let mut world = glasskey::sim::world(&aws, &aws.admin(), &keys, state.path())?;
    let request = Request {
        user: Some("alice".to_owned()),
        keys: serials.map(Serial).to_vec(),
        approved: true,
        ..Request::default()
    };
    println!("needs {}", permissions(&request).join(", "));
    for device in enroll(&request, &mut world)?.devices {
        println!("{} is enabled; {} keys hold its seed", device.arn, device.keys.len());
    }
    Ok(())
}
