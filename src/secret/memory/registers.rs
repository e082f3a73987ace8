//! The vector registers.

/// Clears the vector registers, where copies of 16 to 64 bytes stay until something else uses them. x86-64 only.
#[inline(never)]
pub(super) fn clear_registers() {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            unsafe { x86_64::clear_avx512() }
        } else if std::is_x86_feature_detected!("avx") {
            // SAFETY: the processor has AVX.
            unsafe { x86_64::clear_avx() }
        } else {
            x86_64::clear_sse();
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::asm;

    /// An `asm!` block that declares xmm0 to xmm15 overwritten.
    macro_rules! clearing {
        ($($instruction:literal),+ $(; $($more:tt)*)?) => {
            asm!($($instruction),+,
                out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
                out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _, $($($more)*,)?
                options(nomem, nostack, preserves_flags))
        };
    }

    pub(super) fn clear_sse() {
        // SAFETY: every x86-64 has SSE; the instructions touch nothing but the registers declared overwritten.
        unsafe {
            clearing!(
                "xorps xmm0, xmm0",
                "xorps xmm1, xmm1",
                "xorps xmm2, xmm2",
                "xorps xmm3, xmm3",
                "xorps xmm4, xmm4",
                "xorps xmm5, xmm5",
                "xorps xmm6, xmm6",
                "xorps xmm7, xmm7",
                "xorps xmm8, xmm8",
                "xorps xmm9, xmm9",
                "xorps xmm10, xmm10",
                "xorps xmm11, xmm11",
                "xorps xmm12, xmm12",
                "xorps xmm13, xmm13",
                "xorps xmm14, xmm14",
                "xorps xmm15, xmm15"
            );
        }
    }

    #[target_feature(enable = "avx")]
    pub(super) fn clear_avx() {
        // SAFETY: AVX is enabled for this function; vzeroall touches nothing but ymm0 to ymm15, declared overwritten.
        unsafe { clearing!("vzeroall") }
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn clear_avx512() {
        // SAFETY: AVX-512F is enabled for this function; the instructions touch nothing but zmm0 to zmm31, declared
        // overwritten. vzeroall does not reach the upper sixteen.
        unsafe {
            clearing!("vzeroall",
                "vpxorq zmm16, zmm16, zmm16", "vpxorq zmm17, zmm17, zmm17", "vpxorq zmm18, zmm18, zmm18",
                "vpxorq zmm19, zmm19, zmm19", "vpxorq zmm20, zmm20, zmm20", "vpxorq zmm21, zmm21, zmm21",
                "vpxorq zmm22, zmm22, zmm22", "vpxorq zmm23, zmm23, zmm23", "vpxorq zmm24, zmm24, zmm24",
                "vpxorq zmm25, zmm25, zmm25", "vpxorq zmm26, zmm26, zmm26", "vpxorq zmm27, zmm27, zmm27",
                "vpxorq zmm28, zmm28, zmm28", "vpxorq zmm29, zmm29, zmm29", "vpxorq zmm30, zmm30, zmm30",
                "vpxorq zmm31, zmm31, zmm31";
                out("xmm16") _, out("xmm17") _, out("xmm18") _, out("xmm19") _, out("xmm20") _, out("xmm21") _,
                out("xmm22") _, out("xmm23") _, out("xmm24") _, out("xmm25") _, out("xmm26") _, out("xmm27") _,
                out("xmm28") _, out("xmm29") _, out("xmm30") _, out("xmm31") _
            );
        }
    }
}
