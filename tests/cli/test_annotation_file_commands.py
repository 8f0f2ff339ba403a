"""A file of annotations, and configs of teachers, at the command line."""

import json

import numpy as np
import pytest
import spacy
from annotated import CITY, PERSON, TEXT, line, three_annotators, write_lines
from small import SENTENCES
from spacy.tokens import DocBin
from tiny_distillation import distill, told, write_files
from tiny_teachers import make_bert_teacher
from typer.testing import CliRunner
from written_formats import label_studio, write_brat, write_records

from spacy_distill.cli.app import app
from spacy_distill.docs import LOGITS
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.teachers.annotations.teacher import AnnotationsTeacher

SOME_INVALID = [
    line(TEXT, PERSON, CITY),
    line(TEXT, PERSON, (20, 25, "LOC")),
    line(TEXT, (9, 4, "PER"), answer="accept"),
    line("The rain stopped.", answer="ignore"),
]


def annotate(teacher, texts, out, *options):
    args = ["annotate", teacher, texts, "-o", out, *options]
    return CliRunner().invoke(app, list(map(str, args)))


def stored(folder):
    return list(SoftLabels(folder).read(spacy.blank("en")))


def test_the_file_is_teacher_and_texts_at_once(tmp_path):
    lines = [
        *three_annotators(),
        line("The rain stopped."),
        line("No.", answer="reject"),
    ]
    path = write_lines(tmp_path / "labels.jsonl", *lines)
    result = annotate(path, path, tmp_path / "out")
    assert result.exit_code == 0, result.output
    docs = stored(tmp_path / "out")
    assert [doc.text for doc in docs] == [TEXT, "The rain stopped."]
    teacher = AnnotationsTeacher(path)
    manifest = SoftLabels(tmp_path / "out").manifest
    assert manifest.teacher == "labels.jsonl"
    assert manifest.columns == teacher.task.columns
    for doc in docs:
        (expected,) = teacher.predict([teacher.nlp.make_doc(doc.text)])
        np.testing.assert_allclose(doc.user_data[LOGITS], expected.logits, atol=5e-3)
    # Once more is done at once.
    assert annotate(path, path, tmp_path / "out").exit_code == 0


@pytest.mark.parametrize("options", [[], ["--strict"]])
def test_strict_names_what_is_invalid_and_begins_nothing(tmp_path, options):
    path = write_lines(tmp_path / "labels.jsonl", *SOME_INVALID)
    line_told = told(annotate(path, path, tmp_path / "out", *options))
    assert "got 1 that is not: line 3:" in line_told
    assert "leave them out with --skip" in line_told
    # Of whole tokens or not, that is known before anything is written, too.
    path = write_lines(tmp_path / "labels.jsonl", *SOME_INVALID[:2])
    line_told = told(annotate(path, path, tmp_path / "out", *options))
    assert "line 2: 'isbon' as LOC begins inside 'Lisbon'" in line_told
    assert not (tmp_path / "out").exists()


def test_skip_leaves_it_out(tmp_path):
    path = write_lines(tmp_path / "labels.jsonl", *SOME_INVALID)
    result = annotate(path, path, tmp_path / "out", "--skip")
    assert result.exit_code == 0, result.output
    (doc,) = stored(tmp_path / "out")
    tags = SoftLabels(tmp_path / "out").task.columns
    row = dict(zip(tags, np.exp(doc.user_data[LOGITS][4].astype(np.float64))))
    # One has found it, one has not, and of the third nobody knows.
    assert row["U-LOC"] == pytest.approx(0.5, abs=0.02)
    assert row["O"] == pytest.approx(0.5, abs=0.02)
    assert (
        "Dropped in document 1: 'isbon' (LOC) begins inside 'Lisbon'" in result.output
    )


