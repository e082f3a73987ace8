//! Each test leaves a recognisable pattern where a library would spill a seed, shows that the scanner finds it there
//! (so that finding nothing later is not blindness), and then that nothing is left.

use super::maps::{Pattern, Scanner, mapping_of, read};
use glasskey::secret::{Seed, harden, on_wiped_stack};
use glasskey::totp::{self, Algorithm, Step};
use std::hint::black_box;
use std::panic::catch_unwind;
use zeroize::Zeroizing;

/// Writes the pattern into 64 bytes of each of `frames` 4 KiB frames, and returns with all of them dead.
#[inline(never)]
fn spill(pattern: Pattern, frames: usize) {
    let mut frame = [0u8; 4096];
    pattern.write(&mut frame[1000..1000 + Pattern::LEN]);
    black_box(&mut frame);
    if frames > 1 {
        spill(pattern, frames - 1);
    }
    black_box(&frame);
}

/// An address on the stack that is running.
#[inline(never)]
fn here() -> usize {
    let local = 0u8;
    black_box(&raw const local).addr()
}

#[test]
fn what_is_spilled_on_the_private_stack_is_gone_when_the_call_returns() {
    let (mut scanner, pattern) = (Scanner::new(), Pattern::Raw(1));
    let outside = here();
    let (stack, during) = on_wiped_stack(|| {
        spill(pattern, 16);
        let stack = mapping_of(here()).range;
        let during = scanner.count_in(pattern, stack.clone());
        (stack, during)
    });
    assert!(during >= 8 * 4, "the scanner sees what is spilled: {during} pieces");
    assert!(!stack.contains(&outside), "a stack of its own");
    assert_eq!(scanner.count_in(pattern, stack), 0);
    assert_eq!(scanner.count(pattern), 0, "nor anywhere else");
}

#[test]
fn an_ordinary_call_leaves_it_behind() {
    let (mut scanner, pattern) = (Scanner::new(), Pattern::Raw(2));
    spill(pattern, 64);
    assert_ne!(scanner.count(pattern), 0);
}

#[test]
fn a_megabyte_of_stack_is_wiped_too() {
    let (mut scanner, pattern) = (Scanner::new(), Pattern::Raw(3));
    let (stack, during) = on_wiped_stack(|| {
        spill(pattern, 256);
        let stack = mapping_of(here()).range;
        (stack.clone(), scanner.count_in(pattern, stack))
    });
    assert!(during > 200 * 4, "{during} pieces");
    assert_eq!(scanner.count_in(pattern, stack), 0);
}

#[test]
fn a_panic_goes_through_and_the_stack_is_wiped_all_the_same() {
    let (mut scanner, pattern) = (Scanner::new(), Pattern::Raw(4));
    let mut stack = 0..0;
    let panic = catch_unwind(std::panic::AssertUnwindSafe(|| {
        on_wiped_stack(|| {
            spill(pattern, 16);
            stack = mapping_of(here()).range;
            std::panic::panic_any("the reason");
        })
    }))
    .unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the reason"));
    assert!(!stack.is_empty());
    assert_eq!(scanner.count_in(pattern, stack.clone()), 0);

    let again = on_wiped_stack(|| mapping_of(here()).range);
    assert_eq!(again, stack, "the same stack serves the next call");
}

#[test]
fn a_call_within_a_call_shares_the_stack_and_leaves_the_wiping_to_the_outer_one() {
    let (mut scanner, pattern) = (Scanner::new(), Pattern::Raw(5));
    let stack = on_wiped_stack(|| {
        let kept = std::array::from_fn::<u8, { Pattern::LEN }, _>(|index| pattern.byte(index));
        let outer = mapping_of(here()).range;
        let inner = on_wiped_stack(|| {
            spill(pattern, 4);
            mapping_of(here()).range
        });
        assert_eq!(inner, outer);
        assert!(catch_unwind(|| on_wiped_stack(|| panic!("inside"))).is_err());
        assert!(
            black_box(&kept).iter().enumerate().all(|(index, byte)| *byte == pattern.byte(index)),
            "frame intact"
        );
        assert_eq!(on_wiped_stack(|| mapping_of(here()).range), outer, "still inside after the panic");
        outer
    });
    assert_eq!(scanner.count_in(pattern, stack), 0);
    assert_eq!(scanner.count(pattern), 0);
}

#[test]
fn each_thread_has_its_own_stack_and_gives_it_back() {
    let outer = on_wiped_stack(|| mapping_of(here()).range);
    let other = std::thread::spawn(|| on_wiped_stack(|| mapping_of(here()).range)).join().unwrap();
    assert_ne!(other, outer);
}

