"""Text classifiers that are quantized: with a student encoder, and with n-grams."""

import json

import numpy as np
import pytest
import spacy
from small import TEXTS, trained, write_gold
from small_classifiers import KINDS, by_heart, categories
from spacy.tokens import DocBin
from spacy.training import Example
from texts_with_categories import (
    CLASSIFIED_TEXTS,
    classified_data,
    make_examples,
    write_categories,
)

import spacy_distill
from spacy_distill.compression.quantize import quantize
from spacy_distill.compression.tables import (
    count_ngrams,
    entropy,
    find_step,
    round_ngrams,
)
from spacy_distill.errors import DistillError
from spacy_distill.quantization import encode_rows
from spacy_distill.students.encoder import get_encoders
from spacy_distill.students.ngrams import get_ngram_layers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantize_classifier")
    for kind in KINDS:
        by_heart(kind).to_disk(folder / kind)
    by_heart(exclusive=False).to_disk(folder / "multilabel")
    write_categories(folder / "gold.spacy", classified_data())
    write_categories(folder / "multilabel.spacy", classified_data(exclusive=False))
    return folder


def score(path, gold):
    nlp = spacy.load(path)
    docs = list(DocBin().from_disk(gold).get_docs(nlp.vocab))
    predicted = nlp.pipe([doc.text for doc in docs])
    return nlp.get_pipe("textcat").score([Example(*p) for p in zip(predicted, docs)])


def ngram_layer(path):
    (layer,) = get_ngram_layers(spacy.load(path).get_pipe("textcat").model)
    return layer


@pytest.mark.parametrize(
    ("model", "gold"),
    [("encoder", "gold"), ("ngrams", "gold"), ("multilabel", "multilabel")],
)
def test_figures_before_and_after(model, gold, folder, tmp_path):
    gold = folder / f"{gold}.spacy"
    done = spacy_distill.quantize(folder / model, tmp_path / "out", gold=gold)
    exclusive = model != "multilabel"
    for path, figures in (
        (folder / model, done.before),
        (tmp_path / "out", done.after),
    ):
        scores = score(path, gold)
        assert figures.accuracy == scores["cats_acc"]
        assert figures.scores == {
            name: scores[name] for name in ("cats_acc", "cats_macro_f")
        }
        assert figures.f1 is None
        pipe = spacy.load(path).get_pipe("textcat")
        assert figures.words == sum(
            len(e.attrs["words"]) for e in get_encoders(pipe.model)
        )
        assert figures.ngrams == sum(map(count_ngrams, get_ngram_layers(pipe.model)))
    assert done.before.accuracy == 1.0
    assert done.after.folder < done.before.folder
    assert done.after.zipped < done.before.zipped
    assert (done.documents, done.compared) == (len(CLASSIFIED_TEXTS), ("categories",))
    nlp, small = spacy.load(folder / model), spacy.load(tmp_path / "out")
    assert done.differing == sum(
        categories(nlp(text), exclusive=exclusive)
        != categories(small(text), exclusive=exclusive)
        for text in CLASSIFIED_TEXTS
    )
    assert small.get_pipe("textcat").storage == "int8"
    assert small.config["components"]["textcat"]["storage"] == "int8"
    meta = json.loads((tmp_path / "out" / "meta.json").read_text(encoding="utf-8"))
    assert meta["performance"]["cats_acc"] == done.after.accuracy


def test_words_by_default(folder, tmp_path):
    """There is a limit where there is a table of words."""
    for kind, limit in (
        ("encoder", "at most 5,000 words"),
        ("ngrams", "as int8, 3 bits"),
    ):
        spacy.load(folder / kind).to_disk(tmp_path / kind)
        (tmp_path / kind / "README.md").write_text("# Mine\n", encoding="utf-8")
        quantize(tmp_path / kind, tmp_path / f"small_{kind}")
        card = (tmp_path / f"small_{kind}" / "README.md").read_text(encoding="utf-8")
        assert limit in " ".join(card.replace(">", "").split())


def test_words_are_pruned_and_tables_rounded(folder, tmp_path):
    done = quantize(folder / "encoder", tmp_path, words=0, table_bits=2)
    # Without pieces, no word can be composed: all keep their row.
    assert done.bare == done.after.words == done.before.words > 0
    (encoder,) = get_encoders(spacy.load(tmp_path).get_pipe("textcat").model)
    assert find_step(encoder.get_param("word_vectors"), 2) == 0


@pytest.mark.parametrize("bits", [1.5, 3.5, 6, 8])
def test_ngrams_are_rounded_to_one_scale(bits, folder, tmp_path):
    before = ngram_layer(folder / "ngrams").get_param("E")
    quantize(folder / "ngrams", tmp_path, table_bits=bits)
    after = ngram_layer(tmp_path).get_param("E")
    # Rows that training never used are zero before, and stay so.
    used = before.any(axis=1)
    assert 0 < used.sum() < len(before) / 4
    assert not after[~used].any()
    rows, scales = encode_rows(after)
    assert len(set(scales.tolist())) == 1
    assert entropy(rows[used]) <= bits
    largest = np.abs(before).max()
    assert np.abs(after - before).max() <= largest * (1 if bits < 2 else 0.2)


