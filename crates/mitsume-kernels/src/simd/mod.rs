//! The vector operations of the kernels, once per instruction set.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod bf16;
pub(crate) mod fallback;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;

/// The widest vector of any instruction set, in f32 values.
pub(crate) const MAX_LANES: usize = 16;

/// Vectors of f32 on one instruction set. A value of the type is proof that the machine has it.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    type V: Copy;
    type M: Copy;
    /// f32 values in a vector.
    const LANES: usize;
    /// Rows of the register tile of the matrix product (its width is two vectors).
    const TILE_ROWS: usize;
    /// Rows of a smaller tile that divides `LANES`: enough independent sums to hide the latency of
    /// fma.
    const PARTIAL_ROWS: usize;

    fn splat(self, x: f32) -> Self::V;
    /// # Safety
    /// `LANES` values must be readable at `p`; no alignment is needed.
    unsafe fn load_ptr(self, p: *const f32) -> Self::V;
    /// # Safety
    /// `LANES` values must be writable at `p`; no alignment is needed.
    unsafe fn store_ptr(self, p: *mut f32, v: Self::V);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a * b`
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `max(x, 0)`, and NaN where x is NaN.
    fn relu(self, x: Self::V) -> Self::V;
    /// Where `a > b`; false for NaN.
    fn gt(self, a: Self::V, b: Self::V) -> Self::M;
    /// Where `candidate` greater_or_nan `held` in a maximum over candidates in order, as PyTorch
    /// takes it: where it is greater or NaN.
    fn greater_or_nan(self, candidate: Self::V, held: Self::V) -> Self::M;
    /// `a` where the mask is set, else `b`.
    fn select(self, m: Self::M, a: Self::V, b: Self::V) -> Self::V;

    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }

    /// `max(x, bound)`, and NaN where x is NaN.
    #[inline(always)]
    fn clamp_min(self, x: Self::V, bound: Self::V) -> Self::V {
        self.select(self.gt(bound, x), bound, x)
    }

    /// `min(x, bound)`, and NaN where x is NaN.
    #[inline(always)]
    fn clamp_max(self, x: Self::V, bound: Self::V) -> Self::V {
        self.select(self.gt(x, bound), bound, x)
    }

    /// `a / b`. A loop over lanes, here and below, becomes the set's own instruction.
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        let (mut x, mut by) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        self.store(&mut x, a);
        self.store(&mut by, b);
        for i in 0..Self::LANES {
            x[i] /= by[i];
        }
        self.load(&x)
    }

    /// `2^n` of whole numbers from -126 to 127; unspecified for others.
    #[inline(always)]
    fn exp2_int(self, n: Self::V) -> Self::V {
        let mut x = [0.0; MAX_LANES];
        self.store(&mut x, n);
        for x in &mut x[..Self::LANES] {
            *x = f32::from_bits(((*x as i32).wrapping_add(127) as u32) << 23);
        }
        self.load(&x)
    }

    /// The first `LANES` values of `x`.
    #[inline(always)]
    fn load(self, x: &[f32]) -> Self::V {
        assert!(x.len() >= Self::LANES);
        // SAFETY: the length was just checked.
        unsafe { self.load_ptr(x.as_ptr()) }
    }

    /// Writes the first `LANES` values of `x`.
    #[inline(always)]
    fn store(self, x: &mut [f32], v: Self::V) {
        assert!(x.len() >= Self::LANES);
        // SAFETY: the length was just checked.
        unsafe { self.store_ptr(x.as_mut_ptr(), v) }
    }

    /// `sum` plus the products of the lanes' pairs of bfloat16 ([`bf16`]): of their upper halves
    /// first, each added with one rounding, as AVX512-BF16 does. Not as there, what is subnormal
    /// is not flushed to zero.
    #[inline(always)]
    fn fma_bf16(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        let sum = self.fma(self.upper_bf16(a), self.upper_bf16(b), sum);
        self.fma(self.lower_bf16(a), self.lower_bf16(b), sum)
    }

    /// The upper value of each lane's pair, in f32.
    #[inline(always)]
    fn upper_bf16(self, pairs: Self::V) -> Self::V {
        let mut x = [0.0; MAX_LANES];
        self.store(&mut x, pairs);
        for x in &mut x[..Self::LANES] {
            *x = bf16::upper(*x);
        }
        self.load(&x)
    }

    /// The lower value of each lane's pair, in f32.
    #[inline(always)]
    fn lower_bf16(self, pairs: Self::V) -> Self::V {
        let mut x = [0.0; MAX_LANES];
        self.store(&mut x, pairs);
        for x in &mut x[..Self::LANES] {
            *x = bf16::lower(*x);
        }
        self.load(&x)
    }

    /// Pairs whose lower value is `v`, rounded, and whose upper one is 0.
    #[inline(always)]
    fn to_lower_bf16(self, v: Self::V) -> Self::V {
        let mut x = [0.0; MAX_LANES];
        self.store(&mut x, v);
        for x in &mut x[..Self::LANES] {
            *x = bf16::pair(*x, 0.0);
        }
        self.load(&x)
    }

    /// The pairs of [`Simd::to_lower_bf16`] with `v`, rounded, as their upper value.
    #[inline(always)]
    fn with_upper_bf16(self, pairs: Self::V, v: Self::V) -> Self::V {
        let (mut x, mut upper) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        self.store(&mut x, pairs);
        self.store(&mut upper, v);
        for (x, upper) in x.iter_mut().zip(upper).take(Self::LANES) {
            *x = bf16::with_upper(*x, upper);
        }
        self.load(&x)
    }

    /// Rounds `v` to pairs of neighbours, the first of each the lower, in `LANES / 2` f32.
    ///
    /// # Safety
    /// `LANES / 2` values must be writable at `p`; no alignment is needed.
    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut f32, v: Self::V) {
        let mut x = [0.0; MAX_LANES];
        self.store(&mut x, v);
        for i in 0..Self::LANES / 2 {
            // SAFETY: i is below LANES / 2.
            unsafe { p.add(i).write_unaligned(bf16::pair(x[2 * i], x[2 * i + 1])) };
        }
    }

    /// Up to `LANES` values of `x`, zero beyond its end.
    #[inline(always)]
    fn load_partial(self, x: &[f32]) -> Self::V {
        if x.len() >= Self::LANES {
            return self.load(x);
        }
        let mut whole = [0.0; MAX_LANES];
        whole[..x.len()].copy_from_slice(x);
        self.load(&whole)
    }

    /// Writes the first values of `v`, as many as `x` holds.
    #[inline(always)]
    fn store_partial(self, x: &mut [f32], v: Self::V) {
        if x.len() >= Self::LANES {
            return self.store(x, v);
        }
        let mut whole = [0.0; MAX_LANES];
        self.store(&mut whole, v);
        let n = x.len();
        x.copy_from_slice(&whole[..n]);
    }

    /// The sum of all lanes: halves are added until one value is left.
    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        let mut whole = [0.0; MAX_LANES];
        self.store(&mut whole, v);
        let mut left = Self::LANES;
        while left > 1 {
            left /= 2;
            for i in 0..left {
                whole[i] += whole[i + left];
            }
        }
        whole[0]
    }
}
