"""Chinese corpora in the forms they come in, as gold and as annotations."""

import json
from pathlib import Path

import pytest
import spacy
from chinese import ASSETS, FORMS, as_bio, as_bmes, sample_docs
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.corpora.columns import read_columns
from spacy_distill.corpora.markup import write_markup
from spacy_distill.corpora.markup_files import read_markup
from spacy_distill.corpora.texts import as_texts
from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher

DATA = Path(__file__).parents[3] / "shared" / "data"
LABELS = {"LOC.NAM", "ORG.NAM", "PER.NAM", "PER.NOM"}


def annotation(docs):
    return [
        (doc.text, [t.text for t in doc], [(e.text, e.label_) for e in doc.ents])
        for doc in docs
    ]


def convert(*args):
    result = CliRunner().invoke(app, ["convert", *map(str, args)])
    return result, " ".join(result.output.split())


def test_the_sample_is_as_the_readme_tells():
    counts = {}
    for name in ("train", "dev"):
        path = ASSETS / f"{name}.txt"
        assert path.read_text(encoding="utf-8") == write_markup(read_markup(path))
        docs = sample_docs(name)
        assert {ent.label_ for doc in docs for ent in doc.ents} == LABELS
        assert all(len(t) == 1 for doc in docs for t in doc)
        counts[name] = len(docs)
    texts = (ASSETS / "unlabelled.txt").read_text(encoding="utf-8").splitlines()
    gold = [doc.text for name in counts for doc in sample_docs(name)]
    assert len({*texts, *gold}) == len(texts) + len(gold)
    readme = (ASSETS.parent / "README.md").read_text(encoding="utf-8")
    flowing = " ".join(readme.split())
    assert f"{counts['train']} sentences to train on, {counts['dev']} to dev" in flowing
    assert f"{len(texts)} unlabelled ones" in flowing


@pytest.mark.parametrize("name", FORMS)
def test_each_form_becomes_the_same_docs(tmp_path, name):
    docs = sample_docs("train")
    (tmp_path / name).write_text(FORMS[name](docs), encoding="utf-8")
    out = tmp_path / "gold.spacy"
    result, output = convert(tmp_path / name, "--lang", "zh", "-o", out)
    assert result.exit_code == 0, output
    told = {
        "gold.char.bmes": "(BILUO, written as BMES)",
        "gold.train": "characters without the index in their word: '\u53bb' of",
        "gold.tsv": "(IOB2)",
        "gold.jsonl": "annotated text",
    }
    assert told[name] in output
    assert "PER.NOM" in output
    found = list(DocBin().from_disk(out).get_docs(spacy.blank("zh").vocab))
    assert annotation(found) == annotation(docs)


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_a_teacher(tmp_path, name):
    docs = sample_docs("train")
    path = tmp_path / name
    path.write_text(FORMS[name](docs), encoding="utf-8")
    teacher = load_teacher(path, lang="zh")
    assert set(teacher.task.labels) == LABELS
    # Texts of the same file, and those of others with the same characters.
    for texts in (list(as_texts(path).read(teacher.nlp)), docs):
        plain = [teacher.nlp.make_doc(doc.text) for doc in texts]
        for batch in (texts, plain):
            read = [Doc(doc.vocab, [t.text for t in doc]) for doc in batch]
            predictions = teacher.predict(batch)
            teacher.task.annotate(read, [p.logits for p in predictions])
            assert [[(e.start, e.end, e.label_) for e in doc.ents] for doc in read] == [
                [(e.start, e.end, e.label_) for e in doc.ents] for doc in docs
            ]
    assert teacher.hash == load_teacher(str(path), lang="zh").hash


def test_tags_in_the_wrong_place_are_refused_by_a_teacher_or_repaired(tmp_path):
    path = tmp_path / "labels.bmes"
    text = as_bmes(sample_docs("dev")).replace("B-ORG.NAM", "M-ORG.NAM", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DistillError, match="With --skip such tags are repaired"):
        load_teacher(path, lang="zh")
    teacher = load_teacher(path, lang="zh", strict=False)
    assert set(teacher.task.labels) == LABELS


def test_a_forgotten_language_is_told(tmp_path):
    path = tmp_path / "gold.tsv"
    path.write_text(as_bio(sample_docs("dev")), encoding="utf-8")
    _, output = convert(path, "-o", tmp_path / "gold.spacy")
    assert "put spaces between Chinese or Japanese characters, as in 'en'" in output
    path.write_text("Ada B-PER\nleft O\n\u96ea O\n", encoding="utf-8")
    _, output = convert(path, "-o", tmp_path / "gold.spacy")
    assert "put spaces" not in output


def test_english_rows_keep_their_spaces(tmp_path):
    path = tmp_path / "gold.jsonl"
    row = {"tokens": ["Ada", "left", "\u96ea\u5c71"], "ner_tags": ["B-PER", "O", "O"]}
    path.write_text(json.dumps(row), encoding="utf-8")
    assert [doc.text for doc in as_texts(path).read(spacy.blank("en"))] == [
        "Ada left \u96ea\u5c71"
    ]


@given(
    st.lists(
        st.text("\u96ea\u5c71\u95471\uff12A\uff21\uff0c,", min_size=1, max_size=9),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
@settings(max_examples=25, deadline=None)
def test_any_text_is_read_as_it_was_written(tmp_path_factory, texts, data):
    """Digits, Latin letters and full-width forms are characters like others."""
    nlp = spacy.blank("zh")
    # Most characters of a file are Chinese, whatever single texts are.
    docs = sample_docs("dev")
    for text in texts:
        doc = nlp.make_doc(text)
        end = data.draw(st.integers(1, len(doc)))
        doc.set_ents([Span(doc, 0, end, label="LOC.NAM")])
        docs.append(doc)
    for name, form in FORMS.items():
        path = tmp_path_factory.mktemp("any") / name
        path.write_text(form(docs), encoding="utf-8")
        out = path.with_suffix(".spacy")
        result, output = convert(path, "--lang", "zh", "-o", out)
        assert result.exit_code == 0, output
        found = list(DocBin().from_disk(out).get_docs(nlp.vocab))
        assert annotation(found) == annotation(docs), name


@pytest.mark.skipif(not DATA.is_dir(), reason="no corpora in ../shared/data")
@pytest.mark.parametrize(
    ("name", "sentences", "labels"),
    [
        ("resume_zh/train.char.bmes", 3821, 8),
        ("resume_zh/dev.char.bmes", 463, 8),
        ("resume_zh/test.char.bmes", 477, 8),
        ("weibo_zh/weiboNER_2nd_conll.train", 1350, 8),
        ("weibo_zh/weiboNER_2nd_conll.dev", 270, 8),
        ("weibo_zh/weiboNER_2nd_conll.test", 270, 8),
    ],
)
def test_published_numbers(name, sentences, labels):
    file = read_columns(DATA / name, spacy.blank("zh").vocab)
    assert len(file.sentences) == sentences
    found = {ent.label_ for s in file.sentences for ent in s.doc.ents}
    assert len(found) == labels
