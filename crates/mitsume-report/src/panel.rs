//! The picture of one explained image.

use image::{Rgb, RgbImage, imageops};
use mitsume::trust::Surroundings;
use mitsume_locale::{Language, text};

use crate::activation_map::ActivationMap;
use crate::bitmap_text::{LINE, Weight, needs_escapes, printable, shortened, width_of};
use crate::colour_bar::ColourBar;
use crate::lettering::{Lettering, PlacedText};
use crate::overlay::{OverlayStyle, coloured_map, overlay};
use crate::picture::{encode_png, fit_to_side};
use crate::{ReportError, Result, number_format};

/// Contents of a panel.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// Name of the image, normally its file name.
    pub name: &'a str,
    /// The image itself, as decoded.
    pub image: &'a RgbImage,
    /// The CAM of the target class.
    pub cam: &'a ActivationMap,
    /// The class the model predicts.
    pub predicted: PanelClass<'a>,
    /// The class the CAM is of.
    pub target: PanelClass<'a>,
    /// The class mean map to compare with, if any.
    pub reference: Option<PanelReference<'a>>,
    /// Relevance mass on the image's border and uniform background; `None` for a map of zeros.
    pub surroundings: Option<&'a Surroundings>,
    /// How the CAM is drawn over the image; maps that stand alone take its colours.
    pub style: OverlayStyle,
    /// Language of the text on the picture.
    pub language: Language,
}

/// A class and its predicted probability.
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
    pub mean: &'a ActivationMap,
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
    let input = fit_to_side(panel.image, TILE);
    let (width, height) = input.dimensions();
    let colours = panel.style.colour_map;
    let mut tiles = vec![input.clone(), overlay(&input, panel.cam, &panel.style)];
    if let Some(reference) = &panel.reference {
        let difference = panel.cam.difference(reference.mean)?;
        tiles.push(coloured_map(reference.mean, height, width, colours));
        tiles.push(coloured_map(&difference, height, width, colours));
    }
    let top = GAP + 2 * LINE;
    let right = GAP + tiles.len() as u32 * (TILE + GAP);
    let total_width = right + ColourBar::WIDTH + GAP;
    let (total_height, lettering) = lettering(panel, total_width)?;
    let mut out = RgbImage::from_pixel(total_width, total_height, PAPER);
    for (index, tile) in tiles.iter().enumerate() {
        let x = tile_left(index);
        // Narrower or lower images are centred in their square.
        let (dx, dy) = ((TILE - width) / 2, (TILE - height) / 2);
        imageops::replace(&mut out, tile, i64::from(x + dx), i64::from(top + dy));
    }
    let bar = ColourBar {
        colours,
        height: TILE,
    };
    bar.draw(&mut out, (right, top));
    lettering.draw(&mut out);
    Ok(out)
}

fn tile_left(index: usize) -> u32 {
    GAP + index as u32 * (TILE + GAP)
}

/// The height of the picture and the text on it, in the panel's language, or in English if no font
/// of the system has its characters.
fn lettering(panel: &Panel, width: u32) -> Result<(u32, Lettering)> {
    let lettering_in = |language| {
        let (height, texts) = texts(panel, width, language);
        let lettering = Lettering::new(texts, (width, height))?;
        Ok::<_, ReportError>(lettering.map(|lettering| (height, lettering)))
    };
    match lettering_in(panel.language)? {
        Some(own) => Ok(own),
        None => lettering_in(Language::English)?
            .ok_or_else(|| ReportError::Drawing("no font for English".to_owned())),
    }
}

/// The height of the picture, and the text on it.
fn texts(panel: &Panel, width: u32, language: Language) -> (u32, Vec<PlacedText>) {
    let top = GAP + 2 * LINE;
    let columns = ((width - 2 * GAP) / width_of(1)) as usize;
    let lines = lines(panel, language);
    let mut texts = vec![PlacedText {
        at: (GAP, GAP / 2),
        text: fitting(&shown(panel.name, language), columns),
        weight: Weight::Bold,
    }];
    let mut captions = vec!["explain-panel-input", "explain-panel-overlay"];
    if panel.reference.is_some() {
        captions.extend(["explain-panel-mean", "explain-panel-difference"]);
    }
    for (index, caption) in captions.into_iter().enumerate() {
        texts.push(PlacedText {
            at: (tile_left(index), GAP / 2 + LINE),
            text: text!(language, caption),
            weight: Weight::Regular,
        });
    }
    for (index, line) in lines.iter().enumerate() {
        texts.push(PlacedText {
            at: (GAP, top + TILE + GAP / 2 + index as u32 * LINE),
            text: fitting(line, columns),
            weight: Weight::Regular,
        });
    }
    let height = top + TILE + GAP + lines.len() as u32 * LINE + GAP / 2;
    (height, texts)
}

