"""The loss against the fixtures and its definition."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import mitsume
from mitsume.torch import CamRecorder, ConsistencyLoss, Curriculum, grad_cam
from published import figures, images, level_1

DISTANCES = {"l2": "l2", "l2sq": "squared-l2"}


@pytest.mark.parametrize(
    "name", ["published", "thesis", "thesis_detached", "thesis_ema", "l2_batch_full"]
)
def test_losses_and_gradients_are_those_of_the_fixtures(name):
    """Losses to 1e-5 and gradients to 1e-3: float32 sums in another order."""
    expected = figures()["train"]
    case = expected["cases"][name]
    model = level_1()
    last = model.classifier[-1]
    with torch.no_grad():
        last.bias.copy_(torch.tensor(expected["last_bias"]))
    labels = torch.tensor(expected["labels"])
    loss = ConsistencyLoss(
        4,
        distance=DISTANCES[case["distance"]],
        reference=case["reference"],
        alpha=case["alpha"],
    )
    with CamRecorder(model, "features.4") as recorder:
        logits = model(images(24))
        maps = recorder.maps(logits, labels, alpha=loss.alpha)
    predictions = logits.argmax(1)
    assert predictions.tolist() == expected["predictions"]
    cross_entropy = nn.functional.cross_entropy(logits, labels)
    cam_loss = loss(maps, labels, predictions)
    assert cross_entropy.item() == pytest.approx(case["cross_entropy"], rel=1e-5)
    assert cam_loss.item() == pytest.approx(case["cam_loss"], rel=1e-5)
    (cross_entropy + case["lambda"] * cam_loss).backward()
    found = {tuple(p.shape): p.grad.norm().item() for p in model.parameters()}
    norms = list(case["grad_norm"].values())
    assert sorted(found.values()) == pytest.approx(sorted(norms), rel=1e-3)


def batch(dtype=torch.float64):
    torch.manual_seed(0)
    maps = torch.rand(9, 4, 3, dtype=dtype)
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3])
    predictions = torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 3])
    return maps, labels, predictions


@pytest.mark.parametrize("distance", ["squared-l2", "l2"])
@pytest.mark.parametrize("reference", ["ema", "batch"])
def test_the_value_is_that_of_its_definition(distance, reference):
    maps, labels, predictions = batch()
    deviations = []
    for k in range(4):
        chosen = maps[(labels == k) & (predictions == k)]
        if len(chosen) < 2:
            continue
        squares = (chosen - chosen.mean(0)).square().sum((1, 2))
        deviations += [(s if distance == "squared-l2" else s.sqrt()) / 12 for s in squares]
    loss = ConsistencyLoss(4, distance=distance, reference=reference).double()
    found = loss(maps, labels, predictions)
    # The first moving average is the mean.
    assert found.item() == pytest.approx(sum(deviations).item() / len(deviations), rel=1e-12)


@pytest.mark.parametrize("distance", ["squared-l2", "l2", "l1", "ssim"])
@pytest.mark.parametrize("reference", ["ema", "batch"])
def test_gradients_are_those_of_finite_differences(distance, reference):
    """In float64. The moving averages are constants of the graph: held by evaluation mode."""
    maps, labels, predictions = batch()
    loss = ConsistencyLoss(4, distance=distance, reference=reference).double()
    loss(maps, labels, predictions)
    loss.eval()
    maps = (0.5 * maps + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(lambda m: loss(m, labels, predictions), [maps])


@pytest.mark.parametrize("reference", ["ema", "batch"])
@pytest.mark.parametrize("size", [(13, 12), (4, 3)])
def test_ssim_is_that_of_the_program_and_l1_that_of_numpy(reference, size):
    _, labels, predictions = batch()
    maps = torch.rand(9, *size, dtype=torch.float64)
    classes = [[0, 1], [3, 4], [5, 6, 7]]
    chosen = sum(classes, [])
    means = [maps[members].mean(0) for members in classes for _ in members]
    l1 = np.mean([(maps[i] - mean).abs().mean() for i, mean in zip(chosen, means)])
    found = ConsistencyLoss(4, distance="l1", reference=reference).double()
    assert found(maps, labels, predictions).item() == pytest.approx(l1, rel=1e-12)
    # Counted by the metric: classes of two or more correct images, as by the loss.
    arrays = [array.numpy()[chosen] for array in (maps, labels, predictions)]
    ssim = mitsume.consistency(*arrays, measures="all").measures["ssim"]
    found = ConsistencyLoss(4, distance="ssim", reference=reference).double()
    assert found(maps, labels, predictions).item() == pytest.approx(ssim, rel=1e-9)


@pytest.mark.parametrize("alpha", ["full", "detached"])
def test_maps_differentiate_with_and_without_alpha(alpha):
    """Of a network that is no pool and linear layer: finite differences of the map with alpha
    recomputed ("full") and held ("detached"). No ReLU is near its corner at this seed."""
    torch.manual_seed(3)
    head = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.Softplus(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5)
    ).double()
    activations = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([1, 4])
    weight = torch.rand(2, 4, 4, dtype=torch.float64)

    def alpha_of(a):
        a = a.detach().requires_grad_()
        (g,) = torch.autograd.grad(head(a).gather(1, labels[:, None]).sum(), a)
        return g.mean((2, 3))

    held = alpha_of(activations)

    def value(a):
        weights = alpha_of(a) if alpha == "full" else held
        raw = (weights[:, :, None, None] * a).sum(1).relu()
        low, high = raw.amin((1, 2), keepdim=True), raw.amax((1, 2), keepdim=True)
        return ((raw - low) / (high - low + 1e-8) * weight).sum()

    maps = grad_cam(activations, head(activations), labels, create_graph=alpha == "full")
    ((maps * weight).sum()).backward()
    assert (maps * weight).sum().item() == pytest.approx(value(activations).item(), rel=1e-12)
    step = 1e-6
    for index in [(0, 0, 1, 2), (0, 2, 3, 3), (1, 1, 0, 0), (1, 2, 2, 1)]:
        ahead, behind = activations.detach().clone(), activations.detach().clone()
        ahead[index] += step
        behind[index] -= step
        slope = (value(ahead) - value(behind)) / (2 * step)
        assert activations.grad[index].item() == pytest.approx(slope.item(), rel=1e-5, abs=1e-8)


def test_a_linear_head_gives_the_maps_of_the_backward_pass():
    torch.manual_seed(1)
    linear = nn.Linear(6, 4)
    activations = torch.rand(5, 6, 3, 3, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 3, 0])
    logits = linear(activations.mean((2, 3)))
    for full in (False, True):
        by_graph = grad_cam(activations, logits, labels, create_graph=full)
        by_head = grad_cam(activations, linear, labels, create_graph=full)
        torch.testing.assert_close(by_graph, by_head, rtol=1e-5, atol=1e-6)
        found = [
            torch.autograd.grad(m.square().sum(), linear.weight, retain_graph=True, allow_unused=True)
            for m in (by_graph, by_head)
        ]
        if full:
            torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)
        else:
            assert found == [(None,), (None,)]


def test_moving_averages_follow_eq_17_and_survive_a_checkpoint():
    maps, labels, predictions = batch(torch.float32)
    loss = ConsistencyLoss(4, ema_decay=0.75)
    loss(maps, labels, predictions)
    first = maps[:2].mean(0)
    torch.testing.assert_close(loss.reference_maps[0], first)
    assert loss.has_reference.tolist() == [True, True, True, False]
    loss(1 - maps, labels, predictions)
    expected = 0.75 * first + 0.25 * (1 - maps[:2]).mean(0)
    torch.testing.assert_close(loss.reference_maps[0], expected)
    restored = ConsistencyLoss(4, ema_decay=0.75)
    restored.load_state_dict(pickle.loads(pickle.dumps(loss.state_dict())))
    for other in (restored, copy.deepcopy(loss)):
        one = copy.deepcopy(loss)(maps, labels, predictions)
        assert torch.equal(one, other(maps, labels, predictions))
    before = loss.reference_maps.clone()
    loss.eval()(maps, labels, predictions)
    assert torch.equal(before, loss.reference_maps)


def test_nothing_to_compare_is_a_loss_of_zero():
    maps = torch.rand(3, 2, 2, requires_grad=True)
    loss = ConsistencyLoss(4)
    value = loss(maps, torch.tensor([0, 1, 2]), torch.tensor([0, 1, 3]))
    value.backward()
    assert value.item() == 0 and maps.grad.abs().sum() == 0
    assert not loss.has_reference.any()


def test_equal_maps_have_finite_gradients():
    maps = torch.full((4, 3, 3), 0.5, requires_grad=True)
    labels = torch.zeros(4, dtype=torch.long)
    ConsistencyLoss(1, distance="l2", reference="batch")(maps, labels, labels).backward()
    assert maps.grad.abs().sum() == 0


def test_autocast_computes_the_loss_in_float32():
    maps, labels, predictions = batch(torch.float32)
    expected = ConsistencyLoss(4)(maps, labels, predictions)
    with torch.autocast("cpu", torch.bfloat16):
        found = ConsistencyLoss(4)(maps, labels, predictions)
    assert found.dtype == torch.float32 and torch.equal(found, expected)
    activations = torch.rand(4, 3, 5, 5, requires_grad=True)
    linear = nn.Linear(3, 2)
    with torch.autocast("cpu", torch.bfloat16):
        logits = linear(activations.mean((2, 3)))
        found = grad_cam(activations, logits, torch.tensor([0, 1, 0, 1]))
    assert found.dtype == torch.float32 and found.min() >= 0 and found.max() < 1


def test_it_compiles_without_a_graph_break():
    maps, labels, predictions = batch(torch.float32)
    loss = ConsistencyLoss(4)
    # Once: its buffers take their size.
    loss(maps, labels, predictions)
    other = copy.deepcopy(loss)
    compiled = torch.compile(other, fullgraph=True, backend="aot_eager")
    for _ in range(2):
        expected, found = loss(maps, labels, predictions), compiled(maps, labels, predictions)
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(other.reference_maps, loss.reference_maps)


def test_the_curriculum_is_the_thesis():
    lambdas = [Curriculum(100)(epoch) for epoch in range(1, 13)]
    assert lambdas == [0, 0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100, 100, 100]
    assert [Curriculum(-1, 3, 3)(epoch) for epoch in (2, 3)] == [0, -1]


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("maps", lambda l, m, y: l(m[0], y, y)),
        ("labels: 4", lambda l, m, y: l(m, y + 4, y)),
        ("labels: type", lambda l, m, y: l(m, y.float(), y)),
        ("labels: shape", lambda l, m, y: l(m, y[1:], y)),
        ("predictions: -1", lambda l, m, y: l(m, y, y - 1)),
        ("maps: of", lambda l, m, y: (l(m, y, y), l(m[:, :2], y, y))),
        ("preset", lambda l, m, y: ConsistencyLoss(4, preset="text")),
        ("distance", lambda l, m, y: ConsistencyLoss(4, distance="l3")),
        ("reference", lambda l, m, y: ConsistencyLoss(4, reference="mean")),
        ("ema_decay", lambda l, m, y: ConsistencyLoss(4, ema_decay=1)),
        ("t1", lambda l, m, y: Curriculum(1, 5, 4)),
        ("lambda_max", lambda l, m, y: Curriculum(np.nan)),
        ("activations", lambda l, m, y: grad_cam(m, m, y)),
        ("logits", lambda l, m, y: grad_cam(m[None], m, y)),
        ("logits_or_head", lambda l, m, y: grad_cam(m[:, None], nn.Linear(2, 4), y)),
    ],
)
def test_what_does_not_fit_is_refused_by_the_arguments_name(words, call):
    with pytest.raises(ValueError, match=words):
        call(ConsistencyLoss(4), torch.rand(4, 3, 3), torch.zeros(4, dtype=torch.long))
