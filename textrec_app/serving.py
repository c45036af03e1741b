"""Start everything that the app consists of: the store, the worker, the page."""

import logging

from textrec_app.services.context import open_app
from textrec_app.settings import Settings
from textrec_app.ui.demo import build_demo, launch_options
from textrec_app.worker.supervisor import Supervisor

logger = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Open the data directory, start the supervisor of retrainings, show the page until it is ended.

    A training in hand saves its state when the app ends, and goes on when it starts again.

    Raises:
        TextRecError: the store cannot be opened.
    """
    if settings.lock_out:
        logger.warning(settings.lock_out)
    app = open_app(settings)
    supervisor = Supervisor(app)
    supervisor.start()
    try:
        build_demo(app).launch(**launch_options(app))
    finally:
        supervisor.stop()
        app.close()
