"""Training steps of tiny models in PyTorch, beside the same models exported in training form."""

import copy
import os
import warnings

import onnx
import onnx.numpy_helper
import torch
from safetensors.torch import save_file
from torch import nn
from torch.onnx import TrainingMode

from lively import pictures
from small import CLASSES, SIDE, dense, inverted, inverted_silu, next_, residual, strip, vision_transformer

STEPS, BATCH = 10, 8

# Name: model, exporter.
MODELS = {
    "residual": (residual, "torchscript"),
    "inverted-silu": (inverted_silu, "torchscript"),
    "inverted": (inverted, "dynamo"),
    "dense": (dense, "torchscript"),
    "next": (next_, "dynamo"),
    "vision-transformer": (vision_transformer, "torchscript"),
}


def export(model, images, path, exporter):
    """In training form: parameters keep their names, batch norms and dropout stay."""
    warnings.filterwarnings("ignore")
    names = {"input_names": ["images"], "output_names": ["logits"]}
    if exporter == "dynamo":
        shapes = ({0: torch.export.Dim("n")},)
        torch.onnx.export(
            model, (images,), path, dynamo=True, optimize=False, external_data=False, dynamic_shapes=shapes,
            verbose=False, **names,
        )  # fmt: skip
    else:
        torch.onnx.export(
            model, images, path, dynamo=False, training=TrainingMode.PRESERVE, do_constant_folding=False,
            opset_version=17, dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}}, **names,
        )  # fmt: skip


def no_randomness(model):
    """Dropout and stochastic depth cannot draw the same numbers elsewhere."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if type(module).__name__ == "StochasticDepth":
            module.p = 0.0


# Layers whose gradients are differentiated: before a residual block, before squeeze and excitation.
TAILS = {"residual": "features.2", "inverted": "features.2.block.1"}


class HardSigmoid(nn.Module):
    """PyTorch's own has no second derivative."""

    def forward(self, x):
        return torch.clamp(x / 6 + 0.5, 0, 1)


class HardSwish(nn.Module):
    """The same."""

    def forward(self, x):
        return x * torch.clamp(x / 6 + 0.5, 0, 1)


def twice_differentiable(model):
    """The model with activations that PyTorch can differentiate twice."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.Hardsigmoid):
                setattr(module, name, HardSigmoid())
            if isinstance(child, nn.Hardswish):
                setattr(module, name, HardSwish())
    return model


def second_order(model, layer, images):
    """The gradient of sum(c G) by the parameters, G that of the targets' logits by the layer's output."""
    features = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _, __, output: features.append(output))
    model.train()
    logits = model(images[:4])
    handle.remove()
    scores = logits[torch.arange(4), torch.tensor([0, 1, 2, 1])].sum()
    (gradients,) = torch.autograd.grad(scores, features[0], create_graph=True)
    weights = (torch.arange(gradients.numel()) * 37 % 19 - 9).reshape(gradients.shape) / 9
    loss = (weights * gradients).sum()
    named = [(n, p) for n, p in model.named_parameters()]
    found = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    return {f"second.{n}": g.flatten()[:16].clone() for (n, _), g in zip(named, found) if g is not None}


def train(model, images, labels):
    """Ten Adam steps on the same batch. The losses, gradients and running statistics of the first, logits before and after."""
    model.eval()
    with torch.no_grad():
        before = model(images)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses, first, running = [], {}, {}
    model.train()
    for step in range(STEPS):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        if step == 0:
            first = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
            running = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
        losses.append(loss.item())
        optimiser.step()
    model.eval()
    with torch.no_grad():
        return losses, first, running, before, model(images)


def training(directory):
    """All of them. Returns the exit code."""
    os.makedirs(directory, exist_ok=True)
    torch.set_num_threads(1)
    for name, (make, exporter) in MODELS.items():
        torch.manual_seed(0)
        model = make()
        no_randomness(model)
        # Parameters of the same value would be stored once.
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.02 * torch.randn_like(p))
        images = pictures(BATCH, SIDE, seed=1)
        labels = torch.arange(BATCH) % CLASSES
        model.train()
        path = os.path.join(directory, f"{name}.onnx")
        before = {k: v.clone() for k, v in model.state_dict().items()}
        export(model, images, path, exporter)
        # Exporting ran the model, which moves running statistics; the file has them as they are then.
        stored = {i.name: torch.from_numpy(onnx.numpy_helper.to_array(i)) for i in onnx.load(path).graph.initializer}
        model.load_state_dict({k: stored.get(k, v) for k, v in before.items()})
        strip(path)
        second = {}
        if name in TAILS:
            second = second_order(twice_differentiable(copy.deepcopy(model)), TAILS[name], images)
        losses, gradients, running, before, logits = train(model, images, labels)
        tensors = {"images": images, "labels": labels, "losses": torch.tensor(losses)}
        tensors.update(second)
        tensors.update({"logits.before": before, "logits.after": logits})
        for key, gradient in gradients.items():
            # Numbers enough to tell a wrong gradient, and a small file.
            tensors[f"gradient.{key}"] = gradient.flatten()[:16].clone()
        tensors.update({f"state.{key}": value for key, value in running.items()})
        meta = {"parameters": "\n".join(n for n, _ in model.named_parameters()), "exporter": exporter}
        save_file(tensors, os.path.join(directory, f"{name}.safetensors"), meta)
        print(name, losses[0], losses[-1], os.path.getsize(path))
    return 0
