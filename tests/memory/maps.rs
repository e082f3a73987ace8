//! Reading one's own memory the way a debugger would.

use std::fs::File;
use std::io::BufRead;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// One line of /proc/self/smaps with its flags.
pub(super) struct Mapping {
    pub(super) range: Range<usize>,
    pub(super) permissions: String,
    pub(super) name: String,
    pub(super) flags: Vec<String>,
}

/// Every mapping of this process.
pub(super) fn mappings() -> Vec<Mapping> {
    let mut all: Vec<Mapping> = Vec::new();
    for line in std::fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap();
        if let Some(flags) = line.strip_prefix("VmFlags:") {
            all.last_mut().unwrap().flags = flags.split_whitespace().map(str::to_owned).collect();
        } else if let Some((from, to)) = first.split_once('-') {
            let address = |hex| usize::from_str_radix(hex, 16).unwrap();
            all.push(Mapping {
                range: address(from)..address(to),
                permissions: words.next().unwrap().to_owned(),
                name: words.skip(3).collect::<Vec<_>>().join(" "),
                flags: Vec::new(),
            });
        }
    }
    all
}

/// The mapping that holds `address`.
pub(super) fn mapping_of(address: usize) -> Mapping {
    mappings().into_iter().find(|mapping| mapping.range.contains(&address)).expect("a mapped address")
}

/// Reads this process's memory like a debugger.
pub(super) fn read(address: usize, buffer: &mut [u8]) -> std::io::Result<()> {
    File::open("/proc/self/mem").unwrap().read_exact_at(buffer, address as u64)
}

/// A pattern that is nowhere in memory in one piece unless somebody writes it: each byte is computed.
#[derive(Clone, Copy)]
pub(super) enum Pattern {
    /// The bytes themselves.
    Raw(u64),
    /// The same bytes, each exclusive-ored: 0x36 and 0x5c are HMAC's pads.
    Xor(u64, u8),
    /// The same bytes as base32 text.
    Base32(u64),
}

impl Pattern {
    pub(super) const LEN: usize = 64;

    pub(super) fn byte(self, index: usize) -> u8 {
        match self {
            Self::Raw(seed) => {
                // splitmix64's mixing of the index; never 0, so that zeroes never match.
                let mut z = seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                ((z ^ (z >> 31)) as u8) | 1
            }
            Self::Xor(seed, mask) => Self::Raw(seed).byte(index) ^ mask,
            Self::Base32(seed) => {
                let bit = |at: usize| (Self::Raw(seed).byte(at / 8) >> (7 - at % 8)) & 1;
                let value = (5 * index..5 * index + 5).fold(0, |value, at| value << 1 | bit(at));
                if value < 26 { b'A' + value } else { b'2' + value - 26 }
            }
        }
    }

    pub(super) fn write(self, to: &mut [u8]) {
        to.iter_mut().enumerate().for_each(|(index, byte)| *byte = self.byte(index));
    }
}

/// Looks for patterns. Only one exists at a time: another's buffer would hold copies of what it has read.
pub(super) struct Scanner {
    buffer: Zeroizing<Vec<u8>>,
    _alone: MutexGuard<'static, ()>,
}

/// How often a masked needle stands in the bytes.
fn count(mut bytes: &[u8], masked: &[u8; 16]) -> usize {
    let mut found = 0;
    // skip_until is the standard library's optimised search for one byte.
    while (&mut bytes).skip_until(masked[0] ^ MASK).is_ok_and(|passed| passed > 0) {
        let rest = masked[1..].iter().zip(bytes);
        found +=
            usize::from(bytes.len() >= 15 && rest.fold(true, |same, (masked, byte)| same && masked ^ MASK == *byte));
    }
    found
}

/// Needles are kept masked, so that the scanner does not find them in itself.
const MASK: u8 = 0x80;

static ALONE: Mutex<()> = Mutex::new(());
const CHUNK: usize = 1 << 16;

impl Scanner {
    pub(super) fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self { buffer: Zeroizing::new(vec![0; CHUNK]), _alone: alone }
    }

    /// How many 16-byte pieces of the pattern stand in `range`, at any alignment.
    pub(super) fn count_in(&mut self, pattern: Pattern, range: Range<usize>) -> usize {
        let own = self.buffer.as_ptr().addr()..self.buffer.as_ptr().addr() + CHUNK;
        let pieces: Vec<[u8; 16]> = (0..Pattern::LEN / 16)
            .map(|piece| std::array::from_fn(|index| pattern.byte(16 * piece + index) ^ MASK))
            .collect();
        let mut found = 0;
        let mut at = range.start;
        while at < range.end {
            let len = CHUNK.min(range.end - at);
            let chunk = &mut self.buffer[..len];
            // Chunks overlap by 15 bytes, so that no piece falls between two.
            let next = if at + len == range.end { range.end } else { at + len - 15 };
            if at < own.end && own.start < at + len {
                // Its own buffer shares this chunk: look at what lies around it, not into it.
                if at < own.start {
                    found += self.count_in(pattern, at..own.start);
                }
                at = own.end.max(at);
                continue;
            }
            if read(at, chunk).is_ok() {
                found += pieces.iter().map(|piece| count(chunk, piece)).sum::<usize>();
            }
            at = next;
        }
        found
    }

    /// How many pieces stand in any writable memory of the process that can be read at all.
    pub(super) fn count(&mut self, pattern: Pattern) -> usize {
        let writable = mappings().into_iter().filter(|mapping| mapping.permissions.starts_with("rw"));
        writable.map(|mapping| self.count_in(pattern, mapping.range)).sum()
    }
}
