//! Explains one image.

use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Tensor, TensorData};
use mitsume::Deviation;
use mitsume::train::predictions;
use mitsume::trust::Surroundings;
use mitsume_artifacts::{Maps, write_atomic, write_map};
use mitsume_data::DecodedPixels;
use mitsume_report::{
    ActivationMap, Panel, PanelClass, PanelReference, crop_picture, full_overlay_png,
    picture_from_pixels, visible_part,
};

use super::listing::ListedImage;
use super::writer::ExplanationWriter;
use super::{ExplainOptions, ExplainTarget, Explained};
use crate::Result;
use crate::maps::{MapRequest, floats, maps_at};
use crate::network::refuse_diverged;
use crate::reference_maps::deviation_from;
use crate::surroundings::SurroundingsEvaluator;

/// Explains an image from its decoded pixels, writes its map files and adds it to `writer`.
pub(super) fn explain_image(
    listed: &ListedImage,
    decoded: DecodedPixels,
    options: &ExplainOptions<'_>,
    reference: Option<&Maps>,
    writer: &mut ExplanationWriter<'_>,
) -> Result<()> {
    let whole = picture_from_pixels(&decoded.clone().into_8_bits());
    let output = predict_and_map(options.preprocess.prepare(decoded), options)?;
    let [h, w] = options.network.cam_size(options.size());
    let comparison = reference
        .and_then(|maps| maps.class_mean(output.target))
        .map(|mean| Comparison::new(&output.cam, mean, [h, w]))
        .transpose()?;
    let visible = visible_part(&whole, &options.preprocess.transform, options.size());
    let image = crop_picture(&whole, &visible);
    let explained = explained(listed, &output, comparison.as_ref(), options);
    let cam = ActivationMap::new(output.cam, h, w)?;
    let file_name = listed.path.file_name();
    let name = file_name.map_or_else(String::new, |name| name.to_string_lossy().into());
    let class = |class: usize| PanelClass {
        name: &options.classes[class],
        probability: f64::from(output.probabilities[class]),
    };
    let panel = Panel {
        name: &name,
        image: &image,
        cam: &cam,
        predicted: class(output.predicted),
        target: class(output.target),
        reference: comparison.as_ref().map(|comparison| PanelReference {
            mean: &comparison.mean,
            squared_l2: comparison.deviation.squared_l2,
            l2: comparison.deviation.l2,
        }),
        surroundings: output.surroundings.as_ref(),
        style: options.style,
        language: options.language,
    };
    if options.overlay {
        let png = full_overlay_png(whole, &visible, &cam, &options.style)?;
        write_atomic(&options.out.join(listed.overlay()), &png)?;
    }
    if options.raw_maps {
        write_map(&options.out.join(listed.map()), cam.values(), [h, w])?;
    }
    writer.add(&panel, listed, explained)
}

/// Output of the network for one image.
struct NetworkOutput {
    predicted: usize,
    /// The explained class.
    target: usize,
    /// Probabilities, `[K]`.
    probabilities: Vec<f32>,
    /// Normalised map of the target, [h, w].
    cam: Vec<f32>,
    surroundings: Option<Surroundings>,
}

/// Prediction and map of an image with preprocessed pixels [C, H, W].
fn predict_and_map(pixels: Vec<f32>, options: &ExplainOptions<'_>) -> Result<NetworkOutput> {
    let [height, width] = options.size();
    let network = options.network;
    let image = TensorData::new(pixels.clone(), [1, network.channels(), height, width]);
    let image = Tensor::from_data(image, &network.device());
    let hooked = network.hook(image.clone())?;
    let logits = hooked[0].logits()?;
    let predicted = predictions(&logits)[0];
    let probabilities = floats(match options.is_multi_label {
        true => sigmoid(logits),
        false => softmax(logits, 1),
    });
    refuse_diverged(&probabilities)?;
    let target = match options.target {
        ExplainTarget::Predicted => predicted,
        ExplainTarget::Class(class) => class,
    };
    let request = MapRequest {
        options: options.maps,
        images: image,
        targets: &[target],
        seeds: &[0],
    };
    let cam = maps_at(network, &hooked, &request)?.1;
    let evaluator =
        SurroundingsEvaluator::new(network.cam_size(options.size()), &options.preprocess);
    Ok(NetworkOutput {
        predicted,
        target,
        probabilities,
        surroundings: evaluator.measure(&pixels, &cam)?,
        cam,
    })
}

/// The reference's class mean map, and the deviation from it.
struct Comparison {
    mean: ActivationMap,
    deviation: Deviation,
}

impl Comparison {
    /// `cam` and `mean` are maps [h, w] = `size`.
    fn new(cam: &[f32], mean: &[f32], [h, w]: [usize; 2]) -> Result<Self> {
        Ok(Self {
            deviation: deviation_from(mean, cam)?,
            mean: ActivationMap::new(mean.to_vec(), h, w)?,
        })
    }
}

/// The row of the image in results and table.
fn explained(
    listed: &ListedImage,
    output: &NetworkOutput,
    comparison: Option<&Comparison>,
    options: &ExplainOptions<'_>,
) -> Explained {
    let below_out = |name: &str| options.out.join(name).display().to_string();
    let probability = |class: usize| f64::from(output.probabilities[class]);
    Explained {
        image: listed.path.display().to_string(),
        picture: below_out(&listed.picture),
        overlay: options.overlay.then(|| below_out(&listed.overlay())),
        map: options.raw_maps.then(|| below_out(&listed.map())),
        predicted: options.classes[output.predicted].clone(),
        probability: probability(output.predicted),
        target: options.classes[output.target].clone(),
        target_probability: probability(output.target),
        squared_l2: comparison.map(|comparison| comparison.deviation.squared_l2),
        l2: comparison.map(|comparison| comparison.deviation.l2),
        surroundings: output.surroundings,
        probabilities: output
            .probabilities
            .iter()
            .copied()
            .map(f64::from)
            .collect(),
    }
}
