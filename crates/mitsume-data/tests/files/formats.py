"""Makes the files of the folder `formats` with Pillow, NumPy and CharLS (pyjpegls), and formats.json: their pixels as Pillow decodes them, or as they were
written where Pillow reads fewer bits; and what PyTorch makes of 16-bit pixels on their way into a network.

The picture is 16 x 8, a slope of every channel with a dark and a bright block, so that no two rows or columns are equal.
"""

import json
import os
import struct
import zlib

import jpeg_ls
import numpy as np
import torch
from PIL import Image

os.makedirs("formats", exist_ok=True)
y, x = np.mgrid[0:8, 0:16]
deep = np.stack([x * 4099 + y * 17, y * 8191 + x * 3, (x + y) * 2731 + 5], axis=2).astype(np.uint16)
deep[1:3, 2:5] = [300, 1, 65535]
deep[5:7, 9:13] = [65535, 40000, 2]
grey16 = deep[:, :, 0].copy()
colour = Image.fromarray((deep >> 8).astype(np.uint8), "RGB")
grey = Image.fromarray((grey16 >> 8).astype(np.uint8), "L")
expected = {}


def keep(name, values, mode):
    expected[name] = {"mode": mode, "data": np.asarray(values).ravel().tolist()}


def save(name, image, mode, keep_as=None, **options):
    image.save(f"formats/{name}", **options)
    keep(name, Image.open(f"formats/{name}").convert(keep_as or "RGB"), mode)


