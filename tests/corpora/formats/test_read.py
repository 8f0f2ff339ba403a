"""Forms are recognized by content; what is none of them is told in one line."""

import json

import pytest
from annotated import CITY, PERSON, TEXT, line, write_lines
from written_formats import TEXT_FORMS, write_brat

from spacy_distill.corpora.formats import is_annotated
from spacy_distill.corpora.formats.plain import plain_texts
from spacy_distill.corpora.formats.read import read_checked, source_files
from spacy_distill.errors import DistillError

FORMS = r"read are JSON lines or arrays of objects .*doccano.*Label Studio.*brat"


def spans(texts):
    return [[(t.text[s.start : s.end], s.label) for s in t.spans] for t in texts]


def refused(path, told, **options):
    with pytest.raises(DistillError, match=told) as info:
        read_checked(path, **options)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "Mira B-PER\nleft O\n",
        "[ O\n] O\n",
        "{ O\n",
        "[Mira](PER) left.\n",
        "# letters/one\n[Mira](PER) left.\n",
        '" O\n',
        "-DOCSTART- -X- O O\n",
        '["  O\nMira B-PER\n',
    ],
)
def test_columns_mark_up_and_text_are_not_taken_for_json(tmp_path, text):
    (tmp_path / "a").write_text(text, encoding="utf-8")
    assert not is_annotated(tmp_path / "a")
    assert not is_annotated(tmp_path / "none")
    assert not is_annotated(tmp_path)


@pytest.mark.parametrize("text", ["{", "[", "[{", '{"text"', '["a", {', " [ [", "[]"])
def test_broken_json_is_json(tmp_path, text):
    """The reader of JSON then tells where it is broken."""
    (tmp_path / "a").write_text(text, encoding="utf-8")
    assert is_annotated(tmp_path / "a")


FINE = '{"text": "a", "spans": []}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", r"JSON in .*a:1"),
        (f'[{FINE},\n {{"text": ]', r"JSON in .*a:2 \(item 2\)"),
        (f'[{FINE}\n\n {{"text"', r"JSON in .*a:1 \(item 1\), got '\{'"),
        (f"[{FINE}", r"JSON in .*a:1 \(item 1\), got 'the end"),
        ('[\n]\n{"a"', r"the end of .*a after its array, got '\{\"a\"'"),
        ('{\n"text": "a",\n"spans": [}', r"JSON in .*a:3"),
        (f"{FINE}\n{{", r"JSON in .*a:2"),
        ('{"data": {"url": 1}, "annotations": []}', r'string "text" in "data" .*a:1'),
        ('{"tokens": ["a"], "ner_tags": []}', r"tag for each token in .*a:1, got 1"),
        ('{"tokens": ["a"], "ner_tags": [true]}', r"or numbers in .*a:1, got True"),
        ('{"tokens": ["a", ""], "ner_tags": ["O", "O"]}', r"in .*a:1, got ''"),
        ('{"paragraphs": [{"sentences": [{"tokens": [{}]}]}]}', r"a:1.*orth"),
        (
            '{"text": "a", "entities": [[0, 1, "X"]], "label": [[0, 1, "X"]]}',
            r"one field with spans in .*a:1, got 'entities' and 'label'",
        ),
    ],
)
def test_errors_say_where(tmp_path, text, told):
    (tmp_path / "a").write_text(text, encoding="utf-8")
    refused(tmp_path / "a", told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Mira left.", r"annotated text in .*a, got 'Mira left.'"),
        ('{"words": 1}', r"annotated text in .*a:1, got an object with 'words'"),
        ("{}", r"annotated text in .*a:1, got an object with nothing"),
        ('[["a", "b"]]', r"annotated text in .*a:1 \(item 1\), got list"),
        ('[{"text": "a", "label": "good"}]', r"got none and 'good' as 'label'"),
    ],
)
def test_what_cannot_be_read(tmp_path, text, told):
    (tmp_path / "a").write_text(text, encoding="utf-8")
    refused(tmp_path / "a", f"{told}.*{FORMS}")


def test_a_mixture_is_refused(tmp_path):
    forms = ["ours", "doccano_label", "tuples", "label_studio"]
    for one, other in zip(forms, forms[1:]):
        records = [TEXT_FORMS[form](TEXT, [PERSON]) for form in (one, other)]
        refused(
            write_lines(tmp_path / "a", *records),
            r"one form of annotation in a file, got .* in .*a:1 and .* in .*a:2: put",
        )
    # In a folder, each file may have a form of its own.
    for form in forms:
        write_lines(tmp_path / f"{form}.jsonl", TEXT_FORMS[form](TEXT, [PERSON]))
    (tmp_path / "a").unlink()
    assert is_annotated(tmp_path)
    found = read_checked(tmp_path)
    assert spans(found) == [[("Mara Feld", "PER")]] * 4
    assert [text.document for text in found] == [0, 1, 2, 3]
    assert [text.place.short for text in found] == [
        "doccano_label.jsonl line 1",
        "label_studio.jsonl line 1",
        "ours.jsonl line 1",
        "tuples.jsonl line 1",
    ]


