"""Routes of the service, and what it refuses."""

import json
import re
import threading
import time

import pytest
import spacy
from small import TEXTS, trained
from small_classifiers import by_heart
from spacy.language import Language
from starlette.testclient import TestClient
from texts_with_categories import CLASSIFIED_TEXTS

from spacy_distill.errors import DistillError
from spacy_distill.prediction.predictor import Predictor
from spacy_distill.service.app import create_app
from spacy_distill.service.samples import SAMPLES
from spacy_distill.service.settings import ServiceSettings


def serve(nlp=None, teacher=None, **settings):
    settings = ServiceSettings("given", **{"log_format": "none", **settings})
    beside = None if teacher is None else Predictor(teacher)
    return TestClient(create_app(settings, Predictor(nlp or trained()), beside))


@pytest.fixture(scope="module")
def client():
    with serve() as client:
        yield client


def in_shape(doc):
    return [
        {
            "entity_group": ent.label_,
            "score": pytest.approx(float(score), abs=1e-6),
            "word": ent.text,
            "start": ent.start_char,
            "end": ent.end_char,
        }
        for ent, score in zip(doc.ents, doc.spans["ner"].attrs["scores"])
    ]


def test_predict_in_the_shape_of_hugging_face(client):
    expected = [in_shape(doc) for doc in trained().pipe(TEXTS)]
    response = client.post("/predict", json={"inputs": list(TEXTS)})
    assert (response.status_code, response.json()) == (200, expected)
    response = client.post("/predict", json={"inputs": TEXTS[0], "parameters": {}})
    assert response.json() == expected[0]
    assert client.post("/predict", json={"inputs": []}).json() == []
    assert client.post("/predict", json={"inputs": ""}).json() == []
    high = {"inputs": TEXTS[0], "parameters": {"threshold": 1.0}}
    kept = [entity for entity in expected[0] if entity["score"] == 1.0]
    assert client.post("/predict", json=high).json() == kept


def test_characters_are_those_of_the_text_as_it_was_sent(client):
    text = "🎉 Anna\r\nwent é́ to Paris ."
    found = client.post("/predict", json={"inputs": text}).json()
    assert found
    for entity in found:
        assert text[entity["start"] : entity["end"]] == entity["word"]


def test_process_in_the_shape_of_spacy(client):
    articles = [{"text": text} for text in TEXTS]
    result = client.post("/process", json={"articles": articles}).json()["result"]
    for doc, article in zip(trained().pipe(TEXTS), result):
        assert article == {
            "text": doc.text,
            "ents": [
                {
                    "text": ent.text,
                    "label": ent.label_,
                    "start": ent.start_char,
                    "end": ent.end_char,
                }
                for ent in doc.ents
            ],
            "cats": {},
        }


def test_categories():
    nlp = by_heart()
    text = CLASSIFIED_TEXTS[0]
    cats = sorted(nlp(text).cats.items(), key=lambda item: -item[1])
    expected = [{"label": x, "score": pytest.approx(y, abs=1e-6)} for x, y in cats]
    with serve(nlp) as client:
        assert client.post("/predict", json={"inputs": text}).json() == expected
        body = {"inputs": [text], "parameters": {"top_k": 1}}
        assert client.post("/predict", json=body).json() == [expected[:1]]
        body = {"inputs": text, "parameters": {"task": "ner"}}
        response = client.post("/predict", json=body)
        assert response.status_code == 422
        assert "Expected parameters.task to be textcat" in response.json()["error"]


def test_both():
    nlp = trained()
    nlp.add_pipe("textcat", source=by_heart())
    text = CLASSIFIED_TEXTS[0]
    with serve(nlp) as client:
        assert client.post("/predict", json={"inputs": text}).json() == in_shape(
            nlp(text)
        )
        body = {"inputs": text, "parameters": {"task": "textcat", "top_k": 1}}
        (best,) = client.post("/predict", json=body).json()
        assert best["label"] == max(nlp(text).cats, key=nlp(text).cats.get)


def test_about(client):
    info = client.get("/info").json()
    assert info["labels"]["ner"] == ["LOC", "PER"]
    assert info["spacy_version"] == spacy.__version__
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    schema = client.get("/openapi.json").json()
    assert {"/predict", "/process", "/info", "/metrics"} <= set(schema["paths"])
    assert set(schema["paths"]["/predict"]["post"]["responses"]) == {
        *("200", "401", "413", "422", "429", "500", "503")
    }
    assert info["teacher"] is None


