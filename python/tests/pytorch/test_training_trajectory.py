"""Whole training steps: against the fixtures, under autocast, compiled, and across a checkpoint."""

import gc
import io

import pytest

import torch
from torch import nn

from mitsume.torch import CamRecorder, ConsistencyLoss
from published import figures, images, level_1


def network():
    """Level 1 with the last bias of the fixtures' training part."""
    model = level_1()
    with torch.no_grad():
        model.classifier[-1].bias.copy_(torch.tensor(figures()["train"]["last_bias"]))
    return model


def losses(model, recorder, consistency, pixels, labels):
    """Cross-entropy and L_cam of one forward pass."""
    logits = model(pixels)
    maps = recorder.maps(logits, labels, alpha=consistency.alpha)
    cam = consistency(maps, labels, logits.argmax(1))
    return nn.functional.cross_entropy(logits, labels), cam


def train(model, consistency, optimizer, steps, labels):
    """Steps of the fixtures' trajectory; cross-entropy and L_cam of each."""
    found = []
    with CamRecorder(model, "features.4") as recorder:
        for step in steps:
            pixels = images(24, stream=step["input_stream"])
            cross_entropy, cam = losses(model, recorder, consistency, pixels, labels)
            optimizer.zero_grad()
            (cross_entropy + step["lambda"] * cam).backward()
            optimizer.step()
            found.append((cross_entropy.item(), cam.item()))
    return found


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=1e-4)


def test_five_adam_steps_follow_the_fixtures_with_their_moving_averages():
    """Losses to 1e-5 in the first step, where they are one forward pass; later ones to 1e-4: Adam
    divides by the root of a squared gradient, which enlarges float32 differences of it."""
    expected = figures()["train"]["adam_trajectory"]
    model, consistency = network(), ConsistencyLoss(4, preset="published")
    labels = torch.tensor(expected["labels"])
    found = train(model, consistency, adam(model), expected["steps"], labels)
    for at, (step, (cross_entropy, cam)) in enumerate(zip(expected["steps"], found, strict=True)):
        allowed = 1e-5 if at == 0 else 1e-4
        assert cross_entropy == pytest.approx(step["cross_entropy"], rel=allowed)
        assert cam == pytest.approx(step["cam_loss"], rel=allowed)
    present = {str(k): m.mean().item() for k, m in enumerate(consistency.reference_maps)
               if consistency.has_reference[k]}
    assert present == pytest.approx(expected["ema_mean"], rel=1e-4)


@pytest.mark.parametrize(
    "name", ["published", "thesis", "thesis_detached", "thesis_ema", "l2_batch_full"]
)
def test_each_parameter_has_the_gradient_of_the_fixtures(name):
    """Norm and first four entries, to 1e-3 of the norm: float32 sums in another order."""
    expected = figures()["train"]
    case = expected["cases"][name]
    model = network()
    distance = {"l2": "l2", "l2sq": "squared-l2"}[case["distance"]]
    consistency = ConsistencyLoss(
        4, distance=distance, reference=case["reference"], alpha=case["alpha"]
    )
    with CamRecorder(model, "features.4") as recorder:
        labels = torch.tensor(expected["labels"])
        cross_entropy, cam = losses(model, recorder, consistency, images(24), labels)
    (cross_entropy + case["lambda"] * cam).backward()
    names = {name: parameter for name, parameter in model.named_parameters()}
    assert len(names) == len(case["grad_norm"])
    for name, norm in case["grad_norm"].items():
        gradient = names[name].grad
        assert gradient.norm().item() == pytest.approx(norm, rel=1e-3)
        first = case["grad_first"][name]
        assert gradient.flatten()[:4].tolist() == pytest.approx(first, rel=1e-3, abs=1e-3 * norm)