/// A name; in English with escapes, because the built-in font lacks some characters.
fn shown(name: &str, language: Language) -> String {
    match language {
        Language::English => printable(name),
        Language::Japanese => name.to_owned(),
    }
}

/// As much as fits; characters that the built-in font lacks may be twice as wide.
fn fitting(text: &str, columns: usize) -> String {
    let wide = needs_escapes(text);
    shortened(text, if wide { columns / 2 } else { columns })
}

/// As [`panel`], encoded as a PNG file.
///
/// # Errors
/// As [`panel`].
pub fn panel_png(contents: &Panel) -> Result<Vec<u8>> {
    encode_png(&panel(contents)?)
}

/// The lines below the tiles.
fn lines(panel: &Panel, language: Language) -> Vec<String> {
    let aligned = |ids: [&str; 2]| {
        let words = ids.map(|id| text!(language, id));
        let width = words.iter().map(|word| word.chars().count()).max();
        words.map(|word| format!("{word:<width$}", width = width.unwrap_or(0)))
    };
    let [predicted, map_of] = aligned(["explain-panel-predicted", "explain-panel-map-of"]);
    let class = |what: &str, class: &PanelClass| {
        let probability = number_format::percent(class.probability);
        format!("{what} {probability:>7}  {}", shown(class.name, language))
    };
    let mut lines = vec![
        class(&predicted, &panel.predicted),
        class(&map_of, &panel.target),
    ];
    if let Some(reference) = &panel.reference {
        let [squared, l2] = [reference.squared_l2, reference.l2].map(number_format::significant_4);
        lines.push(text!(
            language,
            "explain-panel-deviation",
            squared = squared,
            l2 = l2
        ));
        lines.push(text!(language, "explain-panel-typical"));
    }
    if let Some(surroundings) = panel.surroundings {
        let places = aligned(["explain-panel-border", "explain-panel-background"]);
        for (place, region) in places
            .iter()
            .zip([surroundings.border, surroundings.background])
        {
            let [mass, area] = [region.mass, region.area].map(number_format::percent);
            let even = text!(language, "explain-panel-even", area = area);
            lines.push(format!("{place} {mass:>7}  ({even})"));
        }
    }
    let names = [panel.name, panel.predicted.name, panel.target.name];
    if language == Language::English && names.iter().any(|name| needs_escapes(name)) {
        let lacking = text!(language, "explain-panel-escaped");
        lines.push(format!("\\u{{...}}: {lacking}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use mitsume::trust::surroundings::Region;

    use super::*;

    fn blob(cx: f32, cy: f32) -> ActivationMap {
        let value = |i: usize| {
            let (x, y) = ((i % 28) as f32 - cx, (i / 28) as f32 - cy);
            (-(x * x + y * y) / 40.0).exp()
        };
        ActivationMap::new((0..28 * 28).map(value).collect(), 28, 28).unwrap()
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
            language: Language::English,
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

    /// The picture depends on whether the system has a Japanese font.
    #[test]
    fn the_lettering_is_in_the_panels_language_or_in_english_where_no_font_has_it() {
        let image = RgbImage::new(64, 64);
        let cam = blob(14.0, 14.0);
        let class = PanelClass {
            name: "髄膜腫",
            probability: 0.5,
        };
        let contents = |language| Panel {
            name: "x",
            image: &image,
            cam: &cam,
            predicted: class,
            target: class,
            reference: None,
            surroundings: None,
            style: OverlayStyle::DEFAULT,
            language,
        };
        let [english, japanese] = Language::ALL.map(contents);
        let width = 2 * (TILE + GAP) + 2 * GAP + ColourBar::WIDTH;
        let (height, texts) = texts(&japanese, width, Language::Japanese);
        assert!(texts.iter().any(|letters| letters.text == "入力画像"));
        assert!(texts.iter().any(|letters| letters.text.ends_with("髄膜腫")));
        let drawn = Lettering::new(texts, (width, height)).unwrap().is_some();
        let [english, japanese] = [english, japanese].map(|contents| panel(&contents).unwrap());
        assert_eq!(drawn, english != japanese);
        // Ink where a caption stands, in either.
        for picture in [english, japanese] {
            let caption =
                (GAP..GAP + 60).flat_map(|x| (GAP / 2 + LINE..GAP + 2 * LINE).map(move |y| (x, y)));
            let dark = caption.filter(|&(x, y)| picture.get_pixel(x, y).0[0] < 128);
            assert!(dark.count() > 20);
        }
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
            language: Language::English,
        };
        assert_eq!(
            lines(&contents, Language::English)[2..],
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
        let mean = ActivationMap::new(vec![0.0; 4], 2, 2).unwrap();
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
            language: Language::English,
        };
        let error = panel(&contents).unwrap_err().to_string();
        assert!(error.contains("28x28") && error.contains("2x2"), "{error}");
    }
}