def test_brat_and_label_studio_are_teacher_and_texts(tmp_path):
    folder = tmp_path / "brat"
    folder.mkdir()
    write_brat(folder / "a.ann", f"{TEXT}\nThe rain stopped.", [PERSON, CITY])
    tasks = [label_studio(TEXT, [PERSON, CITY]), label_studio("The rain stopped.", [])]
    project = write_records(tmp_path / "project.json", tasks, "array indented")
    for source in (folder, project):
        out = tmp_path / f"of_{source.name}"
        result = annotate(source, source, out)
        assert result.exit_code == 0, result.output
        manifest = SoftLabels(out).manifest
        assert manifest.counts.docs == 2
        assert manifest.counts.labels == {"PER": 1, "LOC": 1}
        assert [doc.text for doc in stored(out)] == [TEXT, "The rain stopped."]


def test_spans_that_contradict_their_own_text(tmp_path):
    record = line(TEXT, (2, 11, "PER"), CITY)
    record["spans"][0]["text"] = "Mara Feld"
    path = write_lines(tmp_path / "labels.jsonl", record)
    line_told = told(annotate(path, path, tmp_path / "out"))
    assert "line 1: 'ra Feld m' as PER has the text 'Mara Feld' of its own" in line_told
    assert not (tmp_path / "out").exists()
    result = annotate(path, path, tmp_path / "out", "--skip")
    assert result.exit_code == 0, result.output
    counts = SoftLabels(tmp_path / "out").manifest.counts
    assert counts.labels == {"PER": 1, "LOC": 1}
    assert counts.dropped == 0


def test_a_file_that_is_no_annotation_is_told_what_is(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text('{"words": ["Mara"]}', encoding="utf-8")
    line_told = told(annotate(path, path, tmp_path / "out"))
    assert "got an object with 'words'" in line_told
    for form in ("Prodigy", "doccano", "Label Studio", "Hugging Face", "spaCy", "brat"):
        assert form in line_told
    path.unlink()
    assert "Expected a file" in told(annotate(path, path, tmp_path / "out"))


def test_texts_that_differ_from_the_file(tmp_path):
    path = write_lines(tmp_path / "labels.jsonl", *three_annotators())
    texts = tmp_path / "texts.txt"
    texts.write_text(
        f"{TEXT}\n{TEXT} \nNever seen.\n{TEXT.lower()}\n", encoding="utf-8"
    )
    line_told = told(annotate(path, texts, tmp_path / "out"))
    assert "labels.jsonl, got none of 2: 'Never seen.'; 'mara feld moved" in line_told
    assert "Annotate them or remove them from the texts" in line_told
    assert not (tmp_path / "out").exists()


def test_texts_with_tokens_of_their_own(tmp_path):
    nlp = spacy.blank("en")
    nlp.tokenizer = spacy.tokenizer.Tokenizer(nlp.vocab)
    DocBin(docs=[nlp.make_doc(TEXT)]).to_disk(tmp_path / "texts.spacy")
    # "May." is one token there, and two of the tokenizer's.
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON, (29, 33, "DATE")))
    result = annotate(path, tmp_path / "texts.spacy", tmp_path / "out")
    assert result.exit_code == 0, result.output
    (doc,) = stored(tmp_path / "out")
    tags = SoftLabels(tmp_path / "out").task.columns
    assert doc[-1].text == "May."
    assert tags[doc.user_data[LOGITS][-1].argmax()] == "U-DATE"
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON, (29, 32, "DATE")))
    line_told = told(annotate(path, tmp_path / "texts.spacy", tmp_path / "other"))
    assert "'May' as DATE ends inside 'May.'" in line_told


def test_long_documents_stay_whole(tmp_path):
    text = " ".join([TEXT] * 20)
    span = (len(text) - 14, len(text) - 8, "LOC")
    assert text[slice(*span[:2])] == "Lisbon"
    path = write_lines(tmp_path / "labels.jsonl", line(text, PERSON, span))
    windows = ["--window", 32, "--overlap", 8]
    result = annotate(path, path, tmp_path / "out", *windows)
    assert result.exit_code == 0, result.output
    (doc,) = stored(tmp_path / "out")
    best = doc.user_data[LOGITS].argmax(axis=1)
    assert np.flatnonzero(best).tolist() == [0, 1, len(doc) - 4]


