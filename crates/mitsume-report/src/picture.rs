//! Decodes image files and encodes small pictures.

use std::path::{Component, Path, PathBuf};

use base64::Engine;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder, RgbImage};
use mitsume_artifacts::DataSummary;
use mitsume_data::{CropBox, ImageTransform, Pixels};

use crate::Result;

const JPEG_QUALITY: u8 = 82;

/// Decodes an image file as the models see it: upright, without alpha, as RGB.
///
/// # Errors
/// [`ReportError::Picture`](crate::ReportError::Picture) naming the file and what is wrong.
pub(crate) fn load_picture(path: &Path) -> Result<RgbImage> {
    let decoded = mitsume_data::decode::decode_file(path)?;
    Ok(picture_from_pixels(&decoded.pixels.into_8_bits()))
}

/// The part of an image file that `transform` shows a network with inputs of `size` (`[height,
/// width]`), as [`load_picture`] gives it.
///
/// # Errors
/// As [`load_picture`].
pub(crate) fn visible_picture(
    path: &Path,
    transform: &ImageTransform,
    size: [usize; 2],
) -> Result<RgbImage> {
    let picture = load_picture(path)?;
    let visible = visible_part(&picture, transform, size);
    Ok(crop_picture(&picture, &visible))
}

/// The part of a picture that `transform` shows a network with inputs of `size` (`[height,
/// width]`).
pub fn visible_part(picture: &RgbImage, transform: &ImageTransform, size: [usize; 2]) -> CropBox {
    transform.visible_region((picture.height() as usize, picture.width() as usize), size)
}

/// A part of a picture.
pub fn crop_picture(picture: &RgbImage, part: &CropBox) -> RgbImage {
    let [left, top, width, height] =
        [part.left, part.top, part.width, part.height].map(|side| side as u32);
    image::imageops::crop_imm(picture, left, top, width, height).to_image()
}

/// The model's view of the image at `relative` below the data folder. `None` if it cannot be read:
/// a missing picture must not fail the page.
pub(crate) fn evaluated_picture(data: &DataSummary, relative: &str) -> Option<RgbImage> {
    let path = path_inside(Path::new(&data.root), relative)?;
    let seen = match &data.transform {
        Some(shown) => visible_picture(&path, &shown.transform, shown.size),
        None => load_picture(&path),
    };
    seen.ok()
}

/// `root` joined with `relative`; `None` if that leaves `root`: a record must not make the page
/// show other files.
fn path_inside(root: &Path, relative: &str) -> Option<PathBuf> {
    let relative = Path::new(relative);
    let stays = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (stays && relative.components().next().is_some()).then(|| root.join(relative))
}

/// The picture scaled so that its longer side is `side`, keeping its proportions.
pub(crate) fn fit_to_side(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = fit_size(picture.dimensions(), side);
    let (w, h) = picture.dimensions();
    let pixels = Pixels::new(w as usize, h as usize, 3, picture.as_raw().clone());
    picture_from_pixels(&mitsume_data::resize(
        &pixels,
        height as usize,
        width as usize,
    ))
}

fn fit_size((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let longest = u64::from(width.max(height));
    let scale = |n: u32| {
        let rounded = (u64::from(n) * u64::from(side) + longest / 2) / longest;
        u32::try_from(rounded).unwrap_or(side).max(1)
    };
    (scale(width), scale(height))
}

/// Planes `[C, H, W]` in [0, 1] (1 or 3 of them) as a picture.
pub(crate) fn picture_from_planes(
    values: &[f32],
    [channels, height, width]: [usize; 3],
) -> RgbImage {
    let plane = height * width;
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let at = y as usize * width + x as usize;
        image::Rgb([0, 1, 2].map(|c| byte(values[c.min(channels - 1) * plane + at])))
    })
}

/// A JPEG in a data URI; one channel if the picture is grey.
pub(crate) fn jpeg_uri(picture: &RgbImage) -> Result<String> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    if picture
        .pixels()
        .all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2])
    {
        let grey = DynamicImage::ImageRgb8(picture.clone()).into_luma8();
        grey.write_with_encoder(encoder)?;
    } else {
        picture.write_with_encoder(encoder)?;
    }
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    Ok(format!("data:image/jpeg;base64,{text}"))
}

/// The picture as a PNG file.
pub(crate) fn encode_png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes).write_image(
        picture.as_raw(),
        picture.width(),
        picture.height(),
        image::ExtendedColorType::Rgb8,
    )?;
    Ok(bytes)
}

/// Decoded pixels of 1 or 3 channels as an RGB picture.
pub fn picture_from_pixels(pixels: &Pixels) -> RgbImage {
    RgbImage::from_fn(pixels.width as u32, pixels.height as u32, |x, y| {
        let at = (y as usize * pixels.width + x as usize) * pixels.channels;
        image::Rgb([0, 1, 2].map(|c: usize| pixels.data[at + c.min(pixels.channels - 1)]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_kept_and_no_side_vanishes() {
        assert_eq!(fit_size((640, 480), 128), (128, 96));
        assert_eq!(fit_size((480, 640), 128), (96, 128));
        assert_eq!(fit_size((65_535, 1), 128), (128, 1));
        assert_eq!(fit_size((16, 16), 128), (128, 128));
    }

    #[test]
    fn planes_become_pixels() {
        let grey = picture_from_planes(&[0.0, 1.0], [1, 1, 2]);
        assert_eq!(grey.as_raw(), &[0, 0, 0, 255, 255, 255]);
        let colour = picture_from_planes(&[1.0, 0.0, 0.5], [3, 1, 1]);
        assert_eq!(colour.as_raw(), &[255, 0, 128]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load_picture(Path::new("/nowhere/x.png"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/nowhere/x.png"), "{error}");
    }

    #[test]
    fn paths_that_leave_the_data_folder_are_not_followed() {
        let root = Path::new("/data");
        assert_eq!(
            path_inside(root, "a/b.png"),
            Some(PathBuf::from("/data/a/b.png"))
        );
        for path in ["", "/etc/passwd", "../x.png", "a/../../x.png", "."] {
            assert_eq!(path_inside(root, path), None, "{path}");
        }
    }
}
