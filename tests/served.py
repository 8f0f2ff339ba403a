"""A service in a thread, at a free port."""

from contextlib import contextmanager
from threading import Thread
from typing import Any, Iterator, Optional

import uvicorn
from spacy.language import Language

from spacy_distill.prediction.predictor import Predictor
from spacy_distill.service.app import create_app
from spacy_distill.service.server import listen
from spacy_distill.service.settings import ServiceSettings


@contextmanager
def serve_in_thread(
    nlp: Language, teacher: Optional[Language] = None, **settings: Any
) -> Iterator[str]:
    """Serve a pipeline, and its teacher if there is one, and yield the address."""
    listening = listen("127.0.0.1", 0)
    given = ServiceSettings("given", log_format="none", **settings)
    beside = None if teacher is None else Predictor(teacher)
    app = create_app(given, Predictor(nlp), beside)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
