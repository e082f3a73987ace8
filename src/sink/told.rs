//! Whether a secret is in what a command said: as it is, or in a form that tools give to bytes (hexadecimal, base64,
//! base32, percent signs, escapes, lists of numbers, dumps), or in such a form of such a form.
//!
//! Case does not count, nor does whatever stands in between: both sides are compared by their letters and digits alone.

use zeroize::Zeroizing;

/// As much of a secret as is not told by chance: letters and digits, or bytes.
const WINDOW: usize = 8;

type Bytes = Zeroizing<Vec<u8>>;

/// Whether a part of one of these secrets is in what was heard. `handed`: the text that holds them, of which only other
/// forms count, since it also has words that may be said.
pub(super) fn is_told(heard: &[u8], secrets: &[&[u8]], handed: &[u8]) -> bool {
    let mut forms: Vec<Bytes> = secrets.iter().flat_map(|secret| all_forms(secret)).collect();
    forms.extend(encoded(handed));
    let readings = [bytes(heard), numbers(heard, 10), numbers(heard, 8), numbers(heard, 16)];
    readings.iter().any(|reading| {
        let (raw, plain) = (Windows::of(reading), Windows::of(&letters(reading)));
        secrets.iter().any(|secret| raw.share(secret)) || forms.iter().any(|form| plain.share(&letters(form)))
    })
}

fn bytes(of: &[u8]) -> Bytes {
    Zeroizing::new(of.to_vec())
}

fn letters(of: &[u8]) -> Bytes {
    let mut kept = Zeroizing::new(Vec::with_capacity(of.len()));
    kept.extend(of.iter().filter(|c| c.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase));
    kept
}

/// All that is seen through a window moved over something, sorted.
struct Windows(Zeroizing<Vec<[u8; WINDOW]>>);

impl Windows {
    fn of(bytes: &[u8]) -> Self {
        let mut all = Zeroizing::new(Vec::with_capacity(bytes.len()));
        all.extend(bytes.windows(WINDOW).filter_map(|window| <[u8; WINDOW]>::try_from(window).ok()));
        all.sort_unstable();
        Self(all)
    }

    fn share(&self, other: &[u8]) -> bool {
        let there = |window: &[u8]| {
            <[u8; WINDOW]>::try_from(window).is_ok_and(|window| self.0.binary_search(&window).is_ok())
        };
        other.windows(WINDOW).any(there)
    }
}

/// A secret in every form, and every form of these.
fn all_forms(secret: &[u8]) -> Vec<Bytes> {
    let mut forms = encoded(secret);
    let again: Vec<Bytes> = forms.iter().flat_map(|form| encoded(form)).collect();
    forms.push(bytes(secret));
    forms.extend(again);
    forms.extend(dumped(secret));
    // A character of UTF-16 has a zero byte beside it.
    let mut wide = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    wide.extend(secret.iter().flat_map(|byte| [*byte, 0]));
    forms.extend(encoded(&wide));
    forms
}

/// In hexadecimal of either case, base64, and base32. The last two depend on what stands before in the encoder's
/// input: three ways and five ways to be cut. Percent signs and `=4F` are hexadecimal with signs in between.
fn encoded(text: &[u8]) -> Vec<Bytes> {
    let cut = |skip: usize| text.get(skip..).unwrap_or_default();
    let mut forms = vec![data_encoding::HEXUPPER.encode(text), data_encoding::HEXLOWER.encode(text)];
    forms.extend((0..3).map(|skip| data_encoding::BASE64_NOPAD.encode(cut(skip))));
    forms.extend((0..5).map(|skip| data_encoding::BASE32_NOPAD.encode(cut(skip))));
    forms.into_iter().map(|form| Zeroizing::new(form.into_bytes())).collect()
}

