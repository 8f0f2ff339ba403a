"""Requests and responses of the service, as they are in its OpenAPI schema."""

from typing import Any, Dict, List, Literal, Optional, Union

from pydantic import BaseModel, ConfigDict, Field, StrictStr


class Parameters(BaseModel):
    """Parameters of a prediction, as at Hugging Face."""

    model_config = ConfigDict(extra="forbid")

    threshold: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Leave out entities or categories with a lower score.",
    )
    top_k: Optional[int] = Field(
        default=None, ge=1, description="At most so many categories, the best ones."
    )
    task: Optional[str] = Field(
        default=None,
        pattern="^(ner|textcat)$",
        description="What to answer where a pipeline has entities and categories.",
    )
    model: Literal["student", "teacher"] = Field(
        default="student",
        description="Which pipeline to ask; the teacher only if GET /info names it.",
    )


class PredictRequest(BaseModel):
    """Texts, in the shape of Hugging Face's inference endpoints."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"inputs": "Ingrid Solheim flew from Oslo to Lima."}]
        },
    )

    inputs: Union[StrictStr, List[StrictStr]] = Field(description="A text, or several.")
    parameters: Optional[Parameters] = None


class PredictedEntity(BaseModel):
    """An entity. Characters are Unicode code points of the text as it was sent."""

    entity_group: str = Field(description="Its label.")
    score: Optional[float] = Field(description="Probability; null if there is none.")
    word: str = Field(description="Its text.")
    start: int = Field(description="Its first character, a Unicode code point.")
    end: int = Field(description="The character after its last.")


class PredictedCategory(BaseModel):
    """A category and its score."""

    label: str
    score: float


Predictions = Union[
    List[PredictedEntity],
    List[PredictedCategory],
    List[List[PredictedEntity]],
    List[List[PredictedCategory]],
]


class Article(BaseModel):
    """A text."""

    text: StrictStr


class ProcessRequest(BaseModel):
    """Texts, in the shape of spaCy's own example of a service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"articles": [{"text": "Oslo is in Norway."}]}]}
    )

    articles: List[Article]


class ProcessedEntity(BaseModel):
    """An entity."""

    text: str
    label: str
    start: int
    end: int


class ProcessedArticle(BaseModel):
    """A text with its entities and categories."""

    text: str
    ents: List[ProcessedEntity]
    cats: Dict[str, float]


class ProcessResponse(BaseModel):
    """The texts in the order of the request."""

    result: List[ProcessedArticle]


class PipelineInfo(BaseModel):
    """A pipeline."""

    name: str
    version: str
    lang: str
    tasks: List[str] = Field(description="What it predicts: ner, textcat.")
    labels: Dict[str, List[str]]
    checksum: str = Field(description="SHA-256 of the pipeline's files.")


class Info(PipelineInfo):
    """The pipeline that is served, and its teacher if that is served too."""

    teacher: Optional[PipelineInfo] = None
    spacy_version: str
    spacy_distill_version: str
    max_chars: int
    max_queue: int


class Problem(BaseModel):
    """Why there is no answer, in one line."""

    error: str


def problems(*codes: int) -> Dict[Union[int, str], Dict[str, Any]]:
    """Return the responses of a route for status codes of errors."""
    return {code: {"model": Problem} for code in codes}
