//! One explained image as one picture.

use image::{Rgb, RgbImage, imageops};
use mitsume::trust::Surroundings;

use crate::colour_bar::ColourBar;
use crate::map::Map;
use crate::overlay::{OverlayStyle, overlay, plain};
use crate::picture::{fitted, png};
use crate::text::{LINE, Weight, draw, needs_escapes, printable, shortened, width_of};
use crate::{ReportError, Result, number};

/// What a panel shows.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// Name of the image, normally its file name.
    pub name: &'a str,
    /// The image itself, as decoded.
    pub image: &'a RgbImage,
    /// The CAM of the target class.
    pub cam: &'a Map,
    /// The class the model predicts.
    pub predicted: PanelClass<'a>,
    /// The class the CAM is of.
    pub target: PanelClass<'a>,
    /// What to compare with, if anything.
    pub reference: Option<PanelReference<'a>>,
    /// How much of the CAM lies on the image's border and empty background, where it lies anywhere.
    pub surroundings: Option<&'a Surroundings>,
    /// How the CAM is drawn over the image; maps that stand alone take its colours.
    pub style: OverlayStyle,
}

/// A class and how probable the model finds it.
#[derive(Debug, Clone, Copy)]
pub struct PanelClass<'a> {
    /// Class name.
    pub name: &'a str,
    /// Softmax probability, in [0, 1].
    pub probability: f64,
}

/// The mean map of the target class over correctly classified images, and the deviation from it.
#[derive(Debug, Clone, Copy)]
pub struct PanelReference<'a> {
    /// Class mean map (Eq. 8), of the CAM's size.
    pub mean: &'a Map,
    /// Deviation by the definition (Eq. 9).
    pub squared_l2: f64,
    /// Deviation as the published code computes it.
    pub l2: f64,
}

const TILE: u32 = 256;
const GAP: u32 = 16;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

/// Draws input, overlay and colour bar, classes with probabilities, and with a reference the
/// class mean map, the difference from it and both deviations.
///
/// # Errors
/// [`ReportError::Map`] if the reference map is not of the CAM's size or a side of the image is 0.
pub fn panel(panel: &Panel) -> Result<RgbImage> {
    if panel.image.width() == 0 || panel.image.height() == 0 {
        return Err(ReportError::Map(
            "an image without pixels cannot be shown".to_owned(),
        ));
    }
    let input = fitted(panel.image, TILE);
    let (width, height) = input.dimensions();
    let colours = panel.style.colour_map;
    let mut tiles = vec![
        ("input", input.clone()),
        ("where it looks", overlay(&input, panel.cam, &panel.style)),
    ];
    if let Some(reference) = &panel.reference {
        let difference = panel.cam.difference(reference.mean)?;
        tiles.push((
            "class mean map",
            plain(reference.mean, height, width, colours),
        ));
        tiles.push(("difference", plain(&difference, height, width, colours)));
    }
    let lines = lines(panel);
    let top = GAP + 2 * LINE;
    let right = GAP + tiles.len() as u32 * (TILE + GAP);
    let total_width = right + ColourBar::WIDTH + GAP;
    let total_height = top + TILE + GAP + lines.len() as u32 * LINE + GAP / 2;
    let mut out = RgbImage::from_pixel(total_width, total_height, PAPER);
    let columns = ((total_width - 2 * GAP) / width_of(1)) as usize;

    let name = shortened(&printable(panel.name), columns);
    draw(&mut out, (GAP, GAP / 2), &name, Weight::Bold);
    for (index, (caption, tile)) in tiles.iter().enumerate() {
        let x = GAP + index as u32 * (TILE + GAP);
        draw(&mut out, (x, GAP / 2 + LINE), caption, Weight::Regular);
        // Narrower or lower images are centred in their square.
        let (dx, dy) = ((TILE - width) / 2, (TILE - height) / 2);
        imageops::replace(&mut out, tile, i64::from(x + dx), i64::from(top + dy));
    }
    let bar = ColourBar {
        colours,
        height: TILE,
    };
    bar.draw(&mut out, (right, top));
    for (index, line) in lines.iter().enumerate() {
        let y = top + TILE + GAP / 2 + index as u32 * LINE;
        draw(
            &mut out,
            (GAP, y),
            &shortened(line, columns),
            Weight::Regular,
        );
    }
    Ok(out)
}

/// As [`panel`], encoded as a PNG file.
///
/// # Errors
/// As [`panel`].
pub fn panel_png(contents: &Panel) -> Result<Vec<u8>> {
    png(&panel(contents)?)
}

