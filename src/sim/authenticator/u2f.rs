//! U2F (CTAP1) messages: VERSION, and refusals. This key's credentials are CTAP2's only.

/// Answers one APDU, status word last.
pub(super) fn answer(apdu: &[u8]) -> Vec<u8> {
    let [cla, ins, _, _, rest @ ..] = apdu else { return sw(0x6700) };
    match (cla, ins) {
        (0, 0x03) if data(rest).is_some_and(<[u8]>::is_empty) => [b"U2F_V2".to_vec(), sw(0x9000)].concat(),
        (0, 0x03) => sw(0x6700),
        // REGISTER: challenge and application; nobody ever touches the key for it.
        (0, 0x01) if data(rest).is_some_and(|data| data.len() == 64) => sw(0x6985),
        (0, 0x01) => sw(0x6700),
        // AUTHENTICATE: no key handle is this key's.
        (0, 0x02) if data(rest).is_some_and(|data| data.len() > 65) => sw(0x6A80),
        (0, 0x02) => sw(0x6700),
        (0, _) => sw(0x6D00),
        _ => sw(0x6E00),
    }
}

/// The data of an APDU behind its header, short or extended.
fn data(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [] | [_] | [0, _, _] => Some(&[]),
        [0, high, low, data @ ..] => data.get(..usize::from(u16::from_be_bytes([*high, *low]))),
        [length, data @ ..] => data.get(..usize::from(*length)),
    }
}

fn sw(word: u16) -> Vec<u8> {
    word.to_be_bytes().to_vec()
}
