//! What a probe does as glasskey with the OATH applet.

use std::time::{Duration, UNIX_EPOCH};

use data_encoding::BASE32;
use glasskey::oath::{Error, Name, New, Session};
use glasskey::secret::{Password, Seed};
use glasskey::totp::{Algorithm, Kind, Params, Step};
use glasskey::transport::Ports;
use glasskey::transport::pcsc::PcscPorts;

/// Carries out one line, with a session of its own: `PASSWORD VERB …`, where the password `-` is none.
///
/// - `list`: the ids, in order, with commas between
/// - `put ID ALGORITHM DIGITS BASE32`
/// - `code ID UNIX-SECONDS`
/// - `set-password TEXT`
pub(super) fn carry_out(reader: &str, line: &str) -> Result<String, Error> {
    let words: Vec<&str> = line.split(' ').collect();
    let mut session = Session::open(PcscPorts::default().open(reader)?)?;
    if words[0] != "-" {
        session.unlock(&Password::new(words[0].to_owned()))?;
    }
    match words[1..] {
        ["list"] => {
            let mut ids: Vec<String> = session.list()?.iter().map(|found| found.name.id().to_owned()).collect();
            ids.sort();
            Ok(ids.join(","))
        }
        ["put", id, algorithm, digits, secret] => {
            let name = Name::from_id(id)?;
            let algorithm = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
                .into_iter()
                .find(|known| known.as_str() == algorithm)
                .unwrap();
            let params = Params { algorithm, digits: digits.parse().unwrap(), period: name.parts().0 };
            let seed = Seed::from_bytes(&BASE32.decode(secret.as_bytes()).unwrap()).unwrap();
            session.put(&New { name: &name, kind: Kind::Totp, params, touch: false, seed: &seed })?;
            Ok("put".to_owned())
        }
        ["code", id, time] => {
            let name = Name::from_id(id)?;
            let time = UNIX_EPOCH + Duration::from_secs(time.parse().unwrap());
            Ok(session.code(&name, Step::at(time, name.parts().0))?.expose().to_owned())
        }
        ["set-password", text] => {
            session.set_password(&Password::new(text.to_owned()))?;
            Ok("set".to_owned())
        }
        ref unknown => panic!("no such line: {unknown:?}"),
    }
}
