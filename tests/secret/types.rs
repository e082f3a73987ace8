//! What seeds, codes and passwords refuse to do, and where they end.

use glasskey::secret::{BadSeed, Code, MAX_SEED, Password, SecretText, Seed};

/// Fails to compile if the type has the trait: two candidates would make `_` ambiguous.
macro_rules! never {
    ($type:ty: $($name:path),+) => {
        $(const _: fn() = || {
            trait Ambiguous<A> {
                fn item() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct HasIt;
            impl<T: ?Sized + $name> Ambiguous<HasIt> for T {}
            let _ = <$type as Ambiguous<_>>::item;
        };)+
    };
}
never!(Seed: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize, AsRef<[u8]>, PartialEq);
never!(Code: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize, AsRef<str>, PartialEq);
never!(SecretText: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize, AsRef<str>, PartialEq);
never!(glasskey::aws::NewAccessKey: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize);
never!(Password: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize, AsRef<str>, PartialEq);
never!(glasskey::qr::Matrix: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize);
never!(glasskey::totp::Uri: Clone, std::fmt::Debug, std::fmt::Display, serde::Serialize);

fn refused(result: Result<Seed, BadSeed>) -> BadSeed {
    result.err().expect("refused")
}

#[test]
fn a_seed_has_1_to_1024_bytes() {
    assert_eq!(refused(Seed::from_bytes(&[])), BadSeed::Empty);
    assert_eq!(refused(Seed::from_bytes(&[1; MAX_SEED + 1])), BadSeed::TooLong);
    for len in [1, 20, 40, 64, MAX_SEED] {
        let raw: Vec<u8> = (0..len).map(|index| index as u8).collect();
        let seed = Seed::from_bytes(&raw).ok().unwrap();
        assert_eq!(seed.len(), len);
        assert!(seed.expose(|key| key == raw));
    }
}

#[test]
fn seeds_are_independent_and_can_change_threads() {
    let one = Seed::from_bytes(b"one").ok().unwrap();
    let two = Seed::from_bytes(b"two").ok().unwrap();
    let one = std::thread::spawn(move || {
        assert!(one.expose(|key| key == b"one"));
        one
    })
    .join()
    .unwrap();
    drop(one);
    assert!(two.expose(|key| key == b"two"));
}

#[test]
fn a_code_keeps_its_zeroes_and_compares_whole() {
    let code = Code::new(b"012345");
    assert_eq!(code.expose(), "012345");
    assert!(code.matches(&Code::new(b"012 345")));
    assert!(!code.matches(&Code::new(b"12345")));
    assert!(!code.matches(&Code::new(b"0123450")), "a longer code with the same beginning");
    assert!(!code.matches(&Code::new(b"012346")));
}

#[test]
fn a_code_is_digits_and_at_most_10() {
    assert_eq!(Code::new(b"").expose(), "");
    assert_eq!(Code::new("12\u{0664}3\n".as_bytes()).expose(), "123", "ASCII digits only");
    assert_eq!(Code::new(b"12345678901234").expose(), "1234567890");
}

#[test]
fn a_password_is_kept_as_given() {
    assert_eq!(Password::new(" pässword\t".to_owned()).expose(), " pässword\t");
    assert_eq!(Password::new(String::new()).expose(), "");
}