def test_folders_of_models_are_not_annotations(tmp_path):
    write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON))
    assert is_annotated(tmp_path)
    for name in ("config.json", "meta.json", "config.cfg"):
        (tmp_path / name).write_text("{}")
        assert not is_annotated(tmp_path)
        (tmp_path / name).unlink()
    (tmp_path / "notes.md").write_text("more")
    assert not is_annotated(tmp_path)


def test_numbers_need_names(tmp_path):
    row = {"tokens": ["Mara", "Feld", "left"], "ner_tags": [1, 2, 0]}
    path = write_lines(tmp_path / "rows.jsonl", row)
    with pytest.raises(
        DistillError, match=r"names in .*rows\.jsonl:1, got the number 1"
    ) as info:
        read_checked(path)
    # The advice works.
    advice = str(info.value)
    name = advice.partition("put the names into ")[2].partition(" in the order")[0]
    example = advice.partition("as in ")[2].rstrip(".")
    with open(name, "w", encoding="utf-8") as file:
        file.write(example)
    assert spans(read_checked(path)) == [[("Mara Feld", "PER")]]
    assert source_files(path) == [path, tmp_path / "features.json"]
    refused(
        path, r"numbers of the 2 tags O, B-LOC in .*:1, got 2", tag_names=["O", "B-LOC"]
    )
    found = read_checked(path, tag_names=["O", "B-LOC", "I-LOC"])
    assert spans(found) == [[("Mara Feld", "LOC")]]


NAMES = {"names": ["O", "B-A", "I-A"], "_type": "ClassLabel"}
SEQUENCE = {"feature": NAMES, "_type": "Sequence"}


@pytest.mark.parametrize(
    "features",
    [
        {"features": {"ner_tags": SEQUENCE}},
        {"default": {"features": {"ner_tags": {"feature": NAMES}}}},
        {"features": [{"name": "tokens"}, {"name": "ner_tags", "type": SEQUENCE}]},
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_names_of_hugging_face(tmp_path, features, beside):
    row = {"tokens": ["Mara", "Feld", "left"], "ner_tags": [1, 2, 0]}
    if beside:
        (tmp_path / "dataset_info.json").write_text(json.dumps(features))
        path = write_lines(tmp_path / "a.jsonl", row)
    else:
        # As the server of Hugging Face answers.
        answer = {**features, "rows": [{"row_idx": 0, "row": row}]}
        answer.setdefault("features", features.get("default"))
        path = tmp_path / "a.json"
        path.write_text(json.dumps(answer))
    assert spans(read_checked(path)) == [[("Mara Feld", "A")]]


def test_an_annotator_for_spacy(tmp_path):
    pairs = [TEXT_FORMS["tuples"](TEXT, [CITY]), None]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"classes": ["LOC"], "annotations": pairs}))
    assert spans(read_checked(path)) == [[("Lisbon", "LOC")]]
    assert plain_texts(path) == [TEXT]


def test_label_studio_annotators_and_what_does_not_count(tmp_path):
    region = {"start": 0, "end": 9, "text": "Mara Feld", "labels": ["PER", "BOSS"]}
    result = [{"type": "labels", "to_name": "text", "value": region}]
    annotations = [
        {"completed_by": {"id": 5, "email": "ida@example.org"}, "result": result},
        {"completed_by": 7, "result": []},
        {"completed_by": 8, "result": result, "was_cancelled": True},
    ]
    tasks = [
        {"data": {"text": TEXT}, "annotations": annotations},
        {"data": {"text": "No one yet."}, "annotations": [], "predictions": []},
        {"data": {"body": "Other name."}, "completions": [{"result": []}]},
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(tasks))
    found = read_checked(path)
    assert [(t.annotator, t.left_out) for t in found] == [
        ("ida@example.org", None),
        ("7", None),
        ("8", "cancelled"),
        (None, "without annotation"),
        (None, None),
    ]
    assert spans(found)[0] == [("Mara Feld", "PER")]
    assert [s.label for s in found[0].invalid] == ["BOSS"]
    assert plain_texts(path) == [TEXT, "Other name."]
    # Where nothing is annotated, all texts count as texts.
    path.write_text(json.dumps(tasks[1:2]))
    assert plain_texts(path) == ["No one yet."]


