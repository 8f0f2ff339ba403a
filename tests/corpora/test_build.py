import json
import random

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_distill.corpora.build import build_corpus
from spacy_distill.corpora.columns import read_columns
from spacy_distill.errors import DistillError

LABELS = ("PER", "LOC")


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def write_markup_folder(folder, topic, text):
    folder.mkdir()
    (folder / "a.txt").write_text(f"# news/{topic}\n\n{text}\n", encoding="utf-8")
    return folder


@pytest.fixture
def sources(tmp_path):
    return {
        "train": write_markup_folder(
            tmp_path / "train", "a", "[Ada](PER) left.\n[Ben](PER) stayed.\nIt rained."
        ),
        "dev": write_markup_folder(tmp_path / "dev", "b", "[Cid](PER) sang."),
        "test": write_markup_folder(tmp_path / "test", "c", "[Évora](LOC) slept."),
    }


def build(sources, nlp, out, **settings):
    defaults = {"unlabelled": None, "n_labels": 0, "seed": 0, "labels": LABELS}
    return build_corpus(**sources, **{**defaults, **settings}, nlp=nlp, out=out)


def texts(nlp, path):
    return [doc.text for doc in DocBin().from_disk(path).get_docs(nlp.vocab)]


def test_markup_with_unlabelled_text(sources, nlp, tmp_path):
    more = write_markup_folder(
        tmp_path / "more", "d", "Évora woke.\nA \\[bell\\] rang."
    )
    out = tmp_path / "out"
    build(sources, nlp, out, unlabelled=more)
    assert sorted(p.name for p in out.iterdir()) == [
        "corpus.json",
        "dev.spacy",
        "test.spacy",
        "train.spacy",
        "unlabelled",
    ]
    assert texts(nlp, out / "train.spacy") == ["Ada left.", "Ben stayed.", "It rained."]
    (doc,) = DocBin().from_disk(out / "test.spacy").get_docs(nlp.vocab)
    assert [(e.text, e.label_) for e in doc.ents] == [("Évora", "LOC")]
    lines = (
        (out / "unlabelled" / "texts.jsonl").read_text(encoding="utf-8").splitlines()
    )
    assert lines[0] == '{"text": "Évora woke.", "meta": {"topic": "news/d"}}'
    assert json.loads(lines[1])["text"] == "A [bell] rang."
    record = json.loads((out / "corpus.json").read_text(encoding="utf-8"))
    assert record["settings"]["n_labels"] == 3
    assert record["splits"]["unlabelled"]["total"]["sentences"] == 2
    assert record["shared_topics"] == []


def test_the_rest_of_the_drawn_markup_is_unlabelled(sources, nlp, tmp_path):
    out = tmp_path / "out"
    figures = build(sources, nlp, out, n_labels=1, seed=3)
    order = [0, 1, 2]
    random.Random(3).shuffle(order)
    all_texts = ["Ada left.", "Ben stayed.", "It rained."]
    assert texts(nlp, out / "train.spacy") == [all_texts[order[0]]]
    lines = (
        (out / "unlabelled" / "texts.jsonl").read_text(encoding="utf-8").splitlines()
    )
    assert [json.loads(line)["text"] for line in lines] == [
        all_texts[i] for i in order[1:]
    ]
    assert figures.splits["unlabelled"].total.entities == {}


def test_columns_keep_their_tokens(sources, nlp, tmp_path):
    columns = tmp_path / "eng.train"
    columns.write_text("Ada's I-PER\n\nBen I-PER\nleft! O\n", encoding="utf-8")
    out = tmp_path / "out"
    build({**sources, "train": columns}, nlp, out, n_labels=1)
    (gold,) = DocBin().from_disk(out / "train.spacy").get_docs(nlp.vocab)
    (rest,) = DocBin().from_disk(out / "unlabelled" / "texts.spacy").get_docs(nlp.vocab)
    given = {
        s.doc.text: [t.text for t in s.doc]
        for s in read_columns(columns, nlp.vocab).sentences
    }
    assert gold.text != rest.text
    for doc in (gold, rest):
        assert [t.text for t in doc] == given[doc.text]
    assert gold.has_annotation("ENT_IOB")
    assert not rest.has_annotation("ENT_IOB")


def test_a_second_run_gives_the_same_bytes(sources, nlp, tmp_path):
    for name in ("one", "two"):
        build(sources, spacy.blank("en"), tmp_path / name, n_labels=2)
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (path for path in one.rglob("*") if path.is_file()):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_the_other_form_of_an_earlier_run_does_not_stay(sources, nlp, tmp_path):
    columns = tmp_path / "more.conll"
    columns.write_text("Hello O\n", encoding="utf-8")
    out = tmp_path / "out"
    build(sources, nlp, out, unlabelled=columns)
    assert (out / "unlabelled" / "texts.spacy").exists()
    build(sources, nlp, out, n_labels=1)
    assert (out / "unlabelled" / "texts.jsonl").exists()
    assert not (out / "unlabelled" / "texts.spacy").exists()


def test_unlabelled_text_is_needed(sources, nlp, tmp_path):
    for n_labels in (0, 3):
        with pytest.raises(DistillError, match="Expected unlabelled text .* all 3 "):
            build(sources, nlp, tmp_path / "out", n_labels=n_labels)
    assert not (tmp_path / "out").exists()


def test_more_labels_than_sentences_are_refused(sources, nlp, tmp_path):
    with pytest.raises(DistillError, match="from 0 to 3, .* got 4"):
        build(sources, nlp, tmp_path / "out", n_labels=4)


def test_a_topic_in_two_splits_is_refused(sources, nlp, tmp_path):
    more = write_markup_folder(tmp_path / "more", "c", "Hello.")
    with pytest.raises(DistillError, match="'news/c' in test and unlabelled"):
        build(sources, nlp, tmp_path / "out", unlabelled=more)