def test_pages_load_nothing_of_other_hosts(client):
    """The rest of the pages is tested in a browser, where there is one."""
    for path in ("/", "/docs"):
        response = client.get(path)
        assert response.status_code == 200
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        for target in re.findall(r'(?:src|href)="([^"]*)"', response.text):
            assert target.startswith("data:") or client.get(f"/{target}").is_success
    text = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in text
    for told in ("parameters.threshold", "at most 1.0", "entity_group", "429"):
        assert told in text
    for name, kind in {"demo.js": "text/javascript", "demo.css": "text/css"}.items():
        assert client.get(f"/{name}").headers["Content-Type"].startswith(kind)


def test_samples():
    for samples in SAMPLES.values():
        assert set(samples) == {"ner", "textcat"}
        for found in samples.values():
            titles = [title for title, _ in found]
            assert len(set(titles)) == len(titles) >= 2
            # Joined without a missing or a second space.
            for _, text in found:
                assert not re.search(r"  |[a-z][.,][A-Za-z]", text)


def rules(lang="en"):
    nlp = spacy.blank(lang)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "CITY", "pattern": "Paris"}])
    nlp.meta["name"] = "rules"
    return nlp


@pytest.mark.parametrize("lang", ["en", "de", "fr", "zh", "es"])
def test_the_demo_has_samples_of_the_language(lang):
    with serve(rules(lang)) as client:
        page = client.get("/").text
    setup = re.search(r'<script type="application/json" id="setup">(.*)</script>', page)
    found = json.loads(setup[1])["samples"]
    expected = json.loads(json.dumps(SAMPLES.get(lang, {})))
    assert found == expected


def test_a_teacher():
    with serve(teacher=rules()) as client:
        info = client.get("/info").json()
        assert (info["name"], info["teacher"]["name"]) == ("en_pipeline", "en_rules")
        assert info["teacher"]["labels"] == {"entity_ruler": ["CITY"]}
        body = {"inputs": TEXTS[0], "parameters": {"model": "teacher"}}
        response = client.post("/predict", json=body)
        assert [entity["entity_group"] for entity in response.json()] == ["CITY"]
        assert re.fullmatch(r"predict;dur=[\d.]+", response.headers["Server-Timing"])
        for parameters in ({}, {"model": "student"}):
            body = {"inputs": TEXTS[0], "parameters": parameters}
            response = client.post("/predict", json=body)
            assert response.json() == in_shape(trained()(TEXTS[0]))
        text = client.get("/metrics").text
        assert 'spacy_distill_teacher_entities_total{label="CITY"} 1.0' in text
        assert "spacy_distill_teacher_documents_total 1.0" in text
        assert "spacy_distill_documents_total 2.0" in text
        model = 'spacy_distill_teacher_model_info{name="en_rules",version="0.0.0"} 1.0'
        assert model in text


def test_a_teacher_that_is_not_there(client):
    body = {"inputs": "a", "parameters": {"model": "teacher"}}
    response = client.post("/predict", json=body)
    assert response.status_code == 422
    assert "as no teacher is served" in response.json()["error"]
    body["parameters"]["model"] = "other"
    assert "parameters.model" in client.post("/predict", json=body).json()["error"]
    assert "spacy_distill_teacher" not in client.get("/metrics").text


def test_a_teacher_of_another_task():
    with pytest.raises(DistillError, match="a teacher that predicts entities, as the"):
        serve(trained(), by_heart())
    with pytest.raises(DistillError, match="predicts categories.*with entities"):
        serve(by_heart(), trained())
    both = trained()
    both.add_pipe("textcat", source=by_heart())
    # It may predict more than the student.
    with serve(trained(), both) as client:
        assert client.get("/info").json()["teacher"]["tasks"] == ["ner", "textcat"]


