import spacy
from low_resource.pseudo_labels import write_pseudo_labels
from small import TEXTS, entities, trained, write_gold
from spacy.tokens import Doc, DocBin

from spacy_distill.annotation.annotate import annotate
from spacy_distill.teachers.load import load_teacher

ODD = ["Anna \n Smith likes", "   ", "Paris ."]


def read(path):
    vocab = spacy.blank("en").vocab
    return list(DocBin().from_disk(path).get_docs(vocab))


def label(folder, teacher, texts):
    teacher.to_disk(folder / "teacher")
    annotate(
        load_teacher(folder / "teacher"),
        texts,
        folder / "soft",
        shard_size=3,
        progress=False,
    )
    out = folder / "labelled.spacy"
    write_pseudo_labels(folder / "soft", texts, out, lang="en")
    return read(out)


def test_they_are_what_the_teacher_finds(tmp_path):
    nlp = trained("cnn")
    lines = tmp_path / "texts.txt"
    lines.write_text("\n".join([*TEXTS, *TEXTS[::-1]]), encoding="utf-8")
    docs = label(tmp_path, nlp, lines)
    expected = [entities(nlp(text)) for text in [*TEXTS, *TEXTS[::-1]]]
    assert [entities(doc) for doc in docs] == expected
    assert any(expected)
    # A sentence without entities says so, instead of nothing.
    assert all(token.ent_iob for doc in docs for token in doc)
    assert not any(doc.has_unknown_spaces for doc in docs)


def test_odd_texts_and_unknown_spaces(tmp_path):
    nlp = trained("bilstm", "crf")
    docs = [nlp.make_doc(text) for text in ODD]
    docs.append(Doc(nlp.vocab, words=["Anna", "saw", "U.", "S.", "Paris"]))
    DocBin(docs=docs).to_disk(tmp_path / "texts.spacy")
    found = label(tmp_path, nlp, tmp_path / "texts.spacy")
    assert [[t.text for t in doc] for doc in found] == [
        [t.text for t in doc] for doc in docs
    ]
    assert [doc.has_unknown_spaces for doc in found] == [False, False, False, True]
    spans = [ent for doc in found for ent in doc.ents]
    assert spans
    assert not any(ent[0].is_space or ent[-1].is_space for ent in spans)


def test_stock_spacy_can_read_them(tmp_path):
    nlp = trained("cnn")
    gold = write_gold(tmp_path / "gold.spacy", nlp)
    (doc, *_) = label(tmp_path, nlp, gold)
    assert doc.user_data == {}