@pytest.mark.parametrize("reference", ["ema", "batch"])
def test_training_continues_from_a_checkpoint_bit_for_bit(reference):
    expected = figures()["train"]["adam_trajectory"]
    labels, steps = torch.tensor(expected["labels"]), expected["steps"]

    def start():
        model = network()
        return model, ConsistencyLoss(4, reference=reference), adam(model)

    whole = start()
    uninterrupted = train(*whole, steps, labels)
    first = start()
    before = train(*first, steps[:2], labels)
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    second = start()
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    assert before + train(*second, steps[2:], labels) == uninterrupted
    for one, other in zip(whole[0].parameters(), second[0].parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("alpha", ["detached", "full"])
def test_a_step_under_bfloat16_autocast_is_near_that_in_float32(alpha):
    """bfloat16 has 8 bits: activations, and with them maps in [0, 1), are right to about 1e-2."""
    labels = torch.tensor(figures()["train"]["labels"])
    results = []
    for low_precision in (False, True):
        model, consistency = network(), ConsistencyLoss(4, alpha=alpha)
        with CamRecorder(model, "features.4") as recorder:
            with torch.autocast("cpu", torch.bfloat16, enabled=low_precision):
                logits = model(images(24))
                assert logits.dtype == (torch.bfloat16 if low_precision else torch.float32)
                maps = recorder.maps(logits, labels, alpha=alpha)
                # The labels as predictions: rounding must not change which images count.
                loss = consistency(maps, labels, labels)
        assert maps.dtype == torch.float32 and loss.dtype == torch.float32
        loss.backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
        results.append((maps.detach(), loss.item()))
    (maps, loss), (low_maps, low_loss) = results
    assert (maps - low_maps).abs().mean() < 1e-2
    assert low_loss == pytest.approx(loss, rel=2e-2)


@pytest.mark.parametrize("distance", ["squared-l2", "l2"])
@pytest.mark.parametrize("reference", ["ema", "batch"])
def test_the_first_call_can_be_a_compiled_one(distance, reference):
    """Its buffers take their size inside the compiled code."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(8) % 4
    predictions = torch.tensor([0, 1, 2, 3, 0, 1, 2, 0])
    plain = ConsistencyLoss(4, distance=distance, reference=reference)
    own = ConsistencyLoss(4, distance=distance, reference=reference)
    torch._dynamo.reset()
    compiled = torch.compile(own, fullgraph=True, backend="aot_eager")
    for _ in range(3):
        maps = torch.rand(8, 5, 4, generator=draw, requires_grad=True)
        values = [loss(maps, labels, predictions) for loss in (plain, compiled)]
        torch.testing.assert_close(*values)
        gradients = [torch.autograd.grad(value, maps)[0] for value in values]
        torch.testing.assert_close(*gradients)
    torch.testing.assert_close(own.reference_maps, plain.reference_maps)
    assert own.has_reference.tolist() == plain.has_reference.tolist()


def test_a_compiled_model_gives_the_maps_of_the_plain_one():
    """The recorder comes before the first call, after which hooks are not looked at any more."""
    torch._dynamo.reset()
    model, labels, pixels = network(), torch.tensor([0, 1, 2, 3]), images(4)
    with CamRecorder(model, model.features[4]) as recorder:
        expected = recorder.maps(model(pixels), labels)
    compiled = torch.compile(model, backend="aot_eager")
    with CamRecorder(compiled, model.features[4]) as recorder:
        logits = compiled(pixels)
        found = recorder.maps(logits, labels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_steps_leave_no_tensors_behind():
    """Of 8 steps with alpha in the graph, the last 6 add none."""
    model, consistency = network(), ConsistencyLoss(4, alpha="full")
    optimizer, labels = torch.optim.SGD(model.parameters(), lr=1e-4), torch.arange(8) % 4
    pixels, counts = images(8), []

    def step(recorder):
        cross_entropy, cam = losses(model, recorder, consistency, pixels, labels)
        optimizer.zero_grad()
        (cross_entropy + 50 * cam).backward()
        optimizer.step()

    with CamRecorder(model, "features.4") as recorder:
        for _ in range(8):
            step(recorder)
            gc.collect()
            counts.append(sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects()))
    assert counts[2:] == [counts[2]] * 6
    assert not any(module._forward_hooks for module in model.modules())
