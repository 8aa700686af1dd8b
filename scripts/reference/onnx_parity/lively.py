"""Random weights whose feature maps and logits are not flat, the same on every run."""

import torch
import torchvision.models as M
from torch import nn
from torch.nn.functional import interpolate
from torchvision.models.convnext import CNBlock


def pictures(count, side, seed):
    """[count, 3, side, side]: blobs and some noise; white noise alone looks the same everywhere."""
    generator = torch.Generator().manual_seed(seed)
    blobs = torch.randn(count, 3, 6, 6, generator=generator)
    blobs = interpolate(blobs, size=(side, side), mode="bicubic", align_corners=False)
    return blobs + 0.3 * torch.randn(count, 3, side, side, generator=generator)


@torch.no_grad()
def enliven(model, images, seed):
    """Norms with weights, biases and statistics of their own, and logits with a spread of about 1."""
    generator = torch.Generator().manual_seed(seed)
    between = lambda like, low, high: torch.rand(like.shape, generator=generator) * (high - low) + low
    normal = lambda like, sd: torch.randn(like.shape, generator=generator) * sd
    last = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))][-1]
    attentive = isinstance(model, (M.VisionTransformer, M.SwinTransformer, M.ConvNeXt))
    for name, parameter in model.named_parameters():
        if name.endswith("relative_position_bias_table"):
            parameter.copy_(normal(parameter, 0.5))
        elif name.endswith("in_proj_weight"):
            parameter.mul_(2.0)
    for module in model.modules():
        if isinstance(module, nn.Linear) and (attentive or module is last):
            module.weight.copy_(normal(module.weight, module.in_features**-0.5))
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            module.weight.copy_(between(module.weight, 0.7, 1.3))
            module.bias.copy_(normal(module.bias, 0.15))
        if isinstance(module, CNBlock):
            module.layer_scale.copy_(between(module.layer_scale, 0.2, 0.6))
    settle_batch_norms(model, images, between, normal)
    spread_logits(model, images, last)


def settle_batch_norms(model, images, between, normal):
    """Statistics of `images`, then a little off them, as those of other data would be."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    model.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None
    model(images)
    for norm in norms:
        norm.eval()
        norm.momentum = 0.1
        norm.running_mean += normal(norm.running_mean, 0.1) * norm.running_var.sqrt()
        norm.running_var *= between(norm.running_var, 0.8, 1.25)


def spread_logits(model, images, last):
    """Centres each class over `images`, so that what an image shows decides, and scales the logits."""
    values = []
    handle = last.register_forward_hook(lambda _, __, output: values.append(output))
    model(images)
    handle.remove()
    classes = values[0].transpose(0, 1).flatten(1)
    # SqueezeNet has a ReLU and a mean after its last convolution: some of each class must be positive.
    last.bias.sub_(classes.mean(1) if isinstance(last, nn.Linear) else classes.mean(1) - classes.std(1))
    factor = 1.0 / model(images).std()
    last.weight.mul_(factor)
    last.bias.mul_(factor)