/// What is written below the tiles.
fn lines(panel: &Panel) -> Vec<String> {
    let class = |what: &str, class: &PanelClass| {
        let probability = number::percent(class.probability);
        format!("{what} {probability:>7}  {}", printable(class.name))
    };
    let mut lines = vec![
        class("predicted", &panel.predicted),
        class("map of   ", &panel.target),
    ];
    if let Some(reference) = &panel.reference {
        lines.push(format!(
            "deviation from the class mean: squared-l2 {}, l2 {}",
            number::short(reference.squared_l2),
            number::short(reference.l2)
        ));
        lines.push("the lower, the more typical of its class".to_owned());
    }
    if let Some(surroundings) = panel.surroundings {
        for (place, region) in [
            ("on the image's border  ", surroundings.border),
            ("on its empty background", surroundings.background),
        ] {
            let [mass, area] = [region.mass, region.area].map(number::percent);
            lines.push(format!("{place} {mass:>7}  (an even map: {area})"));
        }
    }
    let names = [panel.name, panel.predicted.name, panel.target.name];
    if names.iter().any(|name| needs_escapes(name)) {
        lines.push("\\u{...}: a character this picture's font lacks".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use mitsume::trust::surroundings::Region;

    use super::*;

    fn blob(cx: f32, cy: f32) -> Map {
        let value = |i: usize| {
            let (x, y) = ((i % 28) as f32 - cx, (i / 28) as f32 - cy);
            (-(x * x + y * y) / 40.0).exp()
        };
        Map::new((0..28 * 28).map(value).collect(), 28, 28).unwrap()
    }

    fn draw_one(name: &str, class: &str, reference: bool, size: (u32, u32)) -> RgbImage {
        let image = RgbImage::from_fn(size.0, size.1, |x, y| {
            Rgb([((x * 7 + y * 3) % 160) as u8 + 40; 3])
        });
        let (cam, mean) = (blob(18.0, 9.0), blob(14.0, 12.0));
        let reference = reference.then_some(PanelReference {
            mean: &mean,
            squared_l2: 0.012_345,
            l2: 3.97e-3,
        });
        let predicted = PanelClass {
            name: "meningioma",
            probability: 0.912,
        };
        let target = PanelClass {
            name: class,
            probability: 0.0713,
        };
        let contents = Panel {
            name,
            image: &image,
            cam: &cam,
            predicted,
            target,
            reference,
            surroundings: None,
            style: OverlayStyle::DEFAULT,
        };
        panel(&contents).unwrap()
    }

    #[test]
    fn a_reference_adds_two_tiles() {
        let without = draw_one("Te-gl_0010.png", "glioma", false, (224, 224));
        let with = draw_one("Te-gl_0010.png", "glioma", true, (224, 224));
        assert_eq!(with.width(), without.width() + 2 * (TILE + GAP));
        assert_eq!(with.height(), without.height() + 2 * LINE);
    }

    #[test]
    fn border_and_background_are_said_below() {
        let region = |mass, area| Region { mass, area };
        let surroundings = Surroundings {
            border: region(0.521, 0.36),
            background: region(0.0, 0.0),
        };
        let map = blob(1.0, 1.0);
        let class = PanelClass {
            name: "a",
            probability: 1.0,
        };
        let contents = Panel {
            name: "x",
            image: &RgbImage::new(8, 8),
            cam: &map,
            predicted: class,
            target: class,
            reference: None,
            surroundings: Some(&surroundings),
            style: OverlayStyle::DEFAULT,
        };
        assert_eq!(
            lines(&contents)[2..],
            [
                "on the image's border    52.1 %  (an even map: 36.0 %)",
                "on its empty background   0.0 %  (an even map: 0.0 %)",
            ]
        );
    }

    #[test]
    fn the_overlay_is_bright_where_the_map_is() {
        let picture = draw_one("x.png", "glioma", true, (512, 512));
        let sum = |x, y| {
            picture
                .get_pixel(x, y)
                .0
                .iter()
                .map(|c| u32::from(*c))
                .sum::<u32>()
        };
        let top = GAP + 2 * LINE;
        let tile = |n: u32| GAP + n * (TILE + GAP);
        // The blob's centre at (18.5, 9.5) of 28 elements.
        let (x, y) = (18.5 / 28.0 * TILE as f32, 9.5 / 28.0 * TILE as f32);
        assert!(sum(tile(1) + x as u32, top + y as u32) > 400);
        assert!(sum(tile(1) + 5, top + TILE - 5) < 300);
        let colour = |value| OverlayStyle::DEFAULT.colour_map.colour(value);
        assert_eq!(picture.get_pixel(tile(4), top), &colour(1.0));
        assert_eq!(picture.get_pixel(tile(4), top + TILE - 1), &colour(0.0));
    }

    #[test]
    fn any_shape_and_any_name_fit() {
        for size in [(1, 1), (1000, 10), (10, 1000), (224, 180)] {
            draw_one(&"a very long name ".repeat(50), "髄膜腫", true, size);
            draw_one("", "", false, size);
        }
    }

    #[test]
    fn a_reference_of_another_size_is_refused() {
        let image = RgbImage::new(8, 8);
        let mean = Map::new(vec![0.0; 4], 2, 2).unwrap();
        let class = PanelClass {
            name: "a",
            probability: 1.0,
        };
        let contents = Panel {
            name: "x",
            image: &image,
            cam: &blob(1.0, 1.0),
            predicted: class,
            target: class,
            reference: Some(PanelReference {
                mean: &mean,
                squared_l2: 0.0,
                l2: 0.0,
            }),
            surroundings: None,
            style: OverlayStyle::DEFAULT,
        };
        let error = panel(&contents).unwrap_err().to_string();
        assert!(error.contains("28x28") && error.contains("2x2"), "{error}");
    }
}