def test_metrics(client):
    def value(line):
        text = client.get("/metrics").text
        found = [row for row in text.splitlines() if row.startswith(line + " ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    requests = 'spacy_distill_requests_total{code="200",route="/predict"}'
    names = [requests, "spacy_distill_documents_total", "spacy_distill_words_total"]
    entities = 'spacy_distill_entities_total{label="PER"}'
    before = [value(name) for name in [*names, entities]]
    client.post("/predict", json={"inputs": ["Anna went to Paris .", "to Paris"]})
    after = [value(name) for name in [*names, entities]]
    people = sum(ent.label_ == "PER" for ent in trained()("Anna went to Paris .").ents)
    assert [b - a for a, b in zip(before, after)] == [1, 2, 7, people]
    client.get("/nowhere")
    assert value('spacy_distill_requests_total{code="404",route="other"}') == 1
    assert value("spacy_distill_queue_depth") == 0
    assert value("spacy_distill_requests_in_flight") == 1  # this one


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b'{"inputs": 3}', 422, "inputs"),
        (b'{"inputs": ["a", null]}', 422, "inputs"),
        (b'{"input": "a"}', 422, "input"),
        (b"{}", 422, "inputs"),
        (b"not json", 422, "Expected a request as in /docs"),
        (b'{"inputs": "a\\ud800"}', 422, "a lone surrogate at character 1"),
        (b'{"inputs": "a", "parameters": {"threshold": 2}}', 422, "threshold"),
        (b'{"inputs": "a", "parameters": {"thresold": 1}}', 422, "thresold"),
        (b'{"inputs": "' + b"a" * 101 + b'"}', 413, "at most 100 characters"),
        (b'{"inputs": ["' + b"a" * 60 + b'", "' + b"b" * 60 + b'"]}', 413, "got 120"),
    ],
)
def test_bad_requests_get_one_line(body, status, told):
    with serve(max_chars=100) as client:
        headers = {"Content-Type": "application/json"}
        response = client.post("/predict", content=body, headers=headers)
        assert response.status_code == status
        assert set(response.json()) == {"error"}
        assert told in response.json()["error"]
        assert "\n" not in response.json()["error"]


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_that_is_too_large_is_not_read(is_declared):
    part = b"x" * 40_000

    def parts():
        for _ in range(4):
            yield part

    with serve(max_chars=100) as client:
        content = part * 4 if is_declared else parts()
        response = client.post("/predict", content=content)
        assert response.status_code == 413
        assert "Expected a body of at most 66,736 bytes" in response.json()["error"]


def test_as_many_characters_as_allowed_however_they_are_written():
    with serve(max_chars=20_000) as client:
        # Twelve bytes each.
        content = ('{"inputs": "' + "\\ud83c\\udf89" * 20_000 + '"}').encode("ascii")
        headers = {"Content-Type": "application/json"}
        assert client.post("/predict", content=content, headers=headers).json() == []


def test_api_keys(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text("one\n\ntwo\n", encoding="utf-8")
    with serve(api_key_file=str(path)) as client:
        for route in ("/predict", "/process", "/info"):
            method = "GET" if route == "/info" else "POST"
            response = client.request(method, route, json={"inputs": "a"})
            assert response.status_code == 401
            assert "API key in the header X-API-Key" in response.json()["error"]
        for key, status in {"one": 200, "two": 200, "three": 401, "é": 401}.items():
            headers = {"X-API-Key": key.encode("utf-8")}
            response = client.post("/predict", json={"inputs": "a"}, headers=headers)
            assert response.status_code == status
        # What a load balancer and Prometheus ask has no secrets.
        for route in ("/health/live", "/health/ready", "/metrics"):
            assert client.get(route).status_code == 200
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(DistillError, match="Expected an API key on each line"):
        serve(api_key_file=str(path))
    with pytest.raises(DistillError, match="Expected a file of API keys"):
        serve(api_key_file=str(tmp_path / "missing"))


def test_settings_out_of_range():
    for name in ("max_batch", "max_queue", "max_chars"):
        option = name.replace("_", "-")
        with pytest.raises(DistillError, match=f"Expected --{option} of 1 or more"):
            serve(**{name: 0})
    with pytest.raises(DistillError, match="Expected --max-wait-ms of 0 or more"):
        serve(max_wait_ms=-1)
    with pytest.raises(DistillError, match="text, json or none, got 'xml'"):
        serve(log_format="xml")
    with pytest.raises(DistillError, match="entities or categories, got no components"):
        serve(spacy.blank("en"))


@Language.component("waits_for_a_sign")
def waits_for_a_sign(doc):
    if doc.text == "wait":
        assert SIGN.wait(20)
    if doc.text == "fail":
        raise ValueError("boom")
    return doc


SIGN = threading.Event()


@pytest.fixture
def slow():
    SIGN.clear()
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])
    nlp.add_pipe("waits_for_a_sign")
    yield nlp
    SIGN.set()


def ask(client, inputs, found):
    thread = threading.Thread(
        target=lambda: found.append(client.post("/predict", json={"inputs": inputs}))
    )
    thread.start()
    return thread


def wait_until(condition):
    end = time.time() + 20
    while not condition():
        assert time.time() < end
        time.sleep(0.01)