@pytest.mark.parametrize("option", ["--strict", "--skip"])
def test_other_teachers_have_nothing_to_be_strict_with(tmp_path, option):
    write_files(tmp_path)
    texts = tmp_path / "texts.jsonl"
    line_told = told(annotate(tmp_path / "teacher", texts, tmp_path / "out", option))
    assert "Expected --strict or --skip with a file of annotations only" in line_told
    line_told = told(distill(tmp_path, option, "-o", tmp_path / "out"))
    assert "Expected --strict or --skip with a file of annotations only" in line_told
    assert not (tmp_path / "out").exists()


def write_annotations(path):
    """SENTENCES by two annotators, of whom one is at fault once."""
    first = [line(text, *spans, annotator="a") for text, spans in SENTENCES]
    second = [line(text, *spans[:1], annotator="b") for text, spans in SENTENCES]
    second.append(line(SENTENCES[0][0], (0, 3, "PER"), annotator="b"))
    return write_lines(path, *first, *second)


def test_distil_a_file(tmp_path):
    write_files(tmp_path)
    path = write_annotations(tmp_path / "labels.jsonl")
    settings = {"teacher": path, "paths.unlabelled": path}
    line_told = told(distill(tmp_path, "-o", tmp_path / "out", **settings))
    assert "line 9: 'Ann' as PER ends inside 'Anna'" in line_told
    assert not (tmp_path / "out").exists()
    result = distill(tmp_path, "--skip", "-o", tmp_path / "out", **settings)
    assert result.exit_code == 0, result.output
    nlp = spacy.load(tmp_path / "out" / "model-best")
    assert nlp.get_pipe("ner").labels == ("PER", "LOC")
    store = SoftLabels(tmp_path / "out" / "soft_labels")
    assert store.manifest.counts.docs == len(SENTENCES)


def test_distil_a_file_with_the_words_of_a_transformer(tmp_path):
    write_files(tmp_path)
    make_bert_teacher(tmp_path / "weights")
    path = write_annotations(tmp_path / "labels.jsonl")
    source = {
        "@misc": "spacy_distill.TransformerWords.v1",
        "name": str(tmp_path / "weights"),
    }
    settings = {
        "teacher": path,
        "paths.unlabelled": path,
        "initialize.before_init.source": json.dumps(source),
    }
    result = distill(tmp_path, "--skip", "-o", tmp_path / "out", **settings)
    assert result.exit_code == 0, result.output
    student = spacy.load(tmp_path / "out" / "model-best").get_pipe("ner").model
    assert student.get_ref("tok2vec").has_param("piece_vectors")


def test_distil_an_ensemble_with_a_map_from_one_file(tmp_path):
    write_files(tmp_path)
    write_annotations(tmp_path / "labels.jsonl")
    config = tmp_path / "ensemble.cfg"
    config.write_text(
        f"""
[paths]
folder = "{tmp_path.as_posix()}/"

[teacher]
@misc = "spacy_distill.EnsembleTeacher.v1"

[teacher.weights]
cnn = 1.0
people = 2.0

[teacher.members]

[teacher.members.cnn]
@misc = "spacy_distill.PipelineTeacher.v1"
name = ${{paths.folder}}teacher

[teacher.members.people]
@misc = "spacy_distill.MappedTeacher.v1"

[teacher.members.people.labels]
LOC = "LOC"
PER = "PER"

[teacher.members.people.teacher]
@misc = "spacy_distill.AnnotationsTeacher.v1"
path = ${{paths.folder}}labels.jsonl
on_invalid = "skip"
""",
        encoding="utf-8",
    )
    labels = tmp_path / "labels.jsonl"
    settings = {"teacher": config, "paths.unlabelled": labels}
    result = distill(tmp_path, "-o", tmp_path / "out", **settings)
    assert result.exit_code == 0, result.output
    store = SoftLabels(tmp_path / "out" / "soft_labels")
    assert store.manifest.teacher == "ensemble of cnn, people"
    # Any text of the corpus has to be in the file.
    settings["paths.unlabelled"] = tmp_path / "more.txt"
    (tmp_path / "more.txt").write_text("Never seen.\n", encoding="utf-8")
    line_told = told(distill(tmp_path, "-o", tmp_path / "other", **settings))
    assert "got none of 1: 'Never seen.'" in line_told
    assert not (tmp_path / "other").exists()
