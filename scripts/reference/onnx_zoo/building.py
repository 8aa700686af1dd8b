"""Models with random weights that are alive: no layer scale of 1e-6, no last norm of zeros, no flat logits."""

import torch
from torch import nn
from torch.nn.functional import interpolate

CLASSES = 4


def pictures(count, channels, side, seed):
    """[count, channels, side, side]: blobs and some noise."""
    generator = torch.Generator().manual_seed(seed)
    blobs = torch.randn(count, channels, 6, 6, generator=generator)
    blobs = interpolate(blobs, size=(side, side), mode="bicubic", align_corners=False)
    return blobs + 0.3 * torch.randn(count, channels, side, side, generator=generator)


def build(name):
    """The model in evaluation, and two images; the same on every run. `tv_NAME` is torchvision's."""
    torch.manual_seed(0)
    if name.startswith("tv_"):
        import torchvision

        special = {"googlenet": dict(init_weights=False, aux_logits=False)}.get(name[3:], {})
        model = getattr(torchvision.models, name[3:])(weights=None, num_classes=CLASSES, **special)
        side = 256 if name == "tv_swin_v2_t" else 224
    else:
        import timm

        model = timm.create_model(name, pretrained=False, num_classes=CLASSES)
        side = model.default_cfg["input_size"][-1]
    model.eval()
    images = pictures(2, 3, side, seed=1)
    enliven(model, images)
    return model, images


@torch.no_grad()
def enliven(model, images):
    """Parameters that are all equal get values of their own; then statistics and a spread of logits."""
    generator = torch.Generator().manual_seed(2)
    for _, parameter in model.named_parameters():
        if parameter.numel() == 0 or parameter.std(correction=0) > 1e-5:
            continue
        noise = torch.rand(parameter.shape, generator=generator) * 2 - 1
        value = float(parameter.flatten()[0])
        if value == 0:
            parameter.copy_(0.15 * noise)
        elif abs(value) < 0.05:  # A layer scale.
            parameter.copy_(0.4 + 0.2 * noise)
        else:
            parameter.mul_(1 + 0.3 * noise)
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats and norm.running_mean is not None]
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None
    more = torch.cat([images, images.flip(3), pictures(2, 3, images.shape[-1], seed=3)])
    model(more)
    for norm in norms:
        norm.eval()
        norm.momentum = 0.1
    spread_logits(model, more)


def spread_logits(model, images):
    """Logits that differ between images by about 1, and are 0 on average, so that what an image shows decides."""
    heads = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d)) and m.weight.shape[0] == CLASSES]
    for head in heads:
        if head.bias is not None:
            head.bias.zero_()
    logits = model(images)
    factor = 1 / max(float((logits - logits.mean(0)).std()), 1e-6)
    for head in heads:
        head.weight.mul_(factor)
        if head.bias is not None:
            head.bias.sub_(factor * logits.mean(0))
