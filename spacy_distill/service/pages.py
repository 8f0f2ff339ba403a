"""Pages for people: the demo at `/`, and the description of the routes at `/docs`."""

from importlib.resources import files

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader
from spacy.displacy.render import EntityRenderer

from .route_docs import describe_routes
from .samples import SAMPLES

# Nothing of another host is loaded or asked, and no script or style within the pages.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # A newer version of the service has other files of the same names.
    "Cache-Control": "no-cache",
}
_FILES = {"demo.css": "text/css", "demo.js": "text/javascript"}


def add_pages(app: FastAPI, *, lang: str, needs_key: bool) -> None:
    """Add the pages to an application that has all of its other routes.

    Args:
        app: The application.
        lang: Language code of the pipeline.
        needs_key: Whether requests need an API key.
    """
    templates = Environment(
        loader=PackageLoader("spacy_distill.service", "web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    displacy = EntityRenderer()
    setup = {
        "lang": lang,
        "needsKey": needs_key,
        "samples": SAMPLES.get(lang, {}),
        "colors": displacy.colors,
        "defaultColor": displacy.default_color,
    }
    about = {"name": app.title, "version": app.version, "needs_key": needs_key}
    demo = templates.get_template("demo.html").render(about, setup=setup)
    routes = describe_routes(app.openapi())
    docs = templates.get_template("docs.html").render(about, routes=routes)

    @app.get("/", include_in_schema=False)
    async def show_demo() -> Response:
        return HTMLResponse(demo, headers=_HEADERS)

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> Response:
        return HTMLResponse(docs, headers=_HEADERS)

    for name, media_type in _FILES.items():
        _add_file(app, name, media_type)


def _add_file(app: FastAPI, name: str, media_type: str) -> None:
    content = (files("spacy_distill.service") / "web" / name).read_bytes()

    @app.get(f"/{name}", include_in_schema=False)
    async def send_file() -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)
