"""Makes the small image files of this folder with Pillow, and expected.json: their pixels as Pillow decodes them.

A 16 x 8 picture: red, green, blue and grey blocks of 8 x 4 (left to right, top to bottom: red green / blue grey).
"""

import json

from PIL import Image

colour = Image.new("RGB", (16, 8))
for n, value in enumerate([(200, 30, 40), (20, 180, 60), (30, 50, 220), (128, 128, 128)]):
    colour.paste(value, (8 * (n % 2), 4 * (n // 2), 8 * (n % 2) + 8, 4 * (n // 2) + 4))
grey = colour.convert("L")
expected = {}


def save(name, image, **options):
    image.save(name, **options)
    decoded = Image.open(name)
    expected[name] = list(decoded.convert("RGB").tobytes()) if decoded.mode != "I;16" else None


save("rgb.jpg", colour, quality=95, subsampling=0)
save("progressive.jpg", colour, quality=95, subsampling=0, progressive=True)
save("subsampled.jpg", colour, quality=95)
save("grey.jpg", grey, quality=95)
save("cmyk.jpg", colour.convert("CMYK"), quality=95)
save("rgb.png", colour)
save("grey.png", grey)
save("grey_alpha.png", Image.merge("LA", [grey, grey]))
save("rgba.png", Image.merge("RGBA", [*colour.split(), grey]))
save("palette.png", colour.convert("P", palette=Image.Palette.ADAPTIVE))
save("bits.png", grey.point(lambda v: 255 * (v > 90)).convert("1"))
for orientation in [3, 6, 8]:
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(f"turned{orientation}.png", colour, exif=exif)
    save(f"turned{orientation}.jpg", colour, quality=95, subsampling=0, exif=exif)

# Photoshop's grey JPEG: an Adobe segment with colour transform 0.
plain = open("grey.jpg", "rb").read()
adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
open("grey_adobe.jpg", "wb").write(plain[:2] + adobe + plain[2:])
expected["grey_adobe.jpg"] = expected["grey.jpg"]
# YCCK: the CMYK file's samples read as such when its Adobe segment says transform 2.
cmyk = open("cmyk.jpg", "rb").read()
at = cmyk.index(b"Adobe") + 11
open("ycck.jpg", "wb").write(cmyk[:at] + b"\x02" + cmyk[at + 1 :])
expected["ycck.jpg"] = list(Image.open("ycck.jpg").convert("RGB").tobytes())
json.dump({k: v for k, v in expected.items() if v}, open("expected.json", "w"))
