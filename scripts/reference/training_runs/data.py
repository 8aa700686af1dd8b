"""Images that mitsume and PyTorch both train on, and the batches of an epoch."""

import os
import subprocess

import numpy as np
import torch
from PIL import Image

CLASSES, SIDE = 4, 64
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
ORDER = "target/release/examples/epoch_order"


class Split:
    """Images in the order in which mitsume lists them: by class, then by name."""

    def __init__(self, folder, per_class, seed):
        generator = np.random.default_rng(seed)
        pixels, labels = [], []
        for label in range(CLASSES):
            os.makedirs(os.path.join(folder, f"class{label}"), exist_ok=True)
            for number in range(per_class):
                image = picture(label, generator)
                Image.fromarray(image).save(os.path.join(folder, f"class{label}", f"{number:03}.png"))
                pixels.append(image)
                labels.append(label)
        values = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
        shape = (1, 3, 1, 1)
        self.images = (values - torch.tensor(MEAN).reshape(shape)) / torch.tensor(STD).reshape(shape)
        self.labels = torch.tensor(labels)
        self.folder = os.path.abspath(folder)

    def epochs(self, seed, epochs, batch):
        """The batches of each epoch, as mitsume shuffles them."""
        command = [ORDER, str(len(self.labels)), str(seed), str(epochs)]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        for line in lines:
            order = torch.tensor([int(index) for index in line.split()])
            yield [(self.images[some], self.labels[some]) for some in order.split(batch)]


def picture(label, generator):
    """Stripes whose direction is the class's, of any colour and phase, under noise: SIDE x SIDE x 3 bytes."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    angle = np.pi * (label / CLASSES) + generator.normal(0, 0.1)
    along = np.cos(angle) * rows + np.sin(angle) * columns
    stripes = np.sin(2 * np.pi * (generator.uniform(3, 5) * along + generator.uniform()))
    colour = generator.uniform(20, 70, 3)
    noise = generator.normal(0, 25, (SIDE, SIDE, 3))
    return np.clip(128 + stripes[..., None] * colour + noise, 0, 255).astype(np.uint8)
