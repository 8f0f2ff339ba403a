"""The bare HTTP stack: it reads the same requests, and predicts nothing.

python benchmarks/service/echo.py
"""

import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response

from spacy_distill.service.schemas import PredictRequest
from spacy_distill.service.server import listen


def make_app() -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.post("/predict")
    async def predict(request: PredictRequest) -> Response:
        return Response("[]", media_type="application/json")

    return app


def main() -> None:
    """Serve it at a free port, and print the address."""
    listening = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(make_app(), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