def depth(client):
    lines = client.get("/metrics").text.splitlines()
    (line,) = [x for x in lines if x.startswith("spacy_distill_queue_depth ")]
    return float(line.rpartition(" ")[2])


def test_a_full_queue(slow):
    """The event loop answers while the pipeline is busy."""
    found = []
    with serve(slow, max_queue=2, max_batch=1) as client:
        threads = [ask(client, "wait", found)]
        batches = "spacy_distill_requests_in_flight 2.0"  # it, and the one that asks
        wait_until(lambda: batches in client.get("/metrics").text)
        wait_until(lambda: depth(client) == 0)
        threads.append(ask(client, ["Oslo", "Oslo"], found))
        wait_until(lambda: depth(client) == 2)
        response = client.post("/predict", json={"inputs": "Oslo"})
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "1"
        assert "at most 2 texts to be waiting" in response.json()["error"]
        SIGN.set()
        for thread in threads:
            thread.join(20)
        assert [response.status_code for response in found] == [200, 200]
        assert client.post("/predict", json={"inputs": "Oslo"}).status_code == 200


def test_texts_of_several_requests_are_read_together(slow):
    found = []
    with serve(slow, max_batch=8) as client:
        threads = [ask(client, "wait", found)]
        wait_until(lambda: "requests_in_flight 2.0" in client.get("/metrics").text)
        wait_until(lambda: depth(client) == 0)
        threads += [ask(client, "Oslo", found) for _ in range(4)]
        wait_until(lambda: depth(client) == 4)
        SIGN.set()
        for thread in threads:
            thread.join(20)
        text = client.get("/metrics").text
        assert "spacy_distill_batch_size_count 2.0" in text
        assert "spacy_distill_batch_size_sum 5.0" in text


def test_a_request_that_fails_takes_no_other_with_it(slow):
    found = []
    with serve(slow, max_batch=8) as client:
        threads = [ask(client, "wait", found)]
        wait_until(lambda: "requests_in_flight 2.0" in client.get("/metrics").text)
        wait_until(lambda: depth(client) == 0)
        failed, good = [], []
        threads += [ask(client, ["Oslo", "fail"], failed), ask(client, "Oslo", good)]
        wait_until(lambda: depth(client) == 3)
        SIGN.set()
        for thread in threads:
            thread.join(20)
        assert failed[0].status_code == 500
        assert failed[0].json() == {"error": "The pipeline failed on text 2."}
        assert [entity["word"] for entity in good[0].json()] == ["Oslo"]
        assert "spacy_distill_failures_total 1.0" in client.get("/metrics").text


def test_the_student_does_not_wait_for_the_teacher(slow):
    found = []
    with serve(teacher=slow) as client:
        body = {"inputs": "wait", "parameters": {"model": "teacher"}}
        thread = threading.Thread(
            target=lambda: found.append(client.post("/predict", json=body))
        )
        thread.start()
        batch = "spacy_distill_requests_in_flight 2.0"
        wait_until(lambda: batch in client.get("/metrics").text)
        response = client.post("/predict", json={"inputs": TEXTS[0]})
        assert response.json() == in_shape(trained()(TEXTS[0]))
        assert not found
        SIGN.set()
        thread.join(20)
        assert found[0].status_code == 200


def test_a_batch_waits_for_more(slow):
    with serve(slow, max_batch=2, max_wait_ms=20_000) as client:
        found = []
        threads = [ask(client, "Oslo", found), ask(client, "Oslo", found)]
        # The second one fills the batch: 20 seconds are not over.
        for thread in threads:
            thread.join(10)
        assert [response.status_code for response in found] == [200, 200]
    with serve(slow, max_batch=2, max_wait_ms=1) as client:
        assert client.post("/predict", json={"inputs": "Oslo"}).status_code == 200


def test_the_service_goes_on_after_a_batch_that_failed(monkeypatch):
    nlp = trained()
    predictor = Predictor(nlp)
    good = predictor.predict

    def fail(texts):
        raise MemoryError

    given = ServiceSettings("given", log_format="none")
    with TestClient(create_app(given, predictor)) as client:
        monkeypatch.setattr(predictor, "predict", fail)
        response = client.post("/predict", json={"inputs": TEXTS[0]})
        assert response.status_code == 500
        monkeypatch.setattr(predictor, "predict", good)
        response = client.post("/predict", json={"inputs": TEXTS[0]})
        assert response.json() == in_shape(nlp(TEXTS[0]))
