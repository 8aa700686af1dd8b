"""PyTorch's affine_grid and grid_sample on a small image, as JSON.

    python scripts/reference/affine.py > crates/mitsume-data/src/reference/affine.json

Makes the numbers that `cargo test -p mitsume-data affine` compares with. torchvision's `functional.affine` makes its matrix
the same way (`_get_inverse_affine_matrix`, then `grid_sample(padding_mode="zeros", align_corners=False)`).
"""

import json
import math

import torch
from torch.nn import functional

HEIGHT, WIDTH = 7, 9
image = (torch.arange(HEIGHT * WIDTH * 3) * 37 % 251).double().reshape(HEIGHT, WIDTH, 3).permute(2, 0, 1)[None]


def case(angle, shift, scale):
    # From the place in the result to that in the image, in pixels from the centre.
    turn = math.radians(angle)
    forward = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]).double() * scale
    inverse = torch.linalg.inv(forward)
    offset = -inverse @ torch.tensor(shift).double()
    half = torch.tensor([WIDTH / 2, HEIGHT / 2]).double()
    theta = torch.cat([inverse * half[None, :] / half[:, None], (offset / half)[:, None]], dim=1)[None]
    grid = functional.affine_grid(theta, image.shape, align_corners=False)
    result = functional.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    pixels = [round(value, 9) for value in result[0].permute(1, 2, 0).flatten().tolist()]
    return {"angle": angle, "shift": shift, "scale": scale, "pixels": pixels}


cases = [case(30.0, [0.0, 0.0], 1.0), case(-75.0, [1.0, -2.0], 1.3), case(10.0, [-3.0, 0.0], 0.6)]
print(json.dumps(cases))
