"""Pillow at plain settings and with its own shrink-on-load, in as many processes as there are cores.

Usage: pillow.py WORKLOAD IN OUT plain|draft. Prints the seconds it took, its start excluded.
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from PIL import Image

WORKLOAD, SOURCE, TARGET, MODE = sys.argv[1:5]


def fitted(image, width):
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def work(name):
    image = Image.open(os.path.join(SOURCE, name))
    out = os.path.join(TARGET, name)
    if WORKLOAD == "sets":
        image.load()
        for width in (320, 640, 1280):
            small = fitted(image, width)
            small.save(f"{out}-{width}.webp", quality=75)
            flat = Image.new("RGB", small.size, "white")
            flat.paste(small, mask=small.getchannel("A"))
            flat.save(f"{out}-{width}.jpg", quality=85)
        return
    width, kind, settings = {
        "photos": (320, "webp", {"quality": 75}),
        "avif": (1280, "avif", {"quality": 60, "speed": 5, "subsampling": "4:4:4"}),
        "large": (1080, "jpg", {"quality": 85}),
    }[WORKLOAD]
    if MODE == "draft":
        image.draft("RGB", (width * 2, width * 2))
    fitted(image, width).save(f"{out}.{kind}", **settings)


if __name__ == "__main__":
    names = os.listdir(SOURCE)
    with ProcessPoolExecutor() as pool:
        list(pool.map(len, ["start"] * os.cpu_count()))
        started = time.perf_counter()
        list(pool.map(work, names))
        print(time.perf_counter() - started)
