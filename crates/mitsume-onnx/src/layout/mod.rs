//! Which axis of a layer's output holds channels and which hold pixels. This is inferred through
//! the graph from the image [N, C, H, W], never from the number of axes.

mod axes;
mod axis_rules;
mod evidence;
mod inference;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

pub(crate) use axes::{Axes, InferredLayout, Role};
pub(crate) use axis_rules::AxisRule;
pub(crate) use inference::infer_axes;

use crate::graph::ValueId;

/// Axes by value.
pub(crate) type AxesByValue = HashMap<ValueId, Axes>;

/// How a layer's output is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureLayout {
    /// [N, C, h, w]: channels first, as in convolutional networks.
    Nchw,
    /// [N, h, w, C]: channels last, as in Swin and other models that normalise over the last axis.
    Nhwc,
    /// [N, T, C]: tokens, as in Vision Transformers.
    Tokens,
    /// [T, N, C]: tokens before images, as in PyTorch's attention without `batch_first`.
    TokensFirst,
    /// [N, C, T]: tokens after channels, as in 1-D convolutions and token mixing.
    TokensLast,
}

impl FeatureLayout {
    /// All layouts.
    pub const ALL: [Self; 5] = [
        Self::Nchw,
        Self::Nhwc,
        Self::Tokens,
        Self::TokensFirst,
        Self::TokensLast,
    ];

    /// `nchw`, `nhwc`, `tokens`, `tokens-first` or `tokens-last`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nchw => "nchw",
            Self::Nhwc => "nhwc",
            Self::Tokens => "tokens",
            Self::TokensFirst => "tokens-first",
            Self::TokensLast => "tokens-last",
        }
    }

    /// The axes in letters, as `[N, h, w, C]`.
    pub fn axes(self) -> &'static str {
        match self {
            Self::Nchw => "[N, C, h, w]",
            Self::Nhwc => "[N, h, w, C]",
            Self::Tokens => "[N, T, C]",
            Self::TokensFirst => "[T, N, C]",
            Self::TokensLast => "[N, C, T]",
        }
    }

    /// Whether its pixels are tokens on one axis, so that their rows and columns must be given.
    pub fn is_tokens(self) -> bool {
        !matches!(self, Self::Nchw | Self::Nhwc)
    }

    /// Number of axes.
    pub fn rank(self) -> usize {
        if self.is_tokens() { 3 } else { 4 }
    }

    /// The axis of images.
    pub(crate) fn batch_axis(self) -> usize {
        usize::from(self == Self::TokensFirst)
    }

    /// The axis of channels.
    pub(crate) fn channel_axis(self) -> usize {
        match self {
            Self::Nchw | Self::TokensLast => 1,
            Self::Nhwc => 3,
            Self::Tokens | Self::TokensFirst => 2,
        }
    }

    /// The axes of pixels: rows and columns, or tokens.
    pub(crate) fn pixel_axes(self) -> &'static [usize] {
        match self {
            Self::Nchw => &[2, 3],
            Self::Nhwc => &[1, 2],
            Self::Tokens => &[1],
            Self::TokensFirst => &[0],
            Self::TokensLast => &[2],
        }
    }

    /// Whether a value of `shape` with axes of these roles, computed for `batch` images, can have
    /// it.
    fn fits(&self, roles: &[Role], shape: &[usize], batch: usize) -> bool {
        if roles.len() != self.rank() {
            return false;
        }
        let pixels = self.pixel_axes();
        let fits = |(i, role): (usize, &Role)| {
            if i == self.batch_axis() {
                let alone = !roles.contains(&Role::Batch) && shape[i] == batch;
                return *role == Role::Batch
                    || (alone && matches!(role, Role::Unknown | Role::Single));
            }
            if i == self.channel_axis() {
                return matches!(role, Role::Channel | Role::Unknown);
            }
            match role {
                Role::Row => self.rank() == 4 && i == pixels[0],
                Role::Column => self.rank() == 4 && i == pixels[1],
                Role::Grid { .. } => self.is_tokens(),
                Role::Displaced | Role::Unknown => true,
                // `Single` among them: a reduction also leaves axes of length 1.
                _ => false,
            }
        };
        roles.iter().enumerate().all(fits)
    }
}

impl fmt::Display for FeatureLayout {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FeatureLayout {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|layout| layout.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{name} is no layout: {names}")
        })
    }
}
