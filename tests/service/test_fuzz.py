"""Requests of any kind: an answer or one line of what is wrong, never a failure."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import TEXTS, trained
from starlette.testclient import TestClient

from spacy_distill.prediction.predictor import Predictor
from spacy_distill.service.app import create_app
from spacy_distill.service.settings import ServiceSettings

# FUZZ=10000 for many more.
EXAMPLES = int(os.environ.get("FUZZ", "150"))
TEXT = st.one_of(st.text(max_size=40), st.sampled_from(TEXTS))
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=8,
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "threshold": st.one_of(st.floats(), ANYTHING),
        "top_k": st.one_of(st.integers(), ANYTHING),
        "task": st.one_of(st.sampled_from(["ner", "textcat", "x"]), ANYTHING),
        "model": st.one_of(st.sampled_from(["student", "teacher", "x"]), ANYTHING),
        "other": ANYTHING,
    },
)
INPUTS = st.one_of(TEXT, st.lists(TEXT, max_size=4), ANYTHING)
BODIES = st.one_of(
    st.fixed_dictionaries({"inputs": INPUTS}, optional={"parameters": PARAMETERS}),
    st.fixed_dictionaries(
        {"articles": st.lists(st.fixed_dictionaries({"text": TEXT}), max_size=3)}
    ),
    ANYTHING,
)


@pytest.fixture(scope="module")
def client():
    given = ServiceSettings("given", log_format="none", max_chars=200)
    with TestClient(create_app(given, Predictor(trained()))) as client:
        yield client


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(["/predict", "/process"]),
    st.one_of(BODIES.map(lambda body: json.dumps(body).encode()), st.binary()),
)
def test_any_request(client, route, body):
    headers = {"Content-Type": "application/json"}
    response = client.post(route, content=body, headers=headers)
    assert response.status_code in (200, 400, 413, 422)
    if response.status_code != 200:
        assert set(response.json()) == {"error"}
        assert "\n" not in response.json()["error"]
        return
    sent = json.loads(body)
    if route == "/predict":
        inputs = sent["inputs"]
        texts = [inputs] if isinstance(inputs, str) else inputs
        found = response.json()
        found = [found] if isinstance(inputs, str) else found
        least = (sent.get("parameters") or {}).get("threshold", 0.0)
        for text, entities in zip(texts, found, strict=True):
            doc = trained()(text)
            scores = doc.spans["ner"].attrs["scores"]
            assert [(e["start"], e["end"], e["entity_group"]) for e in entities] == [
                (ent.start_char, ent.end_char, ent.label_)
                for ent, score in zip(doc.ents, scores)
                if float(score) >= least
            ]
    else:
        for article, found in zip(
            sent["articles"], response.json()["result"], strict=True
        ):
            assert found["text"] == article["text"]
            ents = trained()(article["text"]).ents
            assert [entity["text"] for entity in found["ents"]] == [
                e.text for e in ents
            ]
