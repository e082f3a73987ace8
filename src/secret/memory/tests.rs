//! What only shows from inside: freed blocks are clean before they are freed, and the fallback scrubs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use std::sync::atomic::AtomicUsize;

/// Looks at every block as it is handed back, and refuses to have blocks grown behind the wiping allocator's back.
#[derive(Default)]
struct Inspector {
    freed: AtomicUsize,
    dirty: AtomicUsize,
}

// SAFETY: passes everything on to System.
unsafe impl GlobalAlloc for Inspector {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees are System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.freed.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the block is still allocated, and the tests below initialise every byte of theirs.
        let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
        if bytes.iter().any(|byte| *byte != 0) {
            self.dirty.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: the caller's guarantees are System's.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, _: *mut u8, _: Layout, _: usize) -> *mut u8 {
        panic!("realloc of the inner allocator leaves the old bytes behind");
    }
}

#[test]
fn a_freed_block_is_wiped_first() {
    let inspector = Inspector::default();
    let layout = Layout::from_size_align(777, 16).unwrap();
    // SAFETY: allocated, filled and freed with one layout.
    unsafe {
        let unwiped = inspector.alloc(layout);
        unwiped.write_bytes(0xA5, layout.size());
        inspector.dealloc(unwiped, layout);
        assert_eq!(inspector.dirty.swap(0, Ordering::SeqCst), 1, "the inspector sees a dirty block");

        let block = inspector.alloc(layout);
        block.write_bytes(0xA5, layout.size());
        wiping_dealloc(&inspector, block, layout);
    }
    assert_eq!(inspector.freed.load(Ordering::SeqCst), 2);
    assert_eq!(inspector.dirty.load(Ordering::SeqCst), 0);
}

#[test]
fn a_block_that_grows_or_shrinks_is_copied_and_the_old_one_wiped() {
    let inspector = Inspector::default();
    let layout = Layout::from_size_align(64, 8).unwrap();
    for size in [1usize, 63, 64, 65, 100_000] {
        // SAFETY: allocated, grown and freed with matching layouts; only the copied bytes are read.
        unsafe {
            let block = inspector.alloc(layout);
            block.write_bytes(0xA5, layout.size());
            let moved = wiping_realloc(&inspector, block, layout, size);
            assert_ne!(moved, block, "a new block");
            let kept = std::slice::from_raw_parts(moved, size.min(64));
            assert!(kept.iter().all(|byte| *byte == 0xA5), "contents kept at {size}");
            moved.write_bytes(0, size);
            inspector.dealloc(moved, Layout::from_size_align(size, 8).unwrap());
        }
    }
    assert_eq!(inspector.dirty.load(Ordering::SeqCst), 0);
}

#[test]
fn the_whole_allocator_keeps_its_contract() {
    // SAFETY: each block is used within its size and freed with its layout.
    unsafe {
        let layout = Layout::from_size_align(32, 4096).unwrap();
        let block = WipingAllocator.alloc_zeroed(layout);
        assert_eq!(block.addr() % 4096, 0);
        assert!(std::slice::from_raw_parts(block, 32).iter().all(|byte| *byte == 0));
        block.write_bytes(7, 32);
        let grown = WipingAllocator.realloc(block, layout, 64);
        assert_eq!(grown.addr() % 4096, 0, "alignment kept");
        assert!(std::slice::from_raw_parts(grown, 32).iter().all(|byte| *byte == 7));
        WipingAllocator.dealloc(grown, Layout::from_size_align(64, 4096).unwrap());
    }
}

/// Leaves 64 recognisable bytes in a frame 64 KiB down the stack and says where.
#[inline(never)]
fn spill(deep: usize) -> usize {
    let mut frame = [0u8; 4096];
    frame[..64].fill(0xA5);
    std::hint::black_box(&mut frame);
    let at = if deep > 0 { spill(deep - 1) } else { frame.as_ptr().addr() };
    std::hint::black_box(&frame);
    at
}

/// Reads dead stack the only way that is not undefined behaviour: through the kernel.
#[cfg(target_os = "linux")]
fn peek(at: usize) -> [u8; 64] {
    use std::os::unix::fs::FileExt;
    let mut bytes = [0; 64];
    std::fs::File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, at as u64).unwrap();
    bytes
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_private_stack_the_dead_one_is_scrubbed() {
    let at = spill(16);
    assert_eq!(peek(at), [0xA5; 64], "an ordinary call leaves its frames behind");

    let at = on_scrubbed_stack(|| spill(16)).unwrap();
    assert_ne!(peek(at), [0xA5; 64]);
    assert!(peek(at).iter().all(|byte| *byte != 0xA5));

    let panic = on_scrubbed_stack(|| -> () { panic!("{}", spill(16)) }).unwrap_err();
    let at: usize = panic.downcast_ref::<String>().unwrap().parse().unwrap();
    assert!(peek(at).iter().all(|byte| *byte != 0xA5), "scrubbed after a panic too");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn vector_registers_are_cleared() {
    // SAFETY: loads and stores of declared registers; every x86-64 has SSE2.
    let read = |clear: bool| unsafe {
        let (mut low, mut high) = (0u64, 0u64);
        std::arch::asm!("pcmpeqd xmm5, xmm5", "pcmpeqd xmm15, xmm15", out("xmm5") _, out("xmm15") _);
        if clear {
            clear_registers();
        }
        std::arch::asm!("movq {}, xmm5", "movq {}, xmm15", inout(reg) low, inout(reg) high);
        (low, high)
    };
    assert_eq!(read(false), (u64::MAX, u64::MAX), "left in the registers otherwise");
    assert_eq!(read(true), (0, 0));
}
