//! Choosing an instruction set at run time.
//!
//! A kernel is written once, over [`Simd`](crate::simd::Simd). [`Isa::run`] compiles it once per
//! instruction set inside a function that enables that set, so one portable binary holds them all.

use crate::simd::Simd;
use crate::simd::fallback::Fallback;
use std::sync::OnceLock;

/// The set that [`Isa::best`] is limited to in this process.
static LIMIT: OnceLock<Isa> = OnceLock::new();

/// An instruction set the kernels are compiled for. Only sets this machine has can be obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fallback,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX-512 with AVX512-BF16: for kernels that multiply bfloat16.
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// A computation that can run on any instruction set.
///
/// `run` must be `#[inline(always)]`, and so must all it calls: only then is it compiled with the
/// instructions of the set it runs on. For the same reason no vector may pass through a closure,
/// such as that of `array::from_fn`.
pub(crate) trait Kernel {
    type Output;
    /// Whether it multiplies values of bfloat16. Others are the same with and without the
    /// instructions for these, and are compiled once.
    const MULTIPLIES_BF16: bool = false;
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

impl Isa {
    /// Plain Rust without explicit vector instructions; works everywhere.
    pub const FALLBACK: Self = Self(Kind::Fallback);

    /// The fastest instruction set of this machine, or the one that [`Isa::limit`] was called for.
    pub fn best() -> Self {
        let fastest = || *Self::available().last().unwrap_or(&Self::FALLBACK);
        LIMIT.get().copied().unwrap_or_else(fastest)
    }

    /// The instruction set of this name, if this machine has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::available().into_iter().find(|isa| isa.name() == name)
    }

    /// Makes this set the [`best`](Isa::best) for the rest of the process: for benchmarks, and to
    /// tell whether a fault is of one set. To be called before anything is computed; workspaces
    /// that exist keep theirs.
    ///
    /// # Errors
    /// The set that an earlier call chose, if it is another.
    pub fn limit(self) -> Result<(), Self> {
        let chosen = *LIMIT.get_or_init(|| self);
        if chosen == self { Ok(()) } else { Err(chosen) }
    }

    /// Every instruction set this machine can run, slowest first.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut found = vec![Self::FALLBACK];
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") {
                found.push(Self(Kind::Avx2));
            }
            if has!("avx512f") && has!("fma") && has!("avx2") {
                found.push(Self(Kind::Avx512));
                if has!("avx512bf16") {
                    found.push(Self(Kind::Avx512Bf16));
                }
            }
        }
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        if std::arch::is_aarch64_feature_detected!("neon") {
            found.push(Self(Kind::Neon));
        }
        found
    }

    /// A short lower-case name: `fallback`, `avx2`, `avx512`, `avx512bf16` or `neon`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Fallback => "fallback",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Bf16 => "avx512bf16",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }

    /// f32 values in one vector register.
    pub(crate) fn lanes(self) -> usize {
        struct Lanes;
        impl Kernel for Lanes {
            type Output = usize;
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> usize {
                S::LANES
            }
        }
        self.run(Lanes)
    }

    /// Runs `kernel` with this instruction set enabled.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Kind::Fallback => kernel.run(Fallback),
            // SAFETY: `Isa` values other than FALLBACK are made only by `available`, after
            // detection.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Bf16 if K::MULTIPLIES_BF16 => unsafe { run_avx512_bf16(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Avx512Bf16 => unsafe { run_avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { run_neon(kernel) },
        }
    }
}

/// # Safety
/// The machine must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: required of the caller.
    kernel.run(unsafe { crate::simd::avx2::Avx2::assume() })
}

/// # Safety
/// The machine must have AVX-512F, AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: required of the caller.
    kernel.run(unsafe { crate::simd::avx512::Avx512::<false>::assume() })
}

/// # Safety
/// The machine must have AVX-512F, AVX512-BF16, AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16,avx2,fma")]
unsafe fn run_avx512_bf16<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: required of the caller.
    kernel.run(unsafe { crate::simd::avx512::Avx512::<true>::assume() })
}

/// # Safety
/// The machine must have NEON.
#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn run_neon<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: required of the caller.
    kernel.run(unsafe { crate::simd::neon::Neon::assume() })
}