def test_what_is_lost_is_told(folder, tmp_path):
    gold = folder / "gold.spacy"
    nlp = by_heart("ngrams")
    (layer,) = get_ngram_layers(nlp.get_pipe("textcat").model)
    # One value that dwarfs all others, so that rounding to one scale removes them.
    table = layer.get_param("E").copy()
    table[~table.any(axis=1)] = 500.0
    layer.set_param("E", table)
    nlp.to_disk(tmp_path / "student")
    done = quantize(tmp_path / "student", tmp_path / "out", table_bits=1, gold=gold)
    assert done.after.accuracy < done.before.accuracy == 1.0
    assert done.differing == sum(
        categories(one) != categories(other)
        for one, other in zip(
            nlp.pipe(CLASSIFIED_TEXTS),
            spacy.load(tmp_path / "out").pipe(CLASSIFIED_TEXTS),
        )
    )
    assert done.differing > 0


@pytest.mark.parametrize("kind", KINDS)
def test_once_more_changes_nothing(kind, folder, tmp_path):
    first = quantize(folder / kind, tmp_path / "first")
    second = quantize(tmp_path / "first", tmp_path / "second")
    assert second.before == first.after == second.after
    one, other = (
        (tmp_path / name / "textcat" / "model").read_bytes()
        for name in ("first", "second")
    )
    assert one == other


@pytest.mark.parametrize("storage", ["float16", "float32"])
def test_other_storage_leaves_tables_alone(storage, folder, tmp_path):
    quantize(folder / "ngrams", tmp_path, storage=storage)
    old, new = (ngram_layer(path) for path in (folder / "ngrams", tmp_path))
    limit = 2.0**-11 if storage == "float16" else 0
    np.testing.assert_allclose(
        new.get_param("E"), old.get_param("E"), rtol=limit, atol=limit / 1e4
    )


def test_an_empty_table():
    nlp = by_heart("ngrams")
    (layer,) = get_ngram_layers(nlp.get_pipe("textcat").model)
    layer.set_param("E", np.zeros_like(layer.get_param("E")))
    round_ngrams(layer, 3.5)
    assert count_ngrams(layer) == 0
    with pytest.raises(DistillError, match="Expected 1 to 8 bits for tables, got 9"):
        round_ngrams(layer, 9)


def test_entities_and_categories_in_one_pipeline(tmp_path):
    nlp = trained()
    nlp.add_pipe("textcat", source=by_heart())
    nlp.to_disk(tmp_path / "both")
    gold = write_gold(tmp_path / "entities.spacy", spacy.blank("en"))
    done = quantize(tmp_path / "both", tmp_path / "one", gold=gold)
    assert done.compared == ("entities", "categories")
    assert done.before.scores == {"ents_f": 1.0}
    assert done.documents == len(TEXTS)
    gold = write_categories(tmp_path / "categories.spacy", classified_data())
    done = quantize(tmp_path / "both", tmp_path / "two", gold=gold)
    assert set(done.before.scores) == {"cats_acc", "cats_macro_f"}
    small = spacy.load(tmp_path / "two")
    assert {small.get_pipe(name).storage for name in small.pipe_names} == {"int8"}


def test_gold_that_cannot_be_compared(folder, tmp_path):
    nlp = spacy.blank("en")
    bare = [nlp.make_doc(text) for text in TEXTS]
    DocBin(docs=bare).to_disk(tmp_path / "bare.spacy")
    for doc in bare:
        doc.cats = {"MUSIC": 1.0, "ART": 0.0}
    DocBin(docs=bare, store_user_data=True).to_disk(tmp_path / "others.spacy")
    for name, message in {
        "bare": "Expected Docs with categories in .*bare.spacy, got none: give",
        "others": "with categories out of FOOD, SPORT, WEATHER in .*got MUSIC, ART",
    }.items():
        with pytest.raises(DistillError, match=message) as error:
            quantize(folder / "ngrams", tmp_path / "o", gold=tmp_path / f"{name}.spacy")
        assert "\n" not in str(error.value)
        assert not (tmp_path / "o").exists()


def test_spacys_own_textcat_cannot_be_quantized(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    examples = make_examples(nlp, classified_data())
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "plain")
    message = (
        r"Expected a compact_ner or a compact_textcat in the pipeline, got textcat"
        r" \(textcat\): other components cannot be quantized"
    )
    with pytest.raises(DistillError, match=message):
        quantize(tmp_path / "plain", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_model_card_says_so(folder, tmp_path):
    spacy.load(folder / "ngrams").to_disk(tmp_path / "student")
    card = tmp_path / "student" / "README.md"
    card.write_text("# en_topics\n\nMine.\n", encoding="utf-8")
    gold = folder / "gold.spacy"
    done = quantize(tmp_path / "student", tmp_path / "out", gold=gold)
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert (
        f"On {len(CLASSIFIED_TEXTS)} gold documents its accuracy is"
        f" {100 * done.after.accuracy:.2f} and was 100.00 before; {done.differing} of"
        " them have other categories now." in " ".join(text.replace(">", "").split())
    )
