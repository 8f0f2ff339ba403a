"""How texts with the predictions of two pipelines are shown, by task."""

from typing import Callable, Dict, List, NamedTuple

from ..evaluation.rows import NER
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL
from .category_page import CATEGORY_CSS, draw_category_page, draw_category_texts
from .category_picture import draw_category_svg
from .page import draw_page, draw_texts
from .paired_texts import TEXTS_CSS
from .picture import draw_svg
from .text_lists import list_categories, list_entities


class View(NamedTuple):
    """Functions that show texts.

    Attributes:
        page: Renders an HTML page of pairs; see `draw_page`.
        picture: Draws an SVG image of pairs; see `draw_svg`.
        texts: Renders the worst disagreements of a report as HTML; see `draw_texts`.
        list_texts: Lists them in Markdown; see `list_entities`.
        css: Style sheet of `texts`.
    """

    page: Callable[..., str]
    picture: Callable[..., str]
    texts: Callable[..., List[str]]
    list_texts: Callable[..., str]
    css: str


_ENTITIES = View(draw_page, draw_svg, draw_texts, list_entities, TEXTS_CSS)
_CATEGORIES = View(
    draw_category_page,
    draw_category_svg,
    draw_category_texts,
    list_categories,
    CATEGORY_CSS,
)
_VIEWS: Dict[str, View] = {
    NER: _ENTITIES,
    EXCLUSIVE: _CATEGORIES,
    MULTILABEL: _CATEGORIES,
}


def view_of(task: str) -> View:
    """Return how texts of a task are shown.

    Args:
        task: Name of the task; see `Report.task`.
    """
    return _VIEWS[task]
