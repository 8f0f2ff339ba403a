"""Texts with categories, in the formats of annotation tools, as gold."""

import gzip
import json

import pytest
import spacy
from annotated import write_lines
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.corpora.formats import is_annotated, read_annotated_gold
from spacy_distill.corpora.formats.categories.read import (
    annotation_task,
    read_categories,
)
from spacy_distill.corpora.texts import path_texts
from spacy_distill.errors import DistillError

NLP = spacy.blank("en")
FERRY, MATCH = "The ferry was late.", "They lost, 0 to 3."
EXPECTED = {
    FERRY: {"travel": 1.0, "sport": 0.0},
    MATCH: {"travel": 0.0, "sport": 1.0},
}


def label_studio(text, *choices, by=1, **more):
    result = [
        {
            "type": "choices",
            "from_name": "topic",
            "to_name": "text",
            "value": {"choices": list(choices)},
        }
    ]
    annotation = {"completed_by": by, "result": result, **more}
    return {"data": {"text": text}, "annotations": [annotation]}


def json_min(text, choices):
    ids = {"id": 1, "annotator": 1, "annotation_id": 4, "created_at": "2024-05-01"}
    return {"text": text, "topic": choices, **ids, "lead_time": 2.5}


OPTIONS = [{"id": "travel", "text": "Travel"}, {"id": "sport", "text": "Sport"}]
FORMS = {
    "label": lambda text, name: {"text": text, "label": name},
    "labels": lambda text, name: {"text": text, "labels": [name]},
    "cats": lambda text, name: {"text": text, "cats": {"travel": 0.0, name: 1.0}},
    "doccano": lambda text, name: {"id": 4, "text": text, "label": [name]},
    "prodigy": lambda text, name: {"text": text, "label": name, "answer": "accept"},
    "choice": lambda text, name: {
        **{"text": text, "options": OPTIONS, "accept": [name]},
        "answer": "accept",
    },
    "label_studio": label_studio,
    "json_min": json_min,
    "json_min_lists": lambda text, name: json_min(text, {"choices": [name]}),
    "tuples": lambda text, name: [text, {"cats": {name: 1.0}}],
}
TABLES = {
    "a.csv": f'text,label\n{FERRY},travel\n"{MATCH}",sport\n',
    "b.csv": f'id,label,note,text\n7,travel,"a, b",{FERRY}\n8,sport,,"{MATCH}"\n',
    "c.tsv": f"Category\tText\ntravel\t{FERRY}\nsport\t{MATCH}\n",
    "d.txt": f"text;label\r\n{FERRY};travel\r\n\r\n{MATCH};sport\r\n",
    "e.csv": f'\ufefftext,label\n"{FERRY}","travel"\n"{MATCH}","sport"\n',
}


def cats(path, **options):
    gold = read_annotated_gold(path, NLP, **options)
    return {doc.text: doc.cats for doc, _ in gold.docs}


@pytest.mark.parametrize("container", ["lines", "array"])
@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, form, container):
    records = [FORMS[form](FERRY, "travel"), FORMS[form](MATCH, "sport")]
    path = tmp_path / "gold"
    if container == "lines":
        write_lines(path, *records)
    else:
        path.write_text(json.dumps(records, indent=1))
    assert is_annotated(path)
    assert cats(path) == EXPECTED
    # Such a file is also text for the teacher.
    jsonl = path.rename(tmp_path / "gold.jsonl")
    assert [doc.text for doc in path_texts(jsonl).read(NLP)] == list(EXPECTED)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_tables(tmp_path, name, compressed):
    data = TABLES[name].encode("utf-8")
    path = tmp_path / (f"{name}.gz" if compressed else name)
    path.write_bytes(gzip.compress(data) if compressed else data)
    assert is_annotated(path)
    assert cats(path) == EXPECTED
    assert [doc.text for doc in path_texts(path).read(NLP)] == list(EXPECTED)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1)
names = st.text("abc ,\"'\t;é", min_size=1).map(str.strip).filter(bool)


@given(rows=st.lists(st.tuples(cells, names), min_size=1), tab=st.booleans())
def test_quoted_cells(tmp_path_factory, rows, tab):
    """Delimiters, quotes and line ends within quotes are part of a text."""
    rows = [(text, name) for text, name in rows if text.strip()]
    rows += [(FERRY, "x"), (MATCH, "y")]
    sep = "\t" if tab else ","
    lines = [f"label{sep}text"]
    lines += [
        sep.join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in (n, t))
        for t, n in rows
    ]
    path = tmp_path_factory.mktemp("t") / "a.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode("utf-8"))
    found = read_categories(path)
    assert [(text.text, *text.scores) for text in found.texts] == rows