/// In hexadecimal as dumps have it that read whole words on a little-endian machine (`od -x`, `xxd -e`).
fn dumped(secret: &[u8]) -> Vec<Bytes> {
    let words = |size: usize, skip: usize| {
        let mut swapped = Zeroizing::new(Vec::with_capacity(secret.len()));
        secret.get(skip..).unwrap_or_default().chunks(size).for_each(|word| swapped.extend(word.iter().rev()));
        Zeroizing::new(data_encoding::HEXUPPER.encode(&swapped).into_bytes())
    };
    [2, 4, 8]
        .into_iter()
        .flat_map(|size| (0..size).map(move |skip| (size, skip)))
        .map(|(size, skip)| words(size, skip))
        .collect()
}

/// The bytes that are listed as numbers: `79 84`, `\117\124`, `\x4f\x54`, `0x4f, 0x54`, `\u004f`, `&#79;`.
fn numbers(heard: &[u8], radix: u32) -> Bytes {
    let mut read = Zeroizing::new(Vec::with_capacity(heard.len() / 2));
    for word in heard.split(|c| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let Ok(word) = std::str::from_utf8(word) else { continue };
        let digits = if radix == 16 { word.trim_start_matches(['0', 'x', 'X', 'u', 'U']) } else { word };
        let digits = if digits.is_empty() { "0" } else { digits };
        read.extend(u32::from_str_radix(digits, radix).ok().and_then(|number| u8::try_from(number).ok()));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"\x13\xfe\x07\x91\x52\xaa\x3c\xe8\x04\x9d\x6b\xf1\x20\x88\xc5\x5e\x71\x0f\xb6\xda";

    fn told(heard: &str) -> bool {
        let text = data_encoding::BASE32_NOPAD.encode(RAW);
        is_told(heard.as_bytes(), &[RAW, text.as_bytes()], uri().as_bytes())
    }

    fn uri() -> String {
        let text = data_encoding::BASE32_NOPAD.encode(RAW);
        format!("otpauth://totp/AWS:123456789012/alice?secret={text}&issuer=AWS")
    }

    fn listed(text: &str, one: impl Fn(u8) -> String) -> String {
        text.bytes().map(one).collect()
    }

    #[test]
    fn a_secret_is_heard_in_every_form() {
        use data_encoding::{BASE32, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
        let (uri, secret) = (uri(), data_encoding::BASE32_NOPAD.encode(RAW));
        for text in [&uri, &secret, &format!("entry {uri}\n")] {
            let words: Vec<String> = text
                .as_bytes()
                .chunks(2)
                .map(|two| two.iter().rev().map(|byte| format!("{byte:02x}")).collect())
                .collect();
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for said in [
                text.clone(),
                text.to_lowercase(),
                HEXLOWER.encode(text.as_bytes()),
                HEXUPPER.encode(text.as_bytes()),
                BASE64.encode(text.as_bytes()),
                BASE64URL_NOPAD.encode(text.as_bytes()),
                BASE32.encode(text.as_bytes()),
                BASE64.encode(HEXLOWER.encode(text.as_bytes()).as_bytes()),
                HEXLOWER.encode(BASE64.encode(text.as_bytes()).as_bytes()),
                HEXLOWER.encode(&utf16),
                listed(text, |c| format!("%{c:02X}")),
                listed(text, |c| format!("\\x{c:02x}")),
                listed(text, |c| format!("\\{c:03o}")),
                listed(text, |c| format!("0x{c:x}, ")),
                listed(text, |c| format!("{c}, ")),
                listed(text, |c| format!("&#{c};")),
                listed(text, |c| format!("\\u{c:04x}")),
                listed(text, |c| format!("={c:02X}")),
                listed(text, |c| format!("{} ", char::from(c))),
                words.join(" "),
            ] {
                assert!(told(&said), "{said}");
            }
        }
        for said in [HEXLOWER.encode(RAW), BASE64.encode(RAW), RAW.iter().map(|byte| format!("{byte}, ")).collect()] {
            assert!(told(&said), "{said}");
        }
        assert!(is_told(RAW, &[RAW], b""));
    }

    #[test]
    fn other_words_are_not() {
        for said in [
            "error: the vault is locked; unlock it with `vault unlock` and try again",
            "entry AWS:123456789012/alice of otpauth://totp exists already (2026-11-29 09:40:01, 0x1f4)",
            "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
        ] {
            assert!(!told(said), "{said}");
        }
    }
}
