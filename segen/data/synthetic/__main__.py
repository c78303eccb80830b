"""`python -m segen.data.synthetic DIR` writes drawn pictures and masks as a folder to train on."""

import sys

from segen.data.synthetic.folder import main

sys.exit(main())