def test_numbers_with_names(tmp_path):
    """As in data sets of Hugging Face."""
    rows = [{"text": FERRY, "label": 1}, {"text": MATCH, "label": 0}]
    path = write_lines(tmp_path / "train.jsonl", *rows, {"text": "Who?", "label": -1})
    with pytest.raises(DistillError, match=r"the number 1: put the names into .*featu"):
        cats(path)
    (tmp_path / "features.json").write_text('{"label": ["sport", "travel", "other"]}')
    expected = {text: {**values, "other": 0.0} for text, values in EXPECTED.items()}
    assert cats(path) == expected
    info = {"features": {"label": {"names": ["sport"], "_type": "ClassLabel"}}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    with pytest.raises(DistillError, match="numbers of the 1 categories sport in .*:1"):
        cats(path)
    server = {
        "features": [{"name": "label", "type": {"names": ["sport", "travel"]}}],
        "rows": [{"row": row} for row in rows],
    }
    (tmp_path / "server.json").write_text(json.dumps(server))
    assert cats(tmp_path / "server.json") == EXPECTED


def test_several_categories(tmp_path):
    lines = [
        {"text": "a", "labels": ["x", "y"]},
        {"text": "b", "labels": ["x"]},
        {"text": "c", "labels": ["z"]},
        {"text": "d", "labels": []},
    ]
    path = write_lines(tmp_path / "gold.jsonl", *lines)
    gold = read_annotated_gold(path, NLP)
    assert gold.notes == [
        "3 categories, any number for each text (textcat_multilabel, as in line 1)",
        "left out texts (1 without annotation)",
    ]
    assert cats(path) == {
        "a": {"x": 1.0, "y": 1.0, "z": 0.0},
        "b": {"x": 1.0, "y": 0.0, "z": 0.0},
        "c": {"x": 0.0, "y": 0.0, "z": 1.0},
    }
    with pytest.raises(DistillError, match="one category for each.*x 1, y 1 in .*:1"):
        cats(path, task="textcat")


def test_scores_become_decisions(tmp_path):
    lines = [
        {"text": "a", "cats": {"x": 0.6, "y": 0.4}},
        {"text": "b", "cats": {"x": 0.2, "y": 0.8}},
        {"text": "c", "cats": {"x": 0.5, "y": 0.5}},
    ]
    path = write_lines(tmp_path / "gold.jsonl", *lines)
    gold = read_annotated_gold(path, NLP)
    assert cats(path) == {"a": {"x": 1.0, "y": 0.0}, "b": {"x": 0.0, "y": 1.0}}
    assert gold.notes[0] == "2 categories, one for each text (textcat)"
    assert gold.notes[1] == "left out texts without a best category: line 3"
    several = cats(path, task="textcat_multilabel")
    assert several["c"] == {"x": 1.0, "y": 1.0}


def test_decisions_on_single_categories(tmp_path):
    """Prodigy asks for one category at a time."""

    def decision(text, label, answer):
        return {"text": text, "label": label, "answer": answer}

    path = write_lines(
        tmp_path / "gold.jsonl",
        decision("a", "x", "accept"),
        decision("a", "y", "reject"),
        decision("b", "x", "reject"),
        decision("b", "y", "ignore"),
        decision("c", "y", "accept"),
    )
    # Of two exclusive categories, the one that was not rejected.
    assert cats(path) == {
        "a": {"x": 1.0, "y": 0.0},
        "b": {"x": 0.0, "y": 1.0},
        "c": {"x": 0.0, "y": 1.0},
    }
    # Otherwise nothing is known of a category that nobody decided on.
    several = cats(path, task="textcat_multilabel")
    assert several["b"] == {"x": 0.0}
    assert several["c"] == {"y": 1.0}
    assert [doc.text for doc in path_texts(path).read(NLP)] == ["a", "b", "c"]


def test_a_single_category_accepted_or_rejected(tmp_path):
    lines = [
        {"text": "a", "label": "spam", "answer": "accept"},
        {"text": "b", "label": "spam", "answer": "reject"},
    ]
    path = write_lines(tmp_path / "gold.jsonl", *lines)
    assert cats(path) == {"a": {"spam": 1.0}, "b": {"spam": 0.0}}


def test_the_first_of_several_annotations(tmp_path):
    lines = [
        {"text": "a", "label": "x", "annotator": "one"},
        {"text": "a", "label": "y", "annotator": "two"},
        {"text": "a", "label": "x", "annotator": "three"},
    ]
    path = write_lines(tmp_path / "gold.jsonl", *lines)
    gold = read_annotated_gold(path, NLP)
    assert cats(path) == {"a": {"x": 1.0, "y": 0.0}}
    assert gold.notes[-1].endswith("1 differ (line 2 against line 1)")
    with pytest.raises(DistillError, match="got 1 that differ: line 2 against line 1"):
        read_annotated_gold(path, NLP, strict=True)


def test_a_folder(tmp_path):
    (tmp_path / "a.csv").write_text(TABLES["a.csv"])
    write_lines(tmp_path / "b.jsonl", {"text": "x", "label": "sport"})
    assert len(cats(tmp_path)) == 3
    write_lines(tmp_path / "b.jsonl", {"text": "x", "label": ""})
    with pytest.raises(DistillError, match=r"b\.jsonl:1"):
        cats(tmp_path)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([{"text": "a", "cats": {"x": 1.2}}], "0 to 1 in .*:1, got 1.2 for 'x'"),
        ([{"text": "a", "cats": {"x": "much"}}], "0 to 1 in .*got 'much' for 'x'"),
        ([{"text": "a", "label": "x", "score": -1}], "0 to 1 in .*got -1 for 'x'"),
        ([{"text": " ", "label": "x"}], "Expected a text in .*:1, got ' '"),
        ([{"text": "a", "label": ""}], "name of a category in .*:1, got an empty name"),
        ([{"text": "a", "label": "x "}], "which begins or ends with whitespace"),
        ([{"text": "a", "label": ["x", "x"]}], "each category once in .*got x, x"),
        ([{"text": "a", "label": "x"}] * 2, "two or more categories .*got 'x' alone"),
        ([{"text": "a", "label": "x", "cats": {"x": 1}}], "got 'cats' and 'label'"),
        ([{"text": "a", "label": "x", "answer": "yes"}], "\"answer\" in .*got 'yes'"),
        ([{"text": "a", "label": "x"}, {"txt": "b"}], "text and its category in .*:2"),
        ([{"text": 7, "label": "x"}], '"text" to be a string in .*got int'),
    ],
)
def test_errors(tmp_path, records, told):
    path = write_lines(tmp_path / "gold.jsonl", *records)
    with pytest.raises(DistillError, match=told) as error:
        cats(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text,label\na,b,c\n", "2 columns, as in the header, in .*:2, got 3: put a"),
        ('text,label\na,x\n"b\n', "with a text in quotes in .*:3: unexpected end"),
        (
            "text,label,score\na,x,1\nb,y,high\n",
            "a number as score in .*:3, got 'high'",
        ),
        ("text,label,score\na,x,7\n", "scores from 0 to 1 in .*:2, got 7.0"),
        ("text,label\na,\n", "name of a category in .*:2, got an empty name"),
        ("text,label\n,x\n", "Expected a text in .*:2"),
        (
            "text,label,Text\na,x,b\n",
            "one column with the text in .*:1, got 'text' and",
        ),
        ("text,label\n", "texts with categories in .*got none that counts"),
    ],
)
def test_errors_of_tables(tmp_path, text, told):
    path = tmp_path / "gold.csv"
    path.write_text(text)
    with pytest.raises(DistillError, match=told) as error:
        cats(path, task="textcat")
    assert "\n" not in str(error.value)


