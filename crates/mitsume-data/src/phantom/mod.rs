//! Brain-like MRI slices drawn procedurally, for first runs, demonstrations and tests. Each image
//! has a mask of its lesion, which public data sets of this kind lack.
//!
//! The four classes are named as in the Brain Tumor MRI data set. They differ only in the lesion: a
//! glioma is irregular and lies inside the brain, a meningioma is bright, round and lies at its
//! rim, a pituitary tumour is small and central. Heads, contrast, bias field and noise have the
//! same distribution in all classes, and every class has harmless bright distractors
//! ([`difficulty`]).
//!
//! Phantoms are not a model of disease: no claim about real scans follows from them.

mod anatomy;
pub mod difficulty;
mod distractor;
mod ellipse;
mod lesion;
mod noise_field;
mod scanner;
mod write;

use anatomy::Anatomy;
use mitsume_random::RandomStream;
pub use write::{PhantomSet, PhantomSpec, write_data_set};

/// A class of phantoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PhantomClass {
    /// Irregular, inside the brain.
    Glioma,
    /// Bright, round, at the rim.
    Meningioma,
    /// No lesion.
    NoTumor,
    /// Small, central.
    Pituitary,
}

impl PhantomClass {
    /// All classes, in the order of their names.
    pub const ALL: [Self; 4] = [
        Self::Glioma,
        Self::Meningioma,
        Self::NoTumor,
        Self::Pituitary,
    ];

    /// The folder name in the Brain Tumor MRI data set.
    pub fn name(self) -> &'static str {
        match self {
            Self::Glioma => "glioma",
            Self::Meningioma => "meningioma",
            Self::NoTumor => "notumor",
            Self::Pituitary => "pituitary",
        }
    }
}

/// One drawn slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phantom {
    /// Rows and columns.
    pub size: usize,
    /// Grey values, row by row, `size * size`.
    pub image: Vec<u8>,
    /// 255 where the lesion is, otherwise 0; `size * size`.
    pub mask: Vec<u8>,
}

/// Draws one slice; a function of its arguments only.
///
/// # Panics
/// If `size` is 0.
pub fn draw(class: PhantomClass, size: usize, seed: u64, index: u64) -> Phantom {
    assert!(size > 0, "an image has at least one pixel");
    let stream = |part: &str| RandomStream::new(part, &[seed, class as u64, index]);
    let anatomy = Anatomy::draw(&mut stream("mitsume phantom v1 anatomy"));
    let distractors = distractor::draw(&mut stream("mitsume phantom v1 distractors"));
    let lesion = lesion::draw(class, &anatomy, &mut stream("mitsume phantom v1 lesion"));
    let mut signal = Vec::with_capacity(size * size);
    let mut mask = Vec::with_capacity(size * size);
    let step = 2.0 / size as f64;
    for row in 0..size {
        for column in 0..size {
            let centre = |n: usize| (n as f64 + 0.5) * step - 1.0;
            let point = anatomy.point(centre(column), centre(row));
            let mut value = anatomy.tissue(&point, step);
            for distractor in &distractors {
                value = distractor.blend(value, &point, step);
            }
            let covered = lesion.as_ref().map_or(0.0, |l| l.coverage(&point, step));
            if let Some(lesion) = &lesion {
                value = lesion.blend(value, &point, covered);
            }
            signal.push(value);
            mask.push(if covered > 0.5 { 255 } else { 0 });
        }
    }
    let image = scanner::acquire(&signal, size, &mut stream("mitsume phantom v1 scanner"));
    Phantom { size, image, mask }
}
