"""`python -m textrec_app`."""

from textrec_app.cli.main import main

if __name__ == "__main__":
    main()
