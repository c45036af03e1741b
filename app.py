"""Start TextRec: `python app.py`, as `make serve` and a hosted Space do."""

import sys

from textrec_app.errors import TextRecError
from textrec_app.serving import serve
from textrec_app.settings import load_settings

if __name__ == "__main__":
    try:
        serve(load_settings())
    except TextRecError as error:
        sys.exit(str(error))