#[test]
fn it_works_while_a_thread_is_ending() {
    struct AtTheEnd(std::sync::mpsc::Sender<u32>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            self.0.send(on_wiped_stack(|| 7)).unwrap();
        }
    }
    thread_local!(static LATE: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) });
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        LATE.with(|late| *late.borrow_mut() = Some(AtTheEnd(sender)));
        // Registered after LATE, so destroyed before it or after it, as the platform likes: both must work.
        on_wiped_stack(|| ());
    })
    .join()
    .unwrap();
    assert_eq!(receiver.recv().unwrap(), 7);
}

#[test]
fn the_private_stack_is_kept_out_of_core_dumps_and_has_a_guard_below() {
    let stack = on_wiped_stack(|| mapping_of(here()));
    assert!(stack.flags.contains(&"dd".to_owned()), "MADV_DONTDUMP: {:?}", stack.flags);
    let guard = mapping_of(stack.range.start - 1);
    assert_eq!((guard.permissions.as_str(), guard.range.len()), ("---p", 64 * 1024));
}

#[test]
fn a_seeds_page_cannot_be_read_from_outside() {
    let mut scanner = Scanner::new();
    let pattern = Pattern::Raw(6);
    let seed = on_wiped_stack(|| {
        let mut raw = Zeroizing::new([0; Pattern::LEN]);
        pattern.write(&mut *raw);
        Seed::from_bytes(&*raw).unwrap()
    });
    let address = seed.expose(|key| {
        assert!(key.iter().enumerate().all(|(index, byte)| *byte == pattern.byte(index)), "readable to ourselves");
        key.as_ptr().addr()
    });
    let page = mapping_of(address);
    let mut bytes = [0; Pattern::LEN];
    if page.name.contains("secretmem") {
        let error = read(address, &mut bytes).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EIO));
        assert_eq!(scanner.count(pattern), 0, "no copy anywhere that can be read");
    } else {
        assert!(page.flags.contains(&"dd".to_owned()), "left out of core dumps: {:?}", page.flags);
        assert_eq!(scanner.count_in(pattern, page.range.clone()), 4, "one copy, in its page");
        assert_eq!(scanner.count(pattern), 4, "and nowhere else");
    }
    drop(seed);
    assert_eq!(scanner.count(pattern), 0);
    let _ = read(address, &mut bytes);
    assert_eq!(bytes, [0; Pattern::LEN], "unmapped, or another's zeroes");
}

#[test]
fn reading_a_seed_and_computing_a_code_leave_no_trace() {
    let mut scanner = Scanner::new();
    let forms = [Pattern::Raw(7), Pattern::Base32(7), Pattern::Xor(7, 0x36), Pattern::Xor(7, 0x5c)];
    // 40 bytes as AWS gives them: 64 symbols.
    let seed = on_wiped_stack(|| {
        let mut text = Zeroizing::new(vec![0; 64]);
        Pattern::Base32(7).write(&mut text);
        assert_ne!(scanner.count(Pattern::Base32(7)), 0, "the scanner sees the text");
        Seed::from_base32(&text).unwrap()
    });
    let page = mapping_of(seed.expose(|key| key.as_ptr().addr()));
    assert!(seed.expose(|key| key.iter().enumerate().all(|(index, byte)| *byte == Pattern::Raw(7).byte(index))));

    let visible = if page.name.contains("secretmem") { 0 } else { 2 };
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        assert_eq!(totp::code(&seed, totp::Params { algorithm, ..totp::AWS }, Step(1)).expose().len(), 6);
        assert_eq!(forms.map(|form| scanner.count(form)), [visible, 0, 0, 0], "{algorithm:?}, while held");
    }
    drop(seed.to_base32());
    drop(seed);
    assert_eq!(forms.map(|form| scanner.count(form)), [0; 4], "after the seed is gone");
}

#[test]
fn a_hardened_process_dumps_no_core_and_cannot_be_traced() {
    const CHILD: &str = "GLASSKEY_TEST_HARDENED_CHILD";
    if std::env::var_os(CHILD).is_none() {
        // For good, and for the whole process: so in one of its own, this same test again.
        let name = std::thread::current().name().unwrap().to_owned();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", &name, "--test-threads=1"]).env(CHILD, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
        return;
    }
    assert_eq!(harden(), []);
    assert_eq!(harden(), [], "twice does no harm");
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    let dumpable = rustix::process::dumpable_behavior().unwrap();
    assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
}