SPANS = [{"start": 0, "end": 1, "label": "X"}]


@pytest.mark.parametrize(
    "records",
    [
        [{"text": "a", "spans": SPANS}, {"text": "b", "label": "x"}],
        [{"text": "a", "spans": SPANS, "cats": {"x": 1, "y": 0}}],
        [["a", {"entities": [[0, 1, "X"]], "cats": {"x": 1, "y": 0}}]],
    ],
)
def test_spans_and_categories(tmp_path, records):
    path = write_lines(tmp_path / "gold.jsonl", *records)
    told = "either spans or categories .*got spans in line 1 .*choose with --task ner"
    with pytest.raises(DistillError, match=told):
        annotation_task(path)
    if len(records) == 1:
        assert cats(path, task="textcat") == {"a": {"x": 1.0, "y": 0.0}}
        ((doc, _),) = read_annotated_gold(path, NLP, task="ner").docs
        assert [ent.label_ for ent in doc.ents] == ["X"]
        assert not doc.cats


def test_label_studio(tmp_path):
    tasks = [
        label_studio(FERRY, "travel"),
        label_studio(MATCH, "sport"),
        label_studio("Cancelled", "travel", was_cancelled=True),
        {"data": {"text": "Not annotated"}, "annotations": []},
    ]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    gold = read_annotated_gold(tmp_path / "tasks.json", NLP)
    assert gold.notes[1] == "left out texts (1 cancelled, 1 without annotation)"
    assert cats(tmp_path / "tasks.json") == EXPECTED
    other = label_studio("x", "good")["annotations"][0]["result"]
    tasks[0]["annotations"][0]["result"] += [{**other[0], "from_name": "mood"}]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    with pytest.raises(DistillError, match="one list of choices .*'topic' and 'mood'"):
        cats(tmp_path / "tasks.json")


def test_fields_of_json_min(tmp_path):
    record = {**json_min(FERRY, "travel"), "source": "a letter"}
    path = write_lines(tmp_path / "gold.jsonl", record)
    with pytest.raises(DistillError, match="one field with .*'topic' and 'source'"):
        cats(path)
