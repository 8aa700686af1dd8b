"""ONNX models against PyTorch and pytorch-grad-cam."""

import numpy as np
import pytest

import mitsume

# Float32 sums in another order; maps are quotients of differences of such sums.
LOGITS = 2e-5
MAPS = 2e-4


@pytest.mark.parametrize("name", ["residual", "dense", "swin", "vision-transformer", "inverted"])
def test_logits_and_maps_are_those_of_pytorch(reference, name):
    path, expected, layer = reference(name)
    model = mitsume.Onnx(path, target_layer=layer)
    np.testing.assert_allclose(model.logits(expected["images"]), expected["logits"], atol=LOGITS)
    for method in ("grad-cam", "layer-cam"):
        found = model.explain(expected["images"], method=method, target=expected["targets"])
        np.testing.assert_allclose(found.logits, expected["logits"], atol=LOGITS)
        np.testing.assert_allclose(found.maps, expected[f"map.{method}"], atol=MAPS)
        assert found.targets.tolist() == expected["targets"].tolist()


def test_the_predicted_class_is_explained_by_default(reference):
    path, expected, _ = reference("residual")
    model = mitsume.Onnx(path)
    found = model.explain(expected["images"])
    assert found.targets.tolist() == expected["logits"].argmax(axis=1).tolist()
    assert found.predictions.tolist() == found.targets.tolist()
    for k in (0, 3):
        one = model.explain(expected["images"], target=k)
        assert one.targets.tolist() == [k, k]
    chosen = model.explain(expected["images"], target=found.targets)
    np.testing.assert_array_equal(found.maps, chosen.maps)


def test_batches_give_the_maps_of_all_images(reference):
    path, expected, _ = reference("residual")
    model = mitsume.Onnx(path)
    images = np.concatenate([expected["images"]] * 3)
    whole = model.explain(images)
    parts = model.explain(images, batch_size=2)
    np.testing.assert_allclose(parts.maps, whole.maps, atol=1e-6)
    np.testing.assert_allclose(model.logits(images, batch_size=4), whole.logits, atol=1e-6)


def test_a_preset_normalises_images(reference):
    path, _, _ = reference("residual")
    pixels = np.random.default_rng(0).random((2, 3, 32, 32), dtype=np.float32)
    mean = np.array([0.485, 0.456, 0.406], dtype=np.float32)[:, None, None]
    std = np.array([0.229, 0.224, 0.225], dtype=np.float32)[:, None, None]
    found = mitsume.Onnx(path, preset="imagenet").logits(pixels)
    np.testing.assert_allclose(found, mitsume.Onnx(path).logits((pixels - mean) / std), atol=1e-6)


def test_layers_tell_the_default_and_others_can_be_chosen(reference):
    path, expected, _ = reference("residual")
    model = mitsume.Onnx(path)
    layers = model.layers()
    assert [layer["name"] for layer in layers if layer["default"]] == model.target_layers
    other = mitsume.Onnx(path, target_layer="features.1")
    assert other.target_layers != model.target_layers
    rows, columns = other.map_size
    found = other.explain(expected["images"])
    assert found.maps.shape == (2, rows, columns)
    both = mitsume.Onnx(path, target_layer=["features.1", "features.3"])
    assert len(both.target_layers) == 2


def test_enlarged_maps_are_those_of_bilinear_interpolation(reference):
    path, expected, _ = reference("residual")
    found = mitsume.Onnx(path).explain(expected["images"])
    enlarged = found.enlarged((32, 32))
    assert enlarged.shape == (2, 32, 32)
    # Of a map that is a plane the interior is that plane, sampled at pixel centres.
    plane = np.add.outer(np.arange(4.0), 2 * np.arange(4.0))[None].astype(np.float32)
    wide = mitsume.Explanation(found.logits[:1], plane, found.targets[:1]).enlarged((8, 8))[0]
    at = (np.arange(8) + 0.5) / 2 - 0.5
    expected = np.add.outer(at, 2 * at)
    np.testing.assert_allclose(wide[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-6)


def test_what_does_not_fit_is_refused_by_the_arguments_name(reference, tmp_path):
    path, expected, _ = reference("residual")
    model, images = mitsume.Onnx(path), expected["images"]
    refused = [
        ("images: shape", lambda: model.logits(images[:, :2])),
        ("images: type", lambda: model.logits(np.zeros((1, 3, 32, 32), dtype=np.uint8))),
        ("images", lambda: model.explain(np.full((1, 3, 32, 32), np.nan))),
        ("images: values", lambda: mitsume.Onnx(path, preset="imagenet").logits(images)),
        ("target: 5", lambda: model.explain(images, target=5)),
        ("target: 3 classes", lambda: model.explain(images, target=[0, 1, 2])),
        ("method", lambda: model.explain(images, method="grad")),
        ("batch_size", lambda: model.explain(images, batch_size=0)),
        ("preset", lambda: mitsume.Onnx(path, preset="image")),
        ("featuers", lambda: mitsume.Onnx(path, target_layer="featuers.1")),
        ("layout", lambda: mitsume.Onnx(path, layout="nwhc")),
        ("missing.onnx", lambda: mitsume.Onnx(tmp_path / "missing.onnx")),
    ]
    for words, call in refused:
        with pytest.raises(ValueError, match=words):
            call()


def test_a_damaged_model_is_refused(reference, tmp_path):
    path, _, _ = reference("residual")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged.onnx"):
        mitsume.Onnx(damaged)
