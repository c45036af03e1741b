"""Entry point of the app: `make serve`, and of a Hugging Face Space."""

from textrec_app.serving import serve
from textrec_app.settings import load_settings

if __name__ == "__main__":
    serve(load_settings())