def test_label_studio_with_two_texts_in_a_task(tmp_path):
    regions = [
        {"type": "labels", "to_name": name, "value": {"start": 0, "end": 1}}
        for name in ("title", "body")
    ]
    task = {"data": {"text": "a"}, "annotations": [{"result": regions}]}
    refused(write_lines(tmp_path / "a", task), r"one text .*got some of body and title")


def test_brat_in_a_folder(tmp_path):
    first = "Mara Feld wrote.\n\nBright Harbour Ltd\nof Lisbon"
    write_brat(
        tmp_path / "a.ann",
        first,
        [(0, 9, "PER"), (18, 36, "ORG"), (40, 46, "LOC")],
    )
    write_brat(tmp_path / "b.ann", "Nothing here.", [])
    (tmp_path / "annotation.conf").write_text("[entities]\nPER\n")
    assert is_annotated(tmp_path)
    found = read_checked(tmp_path)
    assert [(t.text, t.document, t.place.short) for t in found] == [
        ("Mara Feld wrote.", 0, "a.txt line 1"),
        ("Bright Harbour Ltd", 0, "a.txt line 3"),
        ("of Lisbon", 0, "a.txt line 4"),
        ("Nothing here.", 1, "b.txt line 1"),
    ]
    assert spans(found) == [
        [("Mara Feld", "PER")],
        [("Bright Harbour Ltd", "ORG")],
        [("Lisbon", "LOC")],
        [],
    ]
    assert source_files(tmp_path) == [
        tmp_path / name for name in ("a.ann", "a.txt", "b.ann", "b.txt")
    ]
    (tmp_path / "c.txt").write_text("Not annotated.")
    refused(tmp_path, r"c\.ann beside .*c\.txt, got nothing there: make an empty file")


def test_brat_spans_in_parts(tmp_path):
    (tmp_path / "a.txt").write_text("North and South Korea met\nNew\n  York.")
    (tmp_path / "a.ann").write_text(
        "T1\tLOC 0 5;16 21\tNorth Korea\nT2\tLOC 10 21\tSouth Korea\n"
        "T3\tLOC 26 29;32 36\tNew York\n\nE1\tMeet:T2\nA1\tSure T2\n* \tEquiv T1 T2\n"
    )
    found = read_checked(tmp_path / "a.ann")
    assert spans(found) == [[("South Korea", "LOC")], [("New\n  York", "LOC")]]
    (invalid,) = found[0].invalid
    assert invalid == (
        "line 1",
        0,
        "North and South Korea",
        "LOC",
        "is in 2 parts with other text between them",
    )


@pytest.mark.parametrize("bad", ["T1 PER 0 4 Mara", "T1\tPER 0\tMara", "Mara B-PER"])
def test_lines_that_are_not_of_brat(tmp_path, bad):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "a.ann").write_text(f"T1\tPER 0 9\tMara Feld\n{bad}\n")
    refused(tmp_path / "a.txt", r"line of brat as in .* in .*a\.ann:2, got")
    (tmp_path / "a.txt").unlink()
    refused(tmp_path / "a.ann", r"text of .*a\.ann in .*a\.txt, got nothing there")


def test_unknown_tokens_of_spacy_2(tmp_path):
    tags = [("Mara", "B-PER"), ("Feld", "L-PER"), ("may", "-"), ("go", None)]
    tokens = [{"orth": word, "ner": tag} for word, tag in tags]
    sentences = [{"tokens": tokens}, {"tokens": [{"orth": "Untagged"}]}]
    paragraph = {"raw": "Mara Feld  may\ngo Untagged", "sentences": sentences}
    path = write_lines(tmp_path / "a.json", {"id": 0, "paragraphs": [paragraph]})
    first, second = read_checked(path)
    assert spans([first]) == [[("Mara Feld", "PER")]]
    assert first.unknown == [(10, 13), (14, 16)]
    assert second.left_out == "without annotation"


def test_other_schemes_than_biluo_in_spacy_2(tmp_path):
    """spaCy itself drops an entity whose last tag is not L."""
    tokens = [{"orth": w, "ner": t} for w, t in (("Mara", "B-PER"), ("Feld", "I-PER"))]
    document = {"paragraphs": [{"sentences": [{"tokens": tokens}]}]}
    found = read_checked(write_lines(tmp_path / "a.json", document))
    assert spans(found) == [[("Mara Feld", "PER")]]
