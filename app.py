"""Start TextRec: `python app.py`, as `make serve` and a hosted Space do."""

import sys

from textrec_app.errors import USER_ERRORS, InputError
from textrec_app.serving import serve
from textrec_app.settings import load_settings

if __name__ == "__main__":
    try:
        serve(load_settings())
    except USER_ERRORS as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if isinstance(error, InputError) else 3)