def png(name, array, colour_type, mode):
    """Of 16 bits, which Pillow does not write for colours."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    open(f"formats/{name}", "wb").write(data)
    keep(name, array if array.ndim == 2 or array.shape[2] != 4 else array[:, :, :3], mode)


def tiff(name, array, mode, order="<", more_tags=(), second=False):
    """An uncompressed strip of 16-bit or 8-bit samples, written by the TIFF 6.0 specification."""
    height, width = array.shape[:2]
    samples = 1 if array.ndim == 2 else array.shape[2]
    bits = array.dtype.itemsize * 8
    pixels = array.astype(array.dtype.newbyteorder(order)).tobytes()
    tags = dict([(256, width), (257, height), (258, bits), (259, 1), (262, 1 if samples == 1 else 2), (273, 8), (277, samples),
                 (278, height), (279, len(pixels)), *more_tags])
    bits_at = 8 + len(pixels)
    if samples > 1:
        tags[258] = bits_at
    directory = bits_at + 2 * samples
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", directory) + pixels
    out += struct.pack(order + f"{samples}H", *[bits] * samples) + struct.pack(order + "H", len(tags))
    for tag in sorted(tags):
        count = samples if tag == 258 else 1
        long = tag in (273, 278, 279) or (tag == 258 and samples > 1)
        if tag == 258 and samples > 1:
            out += struct.pack(order + "HHII", tag, 3, count, tags[tag])
        elif long:
            out += struct.pack(order + "HHII", tag, 4, count, tags[tag])
        else:
            out += struct.pack(order + "HHIHH", tag, 3, count, tags[tag], 0)
    out += struct.pack(order + "I", directory if second else 0)
    open(f"formats/{name}", "wb").write(out)
    if mode:
        keep(name, array, mode)


png("grey16.png", grey16, 0, "grey16")
assert (np.asarray(Image.open("formats/grey16.png")) == grey16).all()
png("rgb16.png", deep, 2, "rgb16")
png("rgba16.png", np.dstack([deep, grey16]), 6, "rgba16")
Image.fromarray(grey16).save("formats/grey16.tif", compression="tiff_lzw")
keep("grey16.tif", Image.open("formats/grey16.tif"), "grey16")
Image.fromarray(grey16).save("formats/deflate.tif", compression="tiff_adobe_deflate")
keep("deflate.tif", Image.open("formats/deflate.tif"), "grey16")
tiff("big-endian.tif", grey16, "grey16", ">")
assert (np.asarray(Image.open("formats/big-endian.tif")) == grey16).all()
tiff("rgb16.tif", deep, "rgb16")
save("rgb.tif", colour, "rgb", compression="tiff_lzw")
save("packbits.tif", grey, "grey", "L", compression="packbits")
save("bilevel.tif", grey.point(lambda v: 255 * (v > 90)).convert("1"), "grey", "L")
save("cmyk.tif", colour.convert("CMYK"), "cmyk")
turned = Image.Exif()
turned[0x0112] = 6
colour.save("formats/turned.tif", exif=turned)
keep("turned.tif", colour.transpose(Image.Transpose.ROTATE_270), "rgb")
colour.save("formats/pages.tif", save_all=True, append_images=[grey.convert("RGB")])
keep("pages.tif", colour, "rgb")
# What has no place between black and white, or is not read: refused.
Image.fromarray(grey16.astype(np.float32)).save("formats/float.tif")
Image.fromarray(grey16.astype(np.int32), "I").save("formats/int32.tif")
tiff("signed.tif", grey16, None, more_tags=[(339, 2)])
colour.quantize(8).save("formats/palette.tif")

save("rgb.bmp", colour, "rgb")
save("grey.bmp", grey, "palette")
save("palette.bmp", colour.quantize(8), "palette")
save("bits.bmp", grey.point(lambda v: 255 * (v > 90)).convert("1"), "palette")

save("lossless.webp", colour, "rgb", lossless=True)
save("lossy.webp", colour, "rgb", quality=90)
alpha = colour.copy()
alpha.putalpha(grey.point(lambda v: 1 + v // 2))
alpha.save("formats/alpha.webp", lossless=True, exact=True)
keep("alpha.webp", colour, "rgba")
colour.save("formats/frames.webp", save_all=True, append_images=[grey.convert("RGB")], lossless=True)
keep("frames.webp", colour, "rgba")

few = colour.quantize(8)
save("still.gif", few, "palette")
few.save("formats/frames.gif", save_all=True, append_images=[few.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
keep("frames.gif", few.convert("RGB"), "palette")
clear = few.copy()
clear.save("formats/transparent.gif", transparency=clear.getpixel((0, 0)))
keep("transparent.gif", few.convert("RGB"), "palette")

# Codestreams for DICOM files. Signed samples have the bit of their sign set in the header: the same numbers, less 32768.
Image.fromarray(grey16).save("formats/grey16.j2k", irreversible=False)
keep("grey16.j2k", Image.open("formats/grey16.j2k"), "grey16")
assert expected["grey16.j2k"]["data"] == grey16.ravel().tolist()
colour.save("formats/rgb.j2k", irreversible=False)
keep("rgb.j2k", colour, "rgb")
colour.save("formats/lossy.j2k", irreversible=True, quality_mode="dB", quality_layers=[60])
keep("lossy.j2k", Image.open("formats/lossy.j2k"), "rgb")

# JPEG-LS streams for DICOM files, by CharLS (pyjpegls): of 16 bits; of 12 bits with a sign, the lowest 12 of two's complement;
# and near-lossless.
signed12 = grey16.astype(np.int32) // 16 - 2048
for name, values, error in [
    ("grey16.jls", grey16, 0),
    ("signed12.jls", (signed12 & 0xFFF).astype(np.uint16), 0),
    ("near.jls", np.asarray(grey), 3),
    ("colours.jls", np.asarray(colour), 0),
]:
    stream = jpeg_ls.encode_array(np.ascontiguousarray(values), lossy_error=error)
    with open(f"formats/{name}", "wb") as file:
        file.write(bytes(stream))
    read = jpeg_ls.decode(np.frombuffer(stream, np.uint8))
    expected[name] = {"mode": "grey", "data": read.ravel().tolist()}
expected["signed12.jls"]["data"] = signed12.ravel().tolist()

# (v / 65535 - mean) / std of the image resized to 5 x 7 in float32, antialiased, three channels; and of its grey.
as_floats = torch.from_numpy(deep.astype(np.float32) / 65535).permute(2, 0, 1)[None]
resized = torch.nn.functional.interpolate(as_floats, (5, 7), mode="bilinear", antialias=True, align_corners=False)
expected["network"] = {"rgb": ((resized - 0.5) / 0.5).flatten().tolist()}
weights = torch.tensor([0.2989, 0.587, 0.114])[None, :, None, None]
luma = (as_floats * weights).sum(1, keepdim=True)
resized = torch.nn.functional.interpolate(luma, (5, 7), mode="bilinear", antialias=True, align_corners=False)
expected["network"]["grey"] = ((resized - 0.5) / 0.5).flatten().tolist()
json.dump(expected, open("formats.json", "w"))
