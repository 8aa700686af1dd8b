//! The page of `mitsume explain`: single images beside each other.

use askama::Template;
use mitsume_locale::{Language, text};

use crate::export::ExportLabels;
use crate::links::relative_url;
use crate::overlay::overlay;
use crate::panel::Panel;
use crate::picture::{fit_to_side, jpeg_uri};
use crate::{Result, number_format};

/// Pictures on a page, at about 10 KB an image.
const MAX_CARDS: usize = 400;
/// Longer side of a picture in pixels.
const SIDE: u32 = 144;

/// A page to which images are added one by one; images beyond the limit take no memory.
pub struct ExplainedPage {
    language: Language,
    cards: Vec<Card>,
    /// Predicted classes in order of appearance, with their number of images.
    predicted: Vec<(String, usize)>,
    images: usize,
}

/// Texts of the page around the images.
#[derive(Debug, Clone, Copy)]
pub struct ExplainedFacts<'a> {
    /// The model's name: the title.
    pub title: &'a str,
    /// Names and values of model, method and data, in the page's language.
    pub facts: &'a [(String, String)],
    /// Images that could not be explained, and why.
    pub failed: &'a [(String, String)],
}

struct Card {
    name: String,
    /// The large picture, relative to the page.
    link: String,
    input: String,
    overlay: String,
    predicted: String,
    probability: String,
    /// The class of the map and its probability, where it is not the predicted one.
    target: Option<(String, String)>,
    /// `squared-l2` and `l2`.
    deviation: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "explained.html")]
struct Document<'a> {
    language: Language,
    title: &'a str,
    export: ExportLabels,
    style: &'static str,
    cards: &'a [Card],
    images: usize,
    predicted: &'a [(String, usize)],
    facts: &'a [(String, String)],
    failed: &'a [(String, String)],
    compared: bool,
    version: &'static str,
}

impl ExplainedPage {
    /// An empty page.
    pub fn new(language: Language) -> Self {
        Self {
            language,
            cards: Vec::new(),
            predicted: Vec::new(),
            images: 0,
        }
    }

    /// Adds the image of `panel` under `name`. `link` is the path of the panel's own picture,
    /// relative to the page, with slashes.
    ///
    /// # Errors
    /// A picture that cannot be encoded.
    pub fn add(&mut self, panel: &Panel<'_>, name: &str, link: &str) -> Result<()> {
        self.images += 1;
        let predicted = panel.predicted.name;
        match self
            .predicted
            .iter_mut()
            .find(|(class, _)| class == predicted)
        {
            Some((_, count)) => *count += 1,
            None => self.predicted.push((predicted.to_owned(), 1)),
        }
        if self.cards.len() == MAX_CARDS {
            return Ok(());
        }
        let input = fit_to_side(panel.image, SIDE);
        let other = panel.target.name != predicted;
        self.cards.push(Card {
            name: name.to_owned(),
            link: relative_url(link),
            overlay: jpeg_uri(&overlay(&input, panel.cam, &panel.style))?,
            input: jpeg_uri(&input)?,
            predicted: predicted.to_owned(),
            probability: number_format::percent(panel.predicted.probability),
            target: other.then(|| {
                let probability = number_format::percent(panel.target.probability);
                (panel.target.name.to_owned(), probability)
            }),
            deviation: panel.reference.as_ref().map(|reference| {
                let [squared, l2] =
                    [reference.squared_l2, reference.l2].map(number_format::significant_4);
                (squared, l2)
            }),
        });
        Ok(())
    }

    /// The page, complete.
    ///
    /// # Errors
    /// A template that fails to render.
    pub fn html(&self, about: &ExplainedFacts<'_>) -> Result<String> {
        Ok(Document {
            language: self.language,
            title: about.title,
            export: ExportLabels::new(self.language),
            style: include_str!("../templates/style.css"),
            cards: &self.cards,
            images: self.images,
            predicted: &self.predicted,
            facts: about.facts,
            failed: about.failed,
            compared: self.cards.iter().any(|card| card.deviation.is_some()),
            version: env!("CARGO_PKG_VERSION"),
        }
        .render()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActivationMap, OverlayStyle, PanelClass, PanelReference};
    use image::RgbImage;

    fn page(language: Language, images: usize, reference: bool) -> String {
        let mut page = ExplainedPage::new(language);
        let image = RgbImage::new(8, 8);
        let map = ActivationMap::new(vec![0.5; 4], 2, 2).unwrap();
        for i in 0..images {
            let class = |name| PanelClass {
                name,
                probability: 0.75,
            };
            let panel = Panel {
                name: "x",
                image: &image,
                cam: &map,
                predicted: class("<cat>"),
                target: class(if i == 0 { "dog" } else { "<cat>" }),
                reference: reference.then_some(PanelReference {
                    mean: &map,
                    squared_l2: 0.25,
                    l2: 0.125,
                }),
                surroundings: None,
                style: OverlayStyle::DEFAULT,
                language,
            };
            page.add(&panel, "a b/<x>.png", "a b/<x>.explained.png")
                .unwrap();
        }
        let failed = [("gone.png".to_owned(), "no such <file>".to_owned())];
        page.html(&ExplainedFacts {
            title: "level2",
            facts: &[("map".to_owned(), "grad-cam".to_owned())],
            failed: &failed,
        })
        .unwrap()
    }

    #[test]
    fn names_are_escaped_and_pictures_linked() {
        let html = page(Language::English, 2, true);
        assert!(!html.contains("<x>") && !html.contains("<cat>") && !html.contains("<file>"));
        assert!(html.contains("href=\"./a%20b/%3Cx%3E.explained.png\""));
        assert!(html.contains("gone.png") && html.contains("0.25"));
        assert_eq!(html.matches("<img").count(), 4);
        assert_eq!(
            html.matches("dog").count(),
            1,
            "a target that is the prediction is not said"
        );
    }

    #[test]
    fn a_page_of_many_images_says_how_many_it_shows() {
        let html = page(Language::English, MAX_CARDS + 5, false);
        assert_eq!(html.matches("<img").count(), 2 * MAX_CARDS);
        assert!(
            html.contains("405 images") && html.contains("the first 400"),
            "{}",
            &html[..9000]
        );
    }

    #[test]
    fn both_languages_have_a_page() {
        let html = page(Language::Japanese, 1, true);
        assert!(html.contains("lang=\"ja\"") && html.contains("画像 1 枚"));
    }
}
