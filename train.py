"""Train one recipe: python train.py unet-camvid --data DIR. See python train.py --help."""

from __future__ import annotations

import sys

from segen.training.main import main

if __name__ == "__main__":
    sys.exit(main())
